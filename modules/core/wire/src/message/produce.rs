//! Requests that write records, whose bodies are never copied: the frame around them, in pieces.

use bytes::BufMut;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, int32, int64, key_len};

use super::ApiKey;
use crate::frame::{FrameError, RequestHeader, put_request_start};

/// The field `records` of `PbProduceLogReqForBucket` and `PbPutKvReqForBucket`.
const RECORDS: u32 = 3;

/// One bucket's records: the head is here, the body with the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketRecords<'a> {
    /// The partition; `None` for a table without partitions.
    pub partition_id: Option<i64>,
    /// The bucket.
    pub bucket_id: i32,
    /// The records up to the body: the batch header, and the metadata of an Arrow message.
    pub head: &'a [u8],
    /// How many bytes the body has.
    pub body_length: usize,
}

/// A piece of a request frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// These bytes.
    Inline(Vec<u8>),
    /// The body of the bucket at this position. A body of no bytes has no segment.
    Body(usize),
}

/// Encodes a `ProduceLogRequest` to one table as a whole frame, length prefix included, around bodies that stay where
/// they are. `acks` is -1 (all replicas), 0 or 1; `timeout_ms` is how long the server may wait for the replicas.
///
/// # Errors
/// If the frame would be longer than [`crate::frame::MAX_REQUEST_LENGTH`].
pub fn encode_produce_request(
    request_id: i32,
    acks: i32,
    table_id: i64,
    timeout_ms: i32,
    buckets: &[BucketRecords<'_>],
) -> Result<Vec<Segment>, FrameError> {
    let api = ApiKey::ProduceLog;
    let header = RequestHeader { api_key: api.code(), api_version: api.max_version(), request_id };
    let fields = Fields { before: common(acks, table_id, timeout_ms), buckets_req: 4, after: Vec::new() };
    encode(header, &fields, buckets)
}

/// What a `PutKvRequest` says of all its buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutKvHead<'a> {
    /// The table.
    pub table_id: i64,
    /// -1 (all replicas), 0 or 1.
    pub acks: i32,
    /// How long the server may wait for the replicas, in milliseconds.
    pub timeout_ms: i32,
    /// The positions of the columns to write; empty: all.
    pub target_columns: &'a [i32],
    /// How an aggregating table takes the rows: 0 it aggregates, 1 they replace what is there; `None` leaves it to the
    /// server, which aggregates.
    pub agg_mode: Option<i32>,
}

/// Encodes a `PutKvRequest` of this version to one table as a whole frame, as [`encode_produce_request`].
///
/// # Errors
/// If the frame would be longer than [`crate::frame::MAX_REQUEST_LENGTH`].
pub fn encode_put_kv_request(
    request_id: i32,
    api_version: i16,
    head: &PutKvHead<'_>,
    buckets: &[BucketRecords<'_>],
) -> Result<Vec<Segment>, FrameError> {
    let header = RequestHeader { api_key: ApiKey::PutKv.code(), api_version, request_id };
    let mut before = common(head.acks, head.table_id, head.timeout_ms);
    int32::encode_packed(4, head.target_columns, &mut before);
    let mut after = Vec::new();
    if let Some(agg_mode) = head.agg_mode {
        int32::encode(6, &agg_mode, &mut after);
    }
    encode(header, &Fields { before, buckets_req: 5, after }, buckets)
}

/// The fields of a request around its buckets.
struct Fields {
    before: Vec<u8>,
    /// The number of the field that has the buckets.
    buckets_req: u32,
    after: Vec<u8>,
}

/// What both requests begin with.
fn common(acks: i32, table_id: i64, timeout_ms: i32) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    int32::encode(1, &acks, &mut out);
    int64::encode(2, &table_id, &mut out);
    int32::encode(3, &timeout_ms, &mut out);
    out
}

