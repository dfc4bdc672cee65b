//! A command that follows an input, and the node that its rows go to.

use std::fs::{File, OpenOptions};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use thalweg_tests::{
    binary::{self, Node},
    wait,
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A node with a table, and a folder of files that grow.
pub(crate) struct Follow {
    pub(crate) node: Node,
    pub(crate) folder: tempfile::TempDir,
}

impl Follow {
    /// Starts a node with the table `t`.
    pub(crate) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let node = Node::start(&folder.path().join("data"), None)?;
        let schema = "id INT NOT NULL, note STRING, raw BYTES";
        binary::run(&node.address, ["table", "create", "t", "--schema", schema, "--buckets", "1"])?;
        Ok(Self { node, folder })
    }

    /// Appends what an input has, and follows it.
    pub(crate) fn append(&self, input: &str) -> Result<Running> {
        let child = binary::command(["append", "t", "--follow", "--summary", "json", input])
            .current_dir(self.folder.path())
            .env("THALWEG_SERVER", &self.node.address)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Running(Some(child)))
    }

    /// Waits until the table has so many rows, and gives them.
    pub(crate) fn rows(&self, count: usize) -> Result<String> {
        let look = || {
            let rows = binary::run(&self.node.address, ["scan", "t"])?;
            Ok((rows.lines().count() >= count).then_some(rows))
        };
        wait::until(PATIENCE, look, || format!("{count} rows did not come"))
    }

    /// A file of the folder, open at its end.
    pub(crate) fn file(&self, name: &str) -> Result<File> {
        Ok(OpenOptions::new().create(true).append(true).open(self.folder.path().join(name))?)
    }
}

/// A command that runs; it ends with this.
pub(crate) struct Running(Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Running {
    pub(crate) fn child(&mut self) -> Result<&mut Child> {
        self.0.as_mut().context("it ended")
    }
}

/// Waits for a command, but not forever.
pub(crate) fn ended(mut running: Running) -> Result<Output> {
    wait::ended(running.child()?, PATIENCE)?;
    Ok(running.0.take().context("it ended")?.wait_with_output()?)
}

/// Sends a command what Ctrl-C sends.
pub(crate) fn interrupt(running: &mut Running) -> Result<()> {
    let child = running.child()?;
    ensure!(Command::new("kill").args(["-INT", &child.id().to_string()]).status()?.success(), "no signal was sent");
    Ok(())
}

/// Whether a command ended with this status and said this.
pub(crate) fn says(output: &Output, status: i32, text: &str) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(status) && said.contains(text), "{}: {said}", output.status);
    Ok(())
}
