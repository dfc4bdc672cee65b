//! Python in virtual environments of the tests' own: pyfluss 1.0.0 as a foreign client, what reads files as others do, and our
//! own package.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

/// A virtual environment under the workspace's target folder. The packages are pinned: what the tests were written
/// against.
struct Environment {
    folder: &'static str,
    packages: &'static [&'static str],
    /// What they are imported as.
    modules: &'static str,
}

const PYFLUSS: Environment = Environment {
    folder: "pyfluss-1.0.0",
    packages: &["pyfluss==1.0.0", "pyarrow==26.0.1"],
    modules: "fluss, pyarrow",
};
const REFERENCE: Environment =
    Environment { folder: "reference-1", packages: &["pyarrow==26.0.1", "duckdb==2.0.1"], modules: "pyarrow, duckdb" };
/// What the package `thalweg` is tested with.
const PACKAGE: Environment = Environment {
    folder: "python-1",
    packages: &["pyfluss==1.0.0", "pyarrow==26.0.1", "polars==2.1.0", "pandas==3.1.1", "duckdb==2.0.1", "mypy==2.4.1"],
    modules: "fluss, pyarrow, polars, pandas, duckdb, mypy",
};

impl Environment {
    /// Finds or makes the environment, and gives its interpreter; the error says why there is none.
    fn ready(&self) -> Result<PathBuf, String> {
        let folder = crate::target().join(self.folder);
        let interpreter = folder.join("bin/python");
        let works = || {
            let output = Command::new(&interpreter).args(["-c", &format!("import {}", self.modules)]).output();
            output.is_ok_and(|o| o.status.success())
        };
        if !works() {
            let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).output();
            if !made.is_ok_and(|o| o.status.success()) {
                return Err("needs python3 with venv, which is not here".into());
            }
            let pip = Command::new(&interpreter).args(["-m", "pip", "-q", "install"]).args(self.packages).output();
            if !pip.is_ok_and(|o| o.status.success()) || !works() {
                return Err(format!("needs {}, which pip cannot install here", self.packages.join(" and ")));
            }
        }
        Ok(interpreter)
    }
}

/// Python with pyarrow and duckdb, running `tests/reference/compare.py`, which says what it reads and answers.
pub fn reference() -> Result<Command, String> {
    let mut command = Command::new(REFERENCE.ready()?);
    command.arg(crate::root().join("tests/reference/compare.py"));
    Ok(command)
}

/// Python with what the package `thalweg` is tested with; the error says why there is none.
pub fn for_package() -> Result<PathBuf, String> {
    PACKAGE.ready()
}

/// Python with pyfluss.
pub struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// Finds or makes the environment; the error says why there is none.
    pub fn ready() -> Result<Self, String> {
        Ok(Self { interpreter: PYFLUSS.ready()? })
    }

    /// Runs `tests/pyfluss/client.py`.
    pub fn client(&self, arguments: &[&OsStr]) -> Result<()> {
        let output = Command::new(&self.interpreter).arg(script()).args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "client.py {arguments:?}: {}: {said}", output.status);
        Ok(())
    }

    /// `tests/pyfluss/commands.py`, to be followed by the server's address.
    pub fn commands(&self) -> Command {
        let mut command = Command::new(&self.interpreter);
        command.arg(crate::root().join("tests/pyfluss/commands.py"));
        command
    }

    /// Compares two Arrow files row by row.
    pub fn compare(&self, left: &Path, right: &Path) -> Result<()> {
        self.client(&["compare".as_ref(), left.as_ref(), right.as_ref()])
    }
}

fn script() -> PathBuf {
    crate::root().join("tests/pyfluss/client.py")
}
