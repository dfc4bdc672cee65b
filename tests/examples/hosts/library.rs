//! The Rust library: makes the tables that all hosts use, and is measured as they are.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use futures::TryStreamExt;
use futures::future::try_join_all;
use thalweg::client::{Client, ClientOptions, EngineKind, Pending, ScanOptions, Table};
use thalweg::table::{Schema, TableDescriptor};

use crate::{CALLERS, Figures, IN_FLIGHT, ROWS};

const COLUMNS: &str = "id BIGINT, a INT, b INT, c DOUBLE, d DOUBLE, e STRING, f STRING, g BOOLEAN";

fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

async fn connect(server: &str, engine: EngineKind) -> Result<Client> {
    Ok(Client::connect(ClientOptions { engine, ..ClientOptions::new(vec![server.to_owned()]) }).await?)
}

/// Makes the table of keys, with a row for each.
pub(crate) fn prepare(server: &str) -> Result<()> {
    run(async {
        let client = connect(server, EngineKind::Component).await?;
        let schema = Schema::parse_sql("id BIGINT NOT NULL, n BIGINT")?.with_primary_key(&["id"])?;
        let descriptor = TableDescriptor { bucket_count: Some(1), ..TableDescriptor::new(schema) };
        let path = "keys".parse()?;
        client.create_table(&path, descriptor, false).await?;
        let keys = keys();
        let rows = RecordBatch::try_from_iter([("id", Arc::clone(&keys)), ("n", keys)])?;
        let outcome = client.table(&path).await?.upsert(rows).await?.await;
        ensure!(outcome.acknowledged() == outcome.rows, "{outcome:?}");
        Ok(client.close(Duration::from_secs(10)).await.map(drop)?)
    })
}

/// Makes the table of rows anew.
pub(crate) fn fresh(server: &str) -> Result<()> {
    run(async {
        let client = connect(server, EngineKind::Component).await?;
        let path = "host_rows".parse()?;
        client.drop_table(&path, true).await?;
        let schema = Schema::parse_sql(COLUMNS)?;
        let descriptor = TableDescriptor { bucket_count: Some(1), ..TableDescriptor::new(schema) };
        client.create_table(&path, descriptor, false).await?;
        Ok(client.close(Duration::from_secs(10)).await.map(drop)?)
    })
}

pub(crate) fn measure(server: &str, engine: EngineKind, batches: usize) -> Result<Figures> {
    run(async {
        let client = connect(server, engine).await?;
        let (table, keyed) = (client.table(&"host_rows".parse()?).await?, client.table(&"keys".parse()?).await?);
        let rows = batches as f64 * f64::from(ROWS);
        let mut figures = Figures::new();
        figures.insert("append".into(), append(&table, batches).await?.as_nanos() as f64 / rows);
        let began = Instant::now();
        let stream = table.scan(ScanOptions::default()).await?;
        let found = stream.try_fold(0, |sum, scanned| async move { Ok(sum + scanned.batch.num_rows()) }).await?;
        ensure!(found as f64 == rows, "a scan gives {found} rows");
        figures.insert("scan".into(), began.elapsed().as_nanos() as f64 / rows);
        figures.insert("lookups".into(), lookups(&keyed, Duration::from_secs(1)).await?);
        let keys = RecordBatch::try_from_iter([("id", keys())])?;
        let began = Instant::now();
        for _ in 0..10 {
            ensure!(keyed.lookup(keys.clone()).await?.found() == ROWS as usize, "a key is not found");
        }
        figures.insert("keys".into(), 10.0 * f64::from(ROWS) / began.elapsed().as_secs_f64());
        client.close(Duration::from_secs(10)).await?;
        Ok(figures)
    })
}

async fn append(table: &Table, batches: usize) -> Result<Duration> {
    let rows = rows()?;
    let (began, mut pending) = (Instant::now(), VecDeque::new());
    for _ in 0..batches {
        if pending.len() == IN_FLIGHT
            && let Some(first) = pending.pop_front()
        {
            written(first).await?;
        }
        pending.push_back(table.append(rows.clone()).await?);
    }
    for one in pending {
        written(one).await?;
    }
    Ok(began.elapsed())
}

async fn written(pending: Pending) -> Result<()> {
    let outcome = pending.await;
    ensure!(outcome.acknowledged() == outcome.rows, "{outcome:?}");
    Ok(())
}

/// Look-ups a second of callers that ask for one key each.
async fn lookups(table: &Table, time: Duration) -> Result<f64> {
    let began = Instant::now();
    let caller = |first: i64| async move {
        let (mut key, mut done) = (first, 0);
        while began.elapsed() < time {
            let keys: ArrayRef = Arc::new(Int64Array::from_value(key, 1));
            ensure!(table.lookup(RecordBatch::try_from_iter([("id", keys)])?).await?.found() == 1, "key {key}");
            key = (key * 31 + 7) % i64::from(ROWS);
            done += 1;
        }
        Ok(done)
    };
    let done: i32 = try_join_all((0..CALLERS).map(caller)).await?.iter().sum();
    Ok(f64::from(done) / began.elapsed().as_secs_f64())
}

fn keys() -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(0..i64::from(ROWS)))
}

/// A batch as the programs of other hosts make it.
pub(crate) fn rows() -> Result<RecordBatch> {
    let each = || 0..ROWS;
    let columns: [(&str, ArrayRef); 8] = [
        ("id", keys()),
        ("a", Arc::new(Int32Array::from_iter_values(each()))),
        ("b", Arc::new(Int32Array::from_iter_values(each().map(|row| row % 100)))),
        ("c", Arc::new(Float64Array::from_iter_values(each().map(|row| f64::from(row) / 3.0)))),
        ("d", Arc::new(Float64Array::from_iter_values(each().map(|row| f64::from(row) * 0.5)))),
        ("e", Arc::new(StringArray::from_iter_values(each().map(|row| format!("text {}", row % 1000))))),
        ("f", Arc::new(StringArray::from_iter_values(each().map(|row| (row % 7).to_string())))),
        ("g", Arc::new(BooleanArray::from_iter(each().map(|row| Some(row % 2 == 0))))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}
