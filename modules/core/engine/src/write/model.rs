//! A leader as the tests have it: takes batches by the rules of `fluss.md` 3.3 and 3.4, from their real bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use thalweg_wire::{
    column::{Batch as Rows, Column as Values, Values as BucketQueue},
    record::{CheckedMessage, KvBatches, KvRecord, Layout, LogBatch},
    table::{ColumnType, DataType, Schema, TableDescriptor, TablePath},
};

use super::{BucketReply, Output, Produce, Table, Write};
use thalweg_contract::{Bucket, BufferId, Codec, Piece, TableHandle, TableInfo, Work, WorkOutput};

/// How many batches of a writer a server remembers.
const REMEMBERED: usize = 5;

/// A table of one column `id BIGINT NOT NULL`; hashed by it or not.
pub(super) fn table(handle: TableHandle, buckets: u32, hashed: bool, leaders: Vec<Option<i32>>) -> Table {
    let bucket_keys: &[&str] = if hashed { &["id"] } else { &[] };
    let mut info = info("id BIGINT NOT NULL", bucket_keys, &[("table.log.arrow.compression.type", "NONE")]);
    info.path.table = format!("t{handle}");
    info.table_id = 100 + i64::from(handle);
    info.descriptor.bucket_count = Some(buckets);
    Table { handle, info: Arc::new(info), leaders }
}

/// A table of `id BIGINT NOT NULL` that is its key, and of `p STRING NOT NULL`, which names its partitions.
pub(super) fn keyed(handle: TableHandle, buckets: u32, partitioned: bool, leaders: Vec<Option<i32>>) -> Table {
    let mut table = shaped(handle, buckets, partitioned, leaders);
    let info = Arc::make_mut(&mut table.info);
    info.descriptor.schema.primary_key = if partitioned { vec![0, 1] } else { vec![0] };
    table
}

/// A log table of `id BIGINT NOT NULL` and of `p STRING NOT NULL`, which names its partitions.
pub(super) fn shaped(handle: TableHandle, buckets: u32, partitioned: bool, leaders: Vec<Option<i32>>) -> Table {
    let mut table = table(handle, buckets, false, leaders);
    let info = Arc::make_mut(&mut table.info);
    info.descriptor.schema = Schema::parse_sql("id BIGINT NOT NULL, p STRING NOT NULL").expect("columns");
    info.descriptor.partition_keys = if partitioned { vec!["p".into()] } else { vec![] };
    table
}

/// What the catalogue says of a table of three buckets with these columns, bucket key and properties.
pub(super) fn info(columns: &str, bucket_keys: &[&str], properties: &[(&str, &str)]) -> TableInfo {
    let mut descriptor = TableDescriptor::new(Schema::parse_sql(columns).expect("columns"));
    descriptor.bucket_keys = bucket_keys.iter().map(|key| String::from(*key)).collect();
    descriptor.bucket_count = Some(3);
    let properties = properties.iter().map(|(name, value)| (String::from(*name), String::from(*value)));
    descriptor.properties = properties.collect();
    let path = TablePath { database: "db".into(), table: "t".into() };
    TableInfo { path, table_id: 1, schema_id: 1, descriptor, created: 0, modified: 0 }
}

/// Rows with these ids.
pub(super) fn rows(ids: &[i64]) -> Rows<'_> {
    Rows { rows: ids.len(), columns: vec![Values { validity: None, values: BucketQueue::Int64(ids) }] }
}

/// The texts of a column, one letter each.
#[derive(Debug)]
pub(super) struct Letters {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
}

impl Letters {
    /// `a` to the letter of this number, in turns by the id.
    pub(super) fn of(ids: &[i64], count: u32) -> Self {
        let letter = |id: &i64| b'a' + (id % i64::from(count.max(1))) as u8;
        Self { offsets: (0..=ids.len() as i32).collect(), bytes: ids.iter().map(letter).collect() }
    }

    /// Rows with these ids and letters.
    pub(super) fn rows<'a>(&'a self, ids: &'a [i64]) -> Rows<'a> {
        let mut rows = rows(ids);
        let values = BucketQueue::Spans { offsets: &self.offsets, bytes: &self.bytes };
        rows.columns.push(Values { validity: None, values });
        rows
    }
}

/// What the host does for the stage: holds buffers and does work, strictly.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) buffers: HashMap<BufferId, Vec<u8>>,
    given: BufferId,
}

impl Host {
    /// Encodes, without compression.
    pub(super) fn work(&mut self, work: &Work) -> WorkOutput {
        let mut body = Vec::new();
        let lengths = match work {
            Work::Encode { codec: Codec::None, buffers, .. } => {
                for buffer in buffers {
                    body.extend_from_slice(buffer);
                    body.resize(body.len().next_multiple_of(8), 0);
                }
                buffers.iter().map(|buffer| buffer.len() as u32).collect()
            }
            Work::Keep(bytes) => {
                body.extend_from_slice(bytes);
                vec![bytes.len() as u32]
            }
            other => panic!("unexpected work: {other:?}"),
        };
        let checksum = crc32c::crc32c(&body);
        self.given += 1;
        self.buffers.insert(self.given, body);
        WorkOutput::Encoded { buffer: self.given, lengths, checksum }
    }

