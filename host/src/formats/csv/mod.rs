//! CSV in: a record with the table's column names in any order, then a record a row. An empty cell is null, and `""` is
//! an empty text; bytes are hexadecimal digits. `out` writes the same.

mod header;
mod out;
mod records;
mod split;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, SchemaRef};

use super::error::arrow_reason;
use super::scalar::{self, Misfit};
use super::{FormatError, Input, ReadOptions, Rows, RowsIn};

pub(super) use header::{name, names};
pub use out::csv_writer;
pub(super) use records::{Limits, Records, Stream, delimiter_within, say_delimiter};

/// Reads CSV as batches of rows of the columns that the header names, or of the table's.
pub(super) fn read(input: &Input, table: SchemaRef, options: ReadOptions) -> Result<RowsIn, FormatError> {
    let mut stream = open(input, &options)?;
    let schema = match options.csv.header {
        true => stream.first()?.map(|header| header::columns(&stream, &header, &table)).transpose()?,
        false => Some(header::flat(&stream, table)?),
    };
    // A file without anything has no rows.
    let Some(schema) = schema else { return Ok(Box::new(std::iter::empty())) };
    let blank = matches!(schema.fields().as_ref(), [only] if only.is_nullable());
    stream.expect(schema.fields().len(), blank);
    Ok(Box::new(Reader { stream, schema, options, ended: false }))
}

/// Opens a stream of CSV.
pub(super) fn open(input: &Input, options: &ReadOptions) -> Result<Stream, FormatError> {
    let by_name = || match input {
        Input::File(path) => super::delimiter_of_path(path),
        Input::Stdin => b',',
    };
    let delimiter = options.csv.delimiter.unwrap_or_else(by_name);
    Ok(Stream::new(input.open(options)?, input.name(), delimiter))
}

/// What a cell says: nothing where it is null. A quoted cell without text is null where the type has no empty text.
pub(super) fn value<'a>((text, quoted): (&'a str, bool), null: Option<&str>, empty: bool) -> Option<&'a str> {
    let nothing = if quoted { text.is_empty() && !empty } else { text.is_empty() || null == Some(text) };
    (!nothing).then_some(text)
}

struct Reader {
    stream: Stream,
    schema: SchemaRef,
    options: ReadOptions,
    ended: bool,
}

impl Iterator for Reader {
    type Item = Result<Rows, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let limits = Limits { records: self.options.batch_rows.max(1), follow: self.options.follow };
        let rows = match self.stream.next(limits) {
            Ok(records) if records.len() == 0 => return None,
            Ok(records) => self.decode(&records),
            Err(error) => Err(error),
        };
        self.ended = rows.is_err();
        Some(rows)
    }
}

impl Reader {
    fn decode(&self, records: &Records) -> Result<Rows, FormatError> {
        let fields = self.schema.fields().iter().enumerate();
        let columns = fields.map(|(at, field)| self.column(records, at, field));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(|_| self.fault(records))?;
        let options = RecordBatchOptions::new().with_row_count(Some(records.len()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error| self.stream.malformed(records.line(0), arrow_reason(&error)))?;
        Ok(Rows { batch, place: records.place(self.stream.name.clone()) })
    }

    fn column(&self, records: &Records, at: usize, field: &Field) -> Result<ArrayRef, Misfit> {
        let null = self.options.csv.null.as_deref();
        let empty = matches!(field.data_type(), DataType::Utf8 | DataType::Binary);
        let texts = (0..records.len()).map(move |record| value(records.cell(record, at), null, empty));
        let column = scalar::column(texts, field, self.options.rounding)?;
        match column.nulls().and_then(|nulls| (0..nulls.len()).find(|row| nulls.is_null(*row))) {
            Some(row) if !field.is_nullable() => {
                let reason = if empty {
                    "it is NOT NULL, and its cell is empty (\"\" is an empty text)"
                } else {
                    "it is NOT NULL, and its cell is empty"
                };
                Err(Misfit { at: row, reason: reason.into() })
            }
            _ => Ok(column),
        }
    }

    /// The first cell at fault, in the order of the file.
    fn fault(&self, records: &Records) -> FormatError {
        let fields = self.schema.fields().iter().enumerate();
        let faults = fields.filter_map(|(at, field)| Some((self.column(records, at, field).err()?, field.name())));
        match faults.min_by_key(|(misfit, _)| misfit.at) {
            Some((misfit, name)) => {
                self.stream.malformed(records.line(misfit.at), format!("column {name:?}: {}", misfit.reason))
            }
            None => self.stream.malformed(records.line(0), "these lines cannot be read together".into()),
        }
    }
}

#[cfg(test)]
mod tests;
