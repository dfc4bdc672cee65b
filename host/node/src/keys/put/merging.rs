//! The records of a key batch merged one after the other with the rows that are there.

use std::ops::Range;

use thalweg_wire::record::{ChangeType, KvRecord, RecordError, Value, check_key_length};
use thalweg_wire::table::{ChangelogImage, DeleteBehavior};

use super::Put;
use crate::keys::bucket_keys::{BucketKeys, Staged};
use crate::keys::changelog::Changelog;
use crate::keys::error::{MergeError, StoreError};
use crate::keys::memory::{Buffer, Full, Hash, Layers, Row, Rows};
use crate::table::keyed::KeyedTable;
use crate::table::merge::{Merged, Merger};
use crate::table::numbering::{Numbering, Numbers};
use crate::table::version::Version;

/// Records whose keys are looked for together: as many as a number has bits.
pub(super) const TOGETHER: usize = u64::BITS as usize;

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

/// A batch that is being merged.
pub(super) struct Merging<'a> {
    /// Into these keys.
    pub(super) keys: &'a BucketKeys,
    /// Their table, by the latest version of its schema.
    pub(super) table: &'a KeyedTable,
    /// The version of the schema that the rows of the batch have.
    pub(super) version: &'a Version,
    /// How they are merged.
    pub(super) merger: &'a Merger,
    /// What is written to the log before it and not committed yet.
    pub(super) staged: &'a Staged,
    /// What is in memory.
    pub(super) recent: &'a Buffer,
    /// Which keys files may have of those that are not in memory.
    pub(super) filter: Option<Layers>,
    /// The batch.
    pub(super) put: &'a Put,
    /// The auto-increment column of the table, and where its numbers come from.
    pub(super) numbering: Option<(&'a Numbering, &'a Numbers)>,
    /// Numbers that the bucket has and that no row has.
    pub(super) range: &'a mut Range<i64>,
    /// Its changes.
    pub(super) changelog: Changelog<'a>,
    /// The rows that change.
    pub(super) changes: Rows,
    /// How many rows more there are.
    pub(super) rows: i64,
    /// A key with its bucket.
    pub(super) full_key: Vec<u8>,
    /// The value that was there.
    pub(super) old: Vec<u8>,
    /// The value that is made.
    pub(super) value: Vec<u8>,
    /// A row of an earlier version with all columns.
    pub(super) wide: Vec<u8>,
    /// The number of a row as the row has it.
    pub(super) number: Vec<u8>,
    /// A value with its number.
    pub(super) filled: Vec<u8>,
}

/// Where the row of a key may be, if not among the changes of its batch.
#[derive(Debug, Clone, Copy)]
struct Sought {
    hash: Hash,
    in_memory: bool,
    in_files: bool,
}

