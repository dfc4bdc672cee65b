//! `tests/reference/compare.py`, asked for one file after the other.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;
use thalweg_tests::python;

/// What the reference says of a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    /// It reads so many rows, the same as were scanned, if there were any.
    Rows(u64),
    /// It reads others.
    Differs(String),
    /// It refuses the file.
    Unreadable(String),
}

/// A running reference.
pub(crate) struct Reference {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reference {
    pub(crate) fn start() -> Result<Self> {
        let mut command: Command = python::reference().map_err(anyhow::Error::msg)?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = child.stdin.take().context("a pipe to the reference")?;
        let answers = BufReader::new(child.stdout.take().context("a pipe from the reference")?);
        Ok(Self { child, questions, answers })
    }

    /// Asks for a file, to be compared with the rows that a scan printed, if there are any.
    pub(crate) fn ask(&mut self, file: &Path, format: &str, rows: Option<&Path>) -> Result<Answer> {
        let question = json!({"file": file, "format": format, "rows": rows});
        writeln!(self.questions, "{question}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("the reference ended at {}", file.display()))
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
