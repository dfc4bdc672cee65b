//! Merging a key batch with the rows that are there, which makes its changelog (`fluss.md` 3.5).

use std::sync::Arc;

use bytes::Bytes;
use fjall::UserValue;
use thalweg_wire::record::{
    ChangeType, KvBatch, KvBatchBuilder, KvContent, KvRecord, NO_WRITER, RecordError, Value, check_key_length, kv_head,
};
use thalweg_wire::table::{ChangelogImage, DeleteBehavior};

use super::bucket_keys::{BucketKeys, Staged};
use super::changelog::Changelog;
use super::error::{MergeError, StoreError};
use super::recent::Changes;
use crate::runtime::sync::lock;
use crate::table::keyed::KeyedTable;
use crate::table::merge::{Merged, Merger};

/// Records that room is made for before any is read.
const FIRST_RECORDS: usize = 1 << 16;

/// A key batch for one bucket.
#[derive(Debug)]
pub(crate) struct Put {
    /// The batch as it came.
    pub(crate) records: Bytes,
    /// How its rows are merged.
    pub(crate) merger: Arc<Merger>,
    /// Whether it replaces rows whatever the merge engine, and deletes them.
    pub(crate) overwrite: bool,
}

/// What a key batch makes: the batch for the log, and the changes of the keys once that is committed.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The changelog, as a log batch without its offset.
    pub(crate) batch: Bytes,
    /// The rows that change.
    pub(crate) changes: Changes,
    /// How many rows more there are.
    pub(crate) rows: i64,
}

impl Put {
    /// A batch that inserts rows of nothing but their key, unless they are there, of a table whose keys hold the whole
    /// primary key.
    pub(crate) fn of_keys(table: &KeyedTable, merger: Arc<Merger>, keys: &[&[u8]]) -> Result<Self, MergeError> {
        let wrong = |record: usize, error: RecordError| MergeError::Record { record, reason: error.to_string() };
        let mut builder = KvBatchBuilder::new();
        for (at, key) in keys.iter().enumerate() {
            builder.upsert_with(key, |out| table.key.write_row(key, out)).map_err(|error| wrong(at, error))?;
        }
        let records = builder.records();
        let body = builder.into_bytes();
        let body_length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let body_checksum = crc32c::crc32c(&body);
        let content = KvContent { schema_id: table.schema_id, records, body_length, body_checksum };
        let head = kv_head(&content, NO_WRITER).map_err(|error| wrong(0, error))?;
        Ok(Self { records: [&head[..], &body].concat().into(), merger, overwrite: false })
    }

    /// The writer of the batch and its sequence; (-1, -1) if it does not number its batches.
    pub(crate) fn writer(&self) -> Result<(i64, i32), MergeError> {
        let batch = KvBatch::parse(&self.records).map_err(MergeError::Damaged)?;
        Ok((batch.writer_id, batch.sequence))
    }
}

impl BucketKeys {
    /// Merges the records of a batch one after the other, each seeing those before it. Nothing is changed yet.
    pub(crate) fn prepare(&self, put: &Put) -> Result<Prepared, MergeError> {
        self.check()?;
        let batch = KvBatch::parse(&put.records).map_err(MergeError::Damaged)?;
        let staged = lock(self.staged());
        // What the batch says is believed as far as it costs little; more room is made as records come.
        let records = (batch.count as usize).min(put.records.len() / 5).min(FIRST_RECORDS);
        let mut merging = Merging {
            keys: self,
            staged: &staged,
            put,
            changelog: Changelog::new(&self.table, records),
            changes: Changes::with_capacity(records),
            rows: 0,
            key: Vec::new(),
            value: Vec::new(),
        };
        for (at, record) in batch.records().enumerate() {
            let fault = |error: RecordError| MergeError::Record { record: at, reason: error.to_string() };
            merging.record(at, record.map_err(fault)?).map_err(|step| match step {
                Step::Refused(error) => error,
                Step::Record(error) => fault(error),
            })?;
        }
        let Merging { changelog, changes, rows, .. } = merging;
        let batch = changelog.finish((batch.writer_id, batch.sequence)).map_err(MergeError::Changes)?;
        Ok(Prepared { batch, changes, rows })
    }
}

