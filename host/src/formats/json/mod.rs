//! JSON in: objects as rows of the table's columns, and out.
//!
//! The objects stand one a line, one after another over lines of any number, or in one array. Their grammar is
//! serde_json's, which is strict; what their values mean in a type, `scalar` says for all formats.

mod column;
mod leaf;
mod map;
mod nested;
mod out;
mod records;
mod row;
mod source;

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::error::arrow_reason;
use super::stream::PATIENCE;
use super::{FormatError, Input, Place, ReadOptions, Rounding, Rows, RowsIn, Unit, scalar::Shown};
use row::Row;

pub use out::json_lines;
pub(super) use out::json_writer;
pub(super) use records::{Got, Problem, Records, Rows as Objects};
pub(super) use source::Source;

/// A batch is closed at this many bytes of text.
const BATCH_BYTES: usize = 16 << 20;

/// Reads JSON as batches of rows of the table.
pub(super) fn read(input: &Input, table: SchemaRef, options: ReadOptions) -> Result<RowsIn, FormatError> {
    batches(input.open(&options)?, input.name(), table, options)
}

/// Reads a text of JSON as batches of rows of the table; `name` is what errors call it.
///
/// # Errors
/// Of a table that has columns of types that JSON does not hold.
pub(crate) fn json_rows(text: Vec<u8>, name: Arc<str>, table: SchemaRef) -> Result<RowsIn, FormatError> {
    let options = ReadOptions { batch_rows: 8192, ..ReadOptions::default() };
    batches(Box::new(Cursor::new(text)), name, table, options)
}

fn batches(
    bytes: Box<dyn Read + Send>,
    name: Arc<str>,
    table: SchemaRef,
    options: ReadOptions,
) -> Result<RowsIn, FormatError> {
    let table = JsonRows::new(table).map_err(FormatError::Unsupported)?;
    Ok(Box::new(Batches { records: Records::new(Source::new(bytes, name)), table, options, ended: false }))
}

/// Rows of a table as they are read from JSON objects.
pub(crate) struct JsonRows {
    schema: SchemaRef,
    row: Row,
}

impl JsonRows {
    /// # Errors
    /// A column of a type that JSON does not hold.
    pub(crate) fn new(schema: SchemaRef) -> Result<Self, String> {
        let row = Row::new(schema.fields())?;
        Ok(Self { schema, row })
    }

    fn len(&self) -> usize {
        self.row.len()
    }

    /// Adds the row that a JSON object is; one that does not fit leaves nothing behind.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn push(&mut self, object: &str) -> Result<(), String> {
        self.take(object, 1).map_err(|problem| problem.text)
    }

    /// The rows as a batch; there are none then.
    ///
    /// # Errors
    /// The first row that does not fit, from 0, and why.
    pub(crate) fn finish(&mut self, rounding: Rounding) -> Result<RecordBatch, (usize, String)> {
        let options = RecordBatchOptions::new().with_row_count(Some(self.len()));
        let finished = self.row.finish(rounding, "");
        if finished.is_err() {
            self.row.truncate(0);
        }
        let columns = finished.map_err(|misfit| (misfit.at, in_column(&misfit.path, &misfit.reason)))?;
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|error| (0, arrow_reason(&error)))
    }
}

/// Why the value at a path does not fit, as a sentence.
pub(super) fn in_column(path: &str, reason: &str) -> String {
    format!("column \"{}\": {reason}", Shown(path))
}

impl Objects for JsonRows {
    fn take(&mut self, object: &str, _: u64) -> Result<(), Problem> {
        let rows = self.row.len();
        let mut json = serde_json::Deserializer::from_str(object);
        let read = AsRow(&mut self.row).deserialize(&mut json).and_then(|()| json.end());
        read.map_err(|error| {
            let misfit = self.row.misfit("");
            self.row.truncate(rows);
            misfit.map_or_else(|| error.into(), |misfit| Problem::new(in_column(&misfit.path, &misfit.reason)))
        })
    }
}

/// An object that is a row.
struct AsRow<'a>(&'a mut Row);

impl<'de> DeserializeSeed<'de> for AsRow<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AsRow<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.0.read(object)
    }
}

/// JSON as batches of rows.
struct Batches {
    records: Records,
    table: JsonRows,
    options: ReadOptions,
    ended: bool,
}

impl Iterator for Batches {
    type Item = Result<Rows, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let rows = self.batch().transpose();
        self.ended |= !matches!(rows, Some(Ok(_)));
        rows
    }
}

impl Batches {
    /// The next rows, as many as belong together or as there are for now.
    fn batch(&mut self) -> Result<Option<Rows>, FormatError> {
        let (mut lines, mut size) = (Vec::new(), 0);
        let mut first = None;
        while lines.len() < self.options.batch_rows.max(1) && size < BATCH_BYTES {
            match self.records.next(&mut self.table)? {
                Got::Object { line, bytes } => {
                    lines.push(line);
                    size += bytes;
                }
                Got::NotNow if lines.is_empty() => std::thread::sleep(PATIENCE),
                Got::NotNow => break,
                Got::End => {
                    self.ended = true;
                    break;
                }
            }
            // Rows that trickle in without a pause must not wait for a whole batch either.
            if self.options.follow && first.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                if !lines.is_empty() {
                    break;
                }
                first = None;
            }
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let batch = self.table.finish(self.options.rounding).map_err(|(row, problem)| {
            let line = lines.get(row).copied().unwrap_or(1);
            self.records.source().malformed(line, problem)
        })?;
        let place = Place::numbered(Arc::clone(self.records.source().name()), Unit::Line, lines);
        Ok(Some(Rows { batch, place }))
    }
}

#[cfg(test)]
mod tests;
