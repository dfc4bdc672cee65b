//! The rows of one bucket that are in memory: those that came since the last time that rows were sorted into files, those
//! that are being sorted, and those that were not long ago.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, RwLock};

use super::hash::Hash;
use super::rows::Rows;
use crate::runtime::sync::write;

/// Brings the log that a bucket's keys follow to the disk. Until then the keys must not go there.
pub(crate) type Settle = dyn Fn() -> io::Result<()> + Send + Sync;

/// How far keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    /// They have all changes before this offset of the log.
    pub(crate) applied: i64,
    /// How many there are.
    pub(crate) rows: i64,
}

/// What of a bucket's keys is in memory.
pub(crate) struct Part {
    buffer: RwLock<Buffer>,
    /// Up to which offset of the log the files have all changes.
    stored: AtomicI64,
    settle: OnceLock<Box<Settle>>,
}

/// Rows in memory.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// Those of which files have nothing.
    fresh: Rows,
    /// How far the keys are with them.
    mark: Mark,
    /// Those that are being sorted into files, and how far the keys are with them.
    sealed: Option<(Arc<Rows>, Mark)>,
    /// Those that are in files too.
    clean: Option<Arc<Rows>>,
    /// How far the keys in the files are.
    stored: Mark,
}

/// Rows of a bucket to be sorted into files, and how far its keys are then.
pub(crate) struct Run {
    /// Which bucket.
    pub(crate) bucket: u32,
    /// Its rows.
    pub(crate) rows: Arc<Rows>,
    /// How far its keys are.
    pub(crate) mark: Mark,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("buffer", &self.buffer).field("stored", &self.stored).finish_non_exhaustive()
    }
}

impl Part {
    /// Nothing in memory; the files are as far as `stored`.
    pub(crate) fn new(stored: Mark) -> Self {
        let buffer = Buffer { mark: stored, stored, ..Buffer::default() };
        Self { buffer: RwLock::new(buffer), stored: AtomicI64::new(stored.applied), settle: OnceLock::new() }
    }

    /// How the log that the keys follow is brought to the disk.
    pub(crate) fn settle_by(&self, settle: Box<Settle>) {
        let _ = self.settle.set(settle);
    }

    /// Brings that log to the disk.
    pub(crate) fn settle(&self) -> io::Result<()> {
        self.settle.get().map_or(Ok(()), |settle| settle())
    }

    pub(crate) fn buffer(&self) -> &RwLock<Buffer> {
        &self.buffer
    }

    /// Up to which offset of the log the files have all changes.
    pub(crate) fn stored(&self) -> i64 {
        self.stored.load(Ordering::Acquire)
    }

    /// Takes what is to be sorted into files now: what was, where that failed, or else all that came since.
    pub(crate) fn seal(&self, bucket: u32) -> Option<Run> {
        let mut buffer = write(&self.buffer);
        if buffer.sealed.is_none() && (!buffer.fresh.is_empty() || buffer.mark != buffer.stored) {
            let rows = std::mem::take(&mut buffer.fresh);
            buffer.sealed = Some((Arc::new(rows), buffer.mark));
        }
        buffer.sealed.as_ref().map(|(rows, mark)| Run { bucket, rows: Arc::clone(rows), mark: *mark })
    }

    /// Takes note that a run is in the files. Its rows stay in memory if `keep`. `note` is told the memory, in bytes, of the
    /// rows kept before and of those kept now, before anybody else can change that.
    pub(crate) fn sorted(&self, run: &Run, keep: bool, note: impl FnOnce(usize, usize)) {
        let mut buffer = write(&self.buffer);
        buffer.sealed = None;
        buffer.stored = run.mark;
        let kept = keep.then(|| Arc::clone(&run.rows));
        let now = kept.as_ref().map_or(0, |rows| rows.memory());
        let before = std::mem::replace(&mut buffer.clean, kept).map_or(0, |rows| rows.memory());
        self.stored.store(run.mark.applied, Ordering::Release);
        note(before, now);
    }

    /// Forgets the rows that are in files too. `note` is told the memory that they took, in bytes, before anybody else can
    /// change that.
    pub(crate) fn forget_clean(&self, note: impl FnOnce(usize)) {
        let mut buffer = write(&self.buffer);
        note(buffer.clean.take().map_or(0, |rows| rows.memory()));
    }
}

impl Buffer {
    /// The value of a key; `Some(None)`: it was deleted. `None`: ask the files.
    pub(crate) fn get(&self, hash: Hash, key: &[u8]) -> Option<Option<&[u8]>> {
        let sealed = || self.sealed.as_ref().and_then(|(rows, _)| rows.get(hash, key));
        let clean = || self.clean.as_ref().and_then(|rows| rows.get(hash, key));
        self.fresh.get(hash, key).or_else(sealed).or_else(clean)
    }

    /// Which of these keys may be in memory; the bit of each is set.
    pub(crate) fn may_have(&self, hashes: &[Hash]) -> u64 {
        let sealed = self.sealed.as_ref().map_or(0, |(rows, _)| rows.may_have(hashes));
        let clean = self.clean.as_ref().map_or(0, |rows| rows.may_have(hashes));
        self.fresh.may_have(hashes) | sealed | clean
    }

    /// How far the keys are.
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Those of which the files may have nothing, the newest first.
    pub(crate) fn dirty(&self) -> impl Iterator<Item = &Rows> {
        [Some(&self.fresh), self.sealed.as_ref().map(|(rows, _)| &**rows)].into_iter().flatten()
    }

    /// Those that are in files too.
    #[cfg(test)]
    pub(crate) fn clean(&self) -> Option<&Rows> {
        self.clean.as_deref()
    }

    /// The rows that came last, to be added to.
    pub(crate) fn fresh(&mut self) -> &mut Rows {
        &mut self.fresh
    }

    /// Has the keys be so far.
    pub(crate) fn set_mark(&mut self, mark: Mark) {
        self.mark = mark;
    }
}
