//! The changes of log batches applied to keys again.

use thalweg_wire::record::{ChangeType, LogBatch, MAX_KEY_LENGTH, RecordError, RowEncoder, Value};
use thalweg_wire::table::LogFormat;

use super::arrow::Rows as Columns;
use super::corrupt;
use crate::keys::bucket_keys::BucketKeys;
use crate::keys::error::StoreError;
use crate::keys::memory::{Hash, Mark, Row, Rows};

/// Brings keys up to their log, batch by batch.
pub(crate) struct Replay<'a> {
    keys: &'a BucketKeys,
    encoder: RowEncoder,
    changes: Rows,
    mark: Mark,
}

/// A key and its value, each in place of the one before it.
#[derive(Default)]
struct Made {
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> Replay<'a> {
    /// Goes on from `mark`.
    pub(crate) fn new(keys: &'a BucketKeys, mark: Mark) -> Result<Self, RecordError> {
        let encoder = RowEncoder::new(&keys.table.layout, None, keys.table.format)?;
        Ok(Self { keys, encoder, changes: Rows::default(), mark })
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

    /// Has the keys take what was applied. Waits for memory where there is none. Blocks.
    pub(crate) fn write(&mut self) -> Result<(), StoreError> {
        self.keys.wait_for_room()?;
        self.keys.write(std::mem::take(&mut self.changes), self.mark)
    }

    fn columns(&mut self, batch: &LogBatch<'_>) -> Result<(), RecordError> {
        let table = &self.keys.table;
        let rows = Columns::of_batch(batch, &table.layout)?;
        let columns = rows.columns(&table.layout)?;
        let mut made = Made::default();
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
            self.apply(change, &made)?;
        }
        Ok(())
    }

    fn rows(&mut self, batch: &LogBatch<'_>) -> Result<(), RecordError> {
        let mut made = Made::default();
        for row in batch.log_rows() {
            let row = row?;
            if row.change == ChangeType::UpdateBefore {
                continue;
            }
            made.key.clear();
            self.keys.table.key.write(row.row, &mut made.key)?;
            made.value.clear();
            Value { schema_id: batch.schema_id, row: row.row }.write(&mut made.value);
            self.apply(row.change, &made)?;
        }
        Ok(())
    }

    fn apply(&mut self, change: ChangeType, made: &Made) -> Result<(), RecordError> {
        if made.key.len() > MAX_KEY_LENGTH {
            // Versions before took such a row into the log, and then broke down over it.
            tracing::warn!(length = made.key.len(), "a row of the log is left out: its key is too long");
            return Ok(());
        }
        let value = (change != ChangeType::Delete).then_some(made.value.as_slice());
        let taken = self.changes.insert(Hash::of(&made.key), Row { key: &made.key, value });
        taken.map_err(|full| corrupt(StoreError::from(full).0))?;
        match change {
            ChangeType::Insert => self.mark.rows += 1,
            ChangeType::Delete => self.mark.rows -= 1,
            _ => {}
        }
        Ok(())
    }
}
