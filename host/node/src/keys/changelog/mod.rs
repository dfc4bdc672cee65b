//! The changes of one key batch as one log batch, in the table's log format (`fluss.md` 3.5); and back again, when keys
//! are brought up to their log: replay, arrow.

pub(crate) mod arrow;
mod replay;

use bytes::Bytes;
use thalweg_codec::Native;
use thalweg_wire::record::{
    BatchContent, BatchHead, ChangeType, ColumnsBuilder, LogRowsBuilder, RecordError, RowsContent, encode_message,
};
use thalweg_wire::table::LogFormat;

pub(crate) use replay::Replay;

use crate::table::keyed::KeyedTable;

/// The changes of a key batch, gathered one by one.
pub(crate) struct Changelog<'a> {
    table: &'a KeyedTable,
    changes: Vec<ChangeType>,
    /// Rows are decoded also where the log has them as they are: that tells whether they are rows of the table at all.
    columns: ColumnsBuilder,
    rows: Option<LogRowsBuilder>,
}

impl<'a> Changelog<'a> {
    /// No changes yet, of about `records` records.
    pub(crate) fn new(table: &'a KeyedTable, records: usize) -> Self {
        let rows = (table.log_format != LogFormat::Arrow).then(LogRowsBuilder::new);
        let columns = ColumnsBuilder::new(table.latest.layout.clone());
        Self { table, changes: Vec::with_capacity(records), columns, rows }
    }

    /// Adds a change of a row.
    pub(crate) fn push(&mut self, change: ChangeType, row: &[u8]) -> Result<(), RecordError> {
        self.table.decoder.append(row, &mut self.columns)?;
        match &mut self.rows {
            Some(rows) => rows.push(change, row),
            None => {
                self.changes.push(change);
                Ok(())
            }
        }
    }

    /// The log batch. Without changes it is one all the same: its offset is used up, and the writer's sequence goes on.
    pub(crate) fn finish(self, writer: (i64, i32)) -> Result<Bytes, RecordError> {
        match self.rows {
            Some(rows) => rows_batch(self.table, rows, writer),
            None => arrow_batch(self.table, self.columns, &self.changes, writer),
        }
    }
}

fn arrow_batch(
    table: &KeyedTable,
    mut columns: ColumnsBuilder,
    changes: &[ChangeType],
    writer: (i64, i32),
) -> Result<Bytes, RecordError> {
    let records = length("rows", columns.rows())?;
    let (mut body, mut body_checksum, mut message) = (Vec::new(), 0, Vec::new());
    if records > 0 {
        let (nodes, buffers) = columns.finish();
        let (compression, level) = table.compression;
        let encoded = thalweg_codec::encode::<Native>(compression, level, &buffers)
            .map_err(|error| corrupt(error.to_string()))?;
        message = encode_message(records, &nodes, &encoded.lengths, compression);
        (body, body_checksum) = (encoded.body, encoded.checksum);
    }
    let content = BatchContent {
        schema_id: table.latest.schema_id,
        writer,
        records,
        changes: Some(changes),
        message: &message,
        body_length: length("body", body.len())?,
        body_checksum,
    };
    let mut bytes = BatchHead::encode(&content)?.into_bytes();
    bytes.extend_from_slice(&body);
    Ok(bytes.into())
}

fn rows_batch(table: &KeyedTable, rows: LogRowsBuilder, writer: (i64, i32)) -> Result<Bytes, RecordError> {
    let records = rows.records();
    let body = rows.into_bytes();
    let content = RowsContent {
        schema_id: table.latest.schema_id,
        writer,
        records,
        append_only: false,
        body_length: length("body", body.len())?,
        body_checksum: crc32c::crc32c(&body),
    };
    let mut bytes = BatchHead::of_rows(&content)?.into_bytes();
    bytes.extend_from_slice(&body);
    Ok(bytes.into())
}

/// A buffer cannot be compressed, or decompressed.
fn corrupt(reason: String) -> RecordError {
    RecordError::Corrupt { what: "buffer of a changelog batch", reason }
}

fn length(what: &'static str, length: usize) -> Result<u32, RecordError> {
    u32::try_from(length).map_err(|_| RecordError::Corrupt { what, reason: "it would pass 4 GiB".into() })
}
