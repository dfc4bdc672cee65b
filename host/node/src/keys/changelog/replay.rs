//! The changes of log batches applied to keys again.

use thalweg_wire::record::{ChangeType, LogBatch, RecordError, RowEncoder, Value};
use thalweg_wire::table::LogFormat;

use super::arrow::Rows;
use crate::keys::bucket_keys::{BucketKeys, LONGEST, Mark};
use crate::keys::error::StoreError;
use crate::keys::recent::Changes;

/// Brings keys up to their log, batch by batch.
pub(crate) struct Replay<'a> {
    keys: &'a BucketKeys,
    encoder: RowEncoder,
    changes: Changes,
    mark: Mark,
}

/// A key, its key with the prefix, and its value, each in place of the one before it.
#[derive(Default)]
struct Row {
    key: Vec<u8>,
    full_key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> Replay<'a> {
    /// Goes on from `mark`.
    pub(crate) fn new(keys: &'a BucketKeys, mark: Mark) -> Result<Self, RecordError> {
        let encoder = RowEncoder::new(&keys.table.layout, None, keys.table.format)?;
        Ok(Self { keys, encoder, changes: Changes::new(), mark })
    }

    /// Up to which offset batches were applied.
    pub(crate) fn applied(&self) -> i64 {
        self.mark.applied
    }

    /// Applies a batch; the keys have it once `write` has returned.
    pub(crate) fn batch(&mut self, batch: &LogBatch<'_>) -> Result<(), RecordError> {
        let offset = self.mark.applied;
        self.mark.applied = batch.end_offset();
        if batch.end_offset() <= offset || batch.records == 0 {
            return Ok(());
        }
        match self.keys.table.log_format {
            LogFormat::Arrow => self.columns(batch),
            LogFormat::Indexed | LogFormat::Compacted => self.rows(batch),
        }
    }

    /// Writes what was applied. Blocks.
    pub(crate) fn write(&mut self) -> Result<(), StoreError> {
        self.keys.write(&std::mem::take(&mut self.changes), self.mark)
    }

    fn columns(&mut self, batch: &LogBatch<'_>) -> Result<(), RecordError> {
        let table = &self.keys.table;
        let rows = Rows::of_batch(batch, &table.layout)?;
        let columns = rows.columns(&table.layout)?;
        let mut made = Row::default();
        for (row, change) in batch.changes(0..batch.records as usize)?.unwrap_or_default().into_iter().enumerate() {
            if change == ChangeType::UpdateBefore {
                continue;
            }
            made.key.clear();
            table.key_encoder.encode(&columns, row, &mut made.key)?;
            made.value.clear();
            if change != ChangeType::Delete {
                made.value.extend_from_slice(&batch.schema_id.to_le_bytes());
                self.encoder.encode(&columns, row, &mut made.value)?;
            }
            self.apply(change, &mut made);
        }
        Ok(())
    }

    fn rows(&mut self, batch: &LogBatch<'_>) -> Result<(), RecordError> {
        let mut made = Row::default();
        for row in batch.log_rows() {
            let row = row?;
            if row.change == ChangeType::UpdateBefore {
                continue;
            }
            made.key.clear();
            self.keys.table.key.write(row.row, &mut made.key)?;
            made.value.clear();
            Value { schema_id: batch.schema_id, row: row.row }.write(&mut made.value);
            self.apply(row.change, &mut made);
        }
        Ok(())
    }

    fn apply(&mut self, change: ChangeType, row: &mut Row) {
        self.keys.full_key(&row.key, &mut row.full_key);
        if row.full_key.len() > LONGEST {
            // Versions before took such a row into the log, and then broke down over it.
            tracing::warn!(length = row.key.len(), "a row of the log is left out: its key is too long");
            return;
        }
        let value = (change != ChangeType::Delete).then(|| row.value.as_slice().into());
        self.changes.insert(row.full_key.as_slice().into(), value);
        match change {
            ChangeType::Insert => self.mark.rows += 1,
            ChangeType::Delete => self.mark.rows -= 1,
            _ => {}
        }
    }
}
