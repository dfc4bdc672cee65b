//! Modules in Python: componentize-py, in the folder's own `.venv`, puts them into CPython.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use super::{Options, tool};

const NO_PYTHON: &str = "install Python 3.11 or later, with venv, from https://www.python.org";

/// Runs the compiler: its own script knows the path where it was installed, and folders are moved.
const COMPILER: &str = "import sys, componentize_py; sys.exit(componentize_py.script())";

/// Makes a component of `app.py` and what it imports, and the bindings that its unit tests need.
pub(super) fn build(folder: &Path, out: &Path, _options: Options) -> anyhow::Result<()> {
    let tools = environment(folder)?;
    let compiler = || {
        let mut command = Command::new(tools.join("python"));
        command.args(["-c", COMPILER]);
        // Its errors are Python's; where in the compiler they came up helps nobody.
        command.current_dir(folder).env("VIRTUAL_ENV", ".venv").env("RUST_BACKTRACE", "0");
        command.args(["--wit-path", "wit", "--world", "module"]);
        command
    };
    if !folder.join("bindings").is_dir() {
        tool::run(compiler().args(["bindings", "bindings"]), NO_PYTHON)?;
    }
    let mut command = compiler();
    command.args(["componentize", "app", "--stub-wasi", "--output"]).arg(std::path::absolute(out)?);
    for source in tool::sources(folder, "py")? {
        command.arg("--python-path").arg(source);
    }
    tool::run(&mut command, NO_PYTHON)?;
    Ok(())
}

/// Makes the virtual environment where it is missing, with what `requirements.txt` asks for. Gives the folder of its
/// programs.
fn environment(folder: &Path) -> anyhow::Result<PathBuf> {
    let programs = if cfg!(windows) { "Scripts" } else { "bin" };
    let programs = std::path::absolute(folder.join(".venv").join(programs))?;
    let installed = || programs.join("componentize-py").with_extension(std::env::consts::EXE_EXTENSION).is_file();
    if !installed() {
        let mut python = Command::new(if cfg!(windows) { "python" } else { "python3" });
        tool::run(python.current_dir(folder).args(["-m", "venv", ".venv"]), NO_PYTHON)?;
        let mut pip = Command::new(programs.join("python"));
        pip.current_dir(folder).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        tool::run(pip.args(["--requirement", "requirements.txt"]), NO_PYTHON)?;
        ensure!(
            installed(),
            "{} lacks the compiler; it needs the line componentize-py==0.25.1",
            folder.join("requirements.txt").display()
        );
    }
    Ok(programs)
}
