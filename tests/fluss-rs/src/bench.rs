//! What the benchmarks of `tests/examples` measure of fluss-rs: a list of one JSON object with the figures.

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

/// A measurement that has begun.
struct Begun {
    at: Instant,
    server: i64,
    cpu: [f64; 2],
}

impl Begun {
    /// `server` is the number of the server's process.
    fn new(server: i64) -> Self {
        Self { at: Instant::now(), server, cpu: cpu(server) }
    }

    /// The seconds since then, with those of this process's and of the server's CPU.
    fn end(&self) -> Value {
        let (seconds, [client, server]) = (self.at.elapsed().as_secs_f64(), cpu(self.server));
        json!({"seconds": seconds, "cpu": client - self.cpu[0], "server_cpu": server - self.cpu[1]})
    }
}

/// Seconds of CPU of this process and of the server's, as Linux tells them; 0 where nobody does.
fn cpu(server: i64) -> [f64; 2] {
    ["self".to_owned(), server.to_string()].map(|process| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let ticks = stat.rsplit(") ").next().into_iter().flat_map(str::split_whitespace).skip(11).take(2);
        ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
    })
}

/// Looks up `lookups` keys of `0..keys` by each of `callers` callers, one key after another.
pub async fn lookups(table: &FlussTable<'_>, keys: i64, callers: i64, lookups: i64, server: i64) -> Result<Vec<Value>> {
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
    let begun = Begun::new(server);
    let times = futures::future::try_join_all(callers).await?;
    let mut figures = begun.end();
    let mut times: Vec<Duration> = times.into_iter().flatten().collect();
    times.sort_unstable();
    let micros = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    figures["lookups"] = json!(times.len());
    figures["p50"] = json!(micros(0.5));
    figures["p99"] = json!(micros(0.99));
    Ok(vec![figures])
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

/// Appends rows `0..rows`, one at a time.
pub async fn appends(table: &FlussTable<'_>, rows: i64, server: i64) -> Result<Vec<Value>> {
    let writer = table.new_append()?.create_writer()?;
    let begun = Begun::new(server);
    for id in 0..rows {
        drop(writer.append(&row(id))?);
    }
    writer.flush().await?;
    let mut figures = begun.end();
    figures["rows"] = json!(rows);
    Ok(vec![figures])
}
