//! fluss-rs 1.0.0 as a foreign client: `tests/fluss-rs`, a crate outside the workspace, built when it is wanted.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Result, ensure};

use crate::{root, target};

/// Why fluss-rs cannot be built here; `None` if it can, as far as its sources go.
pub fn missing() -> Option<String> {
    let fetched = cargo("fetch").output();
    let missing = !fetched.is_ok_and(|output| output.status.success());
    missing.then(|| "needs fluss-rs 1.0.0, which cargo cannot get here".into())
}

/// The built program; `release` for what is measured.
pub fn program(release: bool) -> Result<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let target = target().join("fluss-rs");
    let mut build = cargo("build");
    build.arg("--target-dir").arg(&target).args(release.then_some("--release"));
    let output = build.output()?;
    ensure!(output.status.success(), "tests/fluss-rs: {}", String::from_utf8_lossy(&output.stderr));
    let profile = if release { "release" } else { "debug" };
    Ok(target.join(profile).join(format!("fluss-rs-client{}", std::env::consts::EXE_SUFFIX)))
}

fn cargo(command: &str) -> Command {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo.args([command, "--locked", "--manifest-path"]).arg(root().join("tests/fluss-rs/Cargo.toml"));
    cargo
}
