//! `guest-sdk/README.md` does what it says: its commands are run in their order, its files written, and what it shows
//! is what comes out.
//!
//! - A block `sh` is run by a shell, in one folder for all. A block `text` behind it has lines of what it prints, in
//!   their order; `...` stands for anything.
//! - A block whose text before is a path, as `` `late/src/lib.rs`: ``, is written to that file.
//! - The node is the test's own, so that its port is free: `thalweg serve` is not run. Nor is the block `console`, which
//!   installs what is here already.
#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use thalweg_tests::{
    binary::{self, Node},
    wait,
};

/// How long a block may run. The first builds all that a module stands on.
const PATIENCE: Duration = Duration::from_secs(600);

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
struct Block<'a> {
    /// The line of its first text, from 1.
    line: usize,
    language: &'a str,
    /// The path that the line before names.
    path: Option<&'a str>,
    text: String,
    /// Whether nothing but blank lines stands between it and the block before.
    follows: bool,
}

fn blocks(page: &str) -> Result<Vec<Block<'_>>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let (mut open, mut path, mut follows) = (false, None, false);
    for (at, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(language), false) => {
                blocks.push(Block { line: at + 2, language, path: path.take(), text: String::new(), follows });
                open = true;
            }
            (Some(""), true) => (open, follows) = (false, true),
            (Some(language), true) => bail!("line {}: a block {language:?} begins within another", at + 1),
            (None, true) => blocks.last_mut().context("a block")?.text += &format!("{line}\n"),
            (None, false) if line.trim().is_empty() => {}
            (None, false) => {
                path = line.strip_prefix('`').and_then(|line| line.strip_suffix("`:"));
                follows = false;
            }
        }
    }
    ensure!(!open, "the last block does not end");
    Ok(blocks)
}

/// Whether a line is as shown; `...` stands for anything.
fn fits(shown: &str, line: &str) -> bool {
    let mut parts = shown.trim_end().split("...");
    let Some(mut rest) = line.trim_end().strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        let at = if parts.peek().is_none() {
            rest.ends_with(part).then(|| rest.len() - part.len())
        } else {
            rest.find(part)
        };
        match at {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// The first shown line that does not come, in order.
fn missing<'a>(shown: &'a str, printed: &str) -> Option<&'a str> {
    let mut printed = printed.lines();
    shown.lines().find(|shown| !printed.any(|line| fits(shown, line)))
}

/// Runs a script. Gives what it prints, on both streams.
fn run(script: &str, folder: &Path, tools: &Path, server: &str) -> Result<String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let out = folder.join(".printed");
    let file = File::create(&out)?;
    let mut shell = Command::new("sh")
        .args(["-e", "-c", script])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", tools.display()))
        .env("THALWEG_SERVER", server)
        .env("NO_COLOR", "1")
        .env("CARGO_TARGET_DIR", thalweg_tests::target().join("modules"))
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()?;
    let status = wait::ended(&mut shell, PATIENCE)?;
    let printed = fs::read_to_string(&out)?;
    ensure!(status.success(), "{status}: {printed}");
    Ok(printed)
}

/// The binary under its name, without `serve`.
fn tools(folder: &Path, server: &str) -> Result<()> {
    let (script, binary) = (folder.join("thalweg"), binary::thalweg().display());
    let serve = format!("if [ \"$1\" = serve ]; then echo \"thalweg: ready on {server}\"; exit 0; fi");
    fs::write(&script, format!("#!/bin/sh\n{serve}\nexec '{binary}' \"$@\"\n"))?;
    Ok(fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?)
}

#[test]
fn every_step_of_the_book_does_what_it_says() -> Result<()> {
    let page = fs::read_to_string(thalweg_tests::root().join("guest-sdk/README.md"))?;
    let (folder, data, shims) = (tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?);
    let node = Node::start(data.path(), None)?;
    tools(shims.path(), &node.address)?;
    let (mut ran, mut printed) = (0, None);
    for block in blocks(&page)? {
        let place = || format!("guest-sdk/README.md, line {}", block.line);
        match (block.language, block.path) {
            ("sh", None) => {
                let started = Instant::now();
                printed = Some(run(&block.text, folder.path(), shims.path(), &node.address).with_context(place)?);
                println!("line {}: {:.1} s", block.line, started.elapsed().as_secs_f64());
                ran += 1;
            }
            ("text", None) => {
                let printed = printed.as_deref().filter(|_| block.follows).with_context(place)?;
                if let Some(line) = missing(&block.text, printed) {
                    bail!("{}: {line:?} is not in, or not in this order:\n{printed}", place());
                }
            }
            (_, Some(path)) => fs::write(folder.path().join(path), &block.text).with_context(place)?,
            ("rust" | "console", None) => {}
            (other, None) => bail!("{}: nothing is known of a block {other:?}", place()),
        }
    }
    ensure!(ran > 10, "only {ran} steps were run");
    Ok(())
}

#[test]
fn blocks_are_found_with_their_paths() -> Result<()> {
    let page = "text\n\n`a/b`:\n\n```toml\nx = 1\n```\n\n```sh\nls\n```\n\n```text\nb\n```\nmore\n```text\nc\n```\n";
    let found = blocks(page)?;
    let found: Vec<_> = found.iter().map(|block| (block.line, block.language, block.path, block.follows)).collect();
    assert_eq!(
        found,
        [(6, "toml", Some("a/b"), false), (10, "sh", None, true), (14, "text", None, true), (18, "text", None, false)]
    );
    assert!(blocks("```sh\nls\n").is_err() && blocks("```sh\n```text\n```\n").is_err());
    Ok(())
}

#[test]
fn shown_lines_are_found_in_their_order() {
    for (shown, line, expected) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a ... c", "a b c", true),
        ("a ... c", "a b cd", false),
        ("...", "anything", true),
        ("a...", "b", false),
        ("x...y...z", "x1y2y3z", true),
        ("x...y...z", "x1z", false),
    ] {
        assert_eq!(fits(shown, line), expected, "{shown:?} {line:?}");
    }
    assert_eq!(missing("a\nc\n", "a\nb\nc\n"), None);
    assert_eq!(missing("c\na\n", "a\nb\nc\n"), Some("a"));
}
