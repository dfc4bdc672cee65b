//! What the benchmark of `tests/examples/lookups.rs` measures of fluss-rs: a list of one JSON object with the figures.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fluss::client::FlussTable;
use fluss::row::GenericRow;
use serde_json::{Value, json};

/// The columns of the benchmark's table: `id BIGINT, name STRING, amount DOUBLE`.
fn row(id: i64) -> GenericRow<'static> {
    let mut row = GenericRow::new(3);
    row.set_field(0, id);
    row.set_field(1, format!("customer {id}"));
    row.set_field(2, id as f64 / 8.0);
    row
}

/// Looks up `lookups` keys of `0..keys` by each of `callers` callers, one key after another.
pub async fn lookups(table: &FlussTable<'_>, keys: i64, callers: i64, lookups: i64) -> Result<Vec<Value>> {
    let callers = (0..callers).map(async |caller| {
        let mut lookuper = table.new_lookup()?.create_lookuper()?;
        let mut times = Vec::new();
        // The first connects and is not counted.
        for number in 0..=lookups {
            let mut key = GenericRow::new(1);
            key.set_field(0, (number * 7919 + caller * 104_729) % keys);
            let begin = Instant::now();
            let found = lookuper.lookup(&key).await?;
            found.get_single_row()?.context("a key that was written")?;
            times.push(begin.elapsed());
        }
        anyhow::Ok(times.split_off(1))
    });
    let begin = Instant::now();
    let times = futures::future::try_join_all(callers).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let mut times: Vec<Duration> = times.into_iter().flatten().collect();
    times.sort_unstable();
    let micros = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    Ok(vec![json!({"lookups": times.len(), "seconds": seconds, "p50": micros(0.5), "p99": micros(0.99)})])
}

/// Upserts rows `0..rows`.
pub async fn upserts(table: &FlussTable<'_>, rows: i64) -> Result<Vec<Value>> {
    let writer = table.new_upsert()?.create_writer()?;
    let begin = Instant::now();
    let results = (0..rows).map(|id| writer.upsert(&row(id))).collect::<Result<Vec<_>, _>>()?;
    writer.flush().await?;
    for result in results {
        result.await?;
    }
    Ok(vec![json!({"rows": rows, "seconds": begin.elapsed().as_secs_f64()})])
}
