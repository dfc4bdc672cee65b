//! Our own client as it is measured: it carries out the benchmarks among the commands of `tests/fluss-rs`, in the same words.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use futures::TryStreamExt;
use futures::future::try_join_all;
use serde::Serialize;
use serde_json::{Value, json};
use thalweg::client::{Client, ClientOptions, EngineKind, Pending, RowWriterOptions, ScanOptions, Table};

use super::process::Begun;

/// How many batches are made before, and are written again and again: rows that repeat within a batch of the server would
/// compress better than they should.
const MADE: u64 = 64;

#[derive(Serialize)]
struct Row {
    id: u64,
    name: String,
    amount: f64,
}

/// Is a client of this engine, `component` or `native`, which carries out what comes on standard input.
pub(crate) async fn client(engine: &str, server: &str) -> Result<()> {
    let client = connect(server, if engine == "native" { EngineKind::Native } else { EngineKind::Component }).await?;
    for line in std::io::stdin().lines() {
        let figures = run(&client, &serde_json::from_str(&line?)?).await?;
        println!("{}", json!([figures]));
    }
    client.close(Duration::from_secs(10)).await?;
    Ok(())
}

/// A client of one server.
pub(crate) async fn connect(server: &str, engine: EngineKind) -> Result<Client> {
    Ok(Client::connect(ClientOptions { engine, ..ClientOptions::new(vec![server.to_owned()]) }).await?)
}

async fn run(client: &Client, command: &Value) -> Result<Value> {
    let number = |name: &str| command[name].as_u64().with_context(|| format!("no {name}"));
    let table = client.table(&command["table"].as_str().context("no table")?.parse()?).await?;
    let server = number("server")?;
    match command["do"].as_str().context("no command")? {
        "bench-append" if number("batch")? == 0 => appends(&table, number("rows")?, server).await,
        "bench-append" => batches(&table, number("rows")?, number("batch")?, server).await,
        "bench-await" => awaits(&table, number("rows")?, server).await,
        "bench-scan" => scan(&table, number("rows")?, server).await,
        "bench-upsert" => upserts(&table, number("rows")?, server).await,
        "bench-lookup" => {
            let (keys, callers, each) = (number("keys")?, number("callers")?, number("lookups")?);
            lookups(&table, keys, callers, each, server).await
        }
        other => bail!("no such command: {other}"),
    }
}

/// The rows with these numbers.
pub(crate) fn batch(table: &Table, ids: Range<u64>) -> Result<RecordBatch> {
    let names = StringArray::from_iter_values(ids.clone().map(|id| format!("customer {id}")));
    let amounts = Float64Array::from_iter_values(ids.clone().map(|id| id as f64 / 8.0));
    let ids = Int64Array::from_iter_values(ids.map(|id| id as i64));
    Ok(RecordBatch::try_new(table.schema(), vec![Arc::new(ids), Arc::new(names), Arc::new(amounts)])?)
}

/// Waits until the server has what was written.
pub(crate) async fn written(pending: Pending) -> Result<()> {
    let outcome = pending.await;
    ensure!(outcome.acknowledged() == outcome.produced, "{outcome:?}");
    Ok(())
}

async fn appends(table: &Table, rows: u64, server: u64) -> Result<Value> {
    let writer = table.row_writer(RowWriterOptions::default())?;
    let begun = Begun::new(server);
    for id in 0..rows {
        writer.write(Row { id, name: format!("customer {id}"), amount: id as f64 / 8.0 }).await?;
    }
    let written = writer.flush().await?;
    let figures = begun.end(rows);
    ensure!(written.acknowledged == rows, "{written:?}");
    Ok(figures)
}

async fn batches(table: &Table, rows: u64, size: u64, server: u64) -> Result<Value> {
    let count = rows / size;
    let made = (0..count.min(MADE)).map(|at| batch(table, at * size..(at + 1) * size)).collect::<Result<Vec<_>>>()?;
    let (begun, mut pending) = (Begun::new(server), Vec::new());
    for batch in made.iter().cycle().take(count as usize) {
        pending.push(table.append(batch.clone()).await?);
    }
    for one in pending {
        written(one).await?;
    }
    Ok(begun.end(count * size))
}

async fn awaits(table: &Table, rows: u64, server: u64) -> Result<Value> {
    // The first finds the server and is not counted.
    written(table.append(batch(table, 0..1)?).await?).await?;
    let (begun, mut times) = (Begun::new(server), Vec::new());
    for id in 0..rows {
        let begin = Instant::now();
        written(table.append(batch(table, id..id + 1)?).await?).await?;
        times.push(begin.elapsed());
    }
    Ok(percentiles(begun.end(rows), times))
}

async fn scan(table: &Table, rows: u64, server: u64) -> Result<Value> {
    let begun = Begun::new(server);
    let stream = table.scan(ScanOptions::default()).await?;
    let found = stream.try_fold(0, |sum, scanned| async move { Ok(sum + scanned.batch.num_rows() as u64) }).await?;
    ensure!(found == rows, "a scan gives {found} rows of {rows}");
    Ok(begun.end(found))
}

async fn upserts(table: &Table, rows: u64, server: u64) -> Result<Value> {
    let (begun, mut pending) = (Begun::new(server), Vec::new());
    for first in (0..rows).step_by(10_000) {
        pending.push(table.upsert(batch(table, first..rows.min(first + 10_000))?).await?);
    }
    for one in pending {
        written(one).await?;
    }
    Ok(begun.end(rows))
}

async fn lookups(table: &Table, keys: u64, callers: u64, lookups: u64, server: u64) -> Result<Value> {
    let key = |id: u64| {
        let ids = Int64Array::from_iter_values([id as i64]);
        RecordBatch::try_new(table.key_schema(), vec![Arc::new(ids)])
    };
    let caller = async |caller: u64| {
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
    let begun = Begun::new(server);
    let times = try_join_all((0..callers).map(caller)).await?;
    Ok(percentiles(begun.end(callers * lookups), times.into_iter().flatten().collect()))
}

/// Figures with the microseconds that half of all took at most, and 99 of 100.
fn percentiles(mut figures: Value, mut times: Vec<Duration>) -> Value {
    times.sort_unstable();
    let micros = |share: usize| times.get((times.len() - 1) * share / 100).map(|time| time.as_secs_f64() * 1e6);
    figures["p50"] = json!(micros(50));
    figures["p99"] = json!(micros(99));
    figures
}
