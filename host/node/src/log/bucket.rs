//! One bucket's log: its segments, its offsets, and who waits for it to grow.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use super::segment::Segment;
use super::writers::{Known, Writers};
use crate::ids::BucketId;
use crate::keys::Keyed;
use crate::options::Durability;
use crate::runtime::sync::{lock, read, write};

/// What all logs of a node have in common.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    /// When a batch counts as written.
    pub(crate) durability: Durability,
    /// The size at which a segment is closed.
    pub(crate) segment_bytes: u64,
    /// Writers that a bucket remembers.
    pub(crate) writers: usize,
    /// How long a silent writer is remembered.
    pub(crate) writer_age: Duration,
    /// Bytes that may still be written before the disk counts as full.
    #[cfg(test)]
    pub(crate) room: Arc<std::sync::atomic::AtomicU64>,
}

/// Why a bucket cannot be read from an offset.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The offset is before the first or behind the last.
    #[error("The fetch offset {offset} is out of range: the bucket has the offsets from {start} to {end}.")]
    OutOfRange {
        /// As asked for.
        offset: i64,
        /// The first that is there.
        start: i64,
        /// One past the last.
        end: i64,
    },
    /// A file cannot be read.
    #[error("The log of the bucket cannot be read: {0}.")]
    Storage(#[from] io::Error),
}

/// The end of the log, as only the thread that writes it sees it.
#[derive(Debug)]
pub(super) struct Tail {
    /// The file of the last segment, once something is written to it.
    pub(super) file: Option<Arc<File>>,
    /// Its size.
    pub(super) size: u64,
    /// The offset of the next row.
    pub(super) next_offset: i64,
    /// When the last batch was taken.
    pub(super) last_timestamp: i64,
    /// What is known of the writers.
    pub(super) writers: Writers,
    /// What has been written and not yet committed.
    pub(super) round: Option<Round>,
    /// Bytes committed since the last checkpoint.
    pub(super) since_checkpoint: u64,
    /// Whether it takes batches.
    pub(super) state: State,
}

/// Whether a bucket takes batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It does.
    Open,
    /// The disk failed in a way that leaves the file's end unknown; only a restart mends that.
    Failed,
    /// Its table was dropped.
    Dropped,
}

/// Where the log stood before the batches that are not yet committed, to go back there.
#[derive(Debug)]
pub(super) struct Round {
    /// The last segment's size.
    pub(super) size: u64,
    /// The offset of the next row.
    pub(super) next_offset: i64,
    /// When the last batch was taken.
    pub(super) last_timestamp: i64,
    /// What was known of the writers, to be restored backwards.
    pub(super) known: Vec<Known>,
}

/// One bucket's log. Written by one thread at a time, read by any.
#[derive(Debug)]
pub(crate) struct Bucket {
    id: BucketId,
    pub(super) folder: PathBuf,
    pub(super) settings: Arc<LogSettings>,
    start: AtomicI64,
    high_watermark: AtomicI64,
    /// In order; there is always a last one.
    pub(super) segments: RwLock<Vec<Arc<Segment>>>,
    pub(super) tail: Mutex<Tail>,
    waiters: Mutex<Waiters>,
    /// The keys that follow this log, of a primary-key table, once somebody has asked for them.
    keyed: OnceLock<Arc<Keyed>>,
}

/// Who waits for a bucket to grow.
#[derive(Debug, Default)]
struct Waiters {
    waiting: Vec<Weak<Notify>>,
    /// How many there may be before those that are gone are looked for.
    prune_at: usize,
}

impl Bucket {
    /// A log of these segments, in order, that ends as `tail` says.
    pub(super) fn new(
        id: BucketId,
        folder: PathBuf,
        settings: Arc<LogSettings>,
        segments: Vec<Arc<Segment>>,
        tail: Tail,
    ) -> Self {
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
            keyed: OnceLock::new(),
        }
    }

    /// A log with nothing in it. Nothing is on the disk before the first batch.
    pub(crate) fn empty(id: BucketId, folder: PathBuf, settings: Arc<LogSettings>) -> Self {
        let segment = Arc::new(Segment::new(&folder, 0, 0, Some(super::index::Index::default())));
        Self::new(id, folder, settings, vec![segment], Tail::at(0))
    }

    /// Which bucket it is.
    pub(crate) fn id(&self) -> BucketId {
        self.id
    }

    /// The keys that follow this log, if they are open.
    pub(crate) fn keyed(&self) -> Option<&Arc<Keyed>> {
        self.keyed.get()
    }

    /// Has keys follow this log, unless some do already. Returns those that do.
    pub(crate) fn set_keyed(&self, keyed: Arc<Keyed>) -> &Arc<Keyed> {
        self.keyed.get_or_init(|| keyed)
    }

    /// Takes no more batches until the node is started again, and neither do its keys: nobody knows what is in them.
    pub(crate) fn break_down(&self) {
        let mut tail = lock(&self.tail);
        if tail.state == State::Open {
            tail.state = State::Failed;
        }
        drop(tail);
        if let Some(keyed) = self.keyed.get() {
            keyed.break_down();
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

    pub(super) fn set_start(&self, start: i64) {
        self.start.store(start, Ordering::Release);
    }

    /// Lets everything before `next_offset` be read and wakes who waits for that.
    pub(super) fn publish(&self, next_offset: i64) {
        self.high_watermark.store(next_offset, Ordering::Release);
        self.wake();
    }

    /// Wakes everybody who waits for this bucket.
    pub(super) fn wake(&self) {
        for waiter in lock(&self.waiters).waiting.drain(..) {
            if let Some(waiter) = waiter.upgrade() {
                waiter.notify_one();
            }
        }
    }

    /// Has `waiter` notified once when the bucket grows or goes. To miss nothing: watch first, then look.
    pub(crate) fn watch(&self, waiter: &Arc<Notify>) {
        let mut waiters = lock(&self.waiters);
        if waiters.waiting.len() >= waiters.prune_at {
            waiters.waiting.retain(|waiter| waiter.strong_count() > 0);
            waiters.prune_at = 16 + 2 * waiters.waiting.len();
        }
        waiters.waiting.push(Arc::downgrade(waiter));
    }

    pub(super) fn last_segment(&self) -> Option<Arc<Segment>> {
        read(&self.segments).last().cloned()
    }

    pub(super) fn push_segment(&self, segment: Segment) {
        write(&self.segments).push(Arc::new(segment));
    }

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

impl Tail {
    /// The end of an empty log whose next row gets `offset`.
    pub(super) fn at(offset: i64) -> Self {
        Self {
            file: None,
            size: 0,
            next_offset: offset,
            last_timestamp: 0,
            writers: Writers::default(),
            round: None,
            since_checkpoint: 0,
            state: State::Open,
        }
    }
}
