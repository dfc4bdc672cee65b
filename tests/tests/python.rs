//! The Python package `thalweg`: the programs of `tests/python`, each on a node of its own, through the package as this build
//! has it; or, with `THALWEG_WHEEL=FILE`, through a wheel that is installed into an environment that has nothing else. Tests
//! that lack their tools are listed as ignored, with the reason.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use thalweg_tests::binary::{self, Node};
use thalweg_tests::{python, root, target, wait};

/// How long one program may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The programs, and what they are about.
const PROGRAMS: &[&str] = &["rows", "frames", "asynchronous", "ends", "foreign", "scenarios"];

/// What is tried with the package.
type Try = Box<dyn FnOnce(&Package) -> Result<()> + Send>;

/// An interpreter that can import the package.
#[derive(Clone)]
struct Package {
    interpreter: PathBuf,
    /// Where the package lies, unless it is installed.
    folder: Option<PathBuf>,
}

impl Package {
    /// The package of this build.
    fn of_this_build() -> Result<Self> {
        let interpreter = python::for_package().map_err(anyhow::Error::msg)?;
        // With the features of `cargo test --workspace`, so that nothing but the package's own crate is left to build.
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let arguments = ["build", "--workspace", "--lib", "--test", "python"];
        let built = Command::new(cargo).args(arguments).current_dir(root()).output()?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let (folder, sources) = (target().join("python-package"), root().join("host/python/thalweg"));
        let package = folder.join("thalweg");
        if package.exists() {
            std::fs::remove_dir_all(&package)?;
        }
        std::fs::create_dir_all(&package)?;
        for file in std::fs::read_dir(&sources)? {
            let file = file?.path();
            if file.is_file() {
                std::fs::copy(&file, package.join(file.file_name().context("a file has a name")?))?;
            }
        }
        let library = format!("{}thalweg_python{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        std::fs::copy(target().join("debug").join(library), package.join("_native.abi3.so"))?;
        Ok(Self { interpreter, folder: Some(folder) })
    }

    /// A wheel in an environment of its own, which sees the packages of the other one.
    fn of_wheel(wheel: &Path) -> Result<Self> {
        let base = python::for_package().map_err(anyhow::Error::msg)?;
        let environment = target().join("python-wheel");
        run(Command::new(&base).args(["-m", "venv", "--clear"]).arg(&environment))?;
        let interpreter = environment.join("bin/python");
        run(Command::new(&interpreter).args(["-m", "pip", "-q", "install", "--no-index"]).arg(wheel))?;
        // Nothing else is installed: the package needs nothing.
        run(Command::new(&interpreter).args(["-c", "import thalweg; thalweg.Node().close()"]))?;
        run(Command::new(environment.join("bin/thalweg")).arg("--version"))?;
        let find = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let libraries = run(Command::new(&base).args(["-c", find]))?;
        let own = run(Command::new(&interpreter).args(["-c", find]))?;
        std::fs::write(Path::new(own.trim()).join("others.pth"), libraries)?;
        Ok(Self { interpreter, folder: None })
    }

    fn python(&self) -> Command {
        let mut command = Command::new(&self.interpreter);
        command.env("RUST_BACKTRACE", "0").env_remove("THALWEG_SERVER").env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(folder) = &self.folder {
            command.env("PYTHONPATH", folder).env("MYPYPATH", folder);
        }
        command
    }

    /// Runs a program of `tests/python`.
    fn program(&self, name: &str) -> Result<()> {
        self.program_with(name, &[])
    }

    fn program_with(&self, name: &str, arguments: &[&str]) -> Result<()> {
        let mut command = self.python();
        command.arg(root().join("tests/python").join(format!("{name}.py"))).args(arguments);
        if std::env::var_os("THALWEG_PYTHON_SHOW").is_some() {
            command.stdout(Stdio::inherit());
        }
        run(&mut command).map(drop)
    }

    /// Logs in to a node with users.
    fn logins(&self) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let users = folder.path().join("users").display().to_string();
        let mut add = binary::command(["users", "add", &users, "alice", "--quiet"]);
        binary::printed(add.env("THALWEG_PASSWORD", "s3cret-word").output()?)?;
        let node = Node::start_with(&folder.path().join("data"), &["--listen", "127.0.0.1:0", "--users", &users])?;
        self.program_with("logins", &[&node.address])
    }

