//! A bad network and failing servers. Rows are appended and followed while tablet servers of a real cluster are killed
//! and started again, and through a proxy that cuts connections to our node at any byte. Every row is there once, in order.
//!
//! Small by default (two servers killed, one seed). `THALWEG_FAULTS=full` kills every server twice and tries 20 seeds;
//! `THALWEG_SEED` sets the first seed.

mod proxy;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arrow_array::{Int64Array, RecordBatch};
use futures::StreamExt;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use thalweg::client::End;
use thalweg::client::{Client, ClientOptions, ScanOptions, Table};
use thalweg::table::{ColumnType, DataType, Schema, TableDescriptor, TablePath};
use thalweg_node::{Durability, Node, NodeOptions};
use thalweg_tests::binary;
use thalweg_tests::cluster::{self, Cluster};

use crate::proxy::Proxy;

/// The longest that anything here may take once the fault is over.
const PATIENCE: Duration = Duration::from_secs(60);

/// A row by its place, bucket and offset.
type Places = BTreeMap<(u32, u64), i64>;

fn full() -> bool {
    std::env::var("THALWEG_FAULTS").is_ok_and(|size| size == "full")
}

/// Every row once; in each bucket offsets without a gap, and rows in the order in which they were appended.
fn check(places: &Places, rows: i64) -> Result<()> {
    let mut ids: Vec<i64> = places.values().copied().collect();
    ids.sort_unstable();
    ensure!(ids.iter().copied().eq(0..rows), "{} rows instead of the {rows} appended, or others", ids.len());
    let mut before: Option<((u32, u64), i64)> = None;
    for (&(bucket, offset), &id) in places {
        match before {
            Some(((same, last), earlier)) if same == bucket => {
                ensure!(offset == last + 1, "bucket {bucket} goes from offset {last} to {offset}");
                ensure!(earlier < id, "bucket {bucket} has row {earlier} before row {id}");
            }
            _ => ensure!(offset == 0, "bucket {bucket} begins at offset {offset}"),
        }
        before = Some(((bucket, offset), id));
    }
    Ok(())
}

/// Notes a row; fails if it, or another one, was given at this place before.
fn note(places: &mut Places, bucket: u32, offset: u64, id: i64) -> Result<()> {
    let before = places.insert((bucket, offset), id);
    ensure!(before.is_none(), "offset {offset} of bucket {bucket} is given twice: {before:?}, then {id}");
    Ok(())
}

/// A row as `scan --with-metadata` prints it.
fn note_line(places: &mut Places, line: &str) -> Result<()> {
    let row: Value = serde_json::from_str(line).with_context(|| format!("no row: {line:?}"))?;
    let number = |key: &str| row[key].as_i64().with_context(|| format!("{key} in {line}"));
    note(places, u32::try_from(number("__bucket")?)?, u64::try_from(number("__offset")?)?, number("id")?)
}

/// A child that ends with its guard.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Follows a table; its lines come through a channel.
fn follow(address: &str, table: &str) -> Result<(Running, Receiver<String>)> {
    let mut command = binary::command(["scan", table, "--follow", "--with-metadata"]);
    let mut child = command.env("THALWEG_SERVER", address).stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stdout.take().context("a pipe from the scan")?).lines();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    Ok((Running(child), receiver))
}

/// Appends numbered rows, some hundred a second, until told to stop; gives how many.
fn feed(mut input: impl Write, stop: &Receiver<()>) -> Result<i64> {
    let mut id = 0;
    while stop.recv_timeout(Duration::from_millis(10)) == Err(RecvTimeoutError::Timeout) {
        for _ in 0..8 {
            writeln!(input, "{{\"id\":{id}}}")?;
            id += 1;
        }
        input.flush()?;
    }
    Ok(id)
}

/// Rows on their way into a table, and out of it again.
struct Flow {
    table: &'static str,
    address: String,
    append: Child,
    feeder: JoinHandle<Result<i64>>,
    stop: Sender<()>,
    _follower: Running,
    followed: Receiver<String>,
}

