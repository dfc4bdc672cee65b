//! The changes of log batches applied to keys again.

use std::sync::Arc;

use thalweg_wire::record::{ChangeType, LogBatch, MAX_KEY_LENGTH, RecordError, RowEncoder, Value};
use thalweg_wire::table::LogFormat;

use super::arrow::Rows as Columns;
use super::corrupt;
use crate::keys::bucket_keys::BucketKeys;
use crate::keys::error::StoreError;
use crate::keys::memory::{Hash, Mark, Row, Rows};
use crate::table::keyed::{KeyedTable, unknown};

/// Brings keys up to their log, batch by batch.
pub(crate) struct Replay<'a> {
    keys: &'a BucketKeys,
    table: Arc<KeyedTable>,
    /// What encodes rows of the version of the schema that the last batch had.
    encoder: Option<(i16, RowEncoder)>,
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
    pub(crate) fn new(keys: &'a BucketKeys, mark: Mark) -> Self {
        Self { keys, table: keys.table(), encoder: None, changes: Rows::default(), mark }
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
        match self.table.log_format {
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
        let table = Arc::clone(&self.table);
        let version = table.version(batch.schema_id).ok_or_else(|| unknown(batch.schema_id))?;
        let encoder = match self.encoder.take().filter(|(id, _)| *id == batch.schema_id) {
            Some((_, encoder)) => encoder,
            None => version.encoder()?,
        };
        let rows = Columns::of_batch(batch, &version.layout)?;
        let columns = rows.columns(&version.layout)?;
        let mut made = Made::default();
        for (row, change) in batch.changes(0..batch.records as usize)?.unwrap_or_default().into_iter().enumerate() {
            if change == ChangeType::UpdateBefore {
                continue;
            }
            made.key.clear();
            version.key_encoder.encode(&columns, row, &mut made.key)?;
            made.value.clear();
            if change != ChangeType::Delete {
                made.value.extend_from_slice(&batch.schema_id.to_le_bytes());
                encoder.encode(&columns, row, &mut made.value)?;
            }
            self.apply(change, &made)?;
        }
        self.encoder = Some((batch.schema_id, encoder));
        Ok(())
    }

    fn rows(&mut self, batch: &LogBatch<'_>) -> Result<(), RecordError> {
        let table = Arc::clone(&self.table);
        let version = table.version(batch.schema_id).ok_or_else(|| unknown(batch.schema_id))?;
        let mut made = Made::default();
        for row in batch.log_rows() {
            let row = row?;
            if row.change == ChangeType::UpdateBefore {
                continue;
            }
            made.key.clear();
            version.key.write(row.row, &mut made.key)?;
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
