//! One bucket's log: segments of batches exactly as they came, with offset and time put in.
//!
//! A log is written by one thread at a time, and read by any.
//!
//! ```text
//! batch        the header of a batch as the log needs it
//! segment      one file of a log, with its sparse index
//! tail         the end of a log as who writes it sees it; writers: the last batches of each writer
//! append       batches written, committed or taken back
//! files        files begun, rolled, flushed and closed
//! read         batches found by offset or time
//! retention    what a log need not keep
//! checkpoint   up to where a log is known to be whole; recovery: a log opened again
//! error        why a log is not written or not read
//! ```

mod append;
pub(crate) mod batch;
mod checkpoint;
mod error;
mod files;
mod read;
mod recovery;
mod retention;
mod segment;
mod tail;
#[cfg(test)]
mod tests;
mod writers;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, RwLock, Weak};
use std::time::Duration;

use tokio::sync::Notify;

pub(crate) use error::{AppendError, ReadError};
pub(crate) use recovery::open;
pub(crate) use retention::Policy;
use segment::Segment;
use segment::index::Index;
use tail::{State, Tail};

use crate::ids::BucketId;
use crate::options::Durability;
use crate::runtime::sync::{lock, read, write};

/// What all logs of a node have in common.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    /// When a batch counts as written.
    pub(crate) durability: Durability,
    /// The size in bytes at which a segment is closed.
    pub(crate) segment_bytes: u64,
    /// Writers that a bucket remembers.
    pub(crate) writers: usize,
    /// How long a silent writer is remembered.
    pub(crate) writer_age: Duration,
    /// Bytes that may still be written before the disk counts as full.
    #[cfg(test)]
    pub(crate) room: Arc<std::sync::atomic::AtomicU64>,
}

/// One bucket's log. Written by one thread at a time, read by any.
#[derive(Debug)]
pub(crate) struct Log {
    id: BucketId,
    folder: PathBuf,
    settings: Arc<LogSettings>,
    start: AtomicI64,
    high_watermark: AtomicI64,
    /// In order; there is always a last one.
    segments: RwLock<Vec<Arc<Segment>>>,
    tail: Mutex<Tail>,
    waiters: Mutex<Waiters>,
}

/// Who waits for a log to grow.
#[derive(Debug, Default)]
struct Waiters {
    waiting: Vec<Weak<Notify>>,
    /// How many there may be before those that are gone are looked for.
    prune_at: usize,
}

impl Log {
    /// A log of these segments, in order, that ends as `tail` says.
    fn new(id: BucketId, folder: PathBuf, settings: Arc<LogSettings>, segments: Vec<Arc<Segment>>, tail: Tail) -> Self {
        let start = segments.first().map_or(tail.next_offset, |segment| segment.base());
        Self {
            id,
            folder,
            settings,
            start: AtomicI64::new(start),
            high_watermark: AtomicI64::new(tail.next_offset),
            segments: RwLock::new(segments),
            tail: Mutex::new(tail),
            waiters: Mutex::default(),
        }
    }

    /// A log with nothing in it. Nothing is on the disk before the first batch.
    pub(crate) fn empty(id: BucketId, folder: PathBuf, settings: Arc<LogSettings>) -> Self {
        let segment = Arc::new(Segment::new(&folder, 0, 0, Some(Index::default())));
        Self::new(id, folder, settings, vec![segment], Tail::at(0))
    }

    /// Which bucket's it is.
    pub(crate) fn id(&self) -> BucketId {
        self.id
    }

    /// Takes no more batches until the node is started again: nobody knows what is in it.
    pub(crate) fn break_down(&self) {
        let mut tail = lock(&self.tail);
        if tail.state == State::Open {
            tail.state = State::Failed;
        }
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The first offset that it still has.
    pub(crate) fn start(&self) -> i64 {
        self.start.load(Ordering::Acquire)
    }

    /// One past the last offset that is acknowledged, which is as far as it can be read.
    pub(crate) fn high_watermark(&self) -> i64 {
        self.high_watermark.load(Ordering::Acquire)
    }

    fn set_start(&self, start: i64) {
        self.start.store(start, Ordering::Release);
    }

    /// Lets everything before `next_offset` be read and wakes who waits for that.
    fn publish(&self, next_offset: i64) {
        self.high_watermark.store(next_offset, Ordering::Release);
        self.wake();
    }

    /// Wakes everybody who waits for this log.
    fn wake(&self) {
        for waiter in lock(&self.waiters).waiting.drain(..) {
            if let Some(waiter) = waiter.upgrade() {
                waiter.notify_one();
            }
        }
    }

    /// Has `waiter` notified once when the log grows or goes. To miss nothing: watch first, then look.
    pub(crate) fn watch(&self, waiter: &Arc<Notify>) {
        let mut waiters = lock(&self.waiters);
        if waiters.waiting.len() >= waiters.prune_at {
            waiters.waiting.retain(|waiter| waiter.strong_count() > 0);
            waiters.prune_at = 16 + 2 * waiters.waiting.len();
        }
        waiters.waiting.push(Arc::downgrade(waiter));
    }

    fn last_segment(&self) -> Option<Arc<Segment>> {
        read(&self.segments).last().cloned()
    }

    fn push_segment(&self, segment: Segment) {
        write(&self.segments).push(Arc::new(segment));
    }
}
