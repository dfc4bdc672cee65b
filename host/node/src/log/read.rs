//! Reading a log: batches by offset, offsets by time.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::Log;
use super::error::ReadError;
use super::segment::Segment;
use crate::runtime::sync::read;

impl Log {
    /// Checks an offset to read from. It may be the end, where nothing is yet.
    pub(crate) fn check_offset(&self, offset: i64) -> Result<(), ReadError> {
        let (start, end) = (self.start(), self.high_watermark());
        if offset < start || offset > end {
            return Err(ReadError::OutOfRange { offset, start, end });
        }
        Ok(())
    }

    /// Whole batches from the one that holds `offset` on, `most` bytes of them at most; if `at_least_one`, the first
    /// even when it is larger. Blocks on the disk.
    pub(crate) fn read(&self, offset: i64, most: usize, at_least_one: bool) -> Result<Bytes, ReadError> {
        self.read_by(offset, |segment| segment.read(offset, most, at_least_one))
    }

    /// As `read`, but ends where the limit is, be it in the middle of a batch: as a tablet server answers.
    pub(crate) fn read_cut(&self, offset: i64, most: usize, at_least_one: bool) -> Result<Bytes, ReadError> {
        self.read_by(offset, |segment| segment.read_cut(offset, most, at_least_one))
    }

    fn read_by(&self, offset: i64, read: impl FnOnce(&Segment) -> io::Result<Bytes>) -> Result<Bytes, ReadError> {
        self.check_offset(offset)?;
        if offset >= self.high_watermark() {
            return Ok(Bytes::new());
        }
        let Some(segment) = self.segment_of(offset) else { return Ok(Bytes::new()) };
        match read(&segment) {
            Ok(bytes) => Ok(bytes),
            // Retention may have taken the segment away meanwhile.
            Err(error) => self.check_offset(offset).and(Err(ReadError::Storage(error))),
        }
    }

    fn segment_of(&self, offset: i64) -> Option<Arc<Segment>> {
        let segments = read(&self.segments);
        let behind = segments.partition_point(|segment| segment.base() <= offset);
        behind.checked_sub(1).and_then(|at| segments.get(at)).cloned()
    }

    /// The offset of the first batch taken at `timestamp` or later; the end if there is none. Blocks on the disk.
    pub(crate) fn offset_of_time(&self, timestamp: i64) -> Result<i64, ReadError> {
        let end = self.high_watermark();
        let segments = read(&self.segments).clone();
        let (mut low, mut high) = (0, segments.len());
        while low < high {
            let middle = low + (high - low) / 2;
            // Only the last segment can be without a batch; nothing behind it could be meant instead.
            let last = segments.get(middle).map_or(Ok(None), |segment| segment.last_timestamp())?;
            if last.is_none_or(|last| last >= timestamp) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        if let Some(segment) = segments.get(low)
            && let Some(offset) = segment.offset_of_time(timestamp)?
        {
            return Ok(offset.min(end));
        }
        Ok(end)
    }

    /// Of the last segment that has something to read: its first offset and how many bytes can be read. The end of the
    /// bucket and 0 if there is nothing to read at all.
    pub(crate) fn last_readable(&self) -> (i64, u64) {
        let end = self.high_watermark();
        let segments = read(&self.segments);
        let last = segments.iter().rev().find(|segment| segment.base() < end);
        last.map_or((end, 0), |segment| (segment.base(), segment.visible()))
    }
}