impl Flow {
    /// Makes the table, and starts to follow it and to append to it.
    fn start(address: &str, table: &'static str, buckets: u32) -> Result<Self> {
        let count = buckets.to_string();
        binary::run(address, ["table", "create", table, "--schema", "id BIGINT NOT NULL", "--buckets", &count])?;
        let (follower, followed) = follow(address, table)?;
        let mut append = binary::command(["append", table, "-", "--batch-rows", "20", "--summary", "json"])
            .env("THALWEG_SERVER", address)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let input = append.stdin.take().context("a pipe to the append")?;
        let (stop, stopped) = std::sync::mpsc::channel();
        let feeder = std::thread::spawn(move || feed(input, &stopped));
        Ok(Self { table, address: address.to_owned(), append, feeder, stop, _follower: follower, followed })
    }

    /// Stops appending, and checks that every row was acknowledged, followed and scanned once and in order.
    fn finish(self) -> Result<()> {
        drop(self.stop);
        let rows = self.feeder.join().map_err(|_| anyhow::anyhow!("the feeder panicked"))??;
        let output = self.append.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        binary::printed(output)?;
        let summary: Value = serde_json::from_str(said.lines().last().context("a summary")?)?;
        ensure!(summary["acknowledged"] == rows && summary["rows_read"] == rows, "{rows} rows were fed: {summary}");
        let mut followed = Places::new();
        let deadline = Instant::now() + PATIENCE;
        while (followed.len() as i64) < rows {
            let line = self.followed.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.with_context(|| format!("only {} of {rows} rows were followed", followed.len()))?;
            note_line(&mut followed, &line)?;
        }
        check(&followed, rows)?;
        let mut scanned = Places::new();
        let lines = binary::run(&self.address, ["scan", self.table, "--with-metadata"])?;
        lines.lines().try_for_each(|line| note_line(&mut scanned, line))?;
        ensure!(scanned == followed, "a scan gives other rows than the follower");
        let more = self.followed.recv_timeout(Duration::from_millis(500));
        ensure!(more == Err(RecvTimeoutError::Timeout), "a row that was not appended: {more:?}");
        Ok(())
    }
}

/// Kills tablet servers, and so leaders, while rows are appended and followed.
fn leaders_killed() -> Result<()> {
    let cluster = Cluster::start_with(3, &["zookeeper.client.session-timeout=4s"])?;
    let flows = [("one_bucket", 1), ("three_buckets", 3)];
    let flows = flows.map(|(table, buckets)| Flow::start(&cluster.address, table, buckets));
    for tablet in (0..3).cycle().take(if full() { 6 } else { 2 }) {
        std::thread::sleep(Duration::from_secs(1));
        cluster.kill(tablet)?;
        std::thread::sleep(Duration::from_secs(1));
        cluster.restart(tablet)?;
    }
    flows.into_iter().try_for_each(|flow| flow?.finish())
}

/// A client with short deadlines, through the proxy.
async fn connect(address: &str) -> Result<Client> {
    let mut options = ClientOptions::new(vec![address.to_owned()]);
    let connection = &mut options.settings.connection;
    connection.connect_timeout = Duration::from_secs(1);
    connection.request_timeout = Duration::from_secs(1);
    connection.backoff = Duration::from_millis(5);
    connection.backoff_limit = Duration::from_millis(100);
    options.settings.write.linger = Duration::from_millis(5);
    // An answer must fit what a connection passes before it breaks, most times.
    options.settings.scan.bucket_bytes = 16 << 10;
    options.settings.scan.fetch_bytes = 32 << 10;
    Ok(Client::start(options).await?)
}

fn numbers(buckets: u32) -> Result<TableDescriptor> {
    let id = ColumnType { data_type: DataType::BigInt, nullable: false };
    Ok(TableDescriptor {
        schema: Schema::new([("id".to_owned(), id, None)])?,
        comment: None,
        partition_keys: vec![],
        bucket_keys: vec![],
        bucket_count: Some(buckets),
        properties: BTreeMap::new(),
        custom_properties: BTreeMap::new(),
    })
}

