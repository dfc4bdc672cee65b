//! CSV out: a record of names, then a record a row, so that reading it gives the same rows. Null is an empty cell, and a
//! text without a character is `""`. Texts stand in quotes where they must.

use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StringArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use super::header::nested;
use crate::formats::RowsOut;

/// Text is handed on in pieces of about this many bytes.
const PIECE: usize = 1 << 16;

/// A writer of CSV with this delimiter.
///
/// # Errors
/// Of columns that CSV cannot hold.
pub fn csv_writer<W: Write + Send + 'static>(
    schema: SchemaRef,
    out: W,
    delimiter: u8,
) -> Result<Box<dyn RowsOut>, ArrowError> {
    match nested(&schema) {
        Some(problem) => Err(ArrowError::CsvError(problem)),
        None => Ok(Box::new(Csv { out, schema, delimiter: delimiter.into(), text: String::new(), begun: false })),
    }
}

struct Csv<W> {
    out: W,
    schema: SchemaRef,
    delimiter: char,
    /// What was not handed on yet.
    text: String,
    begun: bool,
}

/// A column whose values are written one by one.
enum Cells<'a> {
    Texts(&'a StringArray),
    Others(&'a dyn Array, ArrayFormatter<'a>),
}

impl<W: Write> Csv<W> {
    fn header(&mut self) {
        for (at, field) in self.schema.fields().iter().enumerate() {
            if at > 0 {
                self.text.push(self.delimiter);
            }
            quote(&mut self.text, field.name(), self.delimiter);
        }
        self.text.push('\n');
        self.begun = true;
    }

    fn hand_on(&mut self) -> Result<(), ArrowError> {
        self.out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }
}

impl<W: Write + Send> RowsOut for Csv<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        if !self.begun {
            self.header();
        }
        let options = FormatOptions::new();
        let columns = batch.columns().iter().map(|column| Cells::new(column.as_ref(), &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            for (at, column) in columns.iter().enumerate() {
                if at > 0 {
                    self.text.push(self.delimiter);
                }
                column.write(row, &mut self.text, self.delimiter)?;
            }
            self.text.push('\n');
            if self.text.len() >= PIECE {
                self.hand_on()?;
            }
        }
        self.hand_on()
    }

    fn flush(&mut self) -> Result<(), ArrowError> {
        Ok(self.out.flush()?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArrowError> {
        if !self.begun {
            self.header();
            self.hand_on()?;
        }
        self.flush()
    }
}

impl<'a> Cells<'a> {
    fn new(column: &'a dyn Array, options: &FormatOptions<'a>) -> Result<Self, ArrowError> {
        match (column.data_type(), column.as_string_opt()) {
            (DataType::Utf8, Some(texts)) => Ok(Self::Texts(texts)),
            _ => Ok(Self::Others(column, ArrayFormatter::try_new(column, options)?)),
        }
    }

    fn write(&self, row: usize, text: &mut String, delimiter: char) -> Result<(), ArrowError> {
        match self {
            Self::Texts(texts) if texts.is_valid(row) => quote(text, texts.value(row), delimiter),
            Self::Others(column, values) if column.is_valid(row) => {
                let start = text.len();
                values.value(row).write(text)?;
                // Bytes of which there are none.
                if text.len() == start {
                    text.push_str("\"\"");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Writes a text as a cell that is not null.
fn quote(out: &mut String, text: &str, delimiter: char) {
    let must = |byte: u8| matches!(byte, b'"' | b'\n' | b'\r') || char::from(byte) == delimiter;
    // At the begin of a file a byte order mark would be none of the text.
    if !text.is_empty() && !text.starts_with('\u{feff}') && !text.bytes().any(must) {
        return out.push_str(text);
    }
    out.push('"');
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}
