//! Modules in Go: the Go compiler makes a core module, to which nothing stands behind WASI, which its runtime asks for.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::{Options, tool};

const NO_GO: &str = "install Go 1.24 or later from https://go.dev/dl";

/// What Go's runtime asks for.
const WASI: &str = "wasi_snapshot_preview1";

/// An answer to all of it that reaches nothing: `go_adapter.wat`, assembled.
static ADAPTER: &[u8] = include_bytes!("go_adapter.wasm");

/// Builds the program in a folder and wraps it.
pub(super) fn build(folder: &Path, out: &Path, options: Options) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let core = scratch.path().join("core.wasm");
    let mut go = Command::new("go");
    go.current_dir(folder).env("GOOS", "wasip1").env("GOARCH", "wasm").env("GOWORK", "off");
    go.args(["build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-o"]).arg(&core);
    if options.release {
        go.arg("-ldflags=-s -w");
    }
    tool::run(go.arg("."), NO_GO)?;
    let core = std::fs::read(&core).context("go made no program; package main stands in the folder itself")?;
    wrap(core, &folder.join("wit"), out)
}

/// Makes a component of a core module for WASI, with the interface that a folder of WIT describes.
fn wrap(mut core: Vec<u8>, wit: &Path, out: &Path) -> anyhow::Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_dir(wit).with_context(|| format!("{} must hold the contract, thalweg:module", wit.display()))?;
    let world = resolve.select_world(&[package], Some("module"))?;
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false)?;
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.validate(true).module(&core)?.adapter(WASI, ADAPTER)?;
    let component = encoder.encode().context(
        "what Go built cannot be wrapped as a component: it reaches for more of WASI than Go's runtime needs to start, \
         such as files, or lacks the exports of thalweg:module; a module may reach nothing but its log",
    )?;
    std::fs::write(out, component).with_context(|| format!("{} cannot be written", out.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes it anew where `THALWEG_UPDATE_ADAPTER` is set.
    #[test]
    fn the_adapter_is_what_its_text_says() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/modules/build");
        let assembled = wat::parse_file(folder.join("go_adapter.wat")).expect("a text that can be assembled");
        if std::env::var_os("THALWEG_UPDATE_ADAPTER").is_some() {
            std::fs::write(folder.join("go_adapter.wasm"), &assembled).expect("written");
        }
        assert!(assembled == ADAPTER, "set THALWEG_UPDATE_ADAPTER=1 to write it anew");
    }

    #[test]
    fn what_reaches_for_files_is_not_wrapped() {
        let reaching = r#"(module
            (import "wasi_snapshot_preview1" "path_open"
                (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (memory (export "memory") 1))"#;
        let folder = tempfile::tempdir().expect("a folder");
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/module");
        let out = folder.path().join("out.wasm");
        let error = wrap(wat::parse_str(reaching).expect("a module"), &wit, &out).expect_err("path_open");
        assert!(error.to_string().contains("reaches for more of WASI"), "{error}");
        assert!(!out.exists());
    }
}
