//! Clients that carry out the same commands, ours and foreign ones: what one writes another reads.
//!
//! A command is a JSON object, described in `tests/fluss-rs/src/main.rs`; rows are as `thalweg` prints them.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::javascript::{JavaScript, Runner};
use crate::{fluss_rs, java, ours, python};

/// A client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// The `thalweg` binary.
    Thalweg,
    /// The npm package `thalweg`, in Node 24.
    JavaScript,
    /// Fluss's own Java client, 0.9.1.
    Java,
    /// fluss-rs 1.0.0.
    FlussRs,
    /// pyfluss 1.0.0.
    Pyfluss,
}

impl Client {
    /// All but our own ones.
    pub const FOREIGN: [Self; 3] = [Self::Java, Self::FlussRs, Self::Pyfluss];

    /// As cases name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Thalweg => "thalweg",
            Self::JavaScript => "javascript",
            Self::Java => "java",
            Self::FlussRs => "fluss-rs",
            Self::Pyfluss => "pyfluss",
        }
    }

    /// Why this client cannot run here; `None` if it can.
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Thalweg => None,
            Self::JavaScript => JavaScript::shared().err().map(str::to_owned),
            Self::Java => java::missing(),
            Self::FlussRs => fluss_rs::missing(),
            Self::Pyfluss => python::Python::ready().err(),
        }
    }

    /// Carries out commands one after another; the answer to each is a list.
    pub fn run(self, server: &str, commands: &[Value]) -> Result<Vec<Vec<Value>>> {
        self.run_as(server, None, commands)
    }

    /// As `run`, logged in with user and password; not for the binary.
    pub fn run_as(self, server: &str, login: Option<(&str, &str)>, commands: &[Value]) -> Result<Vec<Vec<Value>>> {
        let mut program = match self {
            Self::Thalweg => return commands.iter().map(|command| ours::run(server, command)).collect(),
            Self::JavaScript => {
                JavaScript::shared().map_err(anyhow::Error::msg)?.script(Runner::Node24, "commands.mjs")
            }
            Self::Java => java::program()?,
            Self::FlussRs => Command::new(fluss_rs::program(false)?),
            Self::Pyfluss => python::Python::ready().map_err(anyhow::Error::msg)?.commands(),
        };
        program.arg(server);
        if let Some((user, password)) = login {
            program.envs([("THALWEG_USER", user), ("THALWEG_PASSWORD", password)]);
        }
        answers(program, commands).with_context(|| self.name())
    }
}

/// Runs a program that takes commands on standard input, and gives the list that answers each.
///
/// # Errors
/// What the program says is wrong with a command, or how it ends.
pub fn answers(mut program: Command, commands: &[Value]) -> Result<Vec<Vec<Value>>> {
    let mut child = program
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Commands fit the pipe's buffer or are read as they come; each answer is a line.
    let lines: String = commands.iter().map(|command| format!("{command}\n")).collect();
    let mut input = child.stdin.take().context("a pipe to the program")?;
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output()?;
    let wrote = writing.join().is_ok_and(|wrote| wrote.is_ok());
    let (said, erred) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success() && wrote, "{}: {said}{erred}", output.status);
    let mut lists = Vec::new();
    for (line, command) in said.lines().zip(commands) {
        match serde_json::from_str(line)? {
            Value::Array(list) => lists.push(list),
            other => bail!("{} answers {other}", command["do"]),
        }
    }
    ensure!(lists.len() == commands.len(), "{} answers to {} commands: {erred}", lists.len(), commands.len());
    Ok(lists)
}

/// A value with its numbers as texts, as which they are compared: clients print decimals either way.
pub fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.to_string().into(),
        Value::Array(list) => list.iter().map(plain).collect(),
        Value::Object(object) => {
            Value::Object(object.iter().map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        other => other.clone(),
    }
}
