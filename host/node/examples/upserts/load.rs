//! What is written: rows of `id BIGINT, name STRING, amount DOUBLE` by id, in batches of one bucket, made ahead.

use std::collections::VecDeque;

use thalweg_wire::message::{PbPutKvReqForBucket, PutKvRequest};
use thalweg_wire::record::{KvBatchBuilder, KvContent, NO_WRITER, RowFormat, Scalar, kv_head};
use thalweg_wire::table::DataType;

/// Rows of a batch.
pub(super) const ROWS: usize = 10_000;

/// A table or partition, and the day that its rows have if it is one.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) id: i64,
    pub(super) partition: Option<i64>,
    pub(super) day: Option<String>,
}

/// Batches for the buckets of a table, in turns.
pub(super) struct Batches(pub(super) VecDeque<PutKvRequest>);

impl Batches {
    /// So many new rows for so many buckets, their keys rising in each, or all over.
    pub(super) fn new(table: Table, buckets: u32, rows: usize, scattered: bool) -> Self {
        let each = rows / buckets as usize;
        let id = |n: usize, bucket: u32| {
            let n = (n * buckets as usize) as i64 + i64::from(bucket);
            // A permutation of the numbers of 40 bits.
            if scattered { n.wrapping_mul(0x9e_3779_b97f) & 0xff_ffff_ffff } else { n }
        };
        let batches = (0..each).step_by(ROWS).flat_map(|from| {
            let table = &table;
            (0..buckets).map(move |bucket| batch(table, bucket, (from..(from + ROWS).min(each)).map(|n| id(n, bucket))))
        });
        Self(batches.collect())
    }
}

/// The row of a key and the key itself.
fn encode(id: i64, day: Option<&str>, key: &mut Vec<u8>, row: &mut Vec<u8>) {
    key.clear();
    row.clear();
    write(Scalar::BigInt(id), &DataType::BigInt, key);
    row.push(0);
    row.extend_from_slice(key);
    write(Scalar::Bytes(format!("customer number {id}").as_bytes()), &DataType::String, row);
    write(Scalar::Double(id as f64 * 0.01), &DataType::Double, row);
    if let Some(day) = day {
        write(Scalar::Bytes(day.as_bytes()), &DataType::String, row);
    }
}

fn write(value: Scalar<'_>, data_type: &DataType, out: &mut Vec<u8>) {
    value.write("", data_type, RowFormat::Compacted, out).expect("it is a value of the type");
}

/// A batch of these rows.
pub(super) fn batch(table: &Table, bucket: u32, ids: impl Iterator<Item = i64>) -> PutKvRequest {
    let (mut key, mut row) = (Vec::new(), Vec::new());
    let mut builder = KvBatchBuilder::new();
    for id in ids {
        encode(id, table.day.as_deref(), &mut key, &mut row);
        builder.upsert(&key, &row).expect("it is short");
    }
    let records = builder.records();
    let body = builder.into_bytes();
    let (body_length, body_checksum) = (body.len() as u32, crc32c::crc32c(&body));
    let head = kv_head(&KvContent { schema_id: 1, records, body_length, body_checksum }, NO_WRITER).expect("short");
    let part = PbPutKvReqForBucket {
        partition_id: table.partition,
        bucket_id: bucket as i32,
        records: [&head[..], &body].concat().into(),
        ..Default::default()
    };
    PutKvRequest { acks: -1, table_id: table.id, timeout_ms: 60_000, buckets_req: vec![part], ..Default::default() }
}
