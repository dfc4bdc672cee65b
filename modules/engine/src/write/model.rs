//! A leader as the tests have it: takes batches by the rules of `fluss.md` 3.3 and 3.4, from their real bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use thalweg_wire::{
    column::{Batch as Rows, Column as Values, Values as Lane},
    record::{CheckedMessage, Layout, LogBatch},
    table::{Column, ColumnType, DataType, Schema, TablePath},
};

use super::{BucketReply, Output, Produce, Table, Write};
use crate::api::{BufferId, Codec, Piece, TableHandle, Work, WorkOutput};

/// How many batches of a writer a server remembers.
const REMEMBERED: usize = 5;

/// A table of one column `id BIGINT NOT NULL`; hashed by it or not.
pub(super) fn table(handle: TableHandle, buckets: u32, hashed: bool, leaders: Vec<Option<i32>>) -> Table {
    let column_type = ColumnType { data_type: DataType::BigInt, nullable: false };
    let column = Column { id: 0, name: "id".into(), column_type, comment: None, aggregation: None };
    let schema = Schema { columns: vec![column], primary_key: vec![], auto_increment: vec![], highest_field_id: 0 };
    Table {
        handle,
        path: TablePath { database: "db".into(), table: format!("t{handle}") },
        table_id: 100 + i64::from(handle),
        schema_id: 1,
        schema: Arc::new(schema),
        bucket_keys: if hashed { vec![0] } else { vec![] },
        bucket_count: buckets,
        codec: Codec::None,
        level: 0,
        leaders,
    }
}

/// Rows with these ids.
pub(super) fn rows(ids: &[i64]) -> Rows<'_> {
    Rows { rows: ids.len(), columns: vec![Values { validity: None, values: Lane::Int64(ids) }] }
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
        let Work::Encode { codec: Codec::None, buffers, .. } = work else { panic!("unexpected work") };
        let mut body = Vec::new();
        for buffer in buffers {
            body.extend_from_slice(buffer);
            body.resize(body.len().next_multiple_of(8), 0);
        }
        let checksum = crc(&body);
        self.given += 1;
        self.buffers.insert(self.given, body);
        let lengths = buffers.iter().map(|buffer| buffer.len() as u32).collect();
        WorkOutput::Encoded { buffer: self.given, lengths, checksum }
    }

    /// Drops a buffer, which must be there.
    pub(super) fn release(&mut self, buffer: BufferId) {
        assert!(self.buffers.remove(&buffer).is_some(), "buffer {buffer} was released twice");
    }

    /// The records of each bucket of a request.
    pub(super) fn records(&self, produce: &Produce) -> Vec<(u32, Vec<u8>)> {
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
            (batch.bucket.bucket, records)
        };
        produce.batches.iter().map(record).collect()
    }
}

/// CRC-32C, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (0u32.wrapping_sub(crc & 1))))
    })
}

/// The batches of one writer that a bucket remembers: sequence and first offset.
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
    /// Takes a batch; gives its first offset, or an error code.
    pub(super) fn append(&mut self, records: &[u8]) -> Result<u64, i32> {
        let batch = LogBatch::parse(records).expect("a batch");
        assert!(batch.checksum_is_right(), "wrong checksum");
        assert!(batch.append_only && batch.schema_id == 1 && batch.bytes().len() == records.len());
        let ids = ids(&batch);
        let next = self.rows.len() as u64;
        if batch.writer_id >= 0 {
            if self.forgotten.contains(&batch.writer_id) {
                return Err(31);
            }
            let memory = self.writers.entry(batch.writer_id).or_default();
            if let Some((_, offset)) = memory.iter().find(|(sequence, _)| *sequence == batch.sequence) {
                return Ok(*offset);
            }
            let follows = memory.back().map_or(0, |(last, _)| last.checked_add(1).unwrap_or(0));
            if batch.sequence != follows {
                return Err(31);
            }
            memory.push_back((batch.sequence, next));
            if memory.len() > REMEMBERED {
                memory.pop_front();
            }
        }
        self.rows.extend(ids);
        Ok(next)
    }

    /// Forgets every writer, as a restart without its state would. To a real server the late copy of a first batch is then
    /// as good as new, which no client can help; here it is out of order as all else is.
    pub(super) fn forget_writers(&mut self) {
        self.forgotten.extend(std::mem::take(&mut self.writers).into_keys());
    }
}

fn ids(batch: &LogBatch<'_>) -> Vec<i64> {
    let column_type = ColumnType { data_type: DataType::BigInt, nullable: false };
    let layout = Layout::new([("id", &column_type)]);
    let message = CheckedMessage::of_batch(batch, &layout, 1 << 20).expect("a message");
    let values = &batch.bytes()[message.buffers[1].range.clone()];
    let ids: Vec<i64> = values.as_chunks().0.iter().map(|id| i64::from_le_bytes(*id)).collect();
    assert_eq!(ids.len(), batch.records as usize);
    ids
}

/// An answer for one bucket.
pub(super) fn bucket_reply(bucket: u32, result: Result<u64, i32>) -> BucketReply {
    BucketReply {
        partition: None,
        bucket: bucket as i32,
        code: result.err(),
        message: None,
        base_offset: result.ok().map(|offset| offset as i64),
    }
}

/// All that the stage wants done now.
pub(super) fn outputs(write: &mut Write) -> Vec<Output> {
    std::iter::from_fn(|| write.poll()).collect()
}
