//! Merging a key batch with the rows that are there, which makes its changelog (`fluss.md` 3.5).
//!
//! ```text
//! merging   record by record
//! ```

mod merging;

use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::record::{KvBatch, KvBatchBuilder, KvContent, KvRecord, NO_WRITER, RecordError, kv_head};

use self::merging::{Merging, TOGETHER};
use super::bucket_keys::BucketKeys;
use super::changelog::Changelog;
use super::error::MergeError;
use super::memory::Rows;
use crate::runtime::sync::lock;
use crate::table::keyed::KeyedTable;
use crate::table::merge::Merger;

/// Records that room is made for before any is read.
const FIRST_RECORDS: usize = 1 << 16;
/// Bytes that a row in memory takes beyond what its record takes in a batch, about.
const BEYOND_RECORD: usize = 4;

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
            filter: self.filter(),
            put,
            changelog: Changelog::new(&self.table, records),
            changes: Rows::with_capacity(records, put.records.len() + records * BEYOND_RECORD),
            rows: 0,
            full_key: Vec::new(),
            old: Vec::new(),
            value: Vec::new(),
        };
        let mut all = KvRecord::all(&put.records, put.count);
        let mut together = Vec::with_capacity(TOGETHER);
        let mut first = 0;
        loop {
            together.extend(all.by_ref().take(TOGETHER));
            if together.is_empty() {
                break;
            }
            first = merging.merge(first, &mut together)?;
        }
        let Merging { changelog, changes, rows, .. } = merging;
        let batch = changelog.finish(put.writer).map_err(MergeError::Changes)?;
        Ok(Prepared { batch, changes, rows })
    }
}
