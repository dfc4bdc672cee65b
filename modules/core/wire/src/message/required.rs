//! Decoding that refuses a message without its required fields.
//!
//! prost gives a missing required field its default. Fluss's Java side refuses such a message (`fluss.md` 2.4), and so
//! must we: a produce request without a table id must not write to table 0. One pass over the tags, beneath nested
//! messages too, counts the required fields against a table that `build.rs` makes of `proto/fluss.proto`; it skips over
//! values and so costs little next to decoding.

use bytes::Bytes;
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::*;

/// How deep messages may be nested; only predicates nest without an end.
const MAX_DEPTH: usize = 64;

/// A message whose required fields are known.
pub trait Shaped: Message + Default {
    /// Its fields.
    #[doc(hidden)]
    const SHAPE: &'static Shape;
}

/// A message's name and fields.
#[doc(hidden)]
#[derive(Debug)]
pub struct Shape {
    message: &'static str,
    fields: &'static [Field],
}

#[derive(Debug)]
struct Field {
    number: u32,
    name: &'static str,
    required: bool,
    nested: Option<&'static Shape>,
}

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

/// Bytes that are not the message they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A required field is missing.
    #[error("{message} has no {field}, which it must have")]
    Missing {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
    },
    /// Messages are nested without a reasonable end.
    #[error("{message} is nested deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// The message.
        message: &'static str,
    },
    /// The bytes are not protobuf of this message.
    #[error("{message} cannot be decoded: {reason}")]
    Malformed {
        /// The message.
        message: &'static str,
        /// What protobuf says.
        reason: prost::DecodeError,
    },
}

/// Decodes a message; its `bytes` fields share `body`.
///
/// # Errors
/// If the bytes are not the message, or if a required field is missing in it or beneath it. Unknown fields are skipped.
pub fn decode<M: Shaped>(body: Bytes) -> Result<M, DecodeError> {
    check(M::SHAPE, &body, 0)?;
    M::decode(body).map_err(|reason| DecodeError::Malformed { message: M::SHAPE.message, reason })
}

fn check(shape: &'static Shape, mut bytes: &[u8], depth: usize) -> Result<(), DecodeError> {
    let message = shape.message;
    if depth >= MAX_DEPTH {
        return Err(DecodeError::TooDeep { message });
    }
    let malformed = |reason| DecodeError::Malformed { message, reason };
    let mut seen = 0u32;
    while !bytes.is_empty() {
        let (number, wire_type) = decode_key(&mut bytes).map_err(malformed)?;
        let known = shape.fields.iter().enumerate().find(|(_, field)| field.number == number);
        let Some((at, field)) = known else {
            skip_field(wire_type, number, &mut bytes, DecodeContext::default()).map_err(malformed)?;
            continue;
        };
        seen |= 1 << at;
        match (field.nested, wire_type) {
            (Some(nested), WireType::LengthDelimited) => {
                let length = decode_varint(&mut bytes).map_err(malformed)?;
                let inside = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
                let Some((inside, rest)) = inside else {
                    // prost says what is wrong when it meets the same bytes.
                    return Ok(());
                };
                check(nested, inside, depth + 1)?;
                bytes = rest;
            }
            _ => skip_field(wire_type, number, &mut bytes, DecodeContext::default()).map_err(malformed)?,
        }
    }
    match shape.fields.iter().enumerate().find(|(at, field)| field.required && seen & (1 << at) == 0) {
        Some((_, field)) => Err(DecodeError::Missing { message, field: field.name }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded<M: Shaped>(bytes: &[u8]) -> Result<M, DecodeError> {
        decode(Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn a_missing_field_is_named() {
        let cases: &[(&[u8], &str, &str)] = &[
            (&[], "ProduceLogRequest", "acks"),
            (&[0x08, 1], "ProduceLogRequest", "table_id"),
            (&[0x08, 1, 0x10, 7], "ProduceLogRequest", "timeout_ms"),
            // A bucket without records.
            (&[0x08, 1, 0x10, 7, 0x18, 9, 0x22, 2, 0x10, 0], "PbProduceLogReqForBucket", "records"),
        ];
        for (bytes, message, field) in cases {
            assert_eq!(decoded::<ProduceLogRequest>(bytes), Err(DecodeError::Missing { message, field }));
        }
        let whole = [0x08, 1, 0x10, 7, 0x18, 9, 0x22, 4, 0x10, 3, 0x1a, 0];
        assert_eq!(decoded::<ProduceLogRequest>(&whole).unwrap().buckets_req[0].bucket_id, 3);
    }

    #[test]
    fn unknown_fields_are_skipped() {
        let bytes = [0x0a, 1, b'd', 0xfa, 0x01, 2, 1, 2, 0x12, 1, b't', 0x98, 0x02, 5];
        let path = decoded::<PbTablePath>(&bytes).unwrap();
        assert_eq!((path.database_name.as_str(), path.table_name.as_str()), ("d", "t"));
    }

    #[test]
    fn bytes_fields_share_the_frame() {
        let body = Bytes::from(GetTableSchemaResponse { schema_id: 1, schema_json: "{}".into() }.encode_to_vec());
        let frame = body.as_ptr_range();
        let decoded: GetTableSchemaResponse = decode(body.clone()).unwrap();
        assert!(frame.contains(&decoded.schema_json.as_ptr()));
    }

    #[test]
    fn endless_nesting_is_an_error() {
        let mut predicate = PbPredicate { r#type: 1, ..Default::default() };
        for _ in 0..90 {
            let compound = PbCompoundPredicate { function: 0, children: vec![predicate] };
            predicate = PbPredicate { r#type: 1, leaf: None, compound: Some(compound) };
        }
        let error = decoded::<PbPredicate>(&predicate.encode_to_vec()).unwrap_err();
        assert!(matches!(error, DecodeError::TooDeep { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decoded::<ProduceLogRequest>(&bytes);
            let _ = decoded::<FetchLogResponse>(&bytes);
            let _ = decoded::<MetadataResponse>(&bytes);
            let _ = decoded::<PbPredicate>(&bytes);
        }

        #[test]
        fn what_is_whole_round_trips(
            table_id: i64, acks: i32, timeout_ms: i32,
            buckets in proptest::collection::vec((any::<Option<i64>>(), any::<i32>(), any::<Vec<u8>>()), 0..5),
        ) {
            let buckets_req = buckets.into_iter().map(|(partition_id, bucket_id, records)| PbProduceLogReqForBucket {
                partition_id, bucket_id, records: records.into(), ..Default::default()
            }).collect();
            let request = ProduceLogRequest { acks, table_id, timeout_ms, buckets_req };
            prop_assert_eq!(decoded::<ProduceLogRequest>(&request.encode_to_vec()), Ok(request));
        }

        #[test]
        fn a_cut_message_never_passes_for_the_whole(cut in 0usize..1000) {
            let request = ProduceLogRequest { acks: 1, table_id: 300, timeout_ms: 30_000, buckets_req: vec![
                PbProduceLogReqForBucket { bucket_id: 1, records: vec![7; 40].into(), ..Default::default() },
            ] };
            let bytes = request.encode_to_vec();
            let cut = cut % bytes.len();
            prop_assert_ne!(decoded::<ProduceLogRequest>(&bytes[..cut]).ok(), Some(request));
        }
    }
}
