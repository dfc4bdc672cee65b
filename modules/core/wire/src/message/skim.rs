//! The answer to a fetch, read where it lies: everything but the records, which stay there.

use std::ops::Range;

use bytes::{Buf, Bytes};
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};

use super::PbFetchLogRespForBucket;

/// The fields on the way from `FetchLogResponse` to the records: `tables_resp`, `buckets_resp`, `records`.
const TO_RECORDS: [u32; 3] = [1, 2, 8];

/// The most bytes that a tag and the number behind it take.
const TAG_AND_NUMBER: usize = 20;

/// Why an answer could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SkimError {
    /// Bytes are not to be had.
    #[error("bytes {from} to {end} of the answer cannot be had")]
    Lacking {
        /// The first of them.
        from: usize,
        /// One past the last.
        end: usize,
    },
    /// The bytes are not protobuf of this message.
    #[error("FetchLogResponse cannot be decoded: {0}")]
    Malformed(&'static str),
}

/// Gives the bytes of a range; `None`: they cannot be had.
pub type ReadAt<'a> = dyn FnMut(Range<usize>) -> Option<Bytes> + 'a;

/// The `FetchLogResponse` at `range`, with the place of the records where they stood: to be decoded as such, then asked for
/// by [`records_place`]. Nothing of the records is read.
///
/// # Errors
/// If a field ends behind the message that it is in, if the records of a bucket stand there twice, on a group, and if bytes
/// cannot be had.
pub fn skim_fetch_log(read: &mut ReadAt<'_>, range: Range<usize>) -> Result<Bytes, SkimError> {
    skim(read, range, &TO_RECORDS).map(Bytes::from)
}

/// Where the records of a bucket lie, in an answer that was skimmed; `None`: it has none.
pub fn records_place(bucket: &PbFetchLogRespForBucket) -> Option<Range<usize>> {
    let mut place = bucket.records.as_deref().filter(|place| place.len() == 16)?;
    let (from, end) = (place.get_u64_le(), place.get_u64_le());
    Some(usize::try_from(from).ok()?..usize::try_from(end).ok()?)
}

fn skim(read: &mut ReadAt<'_>, range: Range<usize>, path: &[u32]) -> Result<Vec<u8>, SkimError> {
    let Some((wanted, path)) = path.split_first() else { return Ok(Vec::new()) };
    let (mut out, mut at, mut found) = (Vec::new(), range.start, false);
    while at < range.end {
        let tag = exactly(read, at..range.end.min(at.saturating_add(TAG_AND_NUMBER)))?;
        let mut rest = &tag[..];
        let malformed = |_| SkimError::Malformed("a tag or a number is damaged");
        let (number, wire_type) = decode_key(&mut rest).map_err(malformed)?;
        let length = match wire_type {
            WireType::Varint => decode_varint(&mut rest).map(|_| 0).map_err(malformed)?,
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => decode_varint(&mut rest).map_err(malformed)?,
            WireType::StartGroup | WireType::EndGroup => return Err(SkimError::Malformed("it has a group")),
        };
        let head = tag.len() - rest.len();
        let start = at + head;
        let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
        let end = end.filter(|end| *end <= range.end);
        let content = start..end.ok_or(SkimError::Malformed("a field ends behind its message"))?;
        at = content.end;
        if number != *wanted || wire_type != WireType::LengthDelimited {
            out.extend_from_slice(tag.get(..head).unwrap_or_default());
            out.extend_from_slice(&exactly(read, content)?);
            continue;
        }
        let inside = match path {
            [] if found => return Err(SkimError::Malformed("the records of a bucket stand there twice")),
            [] => [content.start as u64, content.end as u64].map(u64::to_le_bytes).concat(),
            path => skim(read, content, path)?,
        };
        found = true;
        encode_key(number, WireType::LengthDelimited, &mut out);
        encode_varint(inside.len() as u64, &mut out);
        out.extend_from_slice(&inside);
    }
    Ok(out)
}

