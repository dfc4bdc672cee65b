//! A folder of files, and a node, for commands that read files.

use std::process::Output;

use anyhow::{Context, Result};

use crate::binary::{self, Node};

/// Files in a folder of their own, and a node for the tables that they go to.
pub struct Files {
    folder: tempfile::TempDir,
    node: Node,
}

impl Files {
    /// An empty folder, and a node without tables.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let node = Node::start(&folder.path().join("data"), None)?;
        Ok(Self { folder, node })
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        Ok(std::fs::write(self.folder.path().join(name), bytes)?)
    }

    /// Runs a command with text on standard input. `FOLDER` in its arguments is the folder of the files.
    pub fn output(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let folder = self.folder.path().to_string_lossy();
        let arguments = arguments.iter().map(|argument| argument.replace("FOLDER", &folder));
        binary::run_with(&self.node.address, arguments, input)
    }

    /// As `output`, of a command that must succeed: what it printed.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<String> {
        binary::printed(self.output(arguments, input)?)
    }

    /// Runs a command whose last argument is a file of this text.
    pub fn output_on(&self, command: &[&str], name: &str, text: &[u8]) -> Result<Output> {
        self.write(name, text)?;
        self.output(&[command, &[&format!("FOLDER/{name}")]].concat(), "")
    }

    /// As `output_on`, of a command that must succeed: what it printed.
    pub fn run_on(&self, command: &[&str], name: &str, text: &[u8]) -> Result<String> {
        binary::printed(self.output_on(command, name, text)?)
    }

    /// As `output`, of a command on one line: its arguments stand between spaces.
    pub fn output_line(&self, line: &str, input: &str) -> Result<Output> {
        self.output(&line.split(' ').collect::<Vec<_>>(), input)
    }

    /// As `output_line`, of a command that must succeed: what it printed.
    pub fn run_line(&self, line: &str, input: &str) -> Result<String> {
        binary::printed(self.output_line(line, input)?).with_context(|| line.to_owned())
    }
}
