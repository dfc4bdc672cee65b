//! Lookups and upserts, thalweg against fluss-rs 1.0.0, on one node in one run:
//!
//! ```sh
//! cargo run --release -p thalweg-tests --example lookups                # [ROWS [LOOKUPS]], by default 200000 and 5000
//! ```
//!
//! Each client upserts its own table and looks its rows up: one after another, and with 128 callers at once. fluss-rs runs
//! twice, with its defaults and with a wait of 1 ms for fuller batches (with 0 its lookups never end). Ratios are against
//! thalweg as it comes: with its engine as a component.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use futures::future::try_join_all;
use serde_json::{Value, json};
use thalweg::client::{Client, ClientOptions, EngineKind, Table};
use thalweg::table::{Schema, TableDescriptor, TablePath};
use thalweg_node::{Node, NodeOptions};
use thalweg_tests::{client, fluss_rs};

const CALLERS: i64 = 128;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, data] = arguments.as_slice()
        && command == "serve"
    {
        return serve(data).await;
    }
    let number = |at: usize, default| arguments.get(at).map_or(Ok(default), |text| text.parse::<i64>());
    let (rows, lookups) = (number(0, 200_000)?, number(1, 5_000)?);
    let foreign = fluss_rs::program(true)?;
    let data = tempfile::tempdir()?;
    let (_node, server) = start(data.path().to_str().context("temporary folders have plain names")?)?;
    let mut figures = Vec::new();
    for (name, engine) in [("thalweg", EngineKind::Component), ("thalweg, native", EngineKind::Native)] {
        figures.push((name, ours(&server, engine, rows, lookups).await?));
    }
    // With its default wait of 100 ms a lookup: fewer of them.
    for (name, wait, lookups) in [("fluss-rs", None, 50), ("fluss-rs, tuned", Some("1"), lookups)] {
        let table = format!("fluss.{}", create(&server, name).await?);
        let mut program = Command::new(&foreign);
        let commands = [
            json!({"do": "bench-upsert", "table": table, "rows": rows}),
            json!({"do": "bench-lookup", "table": table, "keys": rows, "callers": 1, "lookups": lookups}),
            json!({"do": "bench-lookup", "table": table, "keys": rows, "callers": CALLERS, "lookups": lookups.min(500)}),
        ];
        program.arg(&server).args(wait);
        let found = client::answers(program, &commands).with_context(|| name)?;
        figures.push((name, found.into_iter().flatten().collect()));
    }
    print(&figures)
}

/// The node, a process of its own.
async fn serve(data: &str) -> Result<()> {
    let mut options = NodeOptions::new(data);
    options.listen = "127.0.0.1:0".into();
    let node = Node::start(options).await?;
    println!("{}", node.address());
    std::future::pending().await
}

/// Ends the node with the benchmark.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(data: &str) -> Result<(Ended, String)> {
    let mut node = Command::new(std::env::current_exe()?).args(["serve", data]).stdout(Stdio::piped()).spawn()?;
    let said = node.stdout.take().context("a pipe from the node")?;
    let node = Ended(node);
    let mut address = String::new();
    BufReader::new(said).read_line(&mut address)?;
    ensure!(!address.trim().is_empty(), "the node does not start");
    Ok((node, address.trim().to_owned()))
}

/// A table of its own for each client, named after it: `id BIGINT, name STRING, amount DOUBLE` in three buckets.
async fn create(server: &str, client: &str) -> Result<String> {
    let name = client.replace(['-', ',', ' '], "_");
    let session = Client::connect(ClientOptions::new(vec![server.to_owned()])).await?;
    let schema = Schema::parse_sql("id BIGINT NOT NULL, name STRING, amount DOUBLE")?.with_primary_key(&["id"])?;
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.bucket_count = Some(3);
    session.create_table(&name.parse::<TablePath>()?, descriptor, false).await?;
    session.close(Duration::from_secs(10)).await?;
    Ok(name)
}

