//! The answer to a fetch as a frame whose rows are not copied into it.

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};
use thalweg_wire::frame::{FrameError, LENGTH_PREFIX, put_response_start};
use thalweg_wire::message::{FetchLogResponse, PbFetchLogRespForBucket, PbFetchLogRespForTable};

use crate::handlers::frame::Frame;

/// The field of the tables in an answer.
const TABLES: u32 = 1;
/// The field of the buckets in a table.
const BUCKETS: u32 = 2;
/// The field of the rows in a bucket: the last of those that a node sends.
const RECORDS: u32 = 8;
/// More than the start of any frame.
const START: usize = LENGTH_PREFIX + 16;

/// How long a field is whose contents have a length, with its key.
fn field_length(field: u32, contents: usize) -> usize {
    key_len(field) + encoded_len_varint(contents as u64) + contents
}

fn put_field_start(field: u32, contents: usize, out: &mut Vec<u8>) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(contents as u64, out);
}

/// The same bytes as the encoded answer, with the rows as they are.
pub(crate) fn frame(request_id: i32, answer: FetchLogResponse) -> Result<Frame, FrameError> {
    let mut tables: Vec<Table> = answer.tables_resp.into_iter().map(Table::new).collect();
    let body = tables.iter().map(|table| field_length(TABLES, table.length)).sum();
    let mut frame = Frame::with_capacity(START + body - tables.iter().map(Table::rows).sum::<usize>());
    put_response_start(request_id, body, frame.bytes())?;
    for table in &mut tables {
        put_field_start(TABLES, table.length, frame.bytes());
        table.message.encode_raw(frame.bytes());
        for (bucket, length) in table.buckets.drain(..) {
            put_field_start(BUCKETS, length, frame.bytes());
            put_bucket(bucket, &mut frame);
        }
    }
    Ok(frame)
}

/// What a table's answer is made of, and the lengths of its parts.
struct Table {
    /// Without its buckets.
    message: PbFetchLogRespForTable,
    /// Each with its length.
    buckets: Vec<(PbFetchLogRespForBucket, usize)>,
    length: usize,
}

impl Table {
    fn new(mut message: PbFetchLogRespForTable) -> Self {
        let with_length = |bucket: PbFetchLogRespForBucket| {
            let length = bucket.encoded_len();
            (bucket, length)
        };
        let buckets: Vec<_> = std::mem::take(&mut message.buckets_resp).into_iter().map(with_length).collect();
        let in_buckets: usize = buckets.iter().map(|(_, length)| field_length(BUCKETS, *length)).sum();
        let length = message.encoded_len() + in_buckets;
        Self { message, buckets, length }
    }

    /// Bytes of rows.
    fn rows(&self) -> usize {
        self.buckets.iter().filter_map(|(bucket, _)| bucket.records.as_ref()).map(bytes::Bytes::len).sum()
    }
}

fn put_bucket(mut bucket: PbFetchLogRespForBucket, frame: &mut Frame) {
    let records = bucket.records.take();
    bucket.encode_raw(frame.bytes());
    if let Some(records) = records {
        put_field_start(RECORDS, records.len(), frame.bytes());
        frame.put(records);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use thalweg_wire::frame::encode_response;

    use super::*;

    proptest! {
        #[test]
        fn the_frame_is_what_encoding_gives(
            id in any::<i32>(),
            tables in proptest::collection::vec(
                proptest::collection::vec((any::<i64>(), proptest::option::of(0usize..20_000), any::<bool>()), 0..4),
                0..4,
            ),
        ) {
            let bucket = |(number, records, failed): (i64, Option<usize>, bool)| PbFetchLogRespForBucket {
                partition_id: failed.then_some(number),
                bucket_id: number as i32,
                error_message: failed.then(|| "it is not there".to_owned()),
                high_watermark: Some(number),
                records: records.map(|length| vec![number as u8; length].into()),
                ..Default::default()
            };
            let table = |buckets: Vec<_>| PbFetchLogRespForTable {
                table_id: buckets.len() as i64,
                buckets_resp: buckets.into_iter().map(bucket).collect(),
            };
            let answer = FetchLogResponse { tables_resp: tables.into_iter().map(table).collect() };
            let expected = encode_response(id, &answer).unwrap();
            let frame = frame(id, answer).unwrap();
            prop_assert_eq!(frame.len(), expected.len());
            prop_assert_eq!(frame.slices().flatten().copied().collect::<Vec<_>>(), expected);
            prop_assert!(frame.slices().all(|slice| !slice.is_empty()));
        }
    }
}
