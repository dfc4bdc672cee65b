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
use crate::failure::Failure;
use crate::runtime::sync::lock;
use crate::table::keyed::{KeyedTable, unknown};
use crate::table::merge::Merger;
use crate::table::numbering::Numbers;

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
    /// The version of the schema that its rows have.
    schema_id: i16,
    /// The columns that it writes; none: all.
    target: Vec<i32>,
    /// How its rows are merged, by the version of the schema that was the latest when it came.
    merger: (i16, Arc<Merger>),
    /// Whether it replaces rows whatever the merge engine, and deletes them.
    overwrite: bool,
    /// Where numbers of an auto-increment column come from.
    numbers: Option<Numbers>,
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
    /// A batch that writes the columns at `target`, or all where there are none. Fails if the table cannot merge these.
    pub(crate) fn new(
        batch: &KvBatch<'_>,
        records: Bytes,
        table: &KeyedTable,
        target: &[i32],
        overwrite: bool,
    ) -> Result<Self, Failure> {
        let (writer, schema_id) = ((batch.writer_id, batch.sequence), batch.schema_id);
        let merger = (table.latest.schema_id, table.merger(target, overwrite)?);
        let (count, target, numbers) = (batch.count, target.to_vec(), None);
        Ok(Self { records, count, writer, schema_id, target, merger, overwrite, numbers })
    }

    /// Has rows that are inserted get numbers from here, where the table has an auto-increment column.
    pub(crate) fn numbered(self, numbers: Numbers) -> Self {
        Self { numbers: Some(numbers), ..self }
    }

    /// How its rows are merged by the version of the schema that is the latest now: there may be more columns.
    fn merger(&self, table: &KeyedTable) -> Result<Arc<Merger>, MergeError> {
        let (version, merger) = &self.merger;
        if *version == table.latest.schema_id {
            return Ok(Arc::clone(merger));
        }
        let failed = |failure: Failure| MergeError::Record { record: 0, reason: failure.text };
        table.merger(&self.target, self.overwrite).map_err(failed)
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
    pub(crate) fn of_keys(table: &KeyedTable, keys: &[&[u8]]) -> Result<Self, Failure> {
        let wrong = |record: usize, error: RecordError| MergeError::Record { record, reason: error.to_string() };
        let mut builder = KvBatchBuilder::new();
        for (at, key) in keys.iter().enumerate() {
            builder.upsert_with(key, |out| table.latest.key.write_row(key, out)).map_err(|error| wrong(at, error))?;
        }
        let records = builder.records();
        let body = builder.into_bytes();
        let body_length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let body_checksum = crc32c::crc32c(&body);
        let content = KvContent { schema_id: table.latest.schema_id, records, body_length, body_checksum };
        let head = kv_head(&content, NO_WRITER).map_err(|error| wrong(0, error))?;
        let records: Bytes = [&head[..], &body].concat().into();
        let target: Vec<i32> = table.primary_key.iter().filter_map(|at| i32::try_from(*at).ok()).collect();
        let batch = KvBatch::parse(&records).map_err(|error| wrong(0, error))?;
        Self::new(&batch, records.clone(), table, &target, false)
    }
}

impl BucketKeys {
    /// Merges the records of a batch one after the other, each seeing those before it. Nothing is changed yet.
    pub(crate) fn prepare(&self, put: &Put) -> Result<Prepared, MergeError> {
        self.check()?;
        let table = self.table();
        let merger = put.merger(&table)?;
        let version = table.version(put.schema_id).ok_or_else(|| MergeError::Damaged(unknown(put.schema_id)))?;
        let numbering = table.numbering.as_ref().zip(put.numbers.as_ref());
        if numbering.is_none() && table.numbering.is_some() {
            return Err(MergeError::Numbers(Failure::invalid_table("There is nowhere to take numbers of rows from.")));
        }
        let (staged, recent, mut range) = (lock(self.staged()), self.recent(), lock(self.range()));
        // What the batch says is believed as far as it costs little; more room is made as records come.
        let records = (put.count as usize).min(put.records.len() / 5).min(FIRST_RECORDS);
        let mut merging = Merging {
            keys: self,
            table: &table,
            version,
            merger: &merger,
            staged: &staged,
            recent: &recent,
            filter: self.filter(),
            put,
            numbering,
            range: &mut range,
            changelog: Changelog::new(&table, records),
            changes: Rows::with_capacity(records, put.records.len() + records * BEYOND_RECORD),
            rows: 0,
            full_key: Vec::new(),
            old: Vec::new(),
            value: Vec::new(),
            wide: Vec::new(),
            number: Vec::new(),
            filled: Vec::new(),
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
