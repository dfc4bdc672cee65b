//! The columns of Parquet and Arrow files.

use std::io::BufReader;

use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::json::plain;
use super::super::{FormatError, Input};

pub(super) fn infer_parquet(input: &Input) -> Result<Schema, FormatError> {
    ParquetRecordBatchReaderBuilder::try_new(input.open_file()?)
        .map(|builder| builder.schema().as_ref().clone())
        .map_err(|e| malformed(input, format!("this is no Parquet file that can be read: {e}")))
}

pub(super) fn infer_arrow(input: &Input) -> Result<Schema, FormatError> {
    let file = || Ok::<_, FormatError>(BufReader::new(input.open_file()?));
    FileReader::try_new(file()?, None)
        .map(|reader| reader.schema())
        .or_else(|_| {
            let file = file().map_err(|e| ArrowError::IpcError(e.to_string()))?;
            StreamReader::try_new(file, None).map(|reader| reader.schema())
        })
        .map(|schema| schema.as_ref().clone())
        .map_err(|e| malformed(input, format!("this is no Arrow file that can be read: {}", plain(&e))))
}

fn malformed(input: &Input, problem: String) -> FormatError {
    FormatError::Malformed { place: input.name().to_string(), problem }
}
