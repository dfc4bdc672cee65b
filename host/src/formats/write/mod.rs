//! Rows out: JSON lines, CSV, Parquet, Arrow IPC, and tables for people.
//!
//! ```text
//! parquet  rows into a Parquet file
//! table    rows as a table for people
//! ```

mod parquet;
mod table;

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_json::writer::LineDelimited;
use arrow_schema::{ArrowError, SchemaRef};

use super::csv::csv_writer;
use super::format::Format;
use super::json::json_writer;
use super::rows_out::RowsOut;

use parquet::ParquetOut;
use table::Table;

/// A writer of a format.
pub fn writer<W: Write + Send + 'static>(
    format: Format,
    schema: SchemaRef,
    out: W,
) -> Result<Box<dyn RowsOut>, ArrowError> {
    Ok(match format {
        Format::Json => Box::new(json_writer(out)),
        Format::Csv => csv_writer(schema, out, b',')?,
        Format::Parquet => Box::new(ParquetOut::new(out, &schema)?),
        Format::Arrow => Box::new(FileWriter::try_new(out, &schema)?),
        Format::Table => Box::new(Table::new(out, &schema, None)),
    })
}

/// A writer of a table for people into a terminal of this width.
pub fn terminal_writer<W: Write + Send + 'static>(schema: &SchemaRef, out: W, width: usize) -> Box<dyn RowsOut> {
    Box::new(Table::new(out, schema, Some(width)))
}

impl<W: Write + Send> RowsOut for arrow_json::Writer<W, LineDelimited> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        arrow_json::Writer::write(self, batch)
    }

    fn flush(&mut self) -> Result<(), ArrowError> {
        Ok(self.get_mut().flush()?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArrowError> {
        arrow_json::Writer::finish(&mut self)?;
        RowsOut::flush(self.as_mut())
    }
}

impl<W: Write + Send> RowsOut for FileWriter<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        FileWriter::write(self, batch)
    }

    fn flush(&mut self) -> Result<(), ArrowError> {
        FileWriter::flush(self)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArrowError> {
        FileWriter::finish(&mut self)?;
        FileWriter::flush(&mut self)
    }
}