impl Merging<'_> {
    /// Merges records, at most as many as are looked for together, the first of which has this number, and takes them out.
    /// Returns the number of the next one.
    pub(super) fn merge(
        &mut self,
        first: usize,
        records: &mut Vec<Result<KvRecord<'_>, RecordError>>,
    ) -> Result<usize, MergeError> {
        let mut hashes = [Hash::NONE; TOGETHER];
        for (hash, record) in hashes.iter_mut().zip(records.iter()) {
            *hash = record.as_ref().map_or(Hash::NONE, |record| Hash::of(record.key));
        }
        let (hashes, _) = hashes.split_at(records.len().min(TOGETHER));
        let mut in_memory = self.recent.may_have(hashes) | self.staged.may_have(hashes);
        let mut in_files = self.filter.as_ref().map_or(u64::MAX, |filter| filter.may_have_any(hashes));
        let mut at = first;
        for (record, hash) in records.drain(..).zip(hashes) {
            let fault = |error: RecordError| MergeError::Record { record: at, reason: error.to_string() };
            let sought = Sought { hash: *hash, in_memory: in_memory & 1 != 0, in_files: in_files & 1 != 0 };
            self.record(at, record.map_err(fault)?, sought).map_err(|step| match step {
                Step::Refused(error) => error,
                Step::Record(error) => fault(error),
            })?;
            (in_memory, in_files, at) = (in_memory >> 1, in_files >> 1, at + 1);
        }
        Ok(at)
    }

    fn record(&mut self, at: usize, record: KvRecord<'_>, sought: Sought) -> Result<(), Step> {
        check_key_length(record.key, at)?;
        match record.row {
            Some(row) => {
                if !self.version.key.fits(record.key, row)? {
                    let reason = "its key is not that of its row".to_owned();
                    return Err(Step::Refused(MergeError::Record { record: at, reason }));
                }
                let mut wide = std::mem::take(&mut self.wide);
                let row = self.table.widened(self.version.schema_id, row, &mut wide)?;
                let done = self.upsert(record.key, row, sought);
                self.wide = wide;
                done
            }
            None => self.delete(at, record.key, sought),
        }
    }

    /// Reads the value of a key into `old`, with all columns; whether there is one.
    fn read_old(&mut self, sought: Sought, key: &[u8]) -> Result<bool, Step> {
        let found = self.find_old(sought, key)?;
        if found {
            let old = Value::parse(&self.old)?;
            let latest = self.table.latest.schema_id;
            if old.schema_id != latest {
                self.table.widened(old.schema_id, old.row, &mut self.value)?;
                self.old.clear();
                Value { schema_id: latest, row: &self.value }.write(&mut self.old);
            }
        }
        Ok(found)
    }

    /// Reads the value of a key into `old` as it was written; whether there is one.
    fn find_old(&mut self, sought: Sought, key: &[u8]) -> Result<bool, StoreError> {
        let Self { keys, staged, recent, changes, full_key, old, .. } = self;
        let Sought { hash, in_memory, in_files } = sought;
        let in_memory = || in_memory.then(|| staged.get(hash, key).or_else(|| recent.get(hash, key))).flatten();
        let known = changes.get(hash, key).or_else(in_memory);
        match known {
            Some(Some(value)) => {
                old.clear();
                old.extend_from_slice(value);
                Ok(true)
            }
            Some(None) => Ok(false),
            None if !in_files => Ok(false),
            None => keys.get_stored(key, full_key, old),
        }
    }

    fn upsert(&mut self, key: &[u8], row: &[u8], sought: Sought) -> Result<(), Step> {
        let table = self.table;
        // Such a changelog never says what was there before, so nobody looks.
        if table.image == ChangelogImage::Wal && self.merger.is_blind() {
            self.changelog.push(ChangeType::UpdateAfter, row)?;
            return self.keep(sought.hash, key, Merged::New, row);
        }
        let there = self.read_old(sought, key)?;
        self.value.clear();
        self.value.extend_from_slice(&table.latest.schema_id.to_le_bytes());
        let old_row = if there { Some(row_of(&self.old)?) } else { None };
        let merged = self.merger.merge(&table.latest.layout, table.format, old_row, row, &mut self.value)?;
        let merged = match merged {
            Merged::Old => return Ok(()),
            merged if !there => self.number(merged, row)?,
            merged => merged,
        };
        let new = match merged {
            Merged::Made => self.value.get(Value::PREFIX..).unwrap_or_default(),
            _ => row,
        };
        let old_row = if there { Some(row_of(&self.old)?) } else { None };
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
        self.keep(sought.hash, key, merged, row)
    }

    /// Puts the next number into a row that is inserted, where the table has a column for it: the row is in `value` then.
    fn number(&mut self, merged: Merged, row: &[u8]) -> Result<Merged, Step> {
        let Some((numbering, numbers)) = self.numbering else { return Ok(merged) };
        let number = numbering.next(self.range, numbers);
        let number = number.map_err(|failure| Step::Refused(MergeError::Numbers(failure)))?;
        let row = match merged {
            Merged::Made => self.value.get(Value::PREFIX..).unwrap_or_default(),
            _ => row,
        };
        let latest = &self.table.latest;
        self.filled.clear();
        self.filled.extend_from_slice(&latest.schema_id.to_le_bytes());
        let room = (&mut self.number, &mut self.filled);
        numbering.fill(&latest.layout, self.table.format, row, number, room)?;
        std::mem::swap(&mut self.value, &mut self.filled);
        Ok(Merged::Made)
    }

    fn delete(&mut self, at: usize, key: &[u8], sought: Sought) -> Result<(), Step> {
        let table = self.table;
        match table.deletion {
            _ if self.put.overwrite => {}
            DeleteBehavior::Allow => {}
            DeleteBehavior::Ignore => return Ok(()),
            DeleteBehavior::Disable => return Err(Step::Refused(MergeError::DeletionDisabled { record: at })),
        }
        if !self.read_old(sought, key)? {
            return Ok(());
        }
        let old_row = row_of(&self.old)?;
        self.value.clear();
        self.value.extend_from_slice(&table.latest.schema_id.to_le_bytes());
        if self.merger.delete(&table.latest.layout, table.format, old_row, &mut self.value)? {
            if table.image == ChangelogImage::Full {
                self.changelog.push(ChangeType::UpdateBefore, old_row)?;
            }
            self.changelog.push(ChangeType::UpdateAfter, self.value.get(Value::PREFIX..).unwrap_or_default())?;
            self.keep(sought.hash, key, Merged::Made, &[])
        } else {
            self.changelog.push(ChangeType::Delete, old_row)?;
            self.rows -= 1;
            Ok(self.changes.insert(sought.hash, Row { key, value: None })?)
        }
    }

    /// Takes note of the value that the key has now.
    fn keep(&mut self, hash: Hash, key: &[u8], merged: Merged, row: &[u8]) -> Result<(), Step> {
        if merged == Merged::New {
            self.value.clear();
            self.value.extend_from_slice(&self.table.latest.schema_id.to_le_bytes());
            self.value.extend_from_slice(row);
        }
        Ok(self.changes.insert(hash, Row { key, value: Some(&self.value) })?)
    }
}

fn row_of(value: &[u8]) -> Result<&[u8], RecordError> {
    Value::parse(value).map(|value| value.row)
}
