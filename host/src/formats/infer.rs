//! The columns of a file, for `table create --like`.

use std::io::BufReader;

use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::Schema;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::json::plain;
use super::{Format, FormatError, Input};

/// How many rows of JSON or CSV are looked at.
const ROWS_LOOKED_AT: usize = 10_000;

/// The columns that a file has (Parquet, Arrow), or that its first 10,000 rows suggest (JSON, CSV).
pub fn infer_schema(input: &Input, given: Option<Format>) -> Result<Schema, FormatError> {
    let name = input.name().to_string();
    let malformed = |problem: String| FormatError::Malformed { place: name.clone(), problem };
    let file = || Ok::<_, FormatError>(BufReader::new(input.open_file()?));
    match input.format(given)? {
        Format::Json => arrow_json::reader::infer_json_schema(file()?, Some(ROWS_LOOKED_AT))
            .map(|(schema, _)| schema)
            .map_err(|e| malformed(plain(&e))),
        Format::Csv => arrow_csv::reader::Format::default()
            .with_header(true)
            .infer_schema(file()?, Some(ROWS_LOOKED_AT))
            .map(|(schema, _)| schema)
            .map_err(|e| malformed(plain(&e))),
        Format::Parquet => ParquetRecordBatchReaderBuilder::try_new(input.open_file()?)
            .map(|builder| builder.schema().as_ref().clone())
            .map_err(|e| malformed(format!("this is no Parquet file that can be read: {e}"))),
        Format::Arrow => FileReader::try_new(file()?, None)
            .map(|reader| reader.schema())
            .or_else(|_| {
                StreamReader::try_new(file().map_err(|e| arrow_schema::ArrowError::IpcError(e.to_string()))?, None)
                    .map(|r| r.schema())
            })
            .map(|schema| schema.as_ref().clone())
            .map_err(|e| malformed(format!("this is no Arrow file that can be read: {}", plain(&e)))),
        Format::Table => Err(FormatError::Unsupported("a table for people has no columns to take".into())),
    }
}
