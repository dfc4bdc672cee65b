//! Heads of log batches: encoded by writers, and stamped by the node with what only it knows.

use crate::record::checksum::combine;
use crate::record::place::put;
use crate::record::{ChangeType, LogBatch, RecordError};

/// The length of a V0 header, in bytes (`fluss.md` 2.5).
pub const HEAD_LENGTH: usize = 48;
/// What the header's length field does not count: the base offset and the field itself.
pub(crate) const OVERHEAD: usize = 12;
/// The writer id and batch sequence of a batch that has none (`fluss.md` 2.5).
pub const NO_WRITER: (i64, i32) = (-1, -1);

const CRC_AT: usize = 21;
const CRC_FROM: usize = 25;
const ATTRIBUTES_AT: usize = 27;

/// What a new batch says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchContent<'a> {
    /// The version of the schema that its rows have.
    pub schema_id: i16,
    /// The writer id and the sequence of the batch, or `NO_WRITER`.
    pub writer: (i64, i32),
    /// How many rows it has.
    pub records: u32,
    /// The change of each row; `None`: the batch is append-only.
    pub changes: Option<&'a [ChangeType]>,
    /// The metadata of its Arrow message, with prefix and padding, as `encode_message` gives it; empty without rows.
    pub message: &'a [u8],
    /// The length of the body that follows, in bytes.
    pub body_length: u32,
    /// CRC-32C of the body.
    pub body_checksum: u32,
}

/// What a new batch of row records says of itself (log formats INDEXED and COMPACTED).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowsContent {
    /// The version of the schema that its rows have.
    pub schema_id: i16,
    /// The writer id and the sequence of the batch, or `NO_WRITER`.
    pub writer: (i64, i32),
    /// How many rows it has.
    pub records: u32,
    /// Whether every row is an append.
    pub append_only: bool,
    /// The length of the records, in bytes.
    pub body_length: u32,
    /// CRC-32C of the records.
    pub body_checksum: u32,
}

/// Everything of a batch but the body of its Arrow message: header, changes, and the message's metadata.
///
/// The body is never read: its checksum is given, and combined with that of the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchHead {
    bytes: Vec<u8>,
    /// CRC-32C of all that follows the header, body included.
    rest_checksum: u32,
    rest_length: usize,
}

impl BatchHead {
    /// Encodes the head of a V0 batch with base offset and commit timestamp 0, which the server fills in.
    ///
    /// Fails if the batch would pass 2 GiB, or if there is not one change for each row.
    pub fn encode(content: &BatchContent<'_>) -> Result<Self, RecordError> {
        let changes = content.changes.unwrap_or_default();
        if content.changes.is_some() && changes.len() != content.records as usize {
            return Err(corrupt(format!("{} changes for {} rows", changes.len(), content.records)));
        }
        let records = i32::try_from(content.records).map_err(|_| corrupt("it has more than 2^31 rows".into()))?;
        let rest_length = changes.len() + content.message.len() + content.body_length as usize;
        let length = i32::try_from(HEAD_LENGTH - OVERHEAD + rest_length)
            .map_err(|_| corrupt("it is longer than 2 GiB; seal batches earlier".into()))?;

        let mut bytes = Vec::with_capacity(HEAD_LENGTH + changes.len() + content.message.len());
        bytes.extend_from_slice(&0i64.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.push(0);
        bytes.extend_from_slice(&0i64.to_le_bytes());
        bytes.extend_from_slice(&0u32.to_le_bytes());
        bytes.extend_from_slice(&content.schema_id.to_le_bytes());
        bytes.push(u8::from(content.changes.is_none()));
        bytes.extend_from_slice(&(records - 1).max(0).to_le_bytes());
        bytes.extend_from_slice(&content.writer.0.to_le_bytes());
        bytes.extend_from_slice(&content.writer.1.to_le_bytes());
        bytes.extend_from_slice(&records.to_le_bytes());
        bytes.extend(changes.iter().map(|change| u8::from(*change)));
        bytes.extend_from_slice(content.message);

        let own = crc32c::crc32c(bytes.get(HEAD_LENGTH..).unwrap_or_default());
        let rest_checksum = combine(own, content.body_checksum, content.body_length as usize);
        let mut head = Self { bytes, rest_checksum, rest_length };
        head.seal();
        Ok(head)
    }

    /// Encodes the head of a V0 batch of row records, which has no changes of its own: each record has one.
    ///
    /// Fails if the batch would pass 2 GiB.
    pub fn of_rows(content: &RowsContent) -> Result<Self, RecordError> {
        let mut head = Self::encode(&BatchContent {
            schema_id: content.schema_id,
            writer: content.writer,
            records: content.records,
            changes: None,
            message: &[],
            body_length: content.body_length,
            body_checksum: content.body_checksum,
        })?;
        put(&mut head.bytes, ATTRIBUTES_AT, [u8::from(content.append_only)]);
        head.seal();
        Ok(head)
    }

    /// What is sent before the body.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is sent before the body.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn seal(&mut self) {
        let header = crc32c::crc32c(self.bytes.get(CRC_FROM..HEAD_LENGTH).unwrap_or_default());
        let crc = combine(header, self.rest_checksum, self.rest_length);
        put(&mut self.bytes, CRC_AT, crc.to_le_bytes());
    }
}

