//! Lookups and upserts, thalweg against fluss-rs 1.0.0, on one node in one run:
//!
//! ```sh
//! cargo run --release -p thalweg-tests --example lookups         # [ROWS [LOOKUPS [RUNS]]], by default 200000, 5000 and 1
//! ```
//!
//! Each client upserts its own table and looks its rows up: one after another, and with 128 callers at once. fluss-rs runs
//! twice, with its defaults and with a wait of 1 ms for fuller batches (with 0 its lookups never end). Figures are medians
//! of the runs, with microseconds of CPU a lookup of the client and of the node; ratios are against thalweg as it comes:
//! with its engine as a component.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use futures::future::try_join_all;
use serde_json::{Value, json};
use thalweg::client::{Client, ClientOptions, EngineKind, Table};
use thalweg::table::{Schema, TableDescriptor, TablePath};
use thalweg_tests::measure::{self, Node};
use thalweg_tests::{client, fluss_rs};

const CALLERS: i64 = 128;

#[tokio::main]
async fn main() -> Result<()> {
    if let Some(served) = measure::serve().await {
        return served;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default| arguments.get(at).map_or(Ok(default), |text| text.parse::<i64>());
    let (rows, lookups, runs) = (number(0, 200_000)?, number(1, 5_000)?, number(2, 1)?);
    let foreign = fluss_rs::program(true)?;
    let node = Node::start()?;
    let mut figures: Vec<(&str, Vec<Vec<f64>>)> = Vec::new();
    let mut note = |name, found: Vec<Value>| {
        let line = line(&found)?;
        match figures.iter_mut().find(|(known, _)| *known == name) {
            Some((_, lines)) => lines.push(line),
            None => figures.push((name, vec![line])),
        }
        anyhow::Ok(())
    };
    for run in 0..runs {
        for (name, engine) in [("thalweg", EngineKind::Component), ("thalweg, native", EngineKind::Native)] {
            note(name, ours(&node, engine, run, rows, lookups).await?)?;
        }
        // With its default wait of 100 ms a lookup: fewer of them.
        for (name, wait, lookups) in [("fluss-rs", None, 50), ("fluss-rs, tuned", Some("1"), lookups)] {
            let table = format!("fluss.{}", create(&node.address, &format!("{name} {run}")).await?);
            let mut program = Command::new(&foreign);
            let (server, together) = (node.process(), lookups.min(500));
            let commands = [
                json!({"do": "bench-upsert", "table": table, "rows": rows}),
                json!({"do": "bench-lookup", "table": table, "keys": rows, "callers": 1, "lookups": lookups,
                    "server": server}),
                json!({"do": "bench-lookup", "table": table, "keys": rows, "callers": CALLERS, "lookups": together,
                    "server": server}),
            ];
            program.arg(&node.address).args(wait);
            let found = client::answers(program, &commands).with_context(|| name)?;
            note(name, found.into_iter().flatten().collect())?;
        }
    }
    print(figures);
    Ok(())
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
async fn ours(node: &Node, engine: EngineKind, run: i64, rows: i64, lookups: i64) -> Result<Vec<Value>> {
    let table = create(&node.address, &format!("{engine:?} {run}").to_lowercase()).await?;
    let mut options = ClientOptions::new(vec![node.address.clone()]);
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
    let alone = look(node, &table, rows, 1, lookups).await?;
    let together = look(node, &table, rows, CALLERS, lookups.min(500)).await?;
    client.close(Duration::from_secs(10)).await?;
    Ok(vec![upserts, alone, together])
}

fn batch(table: &Table, ids: std::ops::Range<i64>) -> Result<RecordBatch> {
    let names = StringArray::from_iter_values(ids.clone().map(|id| format!("customer {id}")));
    let amounts = Float64Array::from_iter_values(ids.clone().map(|id| id as f64 / 8.0));
    let ids = Int64Array::from_iter_values(ids);
    Ok(RecordBatch::try_new(table.schema(), vec![Arc::new(ids), Arc::new(names), Arc::new(amounts)])?)
}

async fn look(node: &Node, table: &Table, keys: i64, callers: i64, lookups: i64) -> Result<Value> {
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
    let begun = node.begin();
    let times = try_join_all((0..callers).map(caller)).await?;
    let mut figures = begun.end();
    let mut times: Vec<Duration> = times.into_iter().flatten().collect();
    times.sort_unstable();
    let micros = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    figures["lookups"] = json!(times.len());
    figures["p50"] = json!(micros(0.5));
    figures["p99"] = json!(micros(0.99));
    Ok(figures)
}

const TITLES: [&str; 10] = [
    "upserts/s",
    "alone p50 µs",
    "p99 µs",
    "CPU µs",
    "server µs",
    "128 callers/s",
    "p50 µs",
    "p99 µs",
    "CPU µs",
    "server µs",
];

/// The figures of a client in one run, as `TITLES` has them.
fn line(found: &[Value]) -> Result<Vec<f64>> {
    let figure = |at: usize, name: &str| found[at][name].as_f64().with_context(|| format!("no {name}"));
    let each = |at: usize, name: &str| Ok::<f64, anyhow::Error>(figure(at, name)? * 1e6 / figure(at, "lookups")?);
    let mut line = vec![figure(0, "rows")? / figure(0, "seconds")?];
    line.extend([figure(1, "p50")?, figure(1, "p99")?, each(1, "cpu")?, each(1, "server_cpu")?]);
    line.push(figure(2, "lookups")? / figure(2, "seconds")?);
    line.extend([figure(2, "p50")?, figure(2, "p99")?, each(2, "cpu")?, each(2, "server_cpu")?]);
    Ok(line)
}

fn print(figures: Vec<(&str, Vec<Vec<f64>>)>) {
    println!("{:<16}{}", "client", TITLES.iter().map(|title| format!("{title:>18}")).collect::<String>());
    let mut ours: Option<Vec<f64>> = None;
    for (name, lines) in figures {
        let line: Vec<f64> = (0..TITLES.len()).map(|at| median(lines.iter().map(|line| line[at]).collect())).collect();
        let ours = ours.get_or_insert_with(|| line.clone());
        let cells = line.iter().zip(ours).map(|(figure, ours)| {
            let digits = if *figure < 100.0 { 1 } else { 0 };
            format!("{figure:.digits$} ({:.2})", figure / *ours)
        });
        println!("{name:<16}{}", cells.map(|cell| format!("{cell:>18}")).collect::<String>());
    }
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
