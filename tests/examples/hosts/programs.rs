//! Hosts that are programs of their own: Python, JavaScript, and the client component in the wasmtime CLI.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use thalweg_client_command::request::{Answer, Request};
use thalweg_tests::javascript::{JavaScript, Runner};
use thalweg_tests::{components, python, root, target};

use crate::session::Session;
use crate::{CALLERS, Figures, IN_FLIGHT, ROWS, library};

/// What the last line of a program's output says.
fn figures(mut program: Command) -> Result<Figures> {
    let output = program.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    let text = String::from_utf8(output.stdout)?;
    Ok(serde_json::from_str(text.lines().last().context("no figures")?)?)
}

pub(crate) fn javascript(runner: Runner, server: &str, batches: usize) -> Result<Figures> {
    let mut script = JavaScript::shared().map_err(anyhow::Error::msg)?.script(runner, "measure.mjs");
    script.args([server, &batches.to_string()]);
    figures(script)
}

pub(crate) fn python(server: &str, batches: usize) -> Result<Figures> {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    if INTERPRETER.get().is_none() {
        let wheel = wheel()?;
        println!("{} has {} bytes", wheel.display(), std::fs::metadata(&wheel)?.len());
        let _ = INTERPRETER.set(installed(&wheel)?);
    }
    let mut program = Command::new(INTERPRETER.get().context("it was just installed")?);
    program.arg(root().join("tests/python/measure.py")).args([server, &batches.to_string()]);
    figures(program)
}

/// The wheel that `host/python/build` left.
fn wheel() -> Result<PathBuf> {
    const NONE: &str = "there is no wheel; run host/python/build";
    let folder = std::fs::read_dir(root().join("host/python/dist")).context(NONE)?;
    let wheel = folder.flatten().map(|file| file.path()).find(|path| path.extension().is_some_and(|end| end == "whl"));
    wheel.context(NONE)
}

/// An interpreter with the wheel, and with pyarrow.
fn installed(wheel: &Path) -> Result<PathBuf> {
    let base = python::for_package().map_err(anyhow::Error::msg)?;
    let environment = target().join("python-measured");
    ensure!(Command::new(&base).args(["-m", "venv", "--clear"]).arg(&environment).status()?.success(), "no venv");
    let interpreter = environment.join("bin/python");
    let pip = ["-m", "pip", "-q", "install", "pyarrow==26.0.1"];
    ensure!(Command::new(&interpreter).args(pip).arg(wheel).status()?.success(), "pip install fails");
    Ok(interpreter)
}

/// The command of the tests, composed with the client component.
fn composed() -> Result<&'static Path> {
    static COMPOSED: OnceLock<PathBuf> = OnceLock::new();
    if COMPOSED.get().is_none() {
        if let Some(reason) = components::missing() {
            anyhow::bail!(reason);
        }
        let alone = components::command("thalweg-client-command")?;
        let path = alone.with_file_name("measured.wasm");
        components::compose(&[&components::exported()?.join("client.wasm"), &alone], &path)?;
        let _ = COMPOSED.set(path);
    }
    COMPOSED.get().map(PathBuf::as_path).context("it was just composed")
}

pub(crate) fn component(server: &str, batches: usize) -> Result<Figures> {
    let mut session = Session::start(composed()?)?;
    let connect = Request::Connect {
        server: server.to_owned(),
        fetch_bytes: None,
        bucket_bytes: None,
        batch_rows: None,
        create_partitions: false,
    };
    session.ask(&connect, None)?;
    let (batches, at_once) = (u32::try_from(batches)?, u32::try_from(IN_FLIGHT)?);
    let bench = Request::BenchRows { table: "host_rows".into(), batches, at_once };
    let (rows, _) = session.ask(&bench, Some(&library::rows()?))?;
    ensure!(rows.figures.iter().any(|(name, rows)| name == "read" && *rows == f64::from(batches) * f64::from(ROWS)));
    let at_once = u32::try_from(CALLERS)?;
    let lookups = Request::BenchLookups { table: "keys".into(), keys: i64::from(ROWS), at_once, seconds: 1.0 };
    let (found, _) = session.ask(&lookups, None)?;
    let figure = |answer: &Answer, name: &str| {
        let figure = answer.figures.iter().find(|(known, _)| known == name).map(|(_, figure)| *figure);
        figure.with_context(|| format!("no {name}"))
    };
    Ok(Figures::from([
        ("append".into(), figure(&rows, "append ns a row")?),
        ("scan".into(), figure(&rows, "scan ns a row")?),
        ("lookups".into(), figure(&found, "lookups a second")?),
    ]))
}
