//! Parquet and Arrow IPC in: batches with the columns that the file has.
//!
//! ```text
//! ipc, ipc_check               messages of Arrow IPC, cut and checked
//! groups, footer, pages        Parquet: its footer and its pages, checked before the library makes room for them
//! deltas, int96, range         values that the library takes on trust
//! thrift                       what Parquet says of itself, looked through
//! ```

mod deltas;
mod footer;
mod groups;
mod int96;
mod ipc;
mod ipc_check;
mod pages;
mod range;
mod thrift;

use std::fs::File;
use std::io::Seek;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use self::groups::ParquetFile;
use self::ipc::Ipc;
use super::{FormatError, Input, Place, ReadOptions, Rounding, Rows, RowsIn, Unit};
use crate::columns::{FitError, round};

/// So many rows may stand in a batch whatever its size: columns of nulls alone, for one, take no bytes.
const UNBACKED_ROWS: u64 = 1 << 24;

/// The most bytes that so many compressed ones can become.
fn expansion_limit(length: u64, ratio: u64) -> u64 {
    length.saturating_mul(ratio).saturating_add(1 << 20)
}

/// Batches as the file has them; why one cannot be read, as a sentence.
type Batches = Box<dyn Iterator<Item = Result<RecordBatch, String>> + Send>;

/// Reads Parquet.
pub(super) fn read_parquet(input: &Input, table: &SchemaRef, options: &ReadOptions) -> Result<RowsIn, FormatError> {
    let rows = |file: File| {
        let file = ParquetFile::open(file)?;
        Ok((file.row_count(), file.rows(options.batch_rows)?))
    };
    let (total, batches) = rows(seekable(input)?).map_err(|problem: String| unreadable(input, "Parquet", &problem))?;
    let rows = numbered(input, batches, table, options);
    Ok(options.progress.count_by_rows(rows, total, input.size().unwrap_or(0)))
}

/// Reads an Arrow IPC file or stream.
pub(super) fn read_arrow(input: &Input, table: &SchemaRef, options: &ReadOptions) -> Result<RowsIn, FormatError> {
    let ipc = Ipc::open(seekable(input)?).map_err(|problem| unreadable(input, "Arrow", &problem))?;
    Ok(numbered(input, Box::new(ipc), table, options))
}

/// The columns of a Parquet file.
pub(super) fn parquet_schema(input: &Input) -> Result<Schema, FormatError> {
    let schema = |file: File| ParquetFile::open(file)?.exact_schema();
    schema(seekable(input)?).map_err(|problem| unreadable(input, "Parquet", &problem))
}

/// The columns of an Arrow file or stream.
pub(super) fn arrow_schema(input: &Input) -> Result<Schema, FormatError> {
    let ipc = Ipc::open(seekable(input)?).map_err(|problem| unreadable(input, "Arrow", &problem))?;
    Ok(ipc.schema().as_ref().clone())
}

/// Opens a file that can be read at any place; what cannot, as a named pipe, is spooled to a temporary file.
fn seekable(input: &Input) -> Result<File, FormatError> {
    let failed = |cause| FormatError::Io { name: input.name().to_string(), cause };
    let mut file = input.open_file()?;
    if file.metadata().map_err(failed)?.is_file() {
        return Ok(file);
    }
    let mut spool = tempfile::tempfile().map_err(failed)?;
    std::io::copy(&mut file, &mut spool).map_err(failed)?;
    spool.rewind().map_err(failed)?;
    Ok(spool)
}

fn unreadable(input: &Input, format: &str, problem: &str) -> FormatError {
    let problem = format!("this is no {format} file that can be read: {problem}");
    FormatError::Malformed { place: input.name().to_string(), problem }
}

fn numbered(input: &Input, batches: Batches, table: &SchemaRef, options: &ReadOptions) -> RowsIn {
    let table = (options.rounding == Rounding::Nearest).then(|| Arc::clone(table));
    let batch_rows = options.batch_rows.max(1);
    Box::new(Numbered { name: input.name(), batches, table, batch_rows, rest: None, row: 1, ended: false })
}

/// Numbers the rows of batches, and cuts those that are large; ends after an error.
struct Numbered {
    name: Arc<str>,
    batches: Batches,
    /// The columns that values are rounded to, where they are.
    table: Option<SchemaRef>,
    batch_rows: usize,
    /// Rows that were read and not given yet.
    rest: Option<RecordBatch>,
    /// The number of the next row.
    row: u64,
    ended: bool,
}

impl Iterator for Numbered {
    type Item = Result<Rows, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let batch = match self.rest.take() {
                Some(rest) => rest,
                None => match self.batches.next() {
                    Some(batch) => match batch.and_then(in_range) {
                        Ok(batch) => batch,
                        Err(problem) => {
                            self.ended = true;
                            let place = format!("{}, at row {}", self.name, self.row);
                            return Some(Err(FormatError::Malformed { place, problem }));
                        }
                    },
                    None => return None,
                },
            };
            if batch.num_rows() > 0 {
                return Some(self.cut(batch));
            }
        }
        None
    }
}

impl Numbered {
    /// Gives the first rows and keeps the rest.
    fn cut(&mut self, batch: RecordBatch) -> Result<Rows, FormatError> {
        let count = batch.num_rows().min(self.batch_rows);
        let place = Place::consecutive(Arc::clone(&self.name), Unit::Row, self.row);
        let mut first = batch.slice(0, count);
        if count < batch.num_rows() {
            self.rest = Some(batch.slice(count, batch.num_rows() - count));
        }
        if let Some(table) = &self.table {
            first = round(&first, table).map_err(|error| {
                self.ended = true;
                misfit(&place, &error)
            })?;
        }
        self.row += count as u64;
        Ok(Rows { batch: first, place })
    }
}

fn in_range(batch: RecordBatch) -> Result<RecordBatch, String> {
    match range::out_of_range(&batch) {
        None => Ok(batch),
        Some(column) => Err(format!(
            "it is damaged: column {column:?} has a decimal of more digits than its type, or a time that is on no day"
        )),
    }
}

fn misfit(place: &Place, error: &FitError) -> FormatError {
    FormatError::Malformed { place: place.of(error.row().unwrap_or(0)), problem: error.reason() }
}

#[cfg(test)]
mod tests;
