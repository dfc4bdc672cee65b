//! `serve`: the embedded node.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use thalweg_node::{Durability, Identity, LEAST_MEMORY, Node, NodeOptions, ServerTls};

use super::terminal::{Common, Outcome};
use crate::http::{HttpOptions, HttpServer};
use crate::module::parse_bytes;

/// Where the page is served when `--http` does not say.
pub(super) const HTTP: &str = "127.0.0.1:9180";

/// `thalweg serve`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg serve\n  thalweg serve --data ./data --listen 127.0.0.1:0\n  \
    thalweg serve --http\n  thalweg serve --http 0.0.0.0:9180\n  thalweg serve --memory 512MiB\n  \
    thalweg users add users.txt alice && thalweg serve --users users.txt\n  \
    thalweg serve --listen 0.0.0.0:9123 --advertise node.example.com:9123 --tls-cert node.pem --tls-key node.key")]
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
    /// Memory for rows of primary-key tables, such as 512MiB
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = memory)]
    memory: usize,
    /// Let in only those who log in: a file of users, as `thalweg users add` makes it; it is read again when it changes
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// Take connections with TLS only, and show this certificate (PEM); the files of TLS are read anew when they change
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Ask every client for a certificate of an authority in this PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
    /// Serve the page too: tables, live rows, modules tried out in the browser; beyond this machine it asks for a token
    #[arg(long, value_name = "HOST:PORT", num_args = 0..=1, default_missing_value = HTTP)]
    #[arg(conflicts_with = "tls_cert")]
    http: Option<String>,
    /// Let the page reach another server too
    #[arg(long, value_name = "HOST:PORT", requires = "http")]
    http_allow: Vec<String>,
}

fn memory(text: &str) -> anyhow::Result<usize> {
    let bytes = parse_bytes(text)?;
    anyhow::ensure!(bytes >= LEAST_MEMORY, "the node needs {} MiB for rows at least", LEAST_MEMORY >> 20);
    Ok(bytes)
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
    pub(super) async fn run(self, common: &Common) -> Outcome {
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
        options.memory = self.memory;
        options.users = self.users.clone();
        options.durability = match self.durability {
            WhenWritten::Fsync => Durability::Fsync,
            WhenWritten::Os => Durability::Os,
            WhenWritten::Memory => Durability::Memory,
        };
        if let (Some(certificate), Some(key)) = (self.tls_cert, self.tls_key) {
            options.tls = Some(ServerTls { identity: Identity { certificate, key }, client_ca: self.tls_client_ca });
        }
        let names = [Some(options.listen.clone()), options.advertise.clone()].into_iter().flatten();
        let names = names.filter(|name| !name.ends_with(":0")).collect();
        let node = Node::start(options).await?;
        if self.users.is_some() && self.http.is_some() {
            common.note("the page has no login, so that it cannot show this node's tables: its users need a client");
        }
        let page = match self.http {
            Some(listen) => {
                let client = common.own_options(Vec::new());
                let options = HttpOptions { listen, node: node.address(), names, allow: self.http_allow, client };
                match HttpServer::start(options).await {
                    Ok(page) => Some(page),
                    Err(error) => {
                        node.shutdown().await?;
                        return Err(error.into());
                    }
                }
            }
            None => None,
        };
        let mut ready = format!("thalweg: ready on {}\n", node.address());
        if let Some(page) = &page {
            ready += &format!("thalweg: the page is at {}\n", page.url());
        }
        std::io::stdout().write_all(ready.as_bytes())?;
        let ended = tokio::select! {
            interrupted = interrupted() => interrupted,
            // Why is what `shutdown` says.
            _ = node.failed() => Ok(()),
        };
        if let Some(page) = page {
            page.shutdown().await;
        }
        node.shutdown().await?;
        Ok(ended?)
    }
}

/// Resolves at the first SIGINT or SIGTERM.
#[cfg(unix)]
pub(super) async fn interrupted() -> anyhow::Result<()> {
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
pub(super) async fn interrupted() -> anyhow::Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
