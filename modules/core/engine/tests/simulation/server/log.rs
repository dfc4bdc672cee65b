//! Logs of the model: produced, fetched, and where they begin and end.

use std::collections::BTreeMap;

use thalweg_wire::{
    message::*,
    record::{Layout, LogBatch, LogBatches, project, stamp},
    table::Schema,
};

use super::{Change, Cluster};

/// One bucket: its batches as they arrived, offsets stamped.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) leader: Option<i32>,
    pub(crate) batches: Vec<(i64, i64, Vec<u8>)>,
    pub(crate) first: i64,
    pub(crate) end: i64,
    /// The values of its keys, in their order: schema and row.
    pub(crate) values: Vec<Vec<u8>>,
    /// The values that lookups find, by key.
    pub(crate) found: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The changes of its keys, in order.
    pub(crate) changes: Vec<Change>,
    /// Sequence and answer of the last five batches of each writer.
    pub(super) writers: BTreeMap<i64, Vec<(i32, i64)>>,
}

impl Cluster {
    /// A bucket that this server leads, or an error code.
    pub(super) fn bucket(
        &mut self,
        server: i32,
        table_id: i64,
        partition: Option<i64>,
        bucket: i32,
    ) -> Result<&mut Bucket, i32> {
        if self.unready > 0 {
            self.unready -= 1;
            return Err(if self.unready.is_multiple_of(2) { 12 } else { 21 });
        }
        let table = self.tables.values_mut().find(|table| table.id == table_id).ok_or(21)?;
        let buckets = match partition {
            None => &mut table.buckets,
            Some(id) => &mut table.partitions.values_mut().find(|known| known.id == id).ok_or(21)?.buckets,
        };
        let bucket = buckets.get_mut(bucket as usize).ok_or(21)?;
        if bucket.leader == Some(server) { Ok(bucket) } else { Err(12) }
    }

    pub(super) fn produce(&mut self, server: i32, request: &ProduceLogRequest) -> ProduceLogResponse {
        self.clock += 1;
        let clock = self.clock;
        let answer = |entry: &PbProduceLogReqForBucket| {
            let result = self
                .bucket(server, request.table_id, entry.partition_id, entry.bucket_id)
                .and_then(|bucket| bucket.append(&entry.records, clock));
            PbProduceLogRespForBucket {
                partition_id: entry.partition_id,
                bucket_id: entry.bucket_id,
                error_code: result.err(),
                base_offset: result.ok(),
                ..Default::default()
            }
        };
        ProduceLogResponse { buckets_resp: request.buckets_req.iter().map(answer).collect() }
    }

    /// The answer, and whether it tells nothing new.
    ///
    /// As a server of Fluss does: buckets come in an order that is not that of the request, each is cut at its limit and
    /// at what the limit of the answer leaves, and only the first that has anything gives a whole batch at any rate.
    pub(super) fn fetch(&mut self, server: i32, request: &FetchLogRequest) -> (FetchLogResponse, bool) {
        let (mut left, mut first, mut empty) = (request.max_bytes as usize, true, true);
        let (stingy, lagging) = (self.stingy, self.lagging);
        let mut tables_resp = Vec::new();
        for table in &request.tables_req {
            let known = self.tables.values().find(|known| known.id == table.table_id);
            let schemas = known.map(|known| known.schemas.clone()).unwrap_or_default();
            let columns: Vec<usize> = table.projected_fields.iter().map(|column| *column as usize).collect();
            let mut entries: Vec<_> = table.buckets_req.iter().collect();
            self.fetches.push(entries.iter().map(|entry| (entry.bucket_id, entry.max_fetch_bytes)).collect());
            entries.sort_by_key(|entry| (entry.partition_id, std::cmp::Reverse(entry.bucket_id)));
            let mut buckets_resp = Vec::new();
            for entry in entries {
                let (partition_id, bucket_id) = (entry.partition_id, entry.bucket_id);
                let mut answer = PbFetchLogRespForBucket { partition_id, bucket_id, ..Default::default() };
                match self.bucket(server, table.table_id, partition_id, bucket_id) {
                    Err(code) => answer.error_code = Some(code),
                    Ok(bucket) if entry.fetch_offset < bucket.first || entry.fetch_offset > bucket.end => {
                        answer.error_code = Some(19);
                    }
                    Ok(bucket) => {
                        let limit = left.min(entry.max_fetch_bytes as usize).min(stingy.unwrap_or(usize::MAX));
                        let at_least_one = first && stingy.is_none();
                        let records = if table.projection_pushdown_enabled {
                            bucket.project(entry.fetch_offset, limit, at_least_one, (&schemas, &columns))
                        } else {
                            Some(bucket.read(entry.fetch_offset, limit, at_least_one))
                        };
                        match records {
                            None => answer.error_code = Some(34),
                            Some(records) => {
                                first &= records.is_empty();
                                empty &= records.is_empty();
                                left = left.saturating_sub(records.len());
                                let lag = if lagging { entry.fetch_offset } else { bucket.end };
                                answer.high_watermark = Some(lag);
                                answer.records = Some(records.into());
                            }
                        }
                    }
                }
                empty &= answer.error_code.is_none();
                buckets_resp.push(answer);
            }
            tables_resp.push(PbFetchLogRespForTable { table_id: table.table_id, buckets_resp });
        }
        (FetchLogResponse { tables_resp }, empty)
    }

