//! `serve`: the embedded node.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use thalweg_node::{Durability, Node, NodeOptions};

use super::terminal::{Common, Outcome};

/// `thalweg serve`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg serve\n  thalweg serve --data ./data --listen 127.0.0.1:0")]
pub(super) struct Serve {
    /// The data folder [default: the platform's data folder for the user]
    #[arg(long, value_name = "DIR", env = "THALWEG_DATA")]
    data: Option<PathBuf>,
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9123")]
    listen: String,
    /// The address that clients are told [default: where it listens]
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<String>,
    /// When rows count as written: on the disk, with the operating system, or in memory
    #[arg(long, value_enum, default_value_t = WhenWritten::Fsync)]
    durability: WhenWritten,
}

/// When rows count as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WhenWritten {
    /// On the disk: they survive a power cut
    Fsync,
    /// With the operating system: they survive the end of this process
    Os,
    /// In memory
    Memory,
}

impl Serve {
    pub(super) async fn run(self, _common: &Common) -> Outcome {
        let data = match self.data {
            Some(data) => data,
            None => directories::ProjectDirs::from("dev", "thalweg", "thalweg")
                .context("this user has no home folder; say where the data go with --data")?
                .data_dir()
                .to_path_buf(),
        };
        let mut options = NodeOptions::new(data);
        options.listen = self.listen;
        options.advertise = self.advertise;
        options.durability = match self.durability {
            WhenWritten::Fsync => Durability::Fsync,
            WhenWritten::Os => Durability::Os,
            WhenWritten::Memory => Durability::Memory,
        };
        let node = Node::start(options).await?;
        writeln!(std::io::stdout(), "thalweg: ready on {}", node.address())?;
        tokio::select! {
            interrupted = interrupted() => interrupted?,
            // Why is what `shutdown` says.
            _ = node.failed() => {}
        }
        Ok(node.shutdown().await?)
    }
}

/// Resolves at the first SIGINT or SIGTERM.
#[cfg(unix)]
async fn interrupted() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Resolves at the first interrupt.
#[cfg(not(unix))]
async fn interrupted() -> anyhow::Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
