//! Merging a key batch with the rows that are there, which makes its changelog (`fluss.md` 3.5).

use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::record::{
    ChangeType, KvBatch, KvBatchBuilder, KvContent, KvRecord, NO_WRITER, RecordError, Value, check_key_length, kv_head,
};
use thalweg_wire::table::{ChangelogImage, DeleteBehavior};

use super::bucket_keys::{BucketKeys, Staged};
use super::changelog::Changelog;
use super::error::{MergeError, StoreError};
use super::memory::{Buffer, Full, Hash, Row, Rows};
use crate::runtime::sync::lock;
use crate::table::keyed::KeyedTable;
use crate::table::merge::{Merged, Merger};

/// Records that room is made for before any is read.
const FIRST_RECORDS: usize = 1 << 16;

/// A key batch for one bucket.
#[derive(Debug)]
pub(crate) struct Put {
    /// The batch as it came; its checksum is right.
    records: Bytes,
    /// How many records it says it has.
    count: u32,
    /// Its writer and its sequence; (-1, -1) if that does not number its batches.
    writer: (i64, i32),
    /// How its rows are merged.
    merger: Arc<Merger>,
    /// Whether it replaces rows whatever the merge engine, and deletes them.
    overwrite: bool,
}

/// What a key batch makes: the batch for the log, and the changes of the keys once that is committed.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The changelog, as a log batch without its offset.
    pub(crate) batch: Bytes,
    /// The rows that change.
    pub(crate) changes: Rows,
    /// How many rows more there are.
    pub(crate) rows: i64,
}

impl Put {
    /// A batch whose rows are merged so.
    pub(crate) fn new(batch: &KvBatch<'_>, records: Bytes, merger: Arc<Merger>, overwrite: bool) -> Self {
        let writer = (batch.writer_id, batch.sequence);
        Self { records, count: batch.count, writer, merger, overwrite }
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> usize {
        self.records.len()
    }

    /// The writer of the batch and its sequence; (-1, -1) if it does not number its batches.
    pub(crate) fn writer(&self) -> (i64, i32) {
        self.writer
    }

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
        let records = [&head[..], &body].concat().into();
        Ok(Self { records, count: content.records, writer: NO_WRITER, merger, overwrite: false })
    }
}

impl BucketKeys {
    /// Merges the records of a batch one after the other, each seeing those before it. Nothing is changed yet.
    pub(crate) fn prepare(&self, put: &Put) -> Result<Prepared, MergeError> {
        self.check()?;
        let (staged, recent) = (lock(self.staged()), self.recent());
        // What the batch says is believed as far as it costs little; more room is made as records come.
        let records = (put.count as usize).min(put.records.len() / 5).min(FIRST_RECORDS);
        let mut merging = Merging {
            keys: self,
            staged: &staged,
            recent: &recent,
            put,
            changelog: Changelog::new(&self.table, records),
            changes: Rows::with_capacity(records),
            rows: 0,
            full_key: Vec::new(),
            old: Vec::new(),
            value: Vec::new(),
        };
        for (at, record) in KvRecord::all(&put.records, put.count).enumerate() {
            let fault = |error: RecordError| MergeError::Record { record: at, reason: error.to_string() };
            merging.record(at, record.map_err(fault)?).map_err(|step| match step {
                Step::Refused(error) => error,
                Step::Record(error) => fault(error),
            })?;
        }
        let Merging { changelog, changes, rows, .. } = merging;
        let batch = changelog.finish(put.writer).map_err(MergeError::Changes)?;
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

impl From<Full> for Step {
    fn from(full: Full) -> Self {
        Self::from(StoreError::from(full))
    }
}

struct Merging<'a> {
    keys: &'a BucketKeys,
    staged: &'a Staged,
    recent: &'a Buffer,
    put: &'a Put,
    changelog: Changelog<'a>,
    changes: Rows,
    rows: i64,
    /// A key with its bucket.
    full_key: Vec<u8>,
    /// The value that was there.
    old: Vec<u8>,
    /// The value that is made.
    value: Vec<u8>,
}

impl Merging<'_> {
    fn record(&mut self, at: usize, record: KvRecord<'_>) -> Result<(), Step> {
        check_key_length(record.key, at)?;
        match record.row {
            Some(row) => {
                if !self.keys.table.key.fits(record.key, row)? {
                    let reason = "its key is not that of its row".to_owned();
                    return Err(Step::Refused(MergeError::Record { record: at, reason }));
                }
                self.upsert(record.key, row)
            }
            None => self.delete(at, record.key),
        }
    }

    /// Reads the value of a key into `old`; whether there is one.
    fn read_old(&mut self, hash: Hash, key: &[u8]) -> Result<bool, StoreError> {
        let Self { keys, staged, recent, changes, full_key, old, .. } = self;
        let known = changes.get(hash, key).or_else(|| staged.get(hash, key)).or_else(|| recent.get(hash, key));
        match known {
            Some(Some(value)) => {
                old.clear();
                old.extend_from_slice(value);
                Ok(true)
            }
            Some(None) => Ok(false),
            None => keys.get_stored(key, full_key, old),
        }
    }

    fn upsert(&mut self, key: &[u8], row: &[u8]) -> Result<(), Step> {
        let table = &*self.keys.table;
        let hash = Hash::of(key);
        // Such a changelog never says what was there before, so nobody looks.
        if table.image == ChangelogImage::Wal && self.put.merger.is_blind() {
            self.changelog.push(ChangeType::UpdateAfter, row)?;
            return self.keep(hash, key, Merged::New, row);
        }
        let there = self.read_old(hash, key)?;
        let old_row = if there { Some(row_of(&self.old)?) } else { None };
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
        self.keep(hash, key, merged, row)
    }

    fn delete(&mut self, at: usize, key: &[u8]) -> Result<(), Step> {
        let table = &*self.keys.table;
        match table.deletion {
            _ if self.put.overwrite => {}
            DeleteBehavior::Allow => {}
            DeleteBehavior::Ignore => return Ok(()),
            DeleteBehavior::Disable => return Err(Step::Refused(MergeError::DeletionDisabled { record: at })),
        }
        let hash = Hash::of(key);
        if !self.read_old(hash, key)? {
            return Ok(());
        }
        let old_row = row_of(&self.old)?;
        self.value.clear();
        self.value.extend_from_slice(&table.schema_id.to_le_bytes());
        if self.put.merger.delete(&table.layout, table.format, old_row, &mut self.value)? {
            if table.image == ChangelogImage::Full {
                self.changelog.push(ChangeType::UpdateBefore, old_row)?;
            }
            self.changelog.push(ChangeType::UpdateAfter, self.value.get(Value::PREFIX..).unwrap_or_default())?;
            self.keep(hash, key, Merged::Made, &[])
        } else {
            self.changelog.push(ChangeType::Delete, old_row)?;
            self.rows -= 1;
            Ok(self.changes.insert(hash, Row { key, value: None })?)
        }
    }

    /// Takes note of the value that the key has now.
    fn keep(&mut self, hash: Hash, key: &[u8], merged: Merged, row: &[u8]) -> Result<(), Step> {
        if merged == Merged::New {
            self.value.clear();
            self.value.extend_from_slice(&self.keys.table.schema_id.to_le_bytes());
            self.value.extend_from_slice(row);
        }
        Ok(self.changes.insert(hash, Row { key, value: Some(&self.value) })?)
    }
}

fn row_of(value: &[u8]) -> Result<&[u8], RecordError> {
    Value::parse(value).map(|value| value.row)
}
