//! Rows over TLS: appended, scanned, put, looked up.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use arrow_array::{Int64Array, RecordBatch, StringArray};
use futures::StreamExt;
use thalweg::client::{Client, ScanOptions, Tls};
use thalweg::table::{Schema, TableDescriptor};
use thalweg_node::ServerTls;
use thalweg_tests::cluster::Cluster;
use tokio_rustls::rustls::SupportedProtocolVersion;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::certificates::{Authority, NOW};
use crate::peers::{self, Proxy, connect, trusting};

const BATCH: i64 = 10_000;

fn batch(first: i64, rows: i64) -> Result<RecordBatch> {
    let ids = Int64Array::from_iter_values(first..first + rows);
    let names = StringArray::from_iter_values((first..first + rows).map(|id| format!("row {id}")));
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(ids) as _, false),
        ("name", Arc::new(names) as _, true),
    ])?)
}

fn ids(batch: &RecordBatch) -> Result<&Int64Array> {
    batch.column(0).as_any().downcast_ref().context("BIGINT")
}

/// Appends and puts so many rows, and finds each again.
pub(crate) async fn through(client: &Client, rows: i64) -> Result<()> {
    let schema = Schema::parse_sql("id BIGINT NOT NULL, name STRING")?;
    let log = "log".parse()?;
    client.create_table(&log, TableDescriptor::new(schema.clone()), false).await?;
    let (table, mut pending) = (client.table(&log).await?, Vec::new());
    for first in (0..rows).step_by(BATCH as usize) {
        pending.push(table.append(batch(first, BATCH.min(rows - first))?).await?);
    }
    for outcome in futures::future::join_all(pending).await {
        ensure!(outcome.first_failure().is_none(), "{:?}", outcome.first_failure());
    }
    let (mut scanned, mut stream) = (0, table.scan(ScanOptions::default()).await?);
    while let Some(batch) = stream.next().await {
        for id in ids(&batch?.batch)?.values() {
            ensure!(*id == scanned, "row {id} instead of {scanned}");
            scanned += 1;
        }
    }
    ensure!(scanned == rows, "{scanned} rows of {rows} were scanned");

    let keyed = "keyed".parse()?;
    client.create_table(&keyed, TableDescriptor::new(schema.with_primary_key(&["id"])?), false).await?;
    let table = client.table(&keyed).await?;
    for first in (0..rows).step_by(BATCH as usize) {
        let outcome = table.upsert(batch(first, BATCH.min(rows - first))?).await?.await;
        ensure!(outcome.first_failure().is_none(), "{:?}", outcome.first_failure());
    }
    let every = (rows / 1000).max(1);
    let keys = Int64Array::from_iter_values((0..rows + every).step_by(every as usize));
    let asked = keys.len();
    let found = table.lookup(RecordBatch::try_from_iter([("id", Arc::new(keys) as _)])?).await?;
    ensure!(found.found() == asked - 1, "{} of {asked} keys were found, one of which is not there", found.found());
    ensure!(ids(&found.rows)?.values().iter().copied().eq((0..rows).step_by(every as usize)), "other rows were found");
    Ok(())
}

/// Between our client and our node.
pub(crate) async fn client_and_node(rows: i64) -> Result<()> {
    let (folder, data) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let ours = Authority::new(folder.path(), "ours")?;
    let identity = ours.server("node", &["127.0.0.1"], NOW)?;
    let served = ServerTls { identity, client_ca: Some(ours.file.clone()) };
    let node = peers::node(data.path(), Some(served)).await?;
    let tls = Tls { identity: Some(ours.client("client")?), ..trusting(&ours.file) };
    let client = connect(&node.address().to_string(), Some(tls)).await?;
    through(&client, rows).await?;
    client.close(peers::PATIENCE).await?;
    node.shutdown().await?;
    Ok(())
}

/// Through a proxy that speaks one version of TLS, in front of a node that speaks none.
pub(crate) async fn one_version(version: &'static SupportedProtocolVersion) -> Result<()> {
    let (folder, data) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let ours = Authority::new(folder.path(), "ours")?;
    let proxy = Proxy::bind("127.0.0.1:0", &ours.server("proxy", &["proxy.example"], NOW)?, &[version]).await?;
    let address = proxy.address()?;
    let mut options = peers::options(data.path(), None);
    options.advertise = Some(address.to_string());
    let node = thalweg_node::Node::start(options).await?;
    proxy.start(node.address());
    let tls = Tls { server_name: Some("proxy.example".to_owned()), ..trusting(&ours.file) };
    through(&connect(&address.to_string(), Some(tls)).await?, 20_000).await?;
    node.shutdown().await?;
    Ok(())
}

/// Through proxies in front of each server of a real cluster.
pub(crate) async fn real_cluster() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Clients are told the ports of the proxies.
    let cluster = tokio::task::spawn_blocking(|| Cluster::start_behind_proxies(1)).await??;
    let (coordinator, proxies) = (cluster.address.parse()?, cluster.proxies()?);
    let address = proxied(folder.path(), coordinator, &proxies).await?;
    let client = connect(&address.0, Some(trusting(&address.1))).await?;
    through(&client, 20_000).await?;
    client.close(peers::PATIENCE).await?;
    tokio::task::spawn_blocking(move || drop(cluster)).await?;
    Ok(())
}

/// Starts the proxies: where clients begin, and what they trust.
async fn proxied(
    folder: &Path,
    coordinator: std::net::SocketAddr,
    proxies: &[(std::net::SocketAddr, std::net::SocketAddr)],
) -> Result<(String, std::path::PathBuf)> {
    let ours = Authority::new(folder, "ours")?;
    let identity = ours.server("proxy", &["localhost", "127.0.0.1"], NOW)?;
    for (proxy, server) in proxies {
        Proxy::bind(&proxy.to_string(), &identity, &[&TLS13, &TLS12]).await?.start(*server);
    }
    let first = proxies.iter().find(|(_, server)| *server == coordinator).context("a proxy of the coordinator")?;
    Ok((first.0.to_string(), ours.file))
}