/// What `bench-upsert` and `bench-lookup` of tests/fluss-rs do, by thalweg.
async fn ours(server: &str, engine: EngineKind, rows: i64, lookups: i64) -> Result<Vec<Value>> {
    let table = create(server, &format!("{engine:?}").to_lowercase()).await?;
    let mut options = ClientOptions::new(vec![server.to_owned()]);
    options.engine = engine;
    let client = Client::connect(options).await?;
    let table = client.table(&table.parse::<TablePath>()?).await?;
    let begin = Instant::now();
    let mut pending = Vec::new();
    for first in (0..rows).step_by(10_000) {
        let ids = first..rows.min(first + 10_000);
        pending.push(table.upsert(batch(&table, ids)?).await?);
    }
    for pending in pending {
        let outcome = pending.await;
        ensure!(outcome.acknowledged() == outcome.produced, "{outcome:?}");
    }
    let upserts = json!({"rows": rows, "seconds": begin.elapsed().as_secs_f64()});
    let alone = look(&table, rows, 1, lookups).await?;
    let together = look(&table, rows, CALLERS, lookups.min(500)).await?;
    client.close(Duration::from_secs(10)).await?;
    Ok(vec![upserts, alone, together])
}

fn batch(table: &Table, ids: std::ops::Range<i64>) -> Result<RecordBatch> {
    let names = StringArray::from_iter_values(ids.clone().map(|id| format!("customer {id}")));
    let amounts = Float64Array::from_iter_values(ids.clone().map(|id| id as f64 / 8.0));
    let ids = Int64Array::from_iter_values(ids);
    Ok(RecordBatch::try_new(table.schema(), vec![Arc::new(ids), Arc::new(names), Arc::new(amounts)])?)
}

async fn look(table: &Table, keys: i64, callers: i64, lookups: i64) -> Result<Value> {
    let key = |id: i64| RecordBatch::try_new(table.key_schema(), vec![Arc::new(Int64Array::from_iter_values([id]))]);
    let caller = async |caller: i64| {
        let mut times = Vec::new();
        // The first connects and is not counted.
        for number in 0..=lookups {
            let key = key((number * 7919 + caller * 104_729) % keys)?;
            let begin = Instant::now();
            let found = table.lookup(key).await?;
            ensure!(found.rows.num_rows() == 1, "a key that was written is there once");
            times.push(begin.elapsed());
        }
        Ok(times.split_off(1))
    };
    let begin = Instant::now();
    let times = try_join_all((0..callers).map(caller)).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let mut times: Vec<Duration> = times.into_iter().flatten().collect();
    times.sort_unstable();
    let micros = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    Ok(json!({"lookups": times.len(), "seconds": seconds, "p50": micros(0.5), "p99": micros(0.99)}))
}

fn print(figures: &[(&str, Vec<Value>)]) -> Result<()> {
    let titles = ["client", "upserts/s", "alone p50 µs", "alone p99 µs", "128 callers/s", "p50 µs", "p99 µs"];
    println!("{:<16}{}", titles[0], titles[1..].iter().map(|title| format!("{title:>24}")).collect::<String>());
    let mut ours: Option<Vec<f64>> = None;
    for (name, found) in figures {
        let figure = |at: usize, name: &str| found[at][name].as_f64().with_context(|| format!("no {name}"));
        let line = vec![
            figure(0, "rows")? / figure(0, "seconds")?,
            figure(1, "p50")?,
            figure(1, "p99")?,
            figure(2, "lookups")? / figure(2, "seconds")?,
            figure(2, "p50")?,
            figure(2, "p99")?,
        ];
        let ours = ours.get_or_insert_with(|| line.clone());
        let cells = line.iter().zip(ours).map(|(figure, ours)| format!("{figure:>15.0} ({:>5.2})", figure / *ours));
        println!("{name:<16}{}", cells.map(|cell| format!("{cell:>24}")).collect::<String>());
    }
    Ok(())
}
