//! Modules in Rust: cargo makes a core module for wasm32-unknown-unknown, where nothing can be imported by accident.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::{Options, tool};

const TARGET: &str = "wasm32-unknown-unknown";

const NO_CARGO: &str = "install Rust from https://rustup.rs, and then: rustup target add wasm32-unknown-unknown";

/// Builds the crate in a folder and wraps it.
pub(super) fn build(folder: &Path, out: &Path, options: Options) -> anyhow::Result<()> {
    require_target(folder)?;
    let mut cargo = tool("CARGO", "cargo", folder);
    cargo.args(["build", "--lib", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    if options.release {
        cargo.arg("--release");
    }
    if options.quiet {
        cargo.arg("--quiet");
    }
    let built = tool::run(&mut cargo, NO_CARGO)?;
    let core = artifact(&built.stdout, &folder.join("Cargo.toml"))?;
    let core = std::fs::read(&core).with_context(|| format!("{} cannot be read", core.display()))?;
    tool::wrap(&core, out)
}

/// A tool of the Rust toolchain, run in the folder, so that a toolchain file there counts.
fn tool(variable: &str, name: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::var_os(variable).unwrap_or_else(|| OsString::from(name)));
    command.current_dir(folder);
    command
}

/// Says how to add the target where it is missing; rustc's own error names a crate that cannot be found.
fn require_target(folder: &Path) -> anyhow::Result<()> {
    let printed = tool::run(tool("RUSTC", "rustc", folder).args(["--print", "sysroot"]), NO_CARGO)?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&printed.stdout).trim());
    if !sysroot.join("lib/rustlib").join(TARGET).is_dir() {
        bail!("the Rust toolchain in {} lacks {TARGET}; add it with: rustup target add {TARGET}", sysroot.display());
    }
    Ok(())
}

/// The core module that cargo made of the package with this manifest, out of cargo's messages.
fn artifact(messages: &[u8], manifest: &Path) -> anyhow::Result<PathBuf> {
    let manifest = manifest.canonicalize().with_context(|| format!("{}", manifest.display()))?;
    let made = String::from_utf8_lossy(messages).lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let ours = message["reason"] == "compiler-artifact"
            && Path::new(message["manifest_path"].as_str()?).canonicalize().is_ok_and(|path| path == manifest);
        let files = message["filenames"].as_array().filter(|_| ours)?;
        files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
    });
    made.context("cargo made no .wasm file; Cargo.toml needs [lib] with crate-type = [\"cdylib\", \"rlib\"]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_artifact_is_that_of_the_manifest() {
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, other) = (folder.path().join("Cargo.toml"), folder.path().join("other.toml"));
        std::fs::write(&ours, "").expect("written");
        std::fs::write(&other, "").expect("written");
        let message = |manifest: &Path, file: &str| {
            let message = serde_json::json!({
                "reason": "compiler-artifact", "manifest_path": manifest, "filenames": ["a.rlib", file],
            });
            format!("{message}\n")
        };
        let messages = format!("warning\n{}{}", message(&other, "other.wasm"), message(&ours, "ours.wasm"));
        assert_eq!(artifact(messages.as_bytes(), &ours).expect("one"), PathBuf::from("ours.wasm"));
        let without = message(&ours, "ours.so");
        assert!(artifact(without.as_bytes(), &ours).expect_err("none").to_string().contains("crate-type"));
    }
}
