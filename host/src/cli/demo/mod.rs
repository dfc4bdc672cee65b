//! `demo`: the whole product in one command, on a node in a temporary folder.

mod keys;
mod live;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::ensure;
use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use clap::Args;
use futures::StreamExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;
use thalweg_node::{Node, NodeOptions};

use super::tables::schema_of;
use super::terminal::{Common, Outcome, grouped};
use crate::client::{Client, ScanOptions, Table};
use crate::formats::{Format, writer};
use crate::module::{ChainSpec, ModuleSpec};
use crate::table::{TableDescriptor, TablePath};

/// 50,000 flights of 2001; `examples/data/README.md` says where they come from.
const FLIGHTS: &[u8] = include_bytes!("../../../../examples/data/flights.parquet");
/// Rows appended at once.
const BATCH_ROWS: usize = 10_000;
/// Minutes of delay that the filter asks for.
const DELAY: i64 = 30;

/// `thalweg demo`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg demo --rows 1000000\n  thalweg demo --http")]
pub(in crate::cli) struct Demo {
    /// How many flights are appended; the 50,000 that the binary carries are repeated
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(1..))]
    rows: u64,
    /// Then serve a page in the browser with flights that keep coming, until Ctrl-C
    #[arg(long, value_name = "HOST:PORT", num_args = 0..=1, default_missing_value = super::serve::HTTP)]
    http: Option<String>,
}

impl Demo {
    pub(in crate::cli) async fn run(self, common: &Common) -> Outcome {
        let folder = tempfile::tempdir()?;
        let started = Instant::now();
        let mut options = NodeOptions::new(folder.path().to_path_buf());
        options.listen = "127.0.0.1:0".into();
        let node = Node::start(options).await?;
        let address = node.address().to_string();
        say(started, &format!("started an embedded node on {address}, data in {}", folder.path().display()))?;

        let client = common.connect_to_own(address).await?;
        let flights = flights()?;
        let mut shown = show(&client, &flights, self.rows).await;
        if let (Ok(()), Some(listen)) = (&shown, self.http) {
            shown = live::run(&node, &client, common.own_options(Vec::new()), listen, &flights).await;
        }
        client.close(Duration::from_secs(5)).await?;
        // If the node has failed, that is why whatever else did.
        node.shutdown().await?;
        folder.close()?;
        shown?;
        Ok(writeln!(std::io::stdout(), "cleaned up; `thalweg serve` starts a node that stays")?)
    }
}

/// Everything that the demonstration does with a node.
async fn show(client: &Client, flights: &RecordBatch, rows: u64) -> anyhow::Result<()> {
    let started = Instant::now();
    let path: TablePath = "flights".parse()?;
    let schema = schema_of(&flights.schema())?;
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.bucket_count = Some(3);
    client.create_table(&path, descriptor, false).await?;
    let table = client.table(&path).await?;
    say(started, "created table flights with 3 buckets")?;

    let started = Instant::now();
    let piped = table.clone().with_chain(&chain()?).await?;
    say(started, &format!("loaded modules: where (delay > {DELAY}) and scale (distance in km), a sandbox each"))?;

    let kept = append(&piped, flights, rows).await?;
    let read = scan(&table).await?;
    ensure!(read == kept, "{kept} rows were acknowledged, and {read} scanned");
    peek(&table).await?;
    keys::show(client, flights).await
}

/// Appends the flights, again and again, and says what became of them.
async fn append(table: &Table, flights: &RecordBatch, rows: u64) -> anyhow::Result<u64> {
    let started = Instant::now();
    let mut pending = Vec::new();
    let (mut left, mut first) = (rows, 0);
    while left > 0 {
        let count = BATCH_ROWS.min(flights.num_rows() - first).min(usize::try_from(left).unwrap_or(usize::MAX));
        pending.push(table.append(flights.slice(first, count)).await?);
        left -= count as u64;
        first = (first + count) % flights.num_rows();
    }
    let (mut filtered, mut acknowledged) = (0, 0);
    for outcome in futures::future::join_all(pending).await {
        if let Some((_, error)) = outcome.first_failure() {
            anyhow::bail!("rows were not written: {error}");
        }
        filtered += outcome.filtered.iter().map(|(_, rows)| rows).sum::<u64>();
        acknowledged += outcome.acknowledged();
    }
    ensure!(filtered + acknowledged == rows, "{filtered} + {acknowledged} rows of {rows} are accounted for");
    let what = format!(
        "appended {} flights: {} filtered by where, {} acknowledged on disk{}",
        grouped(rows),
        grouped(filtered),
        grouped(acknowledged),
        rate(rows, started)
    );
    say(started, &what)?;
    Ok(acknowledged)
}

/// Reads everything back and counts it.
async fn scan(table: &Table) -> anyhow::Result<u64> {
    let started = Instant::now();
    let mut stream = table.scan(ScanOptions::default()).await?;
    let mut rows = 0;
    while let Some(scanned) = stream.next().await {
        rows += scanned?.batch.num_rows() as u64;
    }
    say(started, &format!("scanned {} rows back{}", grouped(rows), rate(rows, started)))?;
    Ok(rows)
}

/// Prints a few rows as a person would ask for them.
async fn peek(table: &Table) -> anyhow::Result<()> {
    let columns = ["date", "origin", "destination", "delay", "distance"].map(str::to_owned).to_vec();
    let options = ScanOptions { columns: Some(columns), limit: Some(3), ..ScanOptions::default() };
    let mut stream = table.scan(options).await?;
    let mut out = writer(Format::Table, stream.schema(), std::io::stdout())?;
    while let Some(scanned) = stream.next().await {
        out.write(&scanned?.batch)?;
    }
    Ok(out.finish()?)
}

fn chain() -> anyhow::Result<ChainSpec> {
    let here = std::path::Path::new("");
    let mut filter = ModuleSpec::new("where", here);
    filter.config.insert("if".into(), json!(format!("delay > {DELAY}")));
    let mut map = ModuleSpec::new("scale", here);
    map.config.insert("column".into(), json!("distance"));
    map.config.insert("factor".into(), json!(1.609344));
    Ok(ChainSpec { modules: vec![filter, map], ..ChainSpec::default() })
}

/// The flights that the binary carries.
fn flights() -> anyhow::Result<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from_static(FLIGHTS))?;
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.build()?.collect::<Result<_, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}

/// Says what was just done, and how long it took.
pub(super) fn say(started: Instant, what: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{:>7.1} ms  {what}", started.elapsed().as_secs_f64() * 1e3)
}

/// `, N rows/s`.
pub(super) fn rate(rows: u64, started: Instant) -> String {
    format!(", {} rows/s", grouped((rows as f64 / started.elapsed().as_secs_f64().max(1e-9)) as u64))
}
