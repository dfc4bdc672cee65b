//! Writing a bucket's log: batches are written one round at a time, and a round is committed or taken back as a whole.

use std::fs::{self, OpenOptions};
use std::io::{self, IoSlice, Seek, SeekFrom};
use std::sync::Arc;

use super::batch::{Batch, Header, LENGTH_END, STAMPED};
use super::bucket::{Bucket, Round, State, Tail};
use super::checkpoint::Checkpoint;
use super::file::write_all;
use super::index::{Entry, Index};
use super::segment::Segment;
use super::writers::{OutOfOrder, Verdict};
use crate::disk::folder::flush_folder;
use crate::options::Durability;
use crate::runtime::sync::lock;

/// Bytes between two checkpoints of a log that is flushed anyway; what recovery has to check at most.
const CHECKPOINT_BYTES: u64 = 64 << 20;

/// Why batches were not taken. Nothing of them is in the log.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum AppendError {
    /// A batch is not its writer's next one.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrder),
    /// The disk is full.
    #[error("The disk of the node is full; nothing was written. Free some space.")]
    DiskFull,
    /// The disk failed.
    #[error("The node cannot write its log ({0}); nothing was written.")]
    Storage(Arc<io::Error>),
    /// An earlier failure left the end of the log unknown.
    #[error("The node could not write this bucket's log before and takes no more of it until it is started again.")]
    Failed,
    /// The table is gone.
    #[error("The bucket's table has been dropped.")]
    Dropped,
}

impl From<io::Error> for AppendError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::DiskFull,
            _ => Self::Storage(Arc::new(error)),
        }
    }
}

impl Bucket {
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

