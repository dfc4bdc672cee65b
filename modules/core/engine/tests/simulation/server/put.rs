//! Changes of keys in the model: what PutKv requests do to a bucket.

use thalweg_wire::{message::*, record::KvBatches};

use super::{Bucket, Cluster};

/// A change that a bucket took.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) key: Vec<u8>,
    /// The columns that its row has; empty: all.
    pub(crate) columns: Vec<i32>,
    /// `None`: the key is deleted.
    pub(crate) row: Option<Vec<u8>>,
}

impl Cluster {
    pub(super) fn put(&mut self, server: i32, request: &PutKvRequest) -> PutKvResponse {
        let answer = |entry: &PbPutKvReqForBucket| {
            let bucket = self.bucket(server, request.table_id, entry.partition_id, entry.bucket_id);
            let end = bucket.and_then(|bucket| bucket.put(&entry.records, &request.target_columns));
            PbPutKvRespForBucket {
                partition_id: entry.partition_id,
                bucket_id: entry.bucket_id,
                error_code: end.err(),
                log_end_offset: end.ok(),
                ..Default::default()
            }
        };
        PutKvResponse { buckets_resp: request.buckets_req.iter().map(answer).collect() }
    }
}

impl Bucket {
    /// Takes a batch; the end of the log behind its changes, or an error code.
    fn put(&mut self, records: &[u8], columns: &[i32]) -> Result<i64, i32> {
        let mut batches = KvBatches::new(records);
        let (Some(Ok(batch)), None) = (batches.next(), batches.next()) else { return Err(14) };
        let changes = batch.records().map(|record| {
            let record = record.map_err(|_| 14)?;
            let (key, row) = (record.key.to_vec(), record.row.map(<[u8]>::to_vec));
            Ok(Change { key, columns: columns.to_vec(), row })
        });
        let changes: Vec<Change> = changes.collect::<Result<_, i32>>()?;
        let end = self.end + changes.len() as i64;
        if let Some(known) = self.follow(batch.writer_id, batch.sequence, end)? {
            return Ok(known);
        }
        self.changes.extend(changes);
        self.end = end;
        Ok(end)
    }
}
