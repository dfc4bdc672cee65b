//! `--format` and `--output`: where rows go, and with which columns before their own.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use clap::Args;

use crate::client::{ChangeType, Offsets, ScanBatch};
use crate::formats::{Compression, Format, RowsOut, csv_writer, delimiter_of_path, terminal_writer, writer};

/// Options that say where rows go.
#[derive(Debug, Args)]
pub(super) struct Out {
    /// How rows are written [default: by the suffix of --output, else a table on a terminal, whose cells are cut to the
    /// width there, and JSON lines in a pipe]
    #[arg(long)]
    format: Option<Format>,
    /// Write to a file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Out {
    /// Whether rows go to a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        self.output.is_none() && std::io::stdout().is_terminal()
    }

    pub(super) fn open(&self, schema: SchemaRef) -> anyhow::Result<Box<dyn RowsOut>> {
        let by_suffix = self.output.as_deref().and_then(Format::of_path);
        if let Some((path, packed)) = self.output.as_deref().and_then(|path| Some((path, Compression::of_path(path)?)))
        {
            bail!("{}: rows are not written as {packed}; write them to standard output, and pack that", path.display());
        }
        let terminal = self.is_terminal();
        let format = self.format.or(by_suffix).unwrap_or(if terminal { Format::Table } else { Format::Json });
        let out: Box<dyn Write + Send> = match &self.output {
            Some(path) => Box::new(File::create(path).with_context(|| format!("{} cannot be made", path.display()))?),
            None => Box::new(std::io::stdout()),
        };
        let out = BufWriter::with_capacity(1 << 18, out);
        Ok(match (format, &self.output) {
            (Format::Csv, Some(path)) => csv_writer(schema, out, delimiter_of_path(path))?,
            (Format::Table, None) if terminal => terminal_writer(&schema, out, columns()),
            _ => writer(format, schema, out)?,
        })
    }
}

/// Why rows could not be written, without the words that Arrow puts before.
pub(super) fn unwritten(error: ArrowError) -> anyhow::Error {
    match error {
        ArrowError::IoError(_, cause) => anyhow::Error::from(cause).context("rows cannot be written"),
        other => other.into(),
    }
}

/// The width of the terminal that standard output is.
fn columns() -> usize {
    terminal_size::terminal_size_of(std::io::stdout()).map_or(80, |(width, _)| usize::from(width.0))
}

/// The table's columns behind the metadata columns, by the names that Fluss reserves for them.
pub(super) fn with_metadata_fields(schema: &Schema) -> SchemaRef {
    let timestamp = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let mut fields = vec![
        Arc::new(Field::new("__bucket", DataType::Int32, false)),
        Arc::new(Field::new("__offset", DataType::Int64, true)),
        Arc::new(Field::new("__timestamp", timestamp, true)),
        Arc::new(Field::new("__change_type", DataType::Utf8, false)),
    ];
    fields.extend(schema.fields().iter().cloned());
    Arc::new(Schema::new(fields))
}

/// Rows behind their metadata. Current rows of a keyed table have no offset and no timestamp, and are inserted.
pub(super) fn with_metadata(scanned: &ScanBatch, schema: &SchemaRef) -> anyhow::Result<RecordBatch> {
    let rows = scanned.batch.num_rows();
    let current = scanned.offsets == Offsets::Unknown;
    let changes: Vec<&str> = match &scanned.changes {
        Some(changes) => changes.iter().map(|change| change.symbol()).collect(),
        None => vec![if current { ChangeType::Insert } else { ChangeType::Append }.symbol(); rows],
    };
    let bucket = i32::try_from(scanned.bucket.bucket)?;
    let offsets = match current {
        true => Int64Array::new_null(rows),
        false => Int64Array::from_iter_values(scanned.offsets().map(|offset| offset as i64)),
    };
    let timestamps = TimestampMillisecondArray::from(vec![scanned.timestamp; rows]).with_timezone("UTC");
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![bucket; rows])),
        Arc::new(offsets),
        Arc::new(timestamps),
        Arc::new(StringArray::from(changes)),
    ];
    columns.extend(scanned.batch.columns().iter().cloned());
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}
