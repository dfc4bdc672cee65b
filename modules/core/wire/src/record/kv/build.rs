//! Key batches, written (`fluss.md` 2.7): upserts and deletes of one bucket as one batch of a PutKv request.

use crate::record::RecordError;
use crate::record::checksum::combine;
use crate::record::place::put;
use crate::record::read::corrupt;

/// The length of the header of a key batch, in bytes.
pub const KV_HEAD_LENGTH: usize = 28;
/// What the length field of a header does not count: itself.
pub(crate) const OVERHEAD: usize = 4;
pub(crate) const WHAT: &str = "key batch";
const CRC_FROM: usize = 9;

/// The records of a key batch, one behind the other, without the header: that is made anew for each send, by
/// [`kv_head`].
#[derive(Debug, Clone, Default)]
pub struct KvBatchBuilder {
    bytes: Vec<u8>,
    records: u32,
}

impl KvBatchBuilder {
    /// No records yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the deletion of a key.
    ///
    /// Fails, and adds nothing, where the records would pass 2 GiB.
    pub fn delete(&mut self, key: &[u8]) -> Result<(), RecordError> {
        self.add(key, |_| Ok(()))
    }

    /// Adds a key and its row, in the format that the table has for rows of keys.
    ///
    /// Fails, and adds nothing, on an empty row, which would mean a deletion, and where the records would pass 2 GiB.
    pub fn upsert(&mut self, key: &[u8], row: &[u8]) -> Result<(), RecordError> {
        self.upsert_with(key, |out| {
            out.extend_from_slice(row);
            Ok(())
        })
    }

    /// Adds a key and the row that `write` adds to the bytes it is given, behind what is in there.
    ///
    /// Fails, and adds nothing, where `write` fails, and as [`KvBatchBuilder::upsert`].
    pub fn upsert_with<E: From<RecordError>>(
        &mut self,
        key: &[u8],
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.add(key, |out| {
            let from = out.len();
            write(out)?;
            if out.len() == from {
                return Err(corrupt(WHAT, "a row to upsert has no bytes".into()).into());
            }
            Ok(())
        })
    }

    fn add<E: From<RecordError>>(
        &mut self,
        key: &[u8],
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let begin = self.bytes.len();
        let full = || corrupt(WHAT, "it would pass 2 GiB; seal batches earlier".into());
        self.bytes.extend_from_slice(&[0; 4]);
        prost::encoding::encode_varint(key.len() as u64, &mut self.bytes);
        self.bytes.extend_from_slice(key);
        let added = write(&mut self.bytes).and_then(|()| {
            let length = i32::try_from(self.bytes.len() - begin - 4).map_err(|_| full())?;
            i32::try_from(self.bytes.len() + KV_HEAD_LENGTH).map_err(|_| full())?;
            put(&mut self.bytes, begin, length.to_le_bytes());
            Ok(())
        });
        match added {
            Ok(()) => self.records += 1,
            Err(_) => self.bytes.truncate(begin),
        }
        added
    }

    /// How many records there are.
    pub fn records(&self) -> u32 {
        self.records
    }

    /// How many bytes the records have: the batch has [`KV_HEAD_LENGTH`] more.
    pub fn byte_length(&self) -> usize {
        self.bytes.len()
    }

    /// The records: the body that follows the header.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// What a header says of the records that follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvContent {
    /// The version of the schema that the rows have.
    pub schema_id: i16,
    /// How many records there are.
    pub records: u32,
    /// How many bytes these have.
    pub body_length: u32,
    /// CRC-32C of these bytes.
    pub body_checksum: u32,
}

/// The header of a key batch whose records are elsewhere. `writer` is the writer id and the sequence of the batch, or
/// `NO_WRITER`: only they change when the batch is sent again.
///
/// Fails if the batch would pass 2 GiB or 2^31 records.
pub fn kv_head(content: &KvContent, writer: (i64, i32)) -> Result<[u8; KV_HEAD_LENGTH], RecordError> {
    let body_length = content.body_length as usize;
    let length = i32::try_from(KV_HEAD_LENGTH - OVERHEAD + body_length);
    let (Ok(length), Ok(records)) = (length, i32::try_from(content.records)) else {
        return Err(corrupt(WHAT, "it would pass 2 GiB; seal batches earlier".into()));
    };
    let mut head = [0; KV_HEAD_LENGTH];
    head[..4].copy_from_slice(&length.to_le_bytes());
    // Byte 4 is the version, 0, and byte 11 has the attributes, of which there are none.
    head[9..11].copy_from_slice(&content.schema_id.to_le_bytes());
    head[12..20].copy_from_slice(&writer.0.to_le_bytes());
    head[20..24].copy_from_slice(&writer.1.to_le_bytes());
    head[24..28].copy_from_slice(&records.to_le_bytes());
    let own = crc32c::crc32c(&head[CRC_FROM..]);
    let checksum = combine(own, content.body_checksum, body_length);
    head[5..CRC_FROM].copy_from_slice(&checksum.to_le_bytes());
    Ok(head)
}
