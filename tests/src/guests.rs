//! Crates of the tests that become components: built for wasm32-unknown-unknown when they are wanted.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wit_component::ComponentEncoder;

use crate::{root, target};

const TARGET: &str = "wasm32-unknown-unknown";

/// The modules of tests/bench-modules as components: the folder where they are, `NAME.wasm`.
///
/// # Errors
/// What cargo says, or that one is no component.
pub fn bench_modules(names: &[&str]) -> Result<PathBuf> {
    let built = build("bench-modules", &["--profile", "component", "--examples"])?.join("component/examples");
    names.iter().try_for_each(|name| wrap(&built, name))?;
    Ok(built.join("wrapped"))
}

/// The component of tests/arrow-ipc.
///
/// # Errors
/// As `bench_modules`.
pub fn arrow_ipc() -> Result<PathBuf> {
    let built = build("arrow-ipc", &["--release"])?.join("release");
    wrap(&built, "arrow_ipc_guest")?;
    Ok(built.join("wrapped/arrow_ipc_guest.wasm"))
}

/// Builds the crate in a folder of the tests; gives the target's folder.
fn build(folder: &str, options: &[&str]) -> Result<PathBuf> {
    let target = target().join(folder);
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo.args(["build", "--locked", "--target", TARGET]).args(options).arg("--target-dir").arg(&target);
    cargo.arg("--manifest-path").arg(root().join("tests").join(folder).join("Cargo.toml"));
    let output = cargo.output()?;
    ensure!(output.status.success(), "tests/{folder}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(target.join(TARGET))
}

/// Makes a component of a library, in the folder `wrapped` beside it.
fn wrap(built: &Path, library: &str) -> Result<()> {
    let name = Path::new(library).with_extension("wasm");
    let core = std::fs::read(built.join(&name)).with_context(|| format!("{library} was not built"))?;
    let component = ComponentEncoder::default().module(&core).and_then(|it| it.validate(true).encode());
    let component = component.with_context(|| format!("{library} is no component"))?;
    let wrapped = built.join("wrapped");
    std::fs::create_dir_all(&wrapped)?;
    Ok(std::fs::write(wrapped.join(&name), component)?)
}