    pub(super) fn offsets(&mut self, server: i32, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        let clock = self.clock;
        let answer = |&bucket_id: &i32| {
            let place = self.bucket(server, request.table_id, request.partition_id, bucket_id);
            let offset = place.and_then(|bucket| match request.offset_type {
                0 => Ok(bucket.first),
                1 => Ok(bucket.end),
                _ => match request.start_timestamp.unwrap_or_default() {
                    time if time > clock => Err(38),
                    time => Ok(bucket
                        .batches
                        .iter()
                        .find(|batch| timestamp(&batch.2) >= time)
                        .map_or(bucket.end, |batch| batch.0)),
                },
            });
            PbListOffsetsRespForBucket {
                bucket_id,
                error_code: offset.err(),
                offset: offset.ok(),
                ..Default::default()
            }
        };
        ListOffsetsResponse { buckets_resp: request.bucket_id.iter().map(answer).collect() }
    }
}

impl Bucket {
    /// Appends a batch with the check of `fluss.md` 3.4; the offset of its first row, or an error code.
    pub(crate) fn append(&mut self, records: &[u8], clock: i64) -> Result<i64, i32> {
        let mut bytes = records.to_vec();
        let batch = LogBatch::parse(&bytes).map_err(|_| 3)?;
        if !batch.checksum_is_right() || batch.bytes().len() != records.len() {
            return Err(14);
        }
        let (writer, sequence, rows) = (batch.writer_id, batch.sequence, i64::from(batch.records).max(1));
        if let Some(offset) = self.follow(writer, sequence, self.end)? {
            return Ok(offset);
        }
        stamp(&mut bytes, self.end, clock, 0).expect("it was parsed");
        self.batches.push((self.end, self.end + rows, bytes));
        self.end += rows;
        Ok(self.end - rows)
    }

    /// Checks the sequence of a batch that is answered with `answer`. Gives what it was answered with if it came before,
    /// or an error code.
    pub(super) fn follow(&mut self, writer: i64, sequence: i32, answer: i64) -> Result<Option<i64>, i32> {
        if writer < 0 {
            return Ok(None);
        }
        let known = self.writers.entry(writer).or_default();
        if let Some((_, answer)) = known.iter().find(|(known, _)| *known == sequence) {
            return Ok(Some(*answer));
        }
        if known.last().map_or(0, |(last, _)| last + 1) != sequence {
            return Err(31);
        }
        known.push((sequence, answer));
        if known.len() > 5 {
            known.remove(0);
        }
        Ok(None)
    }

    /// From the batch with this offset on, so many bytes, wherever they end.
    pub(super) fn read(&self, from: i64, limit: usize, at_least_one: bool) -> Vec<u8> {
        let batches: Vec<&Vec<u8>> =
            self.batches.iter().filter(|(_, end, _)| *end > from).map(|batch| &batch.2).collect();
        let first = batches.first().map_or(0, |first| first.len());
        let limit = if at_least_one { limit.max(first) } else { limit };
        let mut bytes = Vec::new();
        if limit > 48 {
            batches.into_iter().for_each(|batch| bytes.extend_from_slice(batch));
            bytes.truncate(limit);
        }
        bytes
    }

    /// Whole batches from the one with this offset on, with only these columns; `None` if one of them does not have them
    /// all.
    fn project(
        &self,
        from: i64,
        limit: usize,
        at_least_one: bool,
        (schemas, columns): (&BTreeMap<i32, Schema>, &[usize]),
    ) -> Option<Vec<u8>> {
        let (whole, mut out) = (self.read(from, usize::MAX, false), Vec::new());
        let first = self.batches.iter().find(|(_, end, _)| *end > from).map_or(0, |batch| batch.2.len());
        let limit = if at_least_one { limit.max(first) } else { limit };
        for batch in LogBatches::new(&whole) {
            let (_, batch) = batch.expect("the model keeps whole batches");
            let layout = Layout::of_schema(schemas.get(&i32::from(batch.schema_id))?);
            let before = out.len();
            project(&batch, &layout, columns, &mut out).ok()?;
            if out.len() > limit || limit - before <= 48 {
                out.truncate(before);
                break;
            }
        }
        Some(out)
    }
}

fn timestamp(batch: &[u8]) -> i64 {
    LogBatch::parse(batch).expect("the model keeps whole batches").commit_timestamp
}
