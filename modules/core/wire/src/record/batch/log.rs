//! Log batches read in place (`fluss.md` 2.5): versions 0, 1 and 2.

use std::ops::Range;

use crate::record::batch::head::OVERHEAD;
use crate::record::read::{Reader, cut};
use crate::record::{ChangeType, RecordError};

/// Base offset, length and magic: what is read before the version is known.
const PREFIX: usize = 13;
/// What stands in front of the metadata of an Arrow message: a marker, and the length of the metadata.
const MESSAGE_PREFIX: usize = 8;

/// The length of the header in this version of the format.
fn header_length(magic: i8) -> Option<usize> {
    match magic {
        0 => Some(48),
        1 => Some(52),
        2 => Some(56),
        _ => None,
    }
}

/// One log batch, its header checked; ranges count from the beginning of the batch.
///
/// The checksum is not taken by `parse`: see `checksum_is_right`. The server leaves a wrong one in a batch that it
/// projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBatch<'a> {
    /// The offset of the first row.
    pub base_offset: i64,
    /// When the server took the batch, in milliseconds since 1970-01-01T00:00:00Z.
    pub commit_timestamp: i64,
    /// The version of the format: 0, 1 or 2.
    pub magic: i8,
    /// The epoch of the leader that took the batch; -1 before version 2 and where it is unknown.
    pub leader_epoch: i32,
    /// CRC-32C of `checksum_range` as the header says.
    pub checksum: u32,
    /// The version of the schema that the rows have.
    pub schema_id: i16,
    /// Whether every row is an append; otherwise `changes` says what each one is.
    pub append_only: bool,
    /// The last row's offset less the first's; 0 also without rows.
    pub last_offset_delta: i32,
    /// The writer; -1: none.
    pub writer_id: i64,
    /// The number of the batch among those of its writer; -1: none.
    pub sequence: i32,
    /// How many rows there are.
    pub records: u32,
    /// From its beginning; all of it, or what is at hand.
    bytes: &'a [u8],
    length: usize,
    header: usize,
    statistics: usize,
    changes: usize,
}

