//! What `thalweg_tests::bench` measures of fluss-rs: a list of one JSON object with the figures.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use fluss::client::{EARLIEST_OFFSET, FlussTable};
use fluss::row::GenericRow;
use serde_json::{Value, json};

/// How many batches are made before, and are written again and again: rows that repeat within a batch of the server would
/// compress better than they should.
const MADE: i64 = 64;
/// How long a scan may take until it has everything.
const PATIENCE: Duration = Duration::from_secs(300);

/// The columns of the benchmark's table: `id BIGINT, name STRING, amount DOUBLE`.
fn row(id: i64) -> GenericRow<'static> {
    let mut row = GenericRow::new(3);
    row.set_field(0, id);
    row.set_field(1, format!("customer {id}"));
    row.set_field(2, id as f64 / 8.0);
    row
}

/// The same rows as columns.
fn batch(ids: Range<i64>) -> Result<RecordBatch> {
    let fields = [("id", DataType::Int64, false), ("name", DataType::Utf8, true), ("amount", DataType::Float64, true)];
    let fields: Vec<Field> = fields.map(|(name, kind, nullable)| Field::new(name, kind, nullable)).into();
    let names = StringArray::from_iter_values(ids.clone().map(|id| format!("customer {id}")));
    let amounts = Float64Array::from_iter_values(ids.clone().map(|id| id as f64 / 8.0));
    let ids = Int64Array::from_iter_values(ids);
    let columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(ids), Arc::new(names), Arc::new(amounts)];
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
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

    /// What so many things cost since then: the seconds, those of this process's and of the server's CPU, and the most
    /// memory that this process ever had, in bytes.
    fn end(&self, count: i64) -> Value {
        let (seconds, [client, server]) = (self.at.elapsed().as_secs_f64(), cpu(self.server));
        let (cpu, server_cpu) = (client - self.cpu[0], server - self.cpu[1]);
        json!({"count": count, "seconds": seconds, "cpu": cpu, "server_cpu": server_cpu, "peak": peak()})
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

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Figures with the microseconds that half of all took at most, and 99 of 100.
fn percentiles(mut figures: Value, mut times: Vec<Duration>) -> Vec<Value> {
    times.sort_unstable();
    let micros = |share: usize| times.get((times.len() - 1) * share / 100).map(|time| time.as_secs_f64() * 1e6);
    figures["p50"] = json!(micros(50));
    figures["p99"] = json!(micros(99));
    vec![figures]
}

/// Looks up `lookups` keys of `0..keys` by each of `callers` callers, one key after another.
pub async fn lookups(table: &FlussTable<'_>, keys: i64, callers: i64, lookups: i64, server: i64) -> Result<Vec<Value>> {
    let each = (0..callers).map(async |caller| {
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
    let times = futures::future::try_join_all(each).await?;
    Ok(percentiles(begun.end(callers * lookups), times.into_iter().flatten().collect()))
}

/// Upserts rows `0..rows`.
pub async fn upserts(table: &FlussTable<'_>, rows: i64, server: i64) -> Result<Vec<Value>> {
    let writer = table.new_upsert()?.create_writer()?;
    let begun = Begun::new(server);
    let results = (0..rows).map(|id| writer.upsert(&row(id))).collect::<Result<Vec<_>, _>>()?;
    writer.flush().await?;
    for result in results {
        result.await?;
    }
    Ok(vec![begun.end(rows)])
}

/// Appends `rows` rows: one at a time, or in batches of so many that are made before.
pub async fn appends(table: &FlussTable<'_>, rows: i64, size: i64, server: i64) -> Result<Vec<Value>> {
    let writer = table.new_append()?.create_writer()?;
    let made = match size {
        0 => Vec::new(),
        size => (0..(rows / size).min(MADE)).map(|at| batch(at * size..(at + 1) * size)).collect::<Result<_>>()?,
    };
    let begun = Begun::new(server);
    match size {
        0 => (0..rows).try_for_each(|id| writer.append(&row(id)).map(drop))?,
        size => {
            let mut batches = made.iter().cycle().take((rows / size) as usize);
            batches.try_for_each(|batch| writer.append_arrow_batch(batch.clone()).map(drop))?;
        }
    }
    writer.flush().await?;
    Ok(vec![begun.end(if size == 0 { rows } else { rows / size * size })])
}

/// Appends rows, each when the one before is acknowledged.
pub async fn awaits(table: &FlussTable<'_>, rows: i64, server: i64) -> Result<Vec<Value>> {
    let writer = table.new_append()?.create_writer()?;
    // The first finds the server and is not counted.
    writer.append(&row(0))?.await?;
    let (begun, mut times) = (Begun::new(server), Vec::new());
    for id in 0..rows {
        let begin = Instant::now();
        writer.append(&row(id))?.await?;
        times.push(begin.elapsed());
    }
    Ok(percentiles(begun.end(rows), times))
}

/// Scans all rows of a table of one bucket.
pub async fn scan(table: &FlussTable<'_>, rows: i64, server: i64) -> Result<Vec<Value>> {
    let begun = Begun::new(server);
    let scanner = table.new_scan().create_record_batch_log_scanner()?;
    scanner.subscribe(0, EARLIEST_OFFSET).await?;
    let mut found = 0;
    while found < rows {
        ensure!(begun.at.elapsed() < PATIENCE, "a scan has {found} rows of {rows} so far");
        let batches = scanner.poll(Duration::from_millis(500)).await?;
        found += batches.iter().map(|batch| batch.batch().num_rows() as i64).sum::<i64>();
    }
    ensure!(found == rows, "a scan gives {found} rows of {rows}");
    Ok(vec![begun.end(found)])
}
