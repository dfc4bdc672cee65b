//! Writing a log: batches are written one round at a time, and a round is committed or taken back as a whole.

use std::io::{self, IoSlice, Seek, SeekFrom};

use super::Log;
use super::batch::{Batch, Header, LENGTH_END, STAMPED};
use super::error::AppendError;
use super::segment::Segment;
use super::segment::index::Entry;
use super::tail::{State, Tail, Uncommitted};
use super::writers::Verdict;
use crate::disk::file::write_all;
use crate::options::Durability;
use crate::runtime::sync::lock;

/// Bytes between two checkpoints of a log that is flushed anyway; what recovery has to check at most.
const CHECKPOINT_BYTES: u64 = 64 << 20;

impl Log {
    /// Whether `bytes` more need a new segment first; then commit, and `roll`.
    pub(crate) fn is_full(&self, bytes: usize) -> bool {
        let tail = lock(&self.tail);
        tail.size > 0 && tail.size + bytes as u64 > self.settings.segment_bytes
    }

    /// Writes batches at the end. They can be read, and count, once `commit` has returned. Returns the offset of the
    /// first row; for batches that were taken before, the offset that they got then.
    pub(crate) fn append(&self, batches: &[Batch], now: i64) -> Result<i64, AppendError> {
        let mut tail = lock(&self.tail);
        tail.check_open()?;
        if let Verdict::Repeated(offset) = tail.writers.check(batches)? {
            return Ok(offset);
        }
        let segment = self.last_segment().ok_or(AppendError::Failed)?;
        self.open_for_writing(&mut tail, &segment)?;
        let first = tail.next_offset;
        let timestamp = now.max(tail.last_timestamp);
        let headers = stamp(batches, first, timestamp);
        self.write(&mut tail, batches, &headers)?;

        let Tail { size, next_offset, last_timestamp, writers, uncommitted, .. } = &mut *tail;
        let uncommitted = uncommitted.get_or_insert_with(|| Uncommitted {
            size: *size,
            next_offset: *next_offset,
            last_timestamp: *last_timestamp,
            known: Vec::new(),
        });
        for header in &headers {
            segment.note(Entry { offset: header.base_offset, timestamp, position: *size });
            uncommitted.known.extend(writers.note(header));
            *size += header.size as u64;
            *next_offset = header.next_offset();
        }
        *last_timestamp = timestamp;
        Ok(first)
    }

    /// Judges a batch that is about to be made, as `append` will: the end offset of one that was taken before, `None`
    /// for a new one.
    pub(crate) fn judge(&self, writer: i64, sequence: i32) -> Result<Option<i64>, AppendError> {
        let tail = lock(&self.tail);
        tail.check_open()?;
        Ok(tail.writers.judge(writer, sequence)?)
    }

    fn write(&self, tail: &mut Tail, batches: &[Batch], headers: &[Header]) -> Result<(), AppendError> {
        let file = tail.file.clone().ok_or(AppendError::Failed)?;
        let stamps: Vec<[u8; STAMPED]> =
            batches.iter().zip(headers).map(|(batch, header)| stamped(batch, header)).collect();
        let mut pieces = Vec::with_capacity(batches.len() * 2);
        for (batch, stamp) in batches.iter().zip(&stamps) {
            pieces.push(IoSlice::new(stamp));
            pieces.push(IoSlice::new(batch.bytes.get(STAMPED..).unwrap_or_default()));
        }
        #[cfg(test)]
        let written = self.write_in_room(&file, &mut pieces);
        #[cfg(not(test))]
        let written = write_all(&file, &mut pieces);
        if let Err(error) = written {
            self.cut(tail, tail.size);
            return Err(error.into());
        }
        Ok(())
    }