fn exactly(read: &mut ReadAt<'_>, range: Range<usize>) -> Result<Bytes, SkimError> {
    if range.is_empty() {
        return Ok(Bytes::new());
    }
    let bytes = read(range.clone()).filter(|bytes| bytes.len() == range.len());
    bytes.ok_or(SkimError::Lacking { from: range.start, end: range.end })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;

    use super::*;
    use crate::message::{FetchLogResponse, PbFetchLogRespForTable, decode};

    /// Skims bytes that lie behind others, and says how many were read.
    fn skimmed(bytes: &[u8], before: usize) -> (Result<Bytes, SkimError>, usize) {
        let whole = Bytes::from([&vec![7; before][..], bytes].concat());
        let mut count = 0;
        let mut read = |range: Range<usize>| {
            count += range.len();
            (range.end <= whole.len()).then(|| whole.slice(range))
        };
        let skimmed = skim_fetch_log(&mut read, before..before + bytes.len());
        (skimmed, count)
    }

    fn answer(buckets: Vec<(i32, Option<Vec<u8>>)>) -> FetchLogResponse {
        let bucket = |(bucket_id, records): (i32, Option<Vec<u8>>)| PbFetchLogRespForBucket {
            bucket_id,
            records: records.map(Bytes::from),
            high_watermark: Some(9),
            ..Default::default()
        };
        let buckets_resp = buckets.into_iter().map(bucket).collect();
        FetchLogResponse { tables_resp: vec![PbFetchLogRespForTable { table_id: 5, buckets_resp }] }
    }

    proptest! {
        #[test]
        fn all_but_the_records_is_there_and_their_place(
            buckets in prop::collection::vec(
                (any::<i32>(), prop::option::of(prop::collection::vec(any::<u8>(), 0..3000))), 0..5,
            ),
            before in 0usize..100,
        ) {
            let whole = answer(buckets);
            let bytes = whole.encode_to_vec();
            let (found, read) = skimmed(&bytes, before);
            let found: FetchLogResponse = decode(found.unwrap()).unwrap();
            let buckets = |answer: &FetchLogResponse| answer.tables_resp[0].buckets_resp.clone();
            let records = |bucket: &PbFetchLogRespForBucket| {
                records_place(bucket).map(|place| Bytes::copy_from_slice(&bytes[place.start - before..place.end - before]))
            };
            for (bucket, skimmed) in buckets(&whole).into_iter().zip(buckets(&found)) {
                prop_assert_eq!(records(&skimmed), bucket.records.clone());
                prop_assert_eq!(PbFetchLogRespForBucket { records: None, ..skimmed }, PbFetchLogRespForBucket { records: None, ..bucket });
            }
            prop_assert_eq!(buckets(&found).len(), buckets(&whole).len());
            prop_assert!(read < 20 * 8 * (1 + buckets(&whole).len()), "{} bytes were read", read);
        }

        #[test]
        fn any_bytes_are_skimmed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..40, with: u8) {
            let _ = skimmed(&bytes, 3).0.map(decode::<FetchLogResponse>);
            let mut likely = answer(vec![(1, Some(vec![3; 10])), (2, None)]).encode_to_vec();
            let at = at % likely.len();
            likely[at] = with;
            if let Ok(Ok(found)) = skimmed(&likely, 0).0.map(decode::<FetchLogResponse>) {
                for bucket in found.tables_resp.iter().flat_map(|table| &table.buckets_resp) {
                    prop_assert!(records_place(bucket).is_none_or(|place| place.start <= place.end && place.end <= likely.len()));
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let twice = b"\x0a\x0a\x08\x05\x12\x06\x42\x01a\x42\x01b";
        let cases: [(&[u8], &str); 5] = [
            (twice, "stand there twice"),
            (b"\x0b\x0c", "a group"),
            (b"\x0a\x05\x08", "a field ends behind its message"),
            (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "a field ends behind its message"),
            (b"\x0a\xff", "is damaged"),
        ];
        for (bytes, expected) in cases {
            let error = skimmed(bytes, 0).0.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(skim_fetch_log(&mut |_| None, 0..5), Err(SkimError::Lacking { from: 0, end: 5 }));
    }
}