        let Tail { size, next_offset, last_timestamp, writers, round, .. } = &mut *tail;
        let round = round.get_or_insert_with(|| Round {
            size: *size,
            next_offset: *next_offset,
            last_timestamp: *last_timestamp,
            known: Vec::new(),
        });
        for header in &headers {
            segment.note(Entry { offset: header.base_offset, timestamp, position: *size });
            round.known.extend(writers.note(header));
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
    fn write_in_room(&self, file: &fs::File, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        use std::sync::atomic::Ordering;
        let bytes: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        let room = self.settings.room.load(Ordering::Relaxed);
        if bytes > room {
            let some = pieces.iter().flat_map(|piece| piece.iter().copied()).take(room as usize).collect::<Vec<_>>();
            write_all(file, &mut [IoSlice::new(&some)])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.settings.room.fetch_sub(bytes, Ordering::Relaxed);
        write_all(file, pieces)
    }

    /// Makes what was written since the last commit count: flushes it as the durability asks for, and lets it be read.
    /// On an error all of it is taken back.
    pub(crate) fn commit(&self) -> Result<(), AppendError> {
        let mut tail = lock(&self.tail);
        let Some(round) = tail.round.take() else { return Ok(()) };
        let (Some(segment), Some(file)) = (self.last_segment(), tail.file.clone()) else {
            return Err(AppendError::Failed);
        };
        if self.settings.durability == Durability::Fsync
            && let Err(error) = file.sync_data()
        {
            self.take_back(&mut tail, &segment, round);
            return Err(error.into());
        }
        segment.publish(tail.size);
        self.publish(tail.next_offset);
        tail.since_checkpoint += tail.size - round.size;
        if tail.writers.len() > self.settings.writers + self.settings.writers / 8 {
            tail.writers.expire(i64::MIN, self.settings.writers);
        }
        if self.settings.durability == Durability::Fsync && tail.since_checkpoint >= CHECKPOINT_BYTES {
            self.note_checkpoint(&mut tail, &segment);
        }
        Ok(())
    }

    fn take_back(&self, tail: &mut Tail, segment: &Segment, round: Round) {
        for known in round.known.into_iter().rev() {
            tail.writers.restore(known);
        }
        tail.size = round.size;
        tail.next_offset = round.next_offset;
        tail.last_timestamp = round.last_timestamp;
        segment.forget(round.size);
        self.cut(tail, round.size);
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

    fn open_for_writing(&self, tail: &mut Tail, segment: &Segment) -> Result<(), AppendError> {
        if tail.file.is_some() {
            return Ok(());
        }
        let flush = self.settings.durability == Durability::Fsync;
        let fresh = !segment.path().exists();
        if fresh {
            fs::create_dir_all(&self.folder)?;
        }
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(segment.path())?;
        (&file).seek(SeekFrom::Start(tail.size))?;
        if fresh && flush {
            // The names of the file, of the bucket's folder, of the partition's if it has one, and of the table's.
            let names = if self.id().partition.is_some() { 4 } else { 3 };
            for folder in self.folder.ancestors().take(names) {
                flush_folder(folder)?;
            }
        }
        let file = Arc::new(file);
        segment.keep_open(Some(Arc::clone(&file)));
        tail.file = Some(file);
        Ok(())
    }

    /// Closes the last segment and begins a new one. Everything must be committed.
    pub(crate) fn roll(&self) -> Result<(), AppendError> {
        let mut tail = lock(&self.tail);
        let Some(segment) = self.last_segment() else { return Err(AppendError::Failed) };
        if tail.round.is_some() || tail.size == 0 || tail.state != State::Open {
            return Ok(());
        }
        let flush = self.settings.durability != Durability::Memory;
        if let Some(file) = &tail.file
            && flush
        {
            file.sync_data()?;
        }
        let next = Segment::new(&self.folder, tail.next_offset, 0, Some(Index::default()));
        fs::File::create(next.path())?;
        if flush {
            flush_folder(&self.folder)?;
        }
        if let Err(error) = segment.save_index(tail.size, false) {
            tracing::warn!(file = %segment.path().display(), %error, "cannot save an index; it will be made anew when needed");
        }
        segment.keep_open(None);
        tail.file = None;
        tail.size = 0;
        self.push_segment(next);
        if flush && let Some(segment) = self.last_segment() {
            self.note_checkpoint(&mut tail, &segment);
        }
        Ok(())
    }

    /// Closes the file until it is written again. Everything must be committed.
    pub(crate) fn rest(&self) {
        let mut tail = lock(&self.tail);
        if tail.round.is_none()
            && let Some(segment) = self.last_segment()
        {
            segment.keep_open(None);
            tail.file = None;
        }
    }

    /// Whether its file is open for writing.
    #[cfg(test)]
    pub(crate) fn is_open(&self) -> bool {
        lock(&self.tail).file.is_some()
    }

    /// Flushes everything and writes a checkpoint of it, so that the next start has nothing to check.
    pub(crate) fn close(&self) -> Result<(), AppendError> {
        if lock(&self.tail).state == State::Failed {
            // What it has is for recovery to find out.
            return Ok(());
        }
        self.commit()?;
        let mut tail = lock(&self.tail);
        let Some(segment) = self.last_segment() else { return Ok(()) };
        if tail.state != State::Open {
            return Ok(());
        }
        if self.settings.durability == Durability::Memory {
            self.flush_all()?;
        } else if let Some(file) = &tail.file {
            file.sync_data()?;
        }
        if self.folder.exists() {
            self.note_checkpoint(&mut tail, &segment);
        }
        segment.keep_open(None);
        tail.file = None;
        Ok(())
    }

    /// Flushes every segment, of which none need have been so far.
    fn flush_all(&self) -> io::Result<()> {
        let segments = crate::runtime::sync::read(&self.segments).clone();
        for segment in segments.iter().filter(|segment| segment.path().exists()) {
            OpenOptions::new().write(true).open(segment.path())?.sync_data()?;
        }
        if self.folder.exists() { flush_folder(&self.folder) } else { Ok(()) }
    }

    /// Writes a checkpoint. Without it the next start only takes longer, so a failure is no more than a warning.
    fn note_checkpoint(&self, tail: &mut Tail, segment: &Segment) {
        let checkpoint = Checkpoint {
            segment: segment.base(),
            position: tail.size,
            next_offset: tail.next_offset,
            last_timestamp: tail.last_timestamp,
            writers: tail.writers.clone(),
        };
        let saved = segment.save_index(tail.size, false).and_then(|()| checkpoint.save(&self.folder, true));
        if let Err(error) = saved {
            tracing::warn!(folder = %self.folder.display(), %error, "cannot write a checkpoint; the next start checks more of the log");
        }
        tail.since_checkpoint = 0;
    }
}

impl Tail {
    fn check_open(&self) -> Result<(), AppendError> {
        match self.state {
            State::Open => Ok(()),
            State::Failed => Err(AppendError::Failed),
            State::Dropped => Err(AppendError::Dropped),
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
