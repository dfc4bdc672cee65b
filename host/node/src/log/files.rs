//! The files of a log: begun, rolled, flushed, closed, and how far they are whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::sync::Arc;

use super::Log;
use super::checkpoint::Checkpoint;
use super::error::AppendError;
use super::segment::Segment;
use super::segment::index::Index;
use super::tail::{State, Tail};
use crate::disk::file::flush_folder;
use crate::options::Durability;
use crate::runtime::sync::{lock, read};

impl Log {
    pub(super) fn open_for_writing(&self, tail: &mut Tail, segment: &Segment) -> Result<(), AppendError> {
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
            self.flush_names()?;
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
        if tail.uncommitted.is_some() || tail.size == 0 || tail.state != State::Open {
            return Ok(());
        }
        let flush = self.settings.durability != Durability::Memory;
        if let Some(file) = &tail.file
            && flush
        {
            file.sync_data()?;
        }
        let next = Segment::new(&self.folder, tail.next_offset, 0, Some(Index::default()));
        File::create(next.path())?;
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
        if tail.uncommitted.is_none()
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

    /// Brings everything that is committed to the disk, where commits do not do so themselves; but not with
    /// `Durability::Memory`, which promises nothing.
    pub(crate) fn settle(&self) -> io::Result<()> {
        if self.settings.durability != Durability::Os {
            return Ok(());
        }
        let file = lock(&self.tail).file.clone();
        let file = match (file, self.last_segment()) {
            (Some(file), _) => file,
            (None, Some(segment)) if segment.path().exists() => {
                Arc::new(OpenOptions::new().write(true).open(segment.path())?)
            }
            (None, _) => return Ok(()),
        };
        file.sync_data()?;
        self.flush_names()
    }

    /// Brings the names of the last file, of the bucket's folder, of the partition's if it has one, and of the table's to
    /// the disk.
    fn flush_names(&self) -> io::Result<()> {
        let names = if self.id().partition.is_some() { 4 } else { 3 };
        self.folder.ancestors().take(names).try_for_each(flush_folder)
    }

    /// Flushes every segment, of which none need have been so far.
    fn flush_all(&self) -> io::Result<()> {
        let segments = read(&self.segments).clone();
        for segment in segments.iter().filter(|segment| segment.path().exists()) {
            OpenOptions::new().write(true).open(segment.path())?.sync_data()?;
        }
        if self.folder.exists() { flush_folder(&self.folder) } else { Ok(()) }
    }

    /// Writes a checkpoint. Without it the next start only takes longer, so a failure is no more than a warning.
    pub(super) fn note_checkpoint(&self, tail: &mut Tail, segment: &Segment) {
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
