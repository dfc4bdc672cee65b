//! A `thalweg serve --http` of a test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use thalweg_tests::{binary, wait};

/// A node with its page. Killed when dropped.
pub(crate) struct Served {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    _data: TempDir,
    /// Where the node listens.
    pub(crate) node: String,
    /// Where the page is served, `HOST:PORT`.
    pub(crate) page: String,
    /// What a browser opens.
    pub(crate) url: String,
}

impl Served {
    /// On loopback, on free ports, with further options.
    pub(crate) fn start(options: &[&str]) -> Result<Self> {
        Self::start_on("127.0.0.1:0", options)
    }

    /// With the page on this address.
    pub(crate) fn start_on(page: &str, options: &[&str]) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let mut child = binary::command(["serve", "--listen", "127.0.0.1:0", "--durability", "memory", "--http", page])
            .args(options)
            .arg("--data")
            .arg(data.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("a pipe from the node")?);
        let mut line = |prefix: &str| -> Result<String> {
            let mut line = String::new();
            stdout.read_line(&mut line)?;
            Ok(line.trim().strip_prefix(prefix).with_context(|| format!("the node said {line:?}"))?.to_owned())
        };
        let said = line("thalweg: ready on ").and_then(|node| Ok((node, line("thalweg: the page is at ")?)));
        let (node, url) = match said {
            Ok(said) => said,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        let page =
            url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).context("an address")?.to_owned();
        Ok(Self { child, _stdout: stdout, _data: data, node, page, url })
    }

    /// Runs a command of the binary against the node.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        binary::run(&self.node, arguments)
    }

    /// As `run`, with text on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Result<String> {
        binary::printed(binary::run_with(&self.node, arguments, input)?)
    }

    /// Ends the node as a power cut would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks the node to stop, and sees that it does so in order.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        ensure!(std::process::Command::new("kill").args(["-TERM", &pid]).status()?.success(), "no signal");
        let status = wait::ended(&mut self.child, Duration::from_secs(20))?;
        ensure!(status.success(), "the node ended with {status}");
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
