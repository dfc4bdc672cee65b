//! The buckets of a scan: where each is, and the batches that were fetched and not yet given.

use std::collections::{HashMap, VecDeque};

use super::chunk::{Chunk, Window};
use crate::{
    api::{Bucket, Error, Instant},
    backoff::Backoff,
    rows::Lack,
};

/// One bucket of a scan.
#[derive(Debug)]
pub(super) struct Cursor {
    /// Which.
    pub(super) bucket: Bucket,
    /// The offset to fetch next.
    pub(super) position: u64,
    /// One past the last row wanted; `u64::MAX`: there is no last.
    pub(super) end: u64,
    /// Fetched, in order.
    pub(super) queue: VecDeque<Chunk>,
    /// The request that asks for it.
    pub(super) asked: Option<u64>,
    /// A schema that must be known before it can be read on.
    pub(super) lacks: Option<Lack>,
    /// What failed last, and until when it may go on failing.
    pub(super) trouble: Option<(Error, Instant)>,
    /// When it may be tried again.
    pub(super) backoff: Backoff,
}

impl Cursor {
    /// A bucket at its beginning.
    pub(super) fn new(bucket: Bucket, position: u64, end: u64) -> Self {
        let (queue, backoff) = (VecDeque::new(), Backoff::default());
        Self { bucket, position, end, queue, asked: None, lacks: None, trouble: None, backoff }
    }

    /// The rows that are still to come.
    pub(super) fn window(&self) -> Window {
        Window { from: self.position, end: self.end }
    }

    /// Whether there is more to fetch.
    pub(super) fn is_open(&self) -> bool {
        self.position < self.end
    }

    /// Fetches nothing more: its partition is not there any more.
    pub(super) fn close(&mut self) {
        self.end = self.end.min(self.position);
        self.trouble = None;
    }

    /// Whether everything was given.
    pub(super) fn is_done(&self) -> bool {
        !self.is_open() && self.queue.is_empty()
    }

    /// Whether it is to be fetched now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.asked.is_none() && self.lacks.is_none() && self.is_open() && self.backoff.not_before() <= now
    }

    /// Whether its first batch can be given.
    pub(super) fn has_ready(&self) -> bool {
        self.queue.front().is_some_and(|chunk| chunk.work.is_none())
    }
}

/// The buckets of a scan, in turn.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    list: Vec<Cursor>,
    places: HashMap<Bucket, usize>,
    /// The bucket to be given or fetched first.
    turn: usize,
}

impl Cursors {
    /// Takes a bucket in.
    pub(super) fn add(&mut self, cursor: Cursor) {
        self.places.insert(cursor.bucket, self.list.len());
        self.list.push(cursor);
    }

    /// Leaves out those of partitions that are done.
    pub(super) fn sweep(&mut self) {
        let before = self.list.len();
        self.list.retain(|cursor| cursor.bucket.partition.is_none() || !cursor.is_done());
        if self.list.len() < before {
            self.places = self.list.iter().enumerate().map(|(at, cursor)| (cursor.bucket, at)).collect();
        }
    }

    /// Each, in no order.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Cursor> {
        self.list.iter()
    }

    /// Each, in no order, to be changed.
    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Cursor> {
        self.list.iter_mut()
    }

    /// That of a bucket.
    pub(super) fn get_mut(&mut self, bucket: Bucket) -> Option<&mut Cursor> {
        self.places.get(&bucket).and_then(|&at| self.list.get_mut(at))
    }

    /// Each, beginning with the one whose turn it is.
    pub(super) fn in_turn(&mut self) -> impl Iterator<Item = &mut Cursor> {
        let turn = self.turn.min(self.list.len());
        let (before, from) = self.list.split_at_mut(turn);
        from.iter_mut().chain(before)
    }

    /// The next batch that can be given, of each bucket in turn; `None` if there is none.
    pub(super) fn next_ready(&mut self) -> Option<Chunk> {
        let count = self.list.len();
        for _ in 0..count {
            let at = self.turn % count;
            self.turn = at + 1;
            let ready = self.list.get_mut(at).filter(|cursor| cursor.has_ready());
            if let Some(chunk) = ready.and_then(|cursor| cursor.queue.pop_front()) {
                return Some(chunk);
            }
        }
        None
    }
}
