//! CSV in: a header line with the table's column names in any order, then a record a row. An empty cell is null; bytes
//! are hexadecimal digits.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, FixedSizeBinaryBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_csv::ReaderBuilder;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use thalweg_wire::table::ColumnType;

use super::growing::PATIENCE;
use super::json::plain;
use super::text::{Got, Source, Syntax, Text};
use super::{FormatError, Input, ReadOptions, RowsIn};

/// Reads CSV as batches of rows of the columns that the header names.
pub(super) fn read(input: &Input, table: SchemaRef, options: ReadOptions) -> Result<RowsIn, FormatError> {
    let mut source = Source::new(input.open(options.follow)?, input.name());
    let mut line = Vec::new();
    while source.record(true, &mut line)? == Got::NotNow {
        std::thread::sleep(PATIENCE);
    }
    let schema = header(&source, &line, &table)?;
    let text = schema.fields().iter().map(|field| Arc::new(text_field(field))).collect::<Vec<_>>();
    let records = Records { text: Arc::new(Schema::new(text)), schema };
    Ok(Box::new(Text::new(source, records, options)))
}

/// Finds each column that the header line names in the table.
fn header(source: &Source, line: &[u8], table: &SchemaRef) -> Result<SchemaRef, FormatError> {
    let malformed = |problem: String| source.malformed(1, problem);
    let names = header_names(line).map_err(|e| malformed(plain(&e)))?;
    if names.is_empty() && !line.is_empty() {
        return Err(malformed("it must name the columns, and is blank".into()));
    }
    let mut fields: Vec<Field> = Vec::with_capacity(names.len());
    for column in names {
        let field = table.field_with_name(&column).map_err(|_| {
            let known: Vec<_> = table.fields().iter().map(|f| f.name().as_str()).collect();
            malformed(format!("the table has no column {column:?}; it has {}", known.join(", ")))
        })?;
        if fields.iter().any(|f| f.name() == field.name()) {
            return Err(malformed(format!("column {column:?} stands there twice")));
        }
        if field.data_type().is_nested() {
            return Err(malformed(format!(
                "column {column:?} is {}, which CSV cannot hold; use JSON",
                sql_type(field)
            )));
        }
        fields.push(field.clone());
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// The fields of the header line, by the same CSV rules as the rows.
fn header_names(line: &[u8]) -> Result<Vec<String>, ArrowError> {
    let (schema, _) = arrow_csv::reader::Format::default().with_header(true).infer_schema(line, Some(0))?;
    Ok(schema.fields().iter().map(|f| f.name().clone()).collect())
}

/// A field as the decoder reads it: bytes are read as their digits.
fn text_field(field: &Field) -> Field {
    match field.data_type() {
        DataType::Binary | DataType::FixedSizeBinary(_) => field.clone().with_data_type(DataType::Utf8),
        _ => field.clone(),
    }
}

fn sql_type(field: &Field) -> String {
    ColumnType::from_arrow(field).map_or_else(|_| field.data_type().to_string(), |known| known.to_string())
}

struct Records {
    schema: SchemaRef,
    /// The same columns, bytes as text.
    text: SchemaRef,
}

impl Syntax for Records {
    const QUOTED: bool = true;

    fn is_blank(record: &[u8]) -> bool {
        matches!(record, b"" | b"\n" | b"\r\n")
    }

    fn decode(&self, text: &[u8], records: usize) -> Option<RecordBatch> {
        let batch = decode(self.text.clone(), None, text, records).ok()?;
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns =
            columns.map(|(column, field)| from_text(column, field.data_type())).collect::<Option<Vec<_>>>()?;
        RecordBatch::try_new(self.schema.clone(), columns).ok().filter(|batch| batch.num_rows() == records)
    }

    fn problem(&self, record: &[u8]) -> Option<String> {
        let cells = self.text.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8, true));
        let cells = match decode(Arc::new(Schema::new(cells.collect::<Vec<_>>())), None, record, 1) {
            Ok(cells) => cells,
            Err(error) => return Some(plain(&error).replace(" for line 1", "")),
        };
        (0..self.schema.fields().len()).find_map(|at| {
            let field = self.schema.field(at);
            let read = decode(self.text.clone(), Some(at), record, 1).ok();
            let read = read.and_then(|read| from_text(read.column(0), field.data_type()));
            let cell = cells.column(at).as_string_opt::<i32>().filter(|cell| !cell.is_empty() && cell.is_valid(0));
            match (read, cell) {
                (Some(_), _) => None,
                (None, Some(cell)) => {
                    Some(format!("column {:?} is {}, and {:?} is none", field.name(), sql_type(field), cell.value(0)))
                }
                (None, None) => Some(format!("column {:?} is NOT NULL, and its cell is empty", field.name())),
            }
        })
    }
}

/// Decodes records as these columns, or as one of them.
fn decode(schema: SchemaRef, only: Option<usize>, text: &[u8], records: usize) -> Result<RecordBatch, ArrowError> {
    let mut builder = ReaderBuilder::new(schema.clone()).with_batch_size(records);
    if let Some(column) = only {
        builder = builder.with_projection(vec![column]);
    }
    let mut decoder = builder.build_decoder();
    let mut read = 0;
    while read < text.len() && decoder.capacity() > 0 {
        read += decoder.decode(&text[read..])?;
    }
    // The last record may have no end of line; nothing more says that it is whole.
    decoder.decode(&[])?;
    Ok(decoder.flush()?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

/// A column as it was read as its own type; `None` where its text is not hexadecimal or of another length.
pub(super) fn from_text(column: &ArrayRef, data_type: &DataType) -> Option<ArrayRef> {
    match data_type {
        DataType::Binary => {
            let text = column.as_string_opt::<i32>()?;
            let mut bytes = BinaryBuilder::with_capacity(text.len(), text.value_data().len() / 2);
            for value in text {
                bytes.append_option(unhex(value)?);
            }
            Some(Arc::new(bytes.finish()))
        }
        DataType::FixedSizeBinary(length) => fixed(column.as_string_opt::<i32>()?, *length),
        _ => Some(column.clone()),
    }
}

fn fixed(text: &StringArray, length: i32) -> Option<ArrayRef> {
    let mut bytes = FixedSizeBinaryBuilder::with_capacity(text.len(), length);
    for value in text {
        match unhex(value)? {
            Some(value) => bytes.append_value(value).ok()?,
            None => bytes.append_null(),
        }
    }
    Some(Arc::new(bytes.finish()))
}

/// The bytes of pairs of digits; null stays null.
fn unhex(text: Option<&str>) -> Option<Option<Vec<u8>>> {
    let Some(text) = text else { return Some(None) };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect::<Option<Vec<u8>>>().map(Some)
}