    /// Writes as much as the disk of the test has room for.
    #[cfg(test)]
    fn write_in_room(&self, file: &std::fs::File, pieces: &mut [IoSlice<'_>]) -> std::io::Result<()> {
        use std::sync::atomic::Ordering;
        let bytes: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        let room = self.settings.room.load(Ordering::Relaxed);
        if bytes > room {
            let some = pieces.iter().flat_map(|piece| piece.iter().copied()).take(room as usize).collect::<Vec<_>>();
            write_all(file, &mut [IoSlice::new(&some)])?;
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.settings.room.fetch_sub(bytes, Ordering::Relaxed);
        write_all(file, pieces)
    }

    /// Makes what was written since the last commit count: flushes it as the durability asks for, and lets it be read.
    /// On an error all of it is taken back.
    pub(crate) fn commit(&self) -> Result<(), AppendError> {
        self.commit_flushed(self.flush())
    }

    /// Flushes what was written since the last commit, as the durability asks for: the first half of `commit`.
    pub(crate) fn flush(&self) -> io::Result<()> {
        if self.settings.durability != Durability::Fsync {
            return Ok(());
        }
        let file = {
            let tail = lock(&self.tail);
            tail.uncommitted.as_ref().and_then(|_| tail.file.clone())
        };
        file.map_or(Ok(()), |file| file.sync_data())
    }

    /// Lets what was flushed be read, or takes it back: the second half of `commit`.
    pub(crate) fn commit_flushed(&self, flushed: io::Result<()>) -> Result<(), AppendError> {
        let mut tail = lock(&self.tail);
        let Some(uncommitted) = tail.uncommitted.take() else { return Ok(()) };
        let Some(segment) = self.last_segment() else { return Err(AppendError::Failed) };
        if let Err(error) = flushed {
            self.take_back(&mut tail, &segment, uncommitted);
            return Err(error.into());
        }
        segment.publish(tail.size);
        self.publish(tail.next_offset);
        tail.since_checkpoint += tail.size - uncommitted.size;
        if tail.writers.len() > self.settings.writers + self.settings.writers / 8 {
            tail.writers.expire(i64::MIN, self.settings.writers);
        }
        if self.settings.durability == Durability::Fsync && tail.since_checkpoint >= CHECKPOINT_BYTES {
            self.note_checkpoint(&mut tail, &segment);
        }
        Ok(())
    }

    fn take_back(&self, tail: &mut Tail, segment: &Segment, uncommitted: Uncommitted) {
        for known in uncommitted.known.into_iter().rev() {
            tail.writers.restore(known);
        }
        tail.size = uncommitted.size;
        tail.next_offset = uncommitted.next_offset;
        tail.last_timestamp = uncommitted.last_timestamp;
        segment.forget(uncommitted.size);
        self.cut(tail, uncommitted.size);
    }

    /// Cuts the file off behind `size`. If even that fails, the bucket takes no more batches.
    fn cut(&self, tail: &mut Tail, size: u64) {
        let Some(file) = &tail.file else { return };
        let cut = file.set_len(size).and_then(|()| (&**file).seek(SeekFrom::Start(size)));
        if let Err(error) = cut {
            tracing::error!(folder = %self.folder.display(), %error, "cannot cut a partial write off; the bucket takes no more batches");
            tail.state = State::Failed;
        }
    }
}

/// The headers of batches that get the offsets from `first` on.
fn stamp(batches: &[Batch], first: i64, timestamp: i64) -> Vec<Header> {
    let mut next = first;
    let place = |batch: &Batch| {
        let header = batch.header.placed(next, timestamp);
        next = header.next_offset();
        header
    };
    batches.iter().map(place).collect()
}

/// The first bytes of a batch with its offset and time put in; they are not under its checksum.
fn stamped(batch: &Batch, header: &Header) -> [u8; STAMPED] {
    let mut bytes = batch.bytes.first_chunk::<STAMPED>().copied().unwrap_or_default();
    bytes[..8].copy_from_slice(&header.base_offset.to_le_bytes());
    bytes[LENGTH_END + 1..].copy_from_slice(&header.timestamp.to_le_bytes());
    bytes
}
