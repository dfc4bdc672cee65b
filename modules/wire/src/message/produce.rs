//! Produce requests whose batch bodies are never copied: the frame around them, in pieces.

use bytes::BufMut;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, int32, int64, key_len};

use super::ApiKey;
use crate::frame::{FrameError, RequestHeader, put_request_start};

/// The field `buckets_req` of `ProduceLogRequest`.
const BUCKETS_REQ: u32 = 4;
/// The field `records` of `PbProduceLogReqForBucket`.
const RECORDS: u32 = 3;

/// One bucket's records: the head is here, the body with the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketRecords<'a> {
    /// The partition; `None` for a table without partitions.
    pub partition_id: Option<i64>,
    /// The bucket.
    pub bucket_id: i32,
    /// The records up to the body: the batch header and the Arrow message's metadata.
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
    let fixed = int32::encoded_len(1, &acks) + int64::encoded_len(2, &table_id) + int32::encoded_len(3, &timeout_ms);
    let body_length =
        buckets.iter().map(|bucket| nested_length(bucket_length(bucket))).fold(fixed, usize::saturating_add);
    let api = ApiKey::ProduceLog;
    let header = RequestHeader { api_key: api.code(), api_version: api.max_version(), request_id };

    let mut segments = Vec::with_capacity(2 * buckets.len() + 1);
    let mut inline = Vec::with_capacity(64 + buckets.first().map_or(0, |bucket| bucket.head.len()));
    put_request_start(header, body_length, &mut inline)?;
    int32::encode(1, &acks, &mut inline);
    int64::encode(2, &table_id, &mut inline);
    int32::encode(3, &timeout_ms, &mut inline);
    for (at, bucket) in buckets.iter().enumerate() {
        inline.reserve(40 + bucket.head.len());
        put_bucket(bucket, &mut inline);
        if bucket.body_length > 0 {
            segments.push(Segment::Inline(std::mem::take(&mut inline)));
            segments.push(Segment::Body(at));
        }
    }
    if !inline.is_empty() {
        segments.push(Segment::Inline(inline));
    }
    Ok(segments)
}

/// Everything of a bucket up to its body, which comes last in it.
fn put_bucket(bucket: &BucketRecords<'_>, out: &mut Vec<u8>) {
    encode_key(BUCKETS_REQ, WireType::LengthDelimited, out);
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

    use super::super::{PbProduceLogReqForBucket, ProduceLogRequest};
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

    proptest! {
        #[test]
        fn the_pieces_are_the_request(
            request_id: i32, acks: i32, table_id: i64, timeout_ms: i32,
            buckets in proptest::collection::vec(
                (any::<Option<i64>>(), any::<i32>(),
                 proptest::collection::vec(any::<u8>(), 0..200), proptest::collection::vec(any::<u8>(), 0..200)), 0..6),
        ) {
            let bodies: Vec<_> = buckets.iter().map(|bucket| bucket.3.clone()).collect();
            let heads: Vec<_> = buckets.iter().map(|(partition_id, bucket_id, head, body)| BucketRecords {
                partition_id: *partition_id, bucket_id: *bucket_id, head, body_length: body.len(),
            }).collect();
            let segments = encode_produce_request(request_id, acks, table_id, timeout_ms, &heads).unwrap();

            let buckets_req = buckets.iter().map(|(partition_id, bucket_id, head, body)| PbProduceLogReqForBucket {
                partition_id: *partition_id, bucket_id: *bucket_id,
                records: [head.as_slice(), body].concat().into(), ..Default::default()
            }).collect();
            let request = ProduceLogRequest { acks, table_id, timeout_ms, buckets_req };
            let whole = encode_request(1014, 0, request_id, &request).unwrap();
            prop_assert_eq!(glue(&segments, &bodies), whole.clone());
            prop_assert!(whole.ends_with(&request.encode_to_vec()));
        }
    }
}