    /// Drops a buffer, which must be there.
    pub(super) fn release(&mut self, buffer: BufferId) {
        assert!(self.buffers.remove(&buffer).is_some(), "buffer {buffer} was released twice");
    }

    /// The records of each bucket of a request.
    pub(super) fn records(&self, produce: &Produce) -> Vec<(Bucket, Vec<u8>)> {
        let record = |batch: &super::Outgoing| {
            let mut records = Vec::new();
            for piece in [Piece::Inline(batch.head.clone()), Piece::Held(batch.body)] {
                match piece {
                    Piece::Inline(bytes) => records.extend(bytes),
                    Piece::Held(range) => {
                        let body = self.buffers.get(&range.buffer).expect("a held buffer");
                        records.extend_from_slice(&body[range.offset as usize..][..range.length as usize]);
                    }
                }
            }
            (batch.bucket, records)
        };
        produce.batches.iter().map(record).collect()
    }
}

/// The batches of one writer that a bucket remembers: sequence and what it was answered with.
type Memory = VecDeque<(i32, u64)>;

/// The log of one bucket.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The ids of the rows.
    pub(super) rows: Vec<i64>,
    writers: BTreeMap<i64, Memory>,
    /// Writers that were forgotten.
    forgotten: BTreeSet<i64>,
}

impl Log {
    /// Takes a log batch and gives its first offset, or a key batch and gives the end behind its changes, or an error
    /// code.
    pub(super) fn append(&mut self, records: &[u8], keyed: bool) -> Result<u64, i32> {
        let (writer, sequence, ids) = if keyed {
            let (writer, sequence, changes) = key_batch(records);
            (writer, sequence, changes.into_iter().map(|(id, _)| id).collect())
        } else {
            log_batch(records)
        };
        let next = self.rows.len() as u64;
        let answer = if keyed { next + ids.len() as u64 } else { next };
        if writer >= 0 {
            if self.forgotten.contains(&writer) {
                return Err(31);
            }
            let memory = self.writers.entry(writer).or_default();
            if let Some((_, answer)) = memory.iter().find(|(known, _)| *known == sequence) {
                return Ok(*answer);
            }
            let follows = memory.back().map_or(0, |(last, _)| last.checked_add(1).unwrap_or(0));
            if sequence != follows {
                return Err(31);
            }
            memory.push_back((sequence, answer));
            if memory.len() > REMEMBERED {
                memory.pop_front();
            }
        }
        self.rows.extend(ids);
        Ok(answer)
    }

    /// Forgets every writer, as a restart without its state would. To a real server the late copy of a first batch is then
    /// as good as new, which no client can help; here it is out of order as all else is.
    pub(super) fn forget_writers(&mut self) {
        self.forgotten.extend(std::mem::take(&mut self.writers).into_keys());
    }
}

/// Writer, sequence and the ids of the rows.
fn log_batch(records: &[u8]) -> (i64, i32, Vec<i64>) {
    let batch = LogBatch::parse(records).expect("a batch");
    assert!(batch.checksum_is_right(), "wrong checksum");
    assert!(batch.append_only && batch.schema_id == 1 && batch.bytes().len() == records.len());
    (batch.writer_id, batch.sequence, ids(&batch))
}

fn ids(batch: &LogBatch<'_>) -> Vec<i64> {
    let (id, p) = (DataType::BigInt, DataType::String);
    let [id, p] = [id, p].map(|data_type| ColumnType { data_type, nullable: false });
    let layouts = [Layout::new([("id", &id)]), Layout::new([("id", &id), ("p", &p)])];
    let message = layouts.iter().find_map(|layout| CheckedMessage::of_batch(batch, layout, 1 << 20).ok());
    let message = message.expect("a message");
    let values = &batch.bytes()[message.buffers[1].range.clone()];
    let ids: Vec<i64> = values.as_chunks().0.iter().map(|id| i64::from_le_bytes(*id)).collect();
    assert!(ids.len() >= batch.records as usize);
    ids[..batch.records as usize].to_vec()
}

/// Of a key batch: writer, sequence, and in order the ids that are its keys, with whether they have a row.
pub(super) fn key_batch(records: &[u8]) -> (i64, i32, Vec<(i64, bool)>) {
    let mut batches = KvBatches::new(records);
    let batch = batches.next().expect("a batch").expect("a sound one");
    assert!(batches.next().is_none() && batch.schema_id == 1, "one batch for each bucket");
    let change = |record: KvRecord<'_>| {
        // A BIGINT in a key: 7 bits a byte, the lowest first (`fluss.md` 2.9).
        let id = record.key.iter().rev().fold(0, |id, byte| id << 7 | i64::from(byte & 0x7f));
        (id, record.row.is_some())
    };
    let changes = batch.records().map(|record| change(record.expect("a sound record")));
    (batch.writer_id, batch.sequence, changes.collect())
}

/// An answer for one bucket.
pub(super) fn bucket_reply(bucket: Bucket, result: Result<u64, i32>) -> BucketReply {
    BucketReply {
        partition: bucket.partition,
        bucket: bucket.bucket as i32,
        code: result.err(),
        message: None,
        offset: result.ok().map(|offset| offset as i64),
    }
}

/// All that the stage wants done now.
pub(super) fn outputs(write: &mut Write) -> Vec<Output> {
    std::iter::from_fn(|| write.poll()).collect()
}
