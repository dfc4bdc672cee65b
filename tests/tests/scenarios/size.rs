//! A table at size: 16 buckets, many rows, read by limits large and small, with and without a projection.
//!
//! 300,000 rows by default, in batches of a few thousand; `THALWEG_SIZE=full` makes them 6,000,000, in batches as large as
//! they are by default. Every row must be there once, in each bucket at offsets without a gap.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Date32Array, Int16Array, Int64Array, RecordBatch, StringArray};
use futures::StreamExt;
use thalweg::client::{Client, ClientOptions, EngineKind, ScanOptions, Table};
use thalweg_engine::api::Settings;
use thalweg_wire::table::{Schema, TableDescriptor};

/// The engines that it runs with: in lockstep it would show nothing more.
pub(crate) const RUNS_WITH: [EngineKind; 2] = [EngineKind::Component, EngineKind::Native];

const BUCKETS: u32 = 16;
const COLUMNS: &str =
    "day DATE, delay SMALLINT, distance BIGINT, origin STRING, destination STRING, id BIGINT NOT NULL";
const AIRPORTS: [&str; 8] = ["ATL", "ORD", "DFW", "SEA", "PDX", "SFO", "JFK", "LAX"];
/// The limits of an answer and of a bucket in it, and the demand of a scan where not the default.
const LIMITS: [(&str, u32, u32); 4] = [
    ("default", 16 << 20, 4 << 20),
    ("large", 96 << 20, 32 << 20),
    ("small", 256 << 10, 64 << 10),
    ("tiny", 10_000, 1000),
];

fn full() -> bool {
    std::env::var("THALWEG_SIZE").is_ok_and(|size| size == "full")
}

/// Rows like those of flights: small numbers and few texts.
fn rows(first: i64, count: i64) -> Result<RecordBatch> {
    let ids: Vec<i64> = (first..first + count).collect();
    let mix = |id: i64, salt: i64| (id.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(salt) >> 40).unsigned_abs();
    let airport = |id: i64, salt| AIRPORTS[mix(id, salt) as usize % AIRPORTS.len()];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("day", Arc::new(Date32Array::from_iter_values(ids.iter().map(|id| 18_000 + (id / 10_000) as i32)))),
        (
            "delay",
            Arc::new(Int16Array::from_iter(ids.iter().map(|id| (id % 50 != 0).then(|| mix(*id, 1) as i16 % 200)))),
        ),
        ("distance", Arc::new(Int64Array::from_iter_values(ids.iter().map(|id| mix(*id, 2) as i64 % 3000)))),
        ("origin", Arc::new(StringArray::from_iter_values(ids.iter().map(|id| airport(*id, 3))))),
        ("destination", Arc::new(StringArray::from_iter_values(ids.iter().map(|id| airport(*id, 4))))),
        ("id", Arc::new(Int64Array::from(ids.clone()))),
    ];
    let nullable = |name: &str, column: ArrayRef| (name.to_owned(), column, name != "id");
    Ok(RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| nullable(name, column)))?)
}

async fn client(address: &str, engine: EngineKind, change: impl FnOnce(&mut Settings)) -> Result<Client> {
    let mut options = ClientOptions::new(vec![address.to_owned()]);
    options.engine = engine;
    change(&mut options.settings);
    Ok(Client::connect(options).await?)
}

pub(crate) async fn run(name: &str, engine: EngineKind, address: String) -> Result<()> {
    let (count, batch_rows) = if full() { (6_000_000, 65_536) } else { (300_000, 2_000) };
    let path = format!("size_{name}").parse()?;
    let writer = client(&address, engine, |settings| settings.write.batch_rows = batch_rows).await?;
    let mut descriptor = TableDescriptor::new(Schema::parse_sql(COLUMNS)?);
    descriptor.bucket_count = Some(BUCKETS);
    writer.create_table(&path, descriptor, false).await?;
    let table = writer.table(&path).await?;
    let begun = Instant::now();
    let mut fates = Vec::new();
    for first in (0..count).step_by(50_000) {
        fates.push(table.append(rows(first, 50_000.min(count - first))?).await?);
    }
    for fate in fates {
        let outcome = fate.await;
        ensure!(outcome.acknowledged() == outcome.produced, "{outcome:?}");
    }
    let mut told = format!("{name}: {count} rows appended in {:.1?}", begun.elapsed());
    writer.close(Duration::from_secs(30)).await?;
    for (limits, fetch_bytes, bucket_bytes) in LIMITS {
        let reader = client(&address, engine, |settings| {
            settings.scan.fetch_bytes = fetch_bytes;
            settings.scan.bucket_bytes = bucket_bytes;
        })
        .await?;
        let table = reader.table(&path).await?;
        for columns in [None, Some(vec!["id".to_owned(), "origin".to_owned()])] {
            let what = format!("{limits} limits{}", if columns.is_some() { ", projected" } else { "" });
            let begun = Instant::now();
            scan(&table, columns, count).await.with_context(|| what.clone())?;
            told += &format!("; {what}: {:.1?}", begun.elapsed());
        }
        reader.close(Duration::from_secs(30)).await?;
    }
    eprintln!("{told}");
    Ok(())
}

/// Scans everything; each row must be there once.
async fn scan(table: &Table, columns: Option<Vec<String>>, count: i64) -> Result<()> {
    let mut seen = vec![false; usize::try_from(count)?];
    let mut next = [0u64; BUCKETS as usize];
    let mut scanned = table.scan(ScanOptions { columns, ..ScanOptions::default() }).await?;
    while let Some(part) = scanned.next().await {
        let part = part?;
        let next = next.get_mut(part.bucket.bucket as usize).context("a bucket of the table")?;
        for offset in part.offsets() {
            ensure!(offset == *next, "bucket {:?} goes on at offset {offset} instead of {next}", part.bucket);
            *next += 1;
        }
        let ids = part.batch.column_by_name("id").context("it has ids")?;
        for id in ids.as_primitive::<Int64Type>().values() {
            let seen = seen.get_mut(usize::try_from(*id)?).with_context(|| format!("there is a row {id}"))?;
            ensure!(!std::mem::replace(seen, true), "row {id} is there twice");
        }
    }
    let found = seen.iter().filter(|seen| **seen).count();
    ensure!(found as i64 == count, "{found} of {count} rows");
    Ok(())
}
