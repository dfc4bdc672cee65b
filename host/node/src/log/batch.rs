//! The header of a log batch as the log needs it: where the batch ends, what it counts, who wrote it, whether it is
//! whole (`fluss.md` 2.5).

use bytes::Bytes;
use thalweg_wire::record::{LogBatch, LogBatches, RecordError};

/// Bytes from a batch's beginning to the end of its length field; the length counts what follows.
pub(crate) const LENGTH_END: usize = 12;
/// Bytes that the node writes anew: base offset, length, magic and commit timestamp lie in them.
pub(crate) const STAMPED: usize = 21;
/// The shortest header of the three versions.
pub(crate) const SHORTEST: usize = 48;
/// The longest header of the three versions.
pub(crate) const LONGEST: usize = 56;

/// Why the beginning of a batch cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    /// Fewer bytes than the header has.
    #[error("the header of a log batch is cut short")]
    Short,
    /// It is not the header of a batch.
    #[error("the header of a log batch is damaged")]
    Damaged,
}

/// What the log needs of a batch's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// All bytes of the batch.
    pub(crate) size: usize,
    /// The offset of its first row.
    pub(crate) base_offset: i64,
    /// When it was taken, in milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) timestamp: i64,
    /// The schema of its rows.
    pub(crate) schema_id: i16,
    /// Its last row's offset, from its first.
    pub(crate) last_offset_delta: i32,
    /// Who wrote it; below 0: a writer that does not number its batches.
    pub(crate) writer_id: i64,
    /// Its number among its writer's batches for this bucket.
    pub(crate) sequence: i32,
    /// Its rows.
    pub(crate) records: i32,
    /// Where the checksum lies; what it covers follows it.
    crc_at: usize,
}

impl Header {
    /// One past the last offset that it takes up.
    pub(crate) fn next_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta)).saturating_add(1)
    }

    /// The same header with another offset and time.
    pub(crate) fn placed(self, base_offset: i64, timestamp: i64) -> Self {
        Self { base_offset, timestamp, ..self }
    }

    fn of(batch: &LogBatch<'_>) -> Self {
        Self {
            size: batch.bytes().len(),
            base_offset: batch.base_offset,
            timestamp: batch.commit_timestamp,
            schema_id: batch.schema_id,
            last_offset_delta: batch.last_offset_delta,
            writer_id: batch.writer_id,
            sequence: batch.sequence,
            records: i32::try_from(batch.records).unwrap_or(i32::MAX),
            crc_at: batch.checksum_range().start - 4,
        }
    }

    /// Reads the header at the beginning of `bytes`, which may end before the batch does: so the log finds its way
    /// from batch to batch without reading them.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, HeaderError> {
        let magic = *bytes.get(LENGTH_END).ok_or(HeaderError::Short)?;
        // Version 1 added the length of the statistics, version 2 also the leader's epoch before the checksum.
        let (crc_at, header_size) = match magic {
            0 => (21, SHORTEST),
            1 => (21, SHORTEST + 4),
            2 => (25, SHORTEST + 8),
            _ => return Err(HeaderError::Damaged),
        };
        let length = i32::from_le_bytes(field(bytes, 8)?);
        let size = usize::try_from(length).ok().and_then(|length| length.checked_add(LENGTH_END));
        let size = size.filter(|size| *size >= header_size).ok_or(HeaderError::Damaged)?;
        let schema_at = crc_at + 4;
        let header = Self {
            size,
            base_offset: i64::from_le_bytes(field(bytes, 0)?),
            timestamp: i64::from_le_bytes(field(bytes, 13)?),
            schema_id: i16::from_le_bytes(field(bytes, schema_at)?),
            last_offset_delta: i32::from_le_bytes(field(bytes, schema_at + 3)?),
            writer_id: i64::from_le_bytes(field(bytes, schema_at + 7)?),
            sequence: i32::from_le_bytes(field(bytes, schema_at + 15)?),
            records: i32::from_le_bytes(field(bytes, schema_at + 19)?),
            crc_at,
        };
        // An empty batch takes up one offset all the same.
        if header.records < 0 || header.last_offset_delta != (header.records - 1).max(0) {
            return Err(HeaderError::Damaged);
        }
        Ok(header)
    }

    /// Whether the bytes of the whole batch match its checksum.
    pub(crate) fn check(&self, batch: &[u8]) -> bool {
        match (field(batch, self.crc_at), batch.get(self.crc_at + 4..self.size)) {
            (Ok(crc), Some(covered)) => u32::from_le_bytes(crc) == crc32c::crc32c(covered),
            _ => false,
        }
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], HeaderError> {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()).copied().ok_or(HeaderError::Short)
}

/// Cuts what a client sent for one bucket into its batches, each of them whole and matching its checksum.
pub(crate) fn split(bytes: &Bytes) -> Result<Vec<Batch>, RecordError> {
    let mut batches = Vec::new();
    let mut parts = LogBatches::new(bytes);
    for part in parts.by_ref() {
        let (position, batch) = part?;
        if !batch.checksum_is_right() {
            let reason = "it does not match its checksum".to_owned();
            return Err(RecordError::CorruptBatch { base_offset: batch.base_offset, reason });
        }
        let range = position..position + batch.bytes().len();
        batches.push(Batch { bytes: bytes.slice(range), header: Header::of(&batch) });
    }
    let left = parts.remaining();
    if left > 0 {
        return Err(RecordError::Cut { what: "log batch", needed: left as u64 + 1, available: left as u64 });
    }
    Ok(batches)
}

/// One past the last offset of the whole batches in `bytes`; `None` if there is none.
pub(crate) fn end_of(bytes: &[u8]) -> Option<i64> {
    LogBatches::new(bytes).filter_map(Result::ok).last().map(|(_, batch)| batch.end_offset())
}

/// A batch of an append: its bytes as they came, and its header.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// The bytes.
    pub(crate) bytes: Bytes,
    /// What its header says.
    pub(crate) header: Header,
}

impl Batch {
    /// A batch that the node has made itself.
    pub(crate) fn made(bytes: Bytes) -> Result<Self, RecordError> {
        let header = Header::read(&bytes)
            .map_err(|error| RecordError::CorruptBatch { base_offset: 0, reason: error.to_string() })?;
        Ok(Self { bytes, header })
    }
}
