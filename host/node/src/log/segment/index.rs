//! A segment's sparse index: every few KiB, which offset and which time stand where in the file.
//!
//! It is kept in memory while the segment is in use, and in a file beside a segment that is closed. The file is only a
//! saving: one that is missing, damaged or does not fit its segment is made anew from the segment.

use std::fs;
use std::path::Path;

use bytes::{Buf, BufMut};

use crate::disk::file::write_whole;

/// Bytes of log between two entries, at least.
pub(crate) const INTERVAL: u64 = 16 << 10;
/// The first bytes of an index file: what it is and its version.
const MAGIC: u64 = u64::from_le_bytes(*b"thalidx1");
const ENTRY: usize = 24;

/// Where one batch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its base offset.
    pub(crate) offset: i64,
    /// Its commit timestamp; never falls from one entry to the next.
    pub(crate) timestamp: i64,
    /// Where it begins in the file.
    pub(crate) position: u64,
}

/// The entries of one segment, in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    entries: Vec<Entry>,
}

impl Index {
    /// Takes note of a batch, if the last noted one is far enough away.
    pub(crate) fn note(&mut self, entry: Entry) {
        let due = self.entries.last().is_none_or(|last| entry.position - last.position >= INTERVAL);
        if due {
            self.entries.push(entry);
        }
    }

    /// Forgets the batches at `position` and behind it.
    pub(crate) fn truncate(&mut self, position: u64) {
        let keep = self.entries.partition_point(|entry| entry.position < position);
        self.entries.truncate(keep);
    }

    /// Where to begin reading for the batch with `offset`: at it or shortly before it.
    pub(crate) fn position_of_offset(&self, offset: i64) -> u64 {
        self.before(|entry| entry.offset <= offset)
    }

    /// Where to begin reading for the first batch that was taken at `timestamp` or later.
    pub(crate) fn position_of_time(&self, timestamp: i64) -> u64 {
        self.before(|entry| entry.timestamp < timestamp)
    }

    fn before(&self, holds: impl Fn(&Entry) -> bool) -> u64 {
        let behind = self.entries.partition_point(holds);
        behind.checked_sub(1).and_then(|at| self.entries.get(at)).map_or(0, |entry| entry.position)
    }

    /// Writes the index of the first `covered` bytes of a segment.
    pub(crate) fn save(&self, path: &Path, covered: u64, flush: bool) -> std::io::Result<()> {
        let mut bytes = Vec::with_capacity(20 + self.entries.len() * ENTRY);
        bytes.put_u64_le(MAGIC);
        bytes.put_u64_le(covered);
        for entry in &self.entries {
            bytes.put_i64_le(entry.offset);
            bytes.put_i64_le(entry.timestamp);
            bytes.put_u64_le(entry.position);
        }
        bytes.put_u32_le(crc32c::crc32c(&bytes));
        write_whole(path, &bytes, flush)
    }

    /// Reads an index that covers exactly the first `covered` bytes of its segment.
    pub(crate) fn load(path: &Path, covered: u64) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let (mut body, mut crc) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        if crc.try_get_u32_le().ok()? != crc32c::crc32c(body)
            || body.try_get_u64_le().ok()? != MAGIC
            || body.try_get_u64_le().ok()? != covered
        {
            return None;
        }
        let mut entries = Vec::with_capacity(body.len() / ENTRY);
        while body.has_remaining() {
            let entry = Entry {
                offset: body.try_get_i64_le().ok()?,
                timestamp: body.try_get_i64_le().ok()?,
                position: body.try_get_u64_le().ok()?,
            };
            entries.push(entry);
        }
        Some(Self { entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let mut index = Index::default();
        for i in 0..100u64 {
            index.note(Entry { offset: i as i64 * 10, timestamp: 1000 + i as i64, position: i * 5000 });
        }
        index
    }

    #[test]
    fn entries_are_sparse_and_found() {
        let index = index();
        assert_eq!(index.entries.len(), 25);
        assert_eq!(index.position_of_offset(0), 0);
        assert_eq!(index.position_of_offset(-5), 0);
        assert_eq!(index.position_of_offset(39), 0);
        assert_eq!(index.position_of_offset(40), 20_000);
        assert_eq!(index.position_of_time(1004), 0);
        assert_eq!(index.position_of_time(1005), 20_000);
        assert_eq!(index.position_of_time(i64::MAX), 480_000);
    }

    #[test]
    fn a_file_is_believed_only_when_whole_and_fitting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.index");
        index().save(&path, 500_000, false).unwrap();
        assert_eq!(Index::load(&path, 500_000), Some(index()));
        assert_eq!(Index::load(&path, 500_001), None);
        let mut bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(Index::load(&path, 500_000), None, "byte {at}");
            bytes[at] ^= 1;
        }
        fs::write(&path, &bytes[..3]).unwrap();
        assert_eq!(Index::load(&path, 500_000), None);
    }

    #[test]
    fn truncation_forgets_what_is_behind() {
        let mut index = index();
        index.truncate(20_000);
        assert_eq!(index.entries.len(), 1);
    }
}
