//! Keys of the model: scans of their rows, and how many there are.

use thalweg_wire::{message::*, record::ValueBatchBuilder};

use super::Cluster;

/// A snapshot that is being read.
#[derive(Debug)]
pub(crate) struct Scanner {
    values: Vec<Vec<u8>>,
    server: i32,
    sequence: i32,
}

impl Cluster {
    pub(super) fn limit_scan(&mut self, server: i32, request: &LimitScanRequest) -> LimitScanResponse {
        let table = self.tables.values().find(|table| table.id == request.table_id);
        let keyed = table.is_some_and(|table| !table.descriptor.schema.primary_key.is_empty());
        let (limit, clock) = (request.limit as usize, self.clock);
        match self.bucket(server, request.table_id, request.partition_id, request.bucket_id) {
            Err(code) => LimitScanResponse {
                error_code: Some(code),
                error_message: Some(format!("at {clock}")),
                ..Default::default()
            },
            Ok(bucket) if keyed => {
                let records = batch(bucket.values.iter().take(limit));
                LimitScanResponse { is_log_table: Some(false), records: Some(records.into()), ..Default::default() }
            }
            Ok(bucket) => {
                let from = (bucket.end - limit as i64).max(bucket.first);
                let records = bucket.read(from, usize::MAX, true);
                LimitScanResponse { is_log_table: Some(true), records: Some(records.into()), ..Default::default() }
            }
        }
    }

    pub(super) fn scan_kv(&mut self, server: i32, request: &ScanKvRequest) -> ScanKvResponse {
        let refused = |code| ScanKvResponse { error_code: Some(code), ..Default::default() };
        let (id, log_offset) = match (&request.bucket_scan_req, &request.scanner_id) {
            (Some(at), None) => match self.bucket(server, at.table_id, at.partition_id, at.bucket_id) {
                Err(code) => return refused(code),
                Ok(bucket) => {
                    let (values, end) = (bucket.values.clone(), bucket.end);
                    if values.is_empty() {
                        return ScanKvResponse {
                            has_more_results: Some(false),
                            log_offset: Some(end),
                            ..Default::default()
                        };
                    }
                    self.next_scanner += 1;
                    let id = self.next_scanner.to_be_bytes().to_vec();
                    self.scanners.insert(id.clone(), Scanner { values, server, sequence: -1 });
                    (id, Some(end))
                }
            },
            (None, Some(id)) => (id.to_vec(), None),
            _ => return refused(68),
        };
        if request.close_scanner == Some(true) {
            self.scanners.remove(&id);
            return ScanKvResponse { has_more_results: Some(false), ..Default::default() };
        }
        let Some(scanner) = self.scanners.get_mut(&id).filter(|scanner| scanner.server == server) else {
            return refused(67);
        };
        let size = request.batch_size_bytes.unwrap_or(0);
        if size <= 0 || request.call_seq_id != Some(scanner.sequence + 1) {
            return refused(68);
        }
        scanner.sequence += 1;
        let mut taken = 0;
        let mut bytes = 0;
        while taken < scanner.values.len() && (taken == 0 || bytes < size as usize) {
            bytes += scanner.values[taken].len();
            taken += 1;
        }
        let records = batch(scanner.values.drain(..taken).collect::<Vec<_>>().iter());
        let more = !scanner.values.is_empty();
        if !more {
            self.scanners.remove(&id);
        }
        ScanKvResponse {
            scanner_id: Some(id.into()),
            has_more_results: Some(more),
            records: Some(records.into()),
            log_offset,
            ..Default::default()
        }
    }

    pub(super) fn stats(&mut self, server: i32, request: &GetTableStatsRequest) -> GetTableStatsResponse {
        let answer = |at: &PbTableStatsReqForBucket| {
            let count = self.bucket(server, request.table_id, at.partition_id, at.bucket_id);
            let count = count.map(|bucket| bucket.values.len() as i64);
            PbTableStatsRespForBucket {
                error_code: count.err(),
                error_message: None,
                partition_id: at.partition_id,
                bucket_id: at.bucket_id,
                row_count: count.ok(),
            }
        };
        GetTableStatsResponse { buckets_resp: request.buckets_req.iter().map(answer).collect() }
    }
}

fn batch<'a>(values: impl Iterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut builder = ValueBatchBuilder::new();
    values.for_each(|value| builder.push(value).expect("it is short"));
    builder.finish()
}