/// Writes what only the server knows into the batch at the beginning of `bytes`: none of it is under the checksum.
///
/// `leader_epoch` is written into a V2 batch; the others have no place for it. Fails if no whole batch is there.
pub fn stamp(bytes: &mut [u8], base_offset: i64, commit_timestamp: i64, leader_epoch: i32) -> Result<(), RecordError> {
    let magic = LogBatch::parse(bytes)?.magic;
    put(bytes, 0, base_offset.to_le_bytes());
    put(bytes, 13, commit_timestamp.to_le_bytes());
    if magic == 2 {
        put(bytes, 21, leader_epoch.to_le_bytes());
    }
    Ok(())
}

fn corrupt(reason: String) -> RecordError {
    RecordError::CorruptBatch { base_offset: 0, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The empty batch of `fluss.md` 2.15.
    #[test]
    fn an_empty_batch_is_the_vector() {
        let content = BatchContent {
            schema_id: 1,
            writer: (7, 0),
            records: 0,
            changes: Some(&[]),
            message: &[],
            body_length: 0,
            body_checksum: 0,
        };
        let head = BatchHead::encode(&content).expect("it is short");
        let expected = [
            &[0u8; 8][..],
            &[0x24, 0, 0, 0, 0],
            &[0; 8],
            &[0xc5, 0x85, 0x2c, 0xe7, 1, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0],
            &[0; 8],
        ]
        .concat();
        assert_eq!(head.bytes(), expected);
        let batch = LogBatch::parse(head.bytes()).expect("it is whole");
        assert!(batch.checksum_is_right());
        assert_eq!((batch.records, batch.end_offset()), (0, 1));
    }

    #[test]
    fn changes_must_be_as_many_as_rows() {
        let content = BatchContent {
            schema_id: 1,
            writer: NO_WRITER,
            records: 3,
            changes: Some(&[ChangeType::Append, ChangeType::Insert]),
            message: &[],
            body_length: 0,
            body_checksum: 0,
        };
        assert!(matches!(BatchHead::encode(&content), Err(RecordError::CorruptBatch { .. })));
    }

    proptest! {
        #[test]
        fn the_head_reads_back_and_its_checksum_covers_the_body(
            schema_id: i16, writer: (i64, i32),
            changes in proptest::option::of(proptest::collection::vec(0u8..5, 1..20)),
            message in proptest::collection::vec(any::<u8>(), 0..100),
            body in proptest::collection::vec(any::<u8>(), 0..300),
            base in 0i64..1 << 40, timestamp: i64,
        ) {
            let changes = changes.map(|bytes| ChangeType::from_bytes(bytes).expect("they are known"));
            let records = changes.as_ref().map_or(9, Vec::len) as u32;
            let head = BatchHead::encode(&BatchContent {
                schema_id, writer, records, changes: changes.as_deref(), message: &message,
                body_length: body.len() as u32, body_checksum: crc32c::crc32c(&body),
            }).unwrap();
            let mut bytes = [head.bytes(), &body[..]].concat();
            stamp(&mut bytes, base, timestamp, 5).unwrap();
            let batch = LogBatch::parse(&bytes).unwrap();
            prop_assert!(batch.checksum_is_right());
            prop_assert_eq!((batch.writer_id, batch.sequence), writer);
            prop_assert_eq!((batch.base_offset, batch.commit_timestamp), (base, timestamp));
            prop_assert_eq!((batch.schema_id, batch.records), (schema_id, records));
            prop_assert_eq!(batch.changes(0..records as usize).unwrap(), changes.clone());
            prop_assert_eq!(&bytes[batch.rows_range()], [&message[..], &body[..]].concat());
        }
    }
}