fn encode(header: RequestHeader, fields: &Fields, buckets: &[BucketRecords<'_>]) -> Result<Vec<Segment>, FrameError> {
    let body_length = buckets
        .iter()
        .map(|bucket| nested_length(bucket_length(bucket)))
        .fold(fields.before.len() + fields.after.len(), usize::saturating_add);
    let mut segments = Vec::with_capacity(2 * buckets.len() + 1);
    let first = buckets.first().map_or(0, |bucket| bucket.head.len());
    let mut inline = Vec::with_capacity(64 + fields.before.len() + first);
    put_request_start(header, body_length, &mut inline)?;
    inline.extend_from_slice(&fields.before);
    for (at, bucket) in buckets.iter().enumerate() {
        inline.reserve(40 + bucket.head.len());
        put_bucket(fields.buckets_req, bucket, &mut inline);
        if bucket.body_length > 0 {
            segments.push(Segment::Inline(std::mem::take(&mut inline)));
            segments.push(Segment::Body(at));
        }
    }
    inline.extend_from_slice(&fields.after);
    if !inline.is_empty() {
        segments.push(Segment::Inline(inline));
    }
    Ok(segments)
}

/// Everything of a bucket up to its body, which comes last in it.
fn put_bucket(buckets_req: u32, bucket: &BucketRecords<'_>, out: &mut Vec<u8>) {
    encode_key(buckets_req, WireType::LengthDelimited, out);
    encode_varint(bucket_length(bucket) as u64, out);
    if let Some(partition_id) = bucket.partition_id {
        int64::encode(1, &partition_id, out);
    }
    int32::encode(2, &bucket.bucket_id, out);
    encode_key(RECORDS, WireType::LengthDelimited, out);
    encode_varint(records_length(bucket) as u64, out);
    out.put_slice(bucket.head);
}

fn records_length(bucket: &BucketRecords<'_>) -> usize {
    bucket.head.len().saturating_add(bucket.body_length)
}

fn bucket_length(bucket: &BucketRecords<'_>) -> usize {
    let partition = bucket.partition_id.map_or(0, |id| int64::encoded_len(1, &id));
    (partition + int32::encoded_len(2, &bucket.bucket_id)).saturating_add(nested_length(records_length(bucket)))
}

/// A length-delimited field with a one-byte key.
fn nested_length(length: usize) -> usize {
    length.saturating_add(key_len(RECORDS) + encoded_len_varint(length as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;

    use super::super::{PbProduceLogReqForBucket, PbPutKvReqForBucket, ProduceLogRequest, PutKvRequest};
    use super::*;
    use crate::frame::encode_request;

    fn glue(segments: &[Segment], bodies: &[Vec<u8>]) -> Vec<u8> {
        let pieces = segments.iter().map(|segment| match segment {
            Segment::Inline(bytes) => bytes.as_slice(),
            Segment::Body(at) => bodies[*at].as_slice(),
        });
        pieces.collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_request_too_long_for_a_frame_is_refused() {
        for body_length in [crate::frame::MAX_REQUEST_LENGTH, u32::MAX as usize, usize::MAX] {
            let bucket = BucketRecords { partition_id: None, bucket_id: 0, head: &[1], body_length };
            let error = encode_produce_request(1, -1, 1, 1, &[bucket, bucket]).unwrap_err();
            assert!(matches!(error, FrameError::TooLong { .. }), "{error}");
        }
    }

    type Bucket = (Option<i64>, i32, Vec<u8>, Vec<u8>);

    fn buckets() -> impl Strategy<Value = Vec<Bucket>> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
        proptest::collection::vec((any::<Option<i64>>(), any::<i32>(), bytes(), bytes()), 0..6)
    }

    fn heads(buckets: &[Bucket]) -> Vec<BucketRecords<'_>> {
        let records = buckets.iter().map(|bucket| BucketRecords {
            partition_id: bucket.0,
            bucket_id: bucket.1,
            head: &bucket.2,
            body_length: bucket.3.len(),
        });
        records.collect()
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_request(
            request_id: i32, acks: i32, table_id: i64, timeout_ms: i32, buckets in buckets(),
        ) {
            let bodies: Vec<_> = buckets.iter().map(|bucket| bucket.3.clone()).collect();
            let segments = encode_produce_request(request_id, acks, table_id, timeout_ms, &heads(&buckets)).unwrap();

            let buckets_req = buckets.iter().map(|(partition_id, bucket_id, head, body)| PbProduceLogReqForBucket {
                partition_id: *partition_id, bucket_id: *bucket_id,
                records: [head.as_slice(), body].concat().into(), ..Default::default()
            }).collect();
            let request = ProduceLogRequest { acks, table_id, timeout_ms, buckets_req };
            let whole = encode_request(1014, 0, request_id, &request).unwrap();
            prop_assert_eq!(glue(&segments, &bodies), whole.clone());
            prop_assert!(whole.ends_with(&request.encode_to_vec()));
        }

        #[test]
        fn the_pieces_of_a_put_are_the_request(
            request_id: i32, api_version in 0i16..3, acks: i32, table_id: i64, timeout_ms: i32,
            target_columns: Vec<i32>, agg_mode: Option<i32>, buckets in buckets(),
        ) {
            let bodies: Vec<_> = buckets.iter().map(|bucket| bucket.3.clone()).collect();
            let head = PutKvHead { table_id, acks, timeout_ms, target_columns: &target_columns, agg_mode };
            let segments = encode_put_kv_request(request_id, api_version, &head, &heads(&buckets)).unwrap();

            let buckets_req = buckets.iter().map(|(partition_id, bucket_id, head, body)| PbPutKvReqForBucket {
                partition_id: *partition_id, bucket_id: *bucket_id,
                records: [head.as_slice(), body].concat().into(), ..Default::default()
            }).collect();
            let request =
                PutKvRequest { acks, table_id, timeout_ms, target_columns: target_columns.clone(), buckets_req, agg_mode };
            let whole = encode_request(1016, api_version, request_id, &request).unwrap();
            prop_assert_eq!(glue(&segments, &bodies), whole);
        }
    }
}