impl<'a> LogBatch<'a> {
    /// Reads the batch at the beginning of `bytes`; what follows it is not looked at, nor are the changes and the rows.
    ///
    /// Fails with `Cut` if `bytes` ends before the batch does.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let length = Self::length_of(bytes)?.ok_or(cut("log batch header", PREFIX, bytes.len()))?;
        Self::parse_beginning(bytes.get(..length).ok_or(cut("log batch", length, bytes.len()))?)
    }

    /// Reads the batch that begins with `bytes`, which are at least its header, statistics and changes: see `needed`. Its
    /// rows cannot be had, unless they are there.
    ///
    /// Fails with `Cut` if `bytes` ends before the changes do.
    pub fn parse_beginning(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let batch = Self::parse_header(bytes)?;
        let end = batch.changes_range().end;
        if batch.bytes.len() < end {
            return Err(cut("log batch", end, batch.bytes.len()));
        }
        Ok(batch)
    }

    /// How many bytes `CheckedMessage::of_beginning` needs of the batch that begins with `bytes`. With more at hand the
    /// answer may be larger: ask again until it is not. It is never more than the batch says it has.
    ///
    /// Fails on a header that contradicts itself.
    pub fn needed(bytes: &[u8]) -> Result<usize, RecordError> {
        let Some(length) = Self::length_of(bytes)? else { return Ok(PREFIX) };
        let header = bytes.get(PREFIX - 1).map_or(PREFIX, |magic| header_length(*magic as i8).unwrap_or(PREFIX));
        if bytes.len() < header {
            return Ok(header);
        }
        let from = LogBatch::parse_header(bytes)?.rows_range().start;
        let prefix = bytes.get(from..).and_then(|message| message.split_first_chunk::<MESSAGE_PREFIX>());
        let end = match prefix {
            Some(([.., a, b, c, d], _)) => {
                let metadata = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
                from.saturating_add(MESSAGE_PREFIX).saturating_add(metadata)
            }
            None => from.saturating_add(MESSAGE_PREFIX),
        };
        Ok(end.min(length))
    }

    fn parse_header(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let length = Self::length_of(bytes)?.ok_or(cut("log batch header", PREFIX, bytes.len()))?;
        let bytes = bytes.get(..length).unwrap_or(bytes);
        let mut fields = Reader::new("log batch header", bytes);
        let base_offset = fields.i64()?;
        fields.i32()?;
        let magic = fields.i8()?;
        let commit_timestamp = fields.i64()?;
        let leader_epoch = if magic == 2 { fields.i32()? } else { -1 };
        let checksum = fields.u32()?;
        let schema_id = fields.i16()?;
        let append_only = fields.i8()? & 1 != 0;
        let last_offset_delta = fields.i32()?;
        let writer_id = fields.i64()?;
        let sequence = fields.i32()?;
        let count = fields.i32()?;
        let statistics = if magic > 0 { fields.i32()? } else { 0 };
        let header = bytes.len() - fields.rest().len();

        let corrupt = |reason: String| RecordError::CorruptBatch { base_offset, reason };
        let records = u32::try_from(count).map_err(|_| corrupt(format!("it says it has {count} rows")))?;
        let statistics =
            usize::try_from(statistics).map_err(|_| corrupt(format!("its statistics have length {statistics}")))?;
        if last_offset_delta != (count - 1).max(0) {
            return Err(corrupt(format!("{count} rows do not end {last_offset_delta} behind the first")));
        }
        if base_offset < 0 || base_offset.checked_add(i64::from(last_offset_delta) + 1).is_none() {
            return Err(corrupt("its offsets are out of range".into()));
        }
        let changes = if append_only { 0 } else { records as usize };
        if length.saturating_sub(header) < statistics.saturating_add(changes) {
            return Err(corrupt("its statistics and changes are longer than it is".into()));
        }
        Ok(Self {
            base_offset,
            commit_timestamp,
            magic,
            leader_epoch,
            checksum,
            schema_id,
            append_only,
            last_offset_delta,
            writer_id,
            sequence,
            records,
            bytes,
            length,
            header,
            statistics,
            changes,
        })
    }

    /// The length in bytes of the batch that begins `bytes`, which need not be there as a whole; `None` if not even
    /// its length and version are there.
    ///
    /// Fails on an unknown version, and on a length that is shorter than the header.
    pub fn length_of(bytes: &[u8]) -> Result<Option<usize>, RecordError> {
        let Some(prefix) = bytes.get(..PREFIX) else { return Ok(None) };
        let mut fields = Reader::new("log batch header", prefix);
        let base_offset = fields.i64()?;
        let length = fields.i32()?;
        let magic = fields.i8()?;
        let header = header_length(magic).ok_or(RecordError::UnknownMagic { magic })?;
        match usize::try_from(length).ok().and_then(|length| length.checked_add(OVERHEAD)) {
            Some(total) if total >= header => Ok(Some(total)),
            _ => Err(RecordError::CorruptBatch { base_offset, reason: format!("its length is {length}") }),
        }
    }

    /// The batch: whole, or what is at hand of it where it was read by its beginning.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The length of the whole batch, in bytes.
    pub fn length(&self) -> usize {
        self.length
    }

    /// One past the offset of the last row. A batch without rows takes up one offset.
    pub fn end_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta) + 1
    }

    /// The length of the header, in bytes.
    pub fn header_length(&self) -> usize {
        self.header
    }

    /// What the checksum is taken of.
    pub fn checksum_range(&self) -> Range<usize> {
        let from = if self.magic == 2 { 29 } else { 25 };
        from..self.length
    }

    /// Takes the checksum of the batch and compares it. It is wrong in a batch that the server projected.
    pub fn checksum_is_right(&self) -> bool {
        self.bytes.get(self.checksum_range()).is_some_and(|range| crc32c::crc32c(range) == self.checksum)
    }

    /// Where the statistics are; empty if there are none.
    pub fn statistics_range(&self) -> Range<usize> {
        self.header..self.header + self.statistics
    }

    /// Where the changes are; empty in an append-only batch. A batch of row records has none here: each record has its
    /// own, see [`crate::record::LogRow`].
    pub fn changes_range(&self) -> Range<usize> {
        let from = self.statistics_range().end;
        from..from + self.changes
    }

    /// The byte of each row's change; `None`: all are appends.
    pub(crate) fn change_bytes(&self) -> Option<&'a [u8]> {
        if self.append_only { None } else { self.bytes.get(self.changes_range()) }
    }

    /// The change of each of these rows; `None`: all are appends.
    ///
    /// Fails on an unknown change, and on rows that the batch does not have.
    pub fn changes(&self, rows: Range<usize>) -> Result<Option<Vec<ChangeType>>, RecordError> {
        let Some(bytes) = self.change_bytes() else { return Ok(None) };
        let wanted = bytes.get(rows.clone());
        let wanted = wanted.ok_or_else(|| self.corrupt(format!("it has no rows {rows:?}")))?;
        ChangeType::from_bytes(wanted.to_vec()).map(Some).map_err(|unknown| self.corrupt(unknown.to_string()))
    }

    /// Fails on an unknown change.
    pub fn check_changes(&self) -> Result<(), RecordError> {
        let mut changes = self.change_bytes().unwrap_or_default().iter();
        changes
            .try_for_each(|byte| ChangeType::try_from(*byte).map(drop))
            .map_err(|unknown| self.corrupt(unknown.to_string()))
    }

    fn corrupt(&self, reason: String) -> RecordError {
        RecordError::CorruptBatch { base_offset: self.base_offset, reason }
    }

    /// Where the rows are: an Arrow message. Empty in a batch that is only a header.
    pub fn rows_range(&self) -> Range<usize> {
        self.changes_range().end..self.length
    }
}
