//! The keyed half of the demonstration: the last flight from each airport, put by key and looked up.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use arrow_array::{Array, ArrayRef, RecordBatch};
use futures::{StreamExt, TryStreamExt};

use super::{rate, say};
use crate::cli::tables::schema_of;
use crate::cli::terminal::grouped;
use crate::client::{Client, CurrentOptions, Table};
use crate::formats::{Format, writer};
use crate::table::{TableDescriptor, TablePath};

/// The table.
pub(super) const TABLE: &str = "last_flights";
/// Lookups made one after another.
const LOOKUPS: usize = 1000;

/// Puts the flights by airport, looks airports up, and reads what the table has now.
pub(super) async fn show(client: &Client, flights: &RecordBatch) -> anyhow::Result<()> {
    let started = Instant::now();
    let path: TablePath = TABLE.parse()?;
    let mut descriptor = TableDescriptor::new(schema_of(&flights.schema())?.with_primary_key(&["origin"])?);
    descriptor.bucket_count = Some(3);
    client.create_table(&path, descriptor, false).await?;
    let table = client.table(&path).await?;
    say(started, &format!("created table {TABLE} with primary key origin"))?;

    let started = Instant::now();
    let rows = flights.num_rows() as u64;
    let outcome = table.upsert(flights.clone()).await?.await;
    if let Some((_, error)) = outcome.first_failure() {
        anyhow::bail!("rows were not put: {error}");
    }
    ensure!(outcome.acknowledged() == rows, "{} of {rows} rows were acknowledged", outcome.acknowledged());
    say(started, &format!("upserted {} flights by their origin{}", grouped(rows), rate(rows, started)))?;

    look_up(&table, flights).await?;

    let started = Instant::now();
    let current: Vec<_> = table.scan_current(CurrentOptions::default()).await?.try_collect().await?;
    let airports: usize = current.iter().map(|scanned| scanned.batch.num_rows()).sum();
    say(started, &format!("scanned the current rows: the last flight from each of {airports} airports"))?;
    Ok(())
}

/// Looks airports up one after another, and prints the last row found.
async fn look_up(table: &Table, flights: &RecordBatch) -> anyhow::Result<()> {
    let origins = flights.column_by_name("origin").context("the flights have no origin")?;
    let key = |row: usize| -> anyhow::Result<RecordBatch> {
        let origin: ArrayRef = origins.slice(row, 1);
        Ok(RecordBatch::try_from_iter([("origin", origin)])?)
    };
    let step = (origins.len() / LOOKUPS).max(1);
    let started = Instant::now();
    let (mut times, mut last) = (Vec::with_capacity(LOOKUPS), None);
    for row in (0..origins.len()).step_by(step).take(LOOKUPS) {
        let began = Instant::now();
        let found = table.lookup(key(row)?).await?;
        times.push(began.elapsed());
        ensure!(found.found() == 1, "an airport that was put is not found");
        last = found.of(0);
    }
    times.sort_unstable();
    let what = format!(
        "looked {} airports up one after another: p50 {}, p99 {}",
        grouped(times.len() as u64),
        millis(times.get(times.len() / 2)),
        millis(times.get(times.len() * 99 / 100))
    );
    say(started, &what)?;
    if let Some(row) = last {
        let mut out = writer(Format::Table, row.schema(), std::io::stdout())?;
        out.write(&row)?;
        out.finish()?;
    }
    let started = Instant::now();
    let keys: Vec<_> = (0..origins.len()).step_by(step).take(LOOKUPS).map(key).collect::<Result<_, _>>()?;
    let calls = keys.into_iter().map(|key| table.lookup(key));
    let found: Vec<_> = futures::stream::iter(calls).buffer_unordered(128).try_collect().await?;
    let rows = found.len() as u64;
    say(
        started,
        &format!("looked {} airports up from 128 callers at once{}", grouped(rows), per_second(rows, started)),
    )?;
    Ok(())
}

fn millis(time: Option<&Duration>) -> String {
    format!("{:.2} ms", time.copied().unwrap_or_default().as_secs_f64() * 1e3)
}

/// `, N a second`.
fn per_second(count: u64, started: Instant) -> String {
    format!(", {} a second", grouped((count as f64 / started.elapsed().as_secs_f64().max(1e-9)) as u64))
}
