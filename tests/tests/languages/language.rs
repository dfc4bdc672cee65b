//! A language: its tools, its folder of the tests' own, its unit tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What builds leave in an example.
const LEFT: [&str; 6] = ["node_modules", "package-lock.json", ".venv", "bindings", "__pycache__", "late.wasm"];

/// A language other than Rust that modules can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Js,
    Python,
    Go,
}

impl Language {
    /// As `module new --lang` and the folders call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Language::Js => "js",
            Language::Python => "python",
            Language::Go => "go",
        }
    }

    /// The kinds of module that are made and built. CPython takes longest to be compiled, so one is enough.
    pub(crate) fn kinds(self) -> &'static [&'static str] {
        match self {
            Language::Js | Language::Go => &["filter", "map"],
            Language::Python => &["map"],
        }
    }

    /// What the tests lack to build modules in this language; `None` if all is there.
    pub(crate) fn missing(self) -> Option<String> {
        let answers = |program: &str, arguments: &[&str]| {
            Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
        };
        match self {
            Language::Go => (!answers("go", &["version"])).then(|| "needs Go, which is not here".to_owned()),
            Language::Js if !answers("node", &["--version"]) || !answers("npm", &["--version"]) => {
                Some("needs Node.js with npm, which are not here".to_owned())
            }
            Language::Python
                if !answers("python3", &["-c", "import venv, sys; assert sys.version_info >= (3, 11)"]) =>
            {
                Some("needs Python 3.11 with venv, which is not here".to_owned())
            }
            Language::Js | Language::Python => self.install().err().map(|error| format!("{error:#}")),
        }
    }

    /// Where the example is built: under the workspace's target folder, so that what is installed is installed once.
    fn folder(self) -> PathBuf {
        thalweg_tests::target().join("languages").join(self.name())
    }

    /// The folder of what is installed, if the language has one.
    fn tools(self) -> Option<&'static str> {
        match self {
            Language::Js => Some("node_modules"),
            Language::Python => Some(".venv"),
            Language::Go => None,
        }
    }

    /// Installs the compiler that the example pins, as `module build` would.
    fn install(self) -> Result<()> {
        let folder = self.example()?;
        let (package, installed) = match self {
            Language::Js => ("componentize-qjs", folder.join("node_modules/componentize-qjs/cli.mjs")),
            _ => ("componentize-py", folder.join(".venv/bin/componentize-py")),
        };
        if installed.is_file() {
            return Ok(());
        }
        let commands: &[&[&str]] = match self {
            Language::Js => &[&["npm", "install", "--no-audit", "--no-fund"]],
            _ => &[&["python3", "-m", "venv", ".venv"], &[".venv/bin/pip", "install", "-q", "-r", "requirements.txt"]],
        };
        for command in commands {
            let program = if command[0].contains('/') { folder.join(command[0]) } else { PathBuf::from(command[0]) };
            let output = Command::new(program).args(&command[1..]).current_dir(&folder).output();
            ensure!(
                output.is_ok_and(|output| output.status.success()),
                "needs {package}, which cannot be installed here"
            );
        }
        ensure!(installed.is_file(), "needs {package}, which was not installed");
        Ok(())
    }

    /// A copy of the example with copies of what it links to, as in a folder that somebody else has.
    pub(crate) fn example(self) -> Result<PathBuf> {
        let folder = self.folder();
        let example = thalweg_tests::root().join("examples/modules").join(self.name());
        copy(&example, &folder, &LEFT)?;
        if self == Language::Go {
            // What go.mod of the example takes from the templates stands beside it in any other folder.
            copy(&go_package(), &folder.join("thalweg"), &[])?;
            let manifest = fs::read_to_string(folder.join("go.mod"))?;
            let own = manifest.lines().filter(|line| !line.starts_with("replace"));
            let own = own.chain(["replace thalweg => ./thalweg"]).collect::<Vec<_>>().join("\n");
            fs::write(folder.join("go.mod"), own + "\n")?;
        }
        Ok(folder)
    }

    /// Gives another folder of this language what the first has installed.
    pub(crate) fn lend_tools(self, folder: &Path) -> Result<()> {
        let Some(tools) = self.tools() else { return Ok(()) };
        #[cfg(unix)]
        std::os::unix::fs::symlink(self.folder().join(tools), folder.join(tools))?;
        Ok(())
    }

    /// Runs the unit tests in a folder.
    pub(crate) fn unit_tests(self, folder: &Path) -> Result<()> {
        let mut command = match self {
            Language::Js => Command::new("npm"),
            Language::Python => Command::new("python3"),
            Language::Go => Command::new("go"),
        };
        command.current_dir(folder);
        match self {
            Language::Js => command.arg("test"),
            Language::Python => command.args(["-m", "unittest"]),
            Language::Go => command.args(["test", "./..."]),
        };
        succeeds(&mut command)
    }
}

/// What modules in Go build on.
pub(crate) fn go_package() -> PathBuf {
    thalweg_tests::root().join("guest-sdk/templates/go/all/thalweg")
}

/// Runs a command that must succeed.
pub(crate) fn succeeds(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Copies a folder, and what its links lead to, without what a build there has left.
fn copy(from: &Path, to: &Path, left: &[&str]) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{}", from.display()))? {
        let (source, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if left.iter().any(|left| name == *left) {
            continue;
        }
        if source.is_dir() {
            copy(&source, &to.join(name), left)?;
        } else {
            fs::copy(&source, to.join(name))?;
        }
    }
    Ok(())
}
