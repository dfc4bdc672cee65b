//! The server that all clients use: a node in a process of its own, or a real cluster.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use thalweg_node::{Durability, Node as OwnNode, NodeOptions};

use super::process;
use crate::cluster::Cluster;

/// A node in a process of its own, which ends with this.
pub(crate) struct NodeProcess {
    process: Child,
    address: String,
    data: Option<TempDir>,
    /// From its call to its being ready.
    pub(crate) started: Duration,
}

impl NodeProcess {
    /// Calls this program as a node on an empty folder.
    pub(crate) fn start(durability: &str) -> Result<Self> {
        Self::start_on(tempfile::tempdir()?, durability)
    }

    fn start_on(data: TempDir, durability: &str) -> Result<Self> {
        let mut node = Command::new(std::env::current_exe()?);
        let begun = Instant::now();
        let process = node.arg("node").arg(data.path()).arg(durability).stdout(Stdio::piped()).spawn()?;
        let mut node = Self { process, address: String::new(), data: Some(data), started: Duration::ZERO };
        let said = node.process.stdout.take().context("a pipe from the node")?;
        BufReader::new(said).read_line(&mut node.address)?;
        node.started = begun.elapsed();
        node.address = node.address.trim().to_owned();
        ensure!(!node.address.is_empty(), "the node does not start");
        Ok(node)
    }

    /// Kills it, and starts another one on its data.
    pub(crate) fn restart(mut self) -> Result<Self> {
        self.process.kill()?;
        self.process.wait()?;
        let data = self.data.take().context("a node has a folder")?;
        Self::start_on(data, "fsync")
    }

    /// Bytes that it has now.
    pub(crate) fn memory(&self) -> u64 {
        process::memory(&self.process.id().to_string(), "VmRSS")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is the node that `NodeProcess` calls.
pub(crate) async fn serve(data: &str, durability: &str) -> Result<()> {
    let mut options = NodeOptions::new(data);
    options.listen = "127.0.0.1:0".into();
    options.durability = match durability {
        "fsync" => Durability::Fsync,
        "os" => Durability::Os,
        other => bail!("no such durability: {other}"),
    };
    let node = OwnNode::start(options).await?;
    println!("{}", node.address());
    std::future::pending().await
}

/// What clients connect to.
pub(crate) enum Server {
    Node(NodeProcess),
    Cluster(Cluster),
}

impl Server {
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::Node(node) => node.address(),
            Self::Cluster(cluster) => &cluster.address,
        }
    }

    /// The number of the process that keeps the rows.
    pub(crate) fn process(&self) -> Result<u64> {
        match self {
            Self::Node(node) => Ok(u64::from(node.process.id())),
            Self::Cluster(cluster) => cluster.process(0),
        }
    }
}
