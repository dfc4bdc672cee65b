//! A bucket's checkpoint: up to where its log is known to be whole and on the disk, and what it knew of its writers
//! there. Recovery checks only what lies behind it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut};

use super::writers::Writers;
use crate::disk::file::write_whole;

const MAGIC: u64 = u64::from_le_bytes(*b"thalchk2");

/// A place in a bucket's log, and its state there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Checkpoint {
    /// The base offset of the segment.
    pub(crate) segment: i64,
    /// The position in the segment.
    pub(crate) position: u64,
    /// The offset of the next row.
    pub(crate) next_offset: i64,
    /// The last commit timestamp.
    pub(crate) last_timestamp: i64,
    /// What is known of the writers.
    pub(crate) writers: Writers,
}

impl Checkpoint {
    /// Puts it in place of the last one in `folder`.
    pub(crate) fn save(&self, folder: &Path, flush: bool) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(64 + self.writers.len() * 150);
        bytes.put_u64_le(MAGIC);
        bytes.put_i64_le(self.segment);
        bytes.put_u64_le(self.position);
        bytes.put_i64_le(self.next_offset);
        bytes.put_i64_le(self.last_timestamp);
        self.writers.encode(&mut bytes);
        bytes.put_u32_le(crc32c::crc32c(&bytes));
        write_whole(&path(folder), &bytes, flush)
    }

    /// The one in `folder`, if it is there and whole.
    pub(crate) fn load(folder: &Path) -> Option<Self> {
        let bytes = fs::read(path(folder)).ok()?;
        let (mut body, mut crc) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        if crc.try_get_u32_le().ok()? != crc32c::crc32c(body) || body.try_get_u64_le().ok()? != MAGIC {
            return None;
        }
        Some(Self {
            segment: body.try_get_i64_le().ok()?,
            position: body.try_get_u64_le().ok()?,
            next_offset: body.try_get_i64_le().ok()?,
            last_timestamp: body.try_get_i64_le().ok()?,
            writers: Writers::decode(&mut body)?,
        })
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("checkpoint")
}
