//! Parquet and Arrow IPC in: batches as the file has them.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::json::plain;
use super::{FormatError, Input, Place, Rows, RowsIn, Unit};

/// How an Arrow IPC file (not a stream) begins.
const ARROW_MAGIC: &[u8; 6] = b"ARROW1";

/// Reads Parquet as batches of at most `batch_rows` rows.
pub(super) fn read_parquet(input: &Input, batch_rows: usize) -> Result<RowsIn, FormatError> {
    let name = input.name();
    let malformed = |problem: String| FormatError::Malformed { place: name.to_string(), problem };
    let reader = ParquetRecordBatchReaderBuilder::try_new(input.open_file()?)
        .and_then(|builder| builder.with_batch_size(batch_rows).build())
        .map_err(|e| malformed(format!("this is no Parquet file that can be read: {e}")))?;
    Ok(numbered(name.clone(), Box::new(reader)))
}

/// Reads an Arrow IPC file or stream.
pub(super) fn read_arrow(input: &Input) -> Result<RowsIn, FormatError> {
    let name = input.name();
    let failed = |cause| FormatError::Io { name: name.to_string(), cause };
    let malformed = |e: ArrowError| FormatError::Malformed {
        place: name.to_string(),
        problem: format!("this is no Arrow file that can be read: {}", plain(&e)),
    };
    let mut file = input.open_file()?;
    let mut magic = Vec::with_capacity(ARROW_MAGIC.len());
    Read::take(&mut file, ARROW_MAGIC.len() as u64).read_to_end(&mut magic).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let batches: Batches = if magic == ARROW_MAGIC {
        Box::new(FileReader::try_new_buffered(file, None).map_err(malformed)?)
    } else {
        Box::new(StreamReader::try_new(BufReader::<File>::new(file), None).map_err(malformed)?)
    };
    Ok(numbered(name.clone(), batches))
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// Numbers the rows of the batches; ends after an error.
fn numbered(name: Arc<str>, batches: Batches) -> RowsIn {
    let mut row = 1;
    let mut ended = false;
    Box::new(batches.map_while(move |batch| {
        if ended {
            return None;
        }
        Some(match batch {
            Ok(batch) => {
                let place = Place::consecutive(name.clone(), Unit::Row, row);
                row += batch.num_rows() as u64;
                Ok(Rows { batch, place })
            }
            Err(error) => {
                ended = true;
                Err(FormatError::Malformed { place: format!("{name}, at row {row}"), problem: plain(&error) })
            }
        })
    }))
}