/// Why a record is not taken.
enum Step {
    Refused(MergeError),
    Record(RecordError),
}

impl From<RecordError> for Step {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<StoreError> for Step {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

struct Merging<'a> {
    keys: &'a BucketKeys,
    staged: &'a Staged,
    put: &'a Put,
    changelog: Changelog<'a>,
    changes: Changes,
    rows: i64,
    /// The key with its prefix.
    key: Vec<u8>,
    /// The value that is made.
    value: Vec<u8>,
}

impl Merging<'_> {
    fn record(&mut self, at: usize, record: KvRecord<'_>) -> Result<(), Step> {
        check_key_length(record.key, at)?;
        self.keys.full_key(record.key, &mut self.key);
        match record.row {
            Some(row) => {
                if !self.keys.table.key.fits(record.key, row)? {
                    let reason = "its key is not that of its row".to_owned();
                    return Err(Step::Refused(MergeError::Record { record: at, reason }));
                }
                self.upsert(row)
            }
            None => self.delete(at),
        }
    }

    fn old(&self) -> Result<Option<UserValue>, StoreError> {
        match self.changes.get(&*self.key) {
            Some(value) => Ok(value.clone()),
            None => self.keys.latest(self.staged, &self.key),
        }
    }

    fn upsert(&mut self, row: &[u8]) -> Result<(), Step> {
        let table = &*self.keys.table;
        // Such a changelog never says what was there before, so nobody looks.
        if table.image == ChangelogImage::Wal && self.put.merger.is_blind() {
            self.changelog.push(ChangeType::UpdateAfter, row)?;
            self.keep(Merged::New, row);
            return Ok(());
        }
        let old = self.old()?;
        let old_row = old.as_deref().map(row_of).transpose()?;
        self.value.clear();
        self.value.extend_from_slice(&table.schema_id.to_le_bytes());
        let merged = self.put.merger.merge(&table.layout, table.format, old_row, row, &mut self.value)?;
        let new = match merged {
            Merged::Old => return Ok(()),
            Merged::New => row,
            Merged::Made => self.value.get(Value::PREFIX..).unwrap_or_default(),
        };
        match old_row {
            None => {
                self.changelog.push(ChangeType::Insert, new)?;
                self.rows += 1;
            }
            Some(old) => {
                if table.image == ChangelogImage::Full {
                    self.changelog.push(ChangeType::UpdateBefore, old)?;
                }
                self.changelog.push(ChangeType::UpdateAfter, new)?;
            }
        }
        self.keep(merged, row);
        Ok(())
    }

    fn delete(&mut self, at: usize) -> Result<(), Step> {
        let table = &*self.keys.table;
        match table.deletion {
            _ if self.put.overwrite => {}
            DeleteBehavior::Allow => {}
            DeleteBehavior::Ignore => return Ok(()),
            DeleteBehavior::Disable => return Err(Step::Refused(MergeError::DeletionDisabled { record: at })),
        }
        let Some(old) = self.old()? else { return Ok(()) };
        let old_row = row_of(&old)?;
        self.value.clear();
        self.value.extend_from_slice(&table.schema_id.to_le_bytes());
        if self.put.merger.delete(&table.layout, table.format, old_row, &mut self.value)? {
            if table.image == ChangelogImage::Full {
                self.changelog.push(ChangeType::UpdateBefore, old_row)?;
            }
            self.changelog.push(ChangeType::UpdateAfter, self.value.get(Value::PREFIX..).unwrap_or_default())?;
            self.keep(Merged::Made, &[]);
        } else {
            self.changelog.push(ChangeType::Delete, old_row)?;
            self.rows -= 1;
            self.changes.insert((&*self.key).into(), None);
        }
        Ok(())
    }

    /// Takes note of the value that the key has now.
    fn keep(&mut self, merged: Merged, row: &[u8]) {
        if merged == Merged::New {
            self.value.clear();
            self.value.extend_from_slice(&self.keys.table.schema_id.to_le_bytes());
            self.value.extend_from_slice(row);
        }
        self.changes.insert((&*self.key).into(), Some((&*self.value).into()));
    }
}

fn row_of(value: &[u8]) -> Result<&[u8], RecordError> {
    Value::parse(value).map(|value| value.row)
}
