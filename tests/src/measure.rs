//! What benchmarks share: a node in a process of its own, and what work costs it and this process.
//!
//! The node is the benchmark's own program again, called with `serve DATA`: `serve` answers that.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use thalweg_node::{Node as OwnNode, NodeOptions};

/// A node in a process of its own, which ends with this.
pub struct Node {
    process: Child,
    /// Where it listens.
    pub address: String,
    _data: TempDir,
}

impl Node {
    /// Starts this program again as a node.
    pub fn start() -> Result<Self> {
        let data = tempfile::tempdir()?;
        let mut node = Command::new(std::env::current_exe()?);
        let process = node.arg("serve").arg(data.path()).stdout(Stdio::piped()).spawn()?;
        let mut node = Self { process, address: String::new(), _data: data };
        let said = node.process.stdout.take().context("a pipe from the node")?;
        BufReader::new(said).read_line(&mut node.address)?;
        node.address = node.address.trim().to_owned();
        ensure!(!node.address.is_empty(), "the node does not start");
        Ok(node)
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Begins to measure.
    pub fn begin(&self) -> Begun {
        Begun { at: Instant::now(), node: self.process(), cpu: cpu(self.process()) }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is the node, where this program was called as one; `None`: it was not.
pub async fn serve() -> Option<Result<()>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, data] = arguments.as_slice() else { return None };
    if command != "serve" {
        return None;
    }
    let mut options = NodeOptions::new(data);
    options.listen = "127.0.0.1:0".into();
    let node = match OwnNode::start(options).await {
        Ok(node) => node,
        Err(error) => return Some(Err(error.into())),
    };
    println!("{}", node.address());
    std::future::pending().await
}

/// A measurement that has begun.
pub struct Begun {
    at: Instant,
    node: u32,
    cpu: [f64; 2],
}

impl Begun {
    /// The seconds since then, and those of the CPU of this process and of the node: `seconds`, `cpu` and `server_cpu`, as
    /// the benchmarks of `tests/fluss-rs` give them.
    pub fn end(&self) -> Value {
        let (seconds, [client, server]) = (self.at.elapsed().as_secs_f64(), cpu(self.node));
        json!({"seconds": seconds, "cpu": client - self.cpu[0], "server_cpu": server - self.cpu[1]})
    }
}

/// Seconds of CPU of this process and of another, as Linux tells them; 0 where nobody does.
fn cpu(other: u32) -> [f64; 2] {
    ["self".to_owned(), other.to_string()].map(|process| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let ticks = stat.rsplit(") ").next().into_iter().flat_map(str::split_whitespace).skip(11).take(2);
        ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
    })
}
