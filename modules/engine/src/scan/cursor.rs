//! One bucket of a scan: where it is, and the batches that were fetched and not yet given.

use std::collections::VecDeque;

use super::chunk::{Chunk, Window};
use crate::{
    api::{Error, Instant},
    backoff::Backoff,
};

/// One bucket of a scan.
#[derive(Debug)]
pub(super) struct Cursor {
    /// Which.
    pub(super) bucket: u32,
    /// The offset to fetch next.
    pub(super) position: u64,
    /// One past the last row wanted; `u64::MAX`: there is no last.
    pub(super) end: u64,
    /// Fetched, in order.
    pub(super) queue: VecDeque<Chunk>,
    /// The request that asks for it.
    pub(super) asked: Option<u64>,
    /// What failed last, and until when it may go on failing.
    pub(super) trouble: Option<(Error, Instant)>,
    /// When it may be tried again.
    pub(super) backoff: Backoff,
}

impl Cursor {
    /// A bucket at its beginning.
    pub(super) fn new(bucket: u32, position: u64, end: u64) -> Self {
        let (queue, backoff) = (VecDeque::new(), Backoff::default());
        Self { bucket, position, end, queue, asked: None, trouble: None, backoff }
    }

    /// The rows that are still to come.
    pub(super) fn window(&self) -> Window {
        Window { from: self.position, end: self.end }
    }

    /// Whether there is more to fetch.
    pub(super) fn is_open(&self) -> bool {
        self.position < self.end
    }

    /// Whether everything was given.
    pub(super) fn is_done(&self) -> bool {
        !self.is_open() && self.queue.is_empty()
    }

    /// Whether it is to be fetched now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.asked.is_none() && self.is_open() && self.backoff.not_before() <= now
    }

    /// Whether its first batch can be given.
    pub(super) fn has_ready(&self) -> bool {
        self.queue.front().is_some_and(|chunk| chunk.work.is_none())
    }
}
