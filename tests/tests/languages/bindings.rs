//! The bindings in Go, which lie in the repository so that whoever writes a module needs no generator.
//!
//! After a change of `wit/module`: `THALWEG_BINDINGS=write cargo test -p thalweg-tests --test languages bindings`.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

use crate::language::{go_package, succeeds};

/// The bindings that lie there are what the generator makes of the WIT.
pub(crate) fn are_current() -> Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(thalweg_tests::root().join("wit/module"))?;
    let world = resolve.select_world(&[package], Some("module"))?;
    let mut files = Files::default();
    wit_bindgen_go::Opts::default().build().generate(&mut resolve, world, &mut files)?;
    let mut compared = 0;
    for (name, text) in files.iter() {
        // The manifest is the package's own.
        if name == "go.mod" {
            continue;
        }
        let path = match name {
            "wit_exports.go" => "exports/wit_exports.go",
            other => other,
        };
        let path = go_package().join("bindings").join(path);
        // The generator makes a program of its own and takes two packages from elsewhere; here all is one package.
        let text = std::str::from_utf8(text)?
            .replace("\"wit_component/", "\"thalweg/bindings/")
            .replace("\"go.bytecodealliance.org/pkg/wit/", "\"thalweg/wit/")
            .replace("package main", "package exports");
        let text = formatted(&text)?;
        if std::env::var("THALWEG_BINDINGS").is_ok_and(|value| value == "write") {
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(&path, &text)?;
        }
        let found = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        ensure!(found == text, "{} is not what wit/module gives; set THALWEG_BINDINGS=write", path.display());
        compared += 1;
    }
    ensure!(compared >= 4, "only {compared} files were compared");
    Ok(())
}

/// Go's own form, with imports in their order.
fn formatted(text: &str) -> Result<String> {
    let mut gofmt = Command::new("gofmt").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    gofmt.stdin.take().context("a pipe to gofmt")?.write_all(text.as_bytes())?;
    let output = gofmt.wait_with_output()?;
    ensure!(output.status.success(), "gofmt: {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// The package's own tests, and that it is formatted.
pub(crate) fn pass_their_tests() -> Result<()> {
    let unformatted = Command::new("gofmt").arg("-l").arg(go_package()).output()?;
    ensure!(unformatted.stdout.is_empty(), "gofmt would change {}", String::from_utf8_lossy(&unformatted.stdout));
    succeeds(Command::new("go").current_dir(go_package()).args(["test", "."]))
}
