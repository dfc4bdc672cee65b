//! `scan`: rows of a table to standard output or a file.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow_cast::parse::string_to_datetime;
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use clap::Args;
use futures::StreamExt;
use thalweg_engine::api::{Bucket, End, Start};
use thalweg_wire::table::TablePath;

use super::interrupt::Interrupts;
use super::modules::{Modules, Order};
use super::options::Common;
use super::{Failure, Outcome};
use crate::client::{ScanBatch, ScanOptions};
use crate::formats::{Format, RowsOut, writer};

/// `thalweg scan`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg scan flights --columns origin,delay --limit 10\n  \
    thalweg scan flights --start 2026-01-01T00:00:00Z --follow\n  \
    thalweg scan flights --module where --set \"if=delay > 30\" --output late.parquet")]
pub(super) struct Scan {
    /// The table, as NAME or DATABASE.NAME
    table: TablePath,
    /// Where each bucket begins
    #[arg(long, value_name = "earliest|latest|OFFSET|TIMESTAMP", value_parser = start, default_value = "earliest")]
    start: Start,
    /// Where each bucket ends
    #[arg(long, value_name = "latest|OFFSET|TIMESTAMP", value_parser = end, conflicts_with = "follow")]
    end: Option<End>,
    /// Wait for more rows at the end
    #[arg(long)]
    follow: bool,
    /// At most so many rows, after any module
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Only these columns, in this order, after any module
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// Only this bucket
    #[arg(long, value_name = "N")]
    bucket: Option<u32>,
    /// Put bucket, offset, timestamp and change type before the columns
    #[arg(long)]
    with_metadata: bool,
    #[command(flatten)]
    modules: Modules,
    /// How rows are written [default: by the suffix of --output, else a table on a terminal and JSON lines in a pipe]
    #[arg(long)]
    format: Option<Format>,
    /// Write to a file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Scan {
    pub(super) async fn run(self, common: &Common, order: Order) -> Outcome {
        let client = common.connect().await?;
        let table = client.table(&self.table).await?;
        let mut stream = table.scan(self.options(&order)?).await?;
        let schema = match self.with_metadata {
            true => with_metadata_fields(&stream.schema()),
            false => stream.schema(),
        };
        let mut out = self.open(schema.clone())?;
        let mut interrupts = Interrupts::listen()?;
        let mut interrupted = false;
        loop {
            let next = tokio::select! {
                next = stream.next() => next,
                () = interrupts.next() => { interrupted = true; None }
            };
            let Some(scanned) = next else { break };
            let scanned = scanned?;
            match self.with_metadata {
                true => out.write(&with_metadata(&scanned, &schema)?)?,
                false => out.write(&scanned.batch)?,
            }
            if self.follow {
                out.flush()?;
            }
        }
        out.finish()?;
        if interrupted { Err(Failure::Interrupted) } else { Ok(()) }
    }

    fn options(&self, order: &Order) -> anyhow::Result<ScanOptions> {
        let end = if self.follow { End::Never } else { self.end.unwrap_or(End::Latest) };
        Ok(ScanOptions {
            columns: self.columns.clone(),
            buckets: self.bucket.map(|bucket| Bucket { partition: None, bucket }).into_iter().collect(),
            start: self.start.clone(),
            end,
            limit: self.limit,
            chain: self.modules.chain(order)?,
            ..ScanOptions::default()
        })
    }

    fn open(&self, schema: SchemaRef) -> anyhow::Result<Box<dyn RowsOut>> {
        let by_suffix = self.output.as_deref().and_then(Format::of_path);
        let terminal = self.output.is_none() && std::io::stdout().is_terminal();
        let format = self.format.or(by_suffix).unwrap_or(if terminal { Format::Table } else { Format::Json });
        let out: Box<dyn Write + Send> = match &self.output {
            Some(path) => Box::new(File::create(path).with_context(|| format!("{} cannot be made", path.display()))?),
            None => Box::new(std::io::stdout()),
        };
        Ok(writer(format, schema, BufWriter::with_capacity(1 << 18, out))?)
    }
}

/// The table's columns behind the metadata columns, by the names that Fluss reserves for them.
fn with_metadata_fields(schema: &Schema) -> SchemaRef {
    let mut fields = vec![
        Arc::new(Field::new("__bucket", DataType::Int32, false)),
        Arc::new(Field::new("__offset", DataType::Int64, false)),
        Arc::new(Field::new("__timestamp", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false)),
        Arc::new(Field::new("__change_type", DataType::Utf8, false)),
    ];
    fields.extend(schema.fields().iter().cloned());
    Arc::new(Schema::new(fields))
}

fn with_metadata(scanned: &ScanBatch, schema: &SchemaRef) -> anyhow::Result<RecordBatch> {
    let rows = scanned.batch.num_rows();
    let changes: Vec<&str> = match &scanned.changes {
        Some(changes) => changes.iter().map(|change| change_name(*change)).collect(),
        None => vec![change_name(0); rows],
    };
    let bucket = i32::try_from(scanned.bucket.bucket)?;
    let timestamps = TimestampMillisecondArray::from(vec![scanned.timestamp; rows]).with_timezone("UTC");
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![bucket; rows])),
        Arc::new(Int64Array::from_iter_values(scanned.offsets().map(|offset| offset as i64))),
        Arc::new(timestamps),
        Arc::new(StringArray::from(changes)),
    ];
    columns.extend(scanned.batch.columns().iter().cloned());
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// `fluss.md` 2.5.
fn change_name(change: u8) -> &'static str {
    match change {
        0 => "+A",
        1 => "+I",
        2 => "-U",
        3 => "+U",
        _ => "-D",
    }
}

fn start(text: &str) -> Result<Start, String> {
    match text {
        "earliest" => Ok(Start::Earliest),
        "latest" => Ok(Start::Latest),
        _ => match text.parse() {
            Ok(offset) => Ok(Start::Offset(offset)),
            Err(_) => timestamp(text).map(Start::Timestamp),
        },
    }
}

fn end(text: &str) -> Result<End, String> {
    match text {
        "latest" => Ok(End::Latest),
        _ => match text.parse() {
            Ok(offset) => Ok(End::Offset(offset)),
            Err(_) => timestamp(text).map(End::Timestamp),
        },
    }
}

/// A point in time; without a zone it is UTC.
fn timestamp(text: &str) -> Result<i64, String> {
    string_to_datetime(&chrono::Utc, text)
        .map(|time| time.timestamp_millis())
        .map_err(|_| "must be earliest, latest, an offset, or a time as 2026-01-31T12:00:00Z".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!(start("earliest"), Ok(Start::Earliest));
        assert_eq!(start("17"), Ok(Start::Offset(17)));
        assert_eq!(start("1970-01-01T00:00:01Z"), Ok(Start::Timestamp(1000)));
        assert_eq!(end("1970-01-02"), Ok(End::Timestamp(86_400_000)));
        assert!(start("soonish").is_err() && end("earliest").is_err());
    }
}
