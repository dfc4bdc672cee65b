//! CSV in: a header line with the table's column names in any order, then a line a row.

use std::io::{BufRead, BufReader};
use std::sync::Arc;

use arrow_csv::ReaderBuilder;
use arrow_csv::reader::BufReader as CsvReader;
use arrow_schema::{Field, Schema, SchemaRef};

use super::json::plain;
use super::{FormatError, Input, Place, Rows, RowsIn, Unit};

/// Reads CSV as batches of at most `batch_rows` rows of the columns that the header names.
pub(super) fn read(input: &Input, table: SchemaRef, batch_rows: usize) -> Result<RowsIn, FormatError> {
    let name = input.name();
    let mut source = BufReader::with_capacity(1 << 20, input.open()?);
    let schema = header(&mut source, &name, &table)?;
    let reader = ReaderBuilder::new(schema)
        .with_header(false)
        .with_batch_size(batch_rows)
        .build_buffered(source)
        .map_err(|e| FormatError::Malformed { place: name.to_string(), problem: plain(&e) })?;
    Ok(Box::new(Records { reader, name, row: 1, ended: false }))
}

/// Reads the header line and finds each of its columns in the table.
fn header(source: &mut impl BufRead, name: &Arc<str>, table: &SchemaRef) -> Result<SchemaRef, FormatError> {
    let malformed = |problem: String| FormatError::Malformed { place: format!("{name}, line 1"), problem };
    let mut line = Vec::new();
    source.read_until(b'\n', &mut line).map_err(|source| FormatError::Io { name: name.to_string(), source })?;
    let names = header_names(&line).map_err(|e| malformed(plain(&e)))?;
    let mut fields: Vec<Field> = Vec::with_capacity(names.len());
    for column in names {
        let field = table.field_with_name(&column).map_err(|_| {
            let known: Vec<_> = table.fields().iter().map(|f| f.name().as_str()).collect();
            malformed(format!("the table has no column {column:?}; it has {}", known.join(", ")))
        })?;
        if fields.iter().any(|f| f.name() == field.name()) {
            return Err(malformed(format!("column {column:?} stands there twice")));
        }
        fields.push(field.clone());
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// The fields of the header line, by the same CSV rules as the rows.
fn header_names(line: &[u8]) -> Result<Vec<String>, arrow_schema::ArrowError> {
    let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let (schema, _) = arrow_csv::reader::Format::default().with_header(true).infer_schema(text, Some(0))?;
    Ok(schema.fields().iter().map(|f| f.name().clone()).collect())
}

struct Records<R: std::io::Read> {
    reader: CsvReader<R>,
    name: Arc<str>,
    /// The number of the next row; the first is 1.
    row: u64,
    ended: bool,
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<Rows, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let place = Place::consecutive(self.name.clone(), Unit::Row, self.row);
        Some(match self.reader.next()? {
            Ok(batch) => {
                self.row += batch.num_rows() as u64;
                Ok(Rows { batch, place })
            }
            Err(error) => {
                self.ended = true;
                Err(FormatError::Malformed { place: self.name.to_string(), problem: plain(&error) })
            }
        })
    }
}
