//! A table at size: 16 buckets, many rows, read by limits large and small, with and without a projection.
//!
//! 300,000 rows by default, in batches of a few thousand; `THALWEG_SIZE=full` makes them 6,000,000, in batches as large as
//! they are by default, then also in 8 buckets, and while a tablet server is killed. Every row must be there once, in each
//! bucket at offsets without a gap.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Date32Array, Int16Array, Int64Array, RecordBatch, StringArray};
use futures::StreamExt;
use thalweg::client::Settings;
use thalweg::client::{Client, ClientOptions, EngineKind, ScanOptions, Table};
use thalweg::table::{Schema, TableDescriptor};
use thalweg_tests::cluster::Cluster;

/// The engines that it runs with: in lockstep it would show nothing more.
pub(crate) const RUNS_WITH: [EngineKind; 2] = [EngineKind::Component, EngineKind::Native];

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

/// Whether the long run is wanted.
pub(crate) fn full() -> bool {
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
    let counts: &[u32] = if full() { &[16, 8] } else { &[16] };
    for buckets in counts {
        let name = format!("size_{name}_{buckets}");
        let (count, mut report) = fill(&name, engine, &address, *buckets).await?;
        for (limits, fetch_bytes, bucket_bytes) in LIMITS {
            let reader = client(&address, engine, |settings| {
                settings.scan.fetch_bytes = fetch_bytes;
                settings.scan.bucket_bytes = bucket_bytes;
            })
            .await?;
            let table = reader.table(&name.parse()?).await?;
            for columns in [None, Some(vec!["id".to_owned(), "origin".to_owned()])] {
                let what = format!("{limits} limits{}", if columns.is_some() { ", projected" } else { "" });
                let begun = Instant::now();
                scan(&table, columns, count, |_| Ok(())).await.with_context(|| what.clone())?;
                report += &format!("; {what}: {:.1?}", begun.elapsed());
            }
            reader.close(Duration::from_secs(30)).await?;
        }
        eprintln!("{report}");
    }
    Ok(())
}

/// Scans while a tablet server is killed that leads a third of the buckets, and another one the next time.
pub(crate) async fn run_with_a_server_killed(cluster: &Cluster) -> Result<()> {
    let (count, mut report) = fill("size_failover", EngineKind::Component, &cluster.address, 16).await?;
    let reader = client(&cluster.address, EngineKind::Component, |_| {}).await?;
    let table = reader.table(&"size_failover".parse()?).await?;
    for tablet in 0..2 {
        let (begun, mut killed) = (Instant::now(), false);
        let kill = |rows: usize| {
            if rows > count as usize / 10 && !std::mem::replace(&mut killed, true) {
                cluster.kill(tablet)?;
            }
            Ok(())
        };
        scan(&table, None, count, kill).await.with_context(|| format!("without tablet server {tablet}"))?;
        report += &format!("; read while tablet server {tablet} was killed: {:.1?}", begun.elapsed());
        cluster.restart(tablet)?;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    reader.close(Duration::from_secs(30)).await?;
    eprintln!("{report}");
    Ok(())
}

/// Makes a table and fills it; how many rows it has, and how that went.
async fn fill(name: &str, engine: EngineKind, address: &str, buckets: u32) -> Result<(i64, String)> {
    let (count, batch_rows) = if full() { (6_000_000, 65_536) } else { (300_000, 2_000) };
    let path = name.parse()?;
    let writer = client(address, engine, |settings| settings.write.batch_rows = batch_rows).await?;
    let mut descriptor = TableDescriptor::new(Schema::parse_sql(COLUMNS)?);
    descriptor.bucket_count = Some(buckets);
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
    writer.close(Duration::from_secs(30)).await?;
    Ok((count, format!("{name}: {count} rows appended in {:.1?}", begun.elapsed())))
}

/// Scans everything; each row must be there once. `on_rows` is told how many came so far.
async fn scan(
    table: &Table,
    columns: Option<Vec<String>>,
    count: i64,
    mut on_rows: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    let buckets = table.info().descriptor.bucket_count.unwrap_or(1) as usize;
    let mut seen = vec![false; usize::try_from(count)?];
    let (mut next, mut found) = (vec![0u64; buckets], 0);
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
            found += 1;
        }
        on_rows(found)?;
    }
    ensure!(found as i64 == count, "{found} of {count} rows");
    Ok(())
}
