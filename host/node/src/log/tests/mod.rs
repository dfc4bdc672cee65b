//! Logs of buckets, without a network: what is written is read, also after a crash, and nothing else.

mod append;
mod recovery;
mod retention;
mod writers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use thalweg_wire::record::{BatchContent, BatchHead, LogBatches};

use super::batch::{Batch, split};
use super::{AppendError, Log, LogSettings};
use crate::ids::BucketId;
use crate::options::Durability;

const ID: BucketId = BucketId { table: 7, partition: None, bucket: 0 };
const HEADER: usize = 48;

fn settings() -> LogSettings {
    LogSettings {
        durability: Durability::Os,
        segment_bytes: 1 << 20,
        writers: 100,
        writer_age: Duration::from_secs(1000),
        room: Arc::new(AtomicU64::new(u64::MAX)),
    }
}

fn open(folder: &Path, settings: &LogSettings) -> Log {
    super::open(ID, &folder.join("7/0"), &Arc::new(settings.clone())).unwrap()
}

/// A batch of so many rows, with a body of so many bytes.
fn raw(writer: (i64, i32), rows: u32, body: usize) -> Vec<u8> {
    let body = vec![b'x'; body];
    let content = BatchContent {
        schema_id: 1,
        writer,
        records: rows,
        changes: None,
        message: &[],
        body_length: body.len() as u32,
        body_checksum: crc32c::crc32c(&body),
    };
    let mut bytes = BatchHead::encode(&content).unwrap().into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}

fn batches(parts: &[Vec<u8>]) -> Vec<Batch> {
    split(&Bytes::from(parts.concat())).unwrap()
}

fn anonymous(rows: u32, body: usize) -> Vec<Batch> {
    batches(&[raw((-1, -1), rows, body)])
}

fn write(log: &Log, batches: &[Batch], now: i64) -> Result<i64, AppendError> {
    if log.is_full(batches.iter().map(|batch| batch.bytes.len()).sum()) {
        log.roll()?;
    }
    let offset = log.append(batches, now)?;
    log.commit().map(|()| offset)
}

/// Base offset, rows and time of the batches that are read from an offset on.
fn read(log: &Log, offset: i64, most: usize, one: bool) -> Vec<(i64, u32, i64)> {
    let bytes = log.read(offset, most, one).unwrap();
    LogBatches::new(&bytes)
        .map(|batch| {
            let (_, batch) = batch.unwrap();
            assert!(batch.checksum_is_right());
            (batch.base_offset, batch.records, batch.commit_timestamp)
        })
        .collect()
}

fn read_all(log: &Log) -> Vec<(i64, u32, i64)> {
    let mut all = Vec::new();
    let mut offset = log.start();
    while offset < log.high_watermark() {
        let some = read(log, offset, 1 << 16, true);
        let (base, rows, _) = *some.last().unwrap();
        offset = base + i64::from(rows.max(1));
        all.extend(some);
    }
    all
}
