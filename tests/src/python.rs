//! pyfluss 1.0.0 as a foreign client, in a virtual environment of the tests' own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

/// The packages, pinned: what the tests were written against.
const PACKAGES: [&str; 2] = ["pyfluss==1.0.0", "pyarrow==26.0.1"];

/// Python with pyfluss.
pub struct Python {
    interpreter: PathBuf,
}

impl Python {
    /// Finds or makes the environment, under the workspace's target folder; the error says why there is none.
    pub fn ready() -> Result<Self, String> {
        let folder = crate::target().join("pyfluss-1.0.0");
        let python = Self { interpreter: folder.join("bin/python") };
        if !python.works() {
            let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).output();
            if !made.is_ok_and(|o| o.status.success()) {
                return Err("needs python3 with venv, which is not here".into());
            }
            let pip = Command::new(&python.interpreter).args(["-m", "pip", "-q", "install"]).args(PACKAGES).output();
            if !pip.is_ok_and(|o| o.status.success()) || !python.works() {
                return Err("needs pyfluss 1.0.0, which pip cannot install here".into());
            }
        }
        Ok(python)
    }

    fn works(&self) -> bool {
        let output = Command::new(&self.interpreter).args(["-c", "import fluss, pyarrow"]).output();
        output.is_ok_and(|o| o.status.success())
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