    /// Has a type checker look at the package and at the example, which uses it.
    fn types(&self) -> Result<()> {
        let mut command = self.python();
        command.args(["-m", "mypy", "--strict", "--cache-dir"]).arg(target().join("python-mypy"));
        if self.folder.is_some() {
            command.args(["-p", "thalweg"]);
            run(&mut command)?;
            let mut example = self.python();
            example.args(["-m", "mypy", "--strict", "--cache-dir"]).arg(target().join("python-mypy"));
            return run(example.arg(root().join("examples/python/flights.py"))).map(drop);
        }
        run(command.arg(root().join("examples/python/flights.py"))).map(drop)
    }

    fn example(&self) -> Result<()> {
        let said = run(self.python().arg(root().join("examples/python/flights.py")))?;
        let expected = "appended 3 rows, 1 kept at offset 0\n[{'origin': 'PDX', 'delay': 45}]\nfound 2 of 3 airports: \
                        {'code': 'SEA', 'name': 'Seattle-Tacoma', 'state': 'WA'}\n['SEA: Seattle-Tacoma', 'PDX: \
                        Portland', 'XXX: not found']\n";
        ensure!(said == expected, "the example prints:\n{said}");
        Ok(())
    }
}

/// Runs a program that must succeed, within `PATIENCE`, and gives what it printed.
fn run(command: &mut Command) -> Result<String> {
    let (out, err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut child = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(err.try_clone()?).spawn()?;
    let ended = wait::ended(&mut child, PATIENCE);
    let text = |mut file: std::fs::File| -> Result<String> {
        use std::io::{Read as _, Seek as _};
        let mut text = String::new();
        file.rewind()?;
        file.read_to_string(&mut text)?;
        Ok(text)
    };
    let (out, err) = (text(out)?, text(err)?);
    match ended {
        Ok(status) if status.success() => Ok(out),
        Ok(status) => bail!("{command:?}: {status}\n{out}{err}"),
        Err(error) => bail!("{command:?}: {error:#}\n{out}{err}"),
    }
}

/// The package, which is built or installed for the first test that runs.
fn package() -> Result<&'static Package, Failed> {
    static PACKAGE: OnceLock<Result<Package, String>> = OnceLock::new();
    let made = || match std::env::var_os("THALWEG_WHEEL") {
        Some(wheel) => Package::of_wheel(&std::path::absolute(wheel)?),
        None => Package::of_this_build(),
    };
    let package = PACKAGE.get_or_init(|| made().map_err(|error| format!("{error:#}")));
    package.as_ref().map_err(|error| Failed::from(error.clone()))
}

fn main() {
    let arguments = Arguments::from_args();
    let missing = python::for_package().err();
    let trial = |name: &str, test: Try| {
        let test = move || test(package()?).map_err(|error| Failed::from(format!("{error:#}")));
        let kind = missing.clone().unwrap_or_default();
        Trial::test(name, test).with_ignored_flag(missing.is_some()).with_kind(kind)
    };
    let programs = PROGRAMS.iter().map(|name| trial(name, Box::new(|package: &Package| package.program(name))));
    let mut trials: Vec<Trial> = programs.collect();
    trials.push(trial("logins", Box::new(Package::logins)));
    trials.push(trial("types", Box::new(Package::types)));
    trials.push(trial("example", Box::new(Package::example)));
    // They share two cores.
    libtest_mimic::run(&Arguments { test_threads: Some(1), ..arguments }, trials).exit();
}
