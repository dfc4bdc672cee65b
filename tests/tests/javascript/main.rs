//! The npm package `thalweg` in Node 20 and 24, Deno, Bun and workerd, and over WebSockets, against a node: what every host must do, the files of
//! `tests/scenarios`, and its types by tsc. `THALWEG_JAVASCRIPT=full` runs all scenarios in every host, and millions of rows.

mod web;
mod worker;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};
use thalweg_tests::binary::Node;
use thalweg_tests::javascript::{JavaScript, Runner};

fn javascript() -> Result<&'static JavaScript> {
    JavaScript::shared().map_err(anyhow::Error::msg)
}

fn full() -> bool {
    std::env::var("THALWEG_JAVASCRIPT").is_ok_and(|size| size == "full")
}

/// What every host must do.
fn cases(runner: Runner) -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    let mut command = javascript()?.script(runner, "cases.mjs");
    command.arg(&node.address);
    if full() {
        command.arg("full");
    }
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let erred = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {said}{erred}", output.status);
    let mut failed = Vec::new();
    let mut run = 0;
    for line in said.lines() {
        let answer: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        run += 1;
        if let Some(text) = answer["failed"].as_str() {
            failed.push(format!("{}: {text}", answer["case"]));
        }
    }
    ensure!(run >= 12, "{run} cases ran: {erred}");
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// The texts of a step that are said once for many rows, written out.
fn written_out(scenario: &mut Value) -> Result<()> {
    for step in scenario["step"].as_array_mut().context("a scenario has steps")? {
        let Some(times) = step["repeat"].as_u64() else { continue };
        for name in ["append", "upsert", "delete", "lookup", "rows"] {
            if let Some(text) = step.get(name).and_then(Value::as_str) {
                let lines: Vec<String> = (0..times).map(|time| text.trim().replace('#', &time.to_string())).collect();
                step[name] = lines.join("\n").into();
            }
        }
    }
    Ok(())
}

fn scenario(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path)?;
    let mut scenario = serde_json::to_value(toml::from_str::<toml::Value>(&text)?)?;
    written_out(&mut scenario)?;
    let name = path.file_stem().and_then(|stem| stem.to_str()).context("plain file names")?;
    Ok(json!({ "name": format!("js_{name}"), "scenario": scenario }))
}

/// Every file of `tests/scenarios`, with the result that the Rust library has.
fn scenarios(runner: Runner) -> Result<()> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "no scenario was found");
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    let mut command = javascript()?.script(runner, "scenario.mjs");
    let mut child = command.arg(&node.address).stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
    let mut input = child.stdin.take().context("a pipe to the script")?;
    let mut output = BufReader::new(child.stdout.take().context("a pipe from the script")?).lines();
    let mut failed = Vec::new();
    for path in &files {
        writeln!(input, "{}", scenario(path)?)?;
        let Some(line) = output.next() else { bail!("the script ended at {}", path.display()) };
        if let Some(error) = serde_json::from_str::<Value>(&line?)?.as_str() {
            failed.push(format!("{}: {error}", path.display()));
        }
    }
    drop(input);
    ensure!(child.wait()?.success(), "the script failed");
    ensure!(failed.is_empty(), "{} of {} failed\n{}", failed.len(), files.len(), failed.join("\n"));
    Ok(())
}

/// The type declarations, checked with what uses them.
fn types() -> Result<()> {
    let arguments =
        ["--strict", "--noEmit", "--target", "esnext", "--module", "nodenext", "--lib", "esnext,dom", "types.ts"];
    let output = javascript()?.program("tsc").args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// The glue of the engine, compressed as servers send it, and without what reads the environment at each call.
fn size() -> Result<()> {
    let script = std::fs::read_to_string(javascript()?.path("node_modules/thalweg/generated/engine.js"))?;
    ensure!(!script.contains("JCO_DEBUG") && !script.contains("_debugLog"), "the glue reads the environment");
    ensure!(script.len() < 320_000, "the glue has {} bytes", script.len());
    Ok(())
}

fn trial(name: String, missing: Option<&str>, test: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    let kind = missing.unwrap_or_default().to_owned();
    let trial = Trial::test(name, move || test().map_err(|error| Failed::from(format!("{error:#}"))));
    trial.with_ignored_flag(missing.is_some()).with_kind(kind)
}

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let missing = JavaScript::shared().err();
    let mut trials = vec![trial("types".into(), missing, types), trial("size".into(), missing, size)];
    for runner in Runner::ALL {
        trials.push(trial(format!("cases/{}", runner.name()), missing, move || cases(runner)));
        if runner == Runner::Node24 || full() {
            trials.push(trial(format!("scenarios/{}", runner.name()), missing, move || scenarios(runner)));
        }
    }
    trials.push(trial("workerd".into(), missing, || worker::run(javascript()?)));
    trials.push(trial("web".into(), missing, || web::run(javascript()?)));
    // One at a time: hosts and nodes share two cores.
    libtest_mimic::run(&Arguments { test_threads: Some(1), ..arguments }, trials).exit()
}