/// Appends rows 0 to `rows`, 20 at a time; where the outcomes say that they are.
async fn append(table: &Table, rows: i64) -> Result<Places> {
    let mut pending = Vec::new();
    for first in (0..rows).step_by(20) {
        let ids = first..rows.min(first + 20);
        let columns = Int64Array::from_iter_values(ids.clone());
        let batch = RecordBatch::try_from_iter_with_nullable([("id", Arc::new(columns) as _, false)])?;
        pending.push((ids, table.append(batch).await?));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut places = Places::new();
    for (ids, outcome) in pending {
        let outcome = outcome.await;
        let acknowledged = outcome.offsets().count();
        ensure!(acknowledged == ids.clone().count(), "rows {ids:?}: {:?}", outcome.first_failure());
        for (row, bucket, offset) in outcome.offsets() {
            note(&mut places, bucket, offset, ids.start + i64::from(row))?;
        }
    }
    Ok(places)
}

/// Scans a table until `rows` rows came.
async fn scan(table: &Table, rows: i64, end: End) -> Result<Places> {
    let mut places = Places::new();
    let mut stream = table.scan(ScanOptions { end, ..ScanOptions::default() }).await?;
    while (places.len() as i64) < rows {
        let next = stream.next().await.with_context(|| format!("the scan ended after {} rows", places.len()))?;
        let scanned = next?;
        let ids = scanned.batch.column(0).as_any().downcast_ref::<Int64Array>().context("BIGINT")?;
        for (offset, id) in scanned.offsets().zip(ids.values()) {
            note(&mut places, scanned.bucket.bucket, offset, *id)?;
        }
    }
    Ok(places)
}

/// Appends to our node and follows, both through the proxy, while it breaks connections.
async fn connections_cut(seed: u64, buckets: u32, rows: i64) -> Result<()> {
    let proxy = Proxy::bind(seed).await?;
    let address = proxy.address()?.to_string();
    let data = tempfile::tempdir()?;
    let mut options = NodeOptions::new(data.path());
    options.listen = "127.0.0.1:0".to_owned();
    options.advertise = Some(address.clone());
    options.durability = Durability::Os;
    let node = Node::start(options).await?;
    let network = proxy.start(node.address());
    let (writer, reader) = (connect(&address).await?, connect(&address).await?);
    let path = TablePath { database: "fluss".to_owned(), table: "numbers".to_owned() };
    writer.create_table(&path, numbers(buckets)?, false).await?;
    network.good.store(false, Ordering::Relaxed);
    let (into, from) = (writer.table(&path).await?, reader.table(&path).await?);
    let (appended, followed) = tokio::try_join!(append(&into, rows), scan(&from, rows, End::Never))?;
    let scanned = scan(&from, rows, End::Latest).await?;
    let broken = network.broken.load(Ordering::Relaxed);
    ensure!(broken >= 5, "only {broken} connections were broken: that proves nothing");
    network.good.store(true, Ordering::Relaxed);
    check(&appended, rows)?;
    ensure!(followed == appended, "the follower has other rows than were acknowledged");
    ensure!(scanned == appended, "a scan has other rows than were acknowledged");
    let counts = writer.close(Duration::from_secs(5)).await?;
    ensure!(counts.acknowledged as i64 == rows && counts.failed == 0 && counts.unknown == 0, "{counts:?}");
    node.shutdown().await?;
    Ok(())
}

/// One seed after the other; an error names its seed.
fn network(buckets: u32) -> Result<()> {
    let first = std::env::var("THALWEG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let (seeds, rows) = if full() { (20, 50_000) } else { (1, 10_000) };
    let runtime = tokio::runtime::Runtime::new()?;
    for seed in first..first + seeds {
        let run = async { tokio::time::timeout(PATIENCE, connections_cut(seed, buckets, rows)).await };
        let done = runtime.block_on(run).context("no end in time").and_then(|done| done);
        done.with_context(|| format!("seed {seed}"))?;
    }
    Ok(())
}

fn trial(name: &str, missing: Option<&str>, test: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    let trial = Trial::test(name, move || test().map_err(|e| Failed::from(format!("{e:#}"))));
    trial.with_ignored_flag(missing.is_some()).with_kind(missing.unwrap_or_default())
}

fn main() {
    let arguments = Arguments::from_args();
    let no_cluster = cluster::missing();
    let trials = vec![
        trial("connections_cut_one_bucket", None, || network(1)),
        trial("connections_cut_three_buckets", None, || network(3)),
        trial("leaders_killed", no_cluster.as_deref(), leaders_killed),
    ];
    // Servers share few cores: one test at a time.
    libtest_mimic::run(&Arguments { test_threads: Some(1), ..arguments }, trials).exit();
}
