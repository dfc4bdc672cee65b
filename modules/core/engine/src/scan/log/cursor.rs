//! The buckets of a scan: where each is, and the batches that were fetched and not yet given.

use std::collections::{HashMap, VecDeque};

use crate::scan::{
    chunk::{Chunk, Window},
    log::Asked,
    log::fetch::Cut,
    log::portion::{Due, TRIES},
};
use crate::{backoff::Backoff, rows::MissingSchema};
use thalweg_contract::{Bucket, Error, Instant};

/// One bucket of a scan.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// Which.
    pub(crate) bucket: Bucket,
    /// The offset to fetch next.
    pub(crate) position: u64,
    /// One past the last row wanted; `u64::MAX`: there is no last.
    pub(crate) end: u64,
    /// Fetched, in order.
    pub(crate) queue: VecDeque<Chunk>,
    /// The request that asks for it.
    pub(crate) asked: Option<u64>,
    /// A schema that must be known before it can be read on.
    pub(crate) missing_schema: Option<MissingSchema>,
    /// What failed last, and until when it may go on failing.
    pub(crate) trouble: Option<(Error, Instant)>,
    /// When it may be tried again.
    pub(crate) backoff: Backoff,
    /// One past the last row that the server is known to have.
    reported: u64,
    /// The length of the batch at `position`, as far as it can be told; 0: unknown.
    batch: u32,
    /// How many answers in a row had room for a batch of it, and none.
    fruitless: u8,
    /// The number of the request that asked for it last; 0: it is to be asked for before others.
    last: u64,
}

impl Cursor {
    /// A bucket at its beginning.
    pub(crate) fn new(bucket: Bucket, position: u64, end: u64) -> Self {
        // An end is an offset that the server has, unless the user chose it.
        let reported = if end == u64::MAX { 0 } else { end };
        let (queue, backoff) = (VecDeque::new(), Backoff::default());
        let (asked, missing_schema, trouble) = (None, None, None);
        let (batch, fruitless, last) = (0, 0, 0);
        Self { bucket, position, end, queue, asked, missing_schema, trouble, backoff, reported, batch, fruitless, last }
    }

    /// What a request is chosen by.
    pub(crate) fn due(&self) -> Due {
        let (bucket, position, has_more) = (self.bucket, self.position, self.position < self.reported);
        Due { bucket, position, batch: self.batch, has_more, fruitless: self.fruitless, last: self.last }
    }

    /// The length of the batch that comes next, if it is larger than `most`.
    pub(crate) fn too_large(&self, most: u32) -> Option<u32> {
        Some(self.batch).filter(|length| *length > most)
    }

    /// A request asks for it.
    pub(crate) fn ask(&mut self, key: u64) {
        self.asked = Some(key);
        self.last = key;
    }

    /// An answer came, and `cut` from its records. `most` is the largest batch that fits into a frame.
    ///
    /// Fails where the server owes a whole batch and gives none.
    pub(crate) fn took(
        &mut self,
        cut: &Cut,
        asked: &Asked,
        high_watermark: Option<i64>,
        most: u32,
    ) -> Result<(), Shortfall> {
        let announced = cut.tail.and_then(|tail| tail.length).map(|length| u32::try_from(length).unwrap_or(u32::MAX));
        self.batch = announced.unwrap_or(cut.last);
        let high_watermark = high_watermark.and_then(|offset| u64::try_from(offset).ok()).unwrap_or(0);
        self.reported = high_watermark.max(self.position.saturating_add(u64::from(cut.tail.is_some())));
        if cut.moved || cut.missing_schema.is_some() || self.position >= self.reported {
            self.fruitless = 0;
            return Ok(());
        }
        self.last = 0;
        if asked.fit {
            self.fruitless = self.fruitless.saturating_add(1);
        }
        let enough = asked.alone.is_some_and(|bytes| bytes >= announced.unwrap_or(most));
        if !enough && self.fruitless < TRIES {
            return Ok(());
        }
        match cut.tail {
            // That no frame has room for it is for the next look to say.
            Some(_) if self.batch > most => Ok(()),
            Some(tail) => Err(Shortfall::Cut { there: tail.there, announced }),
            None => Err(Shortfall::Empty { end: self.reported }),
        }
    }

    /// The rows that are still to come.
    pub(crate) fn window(&self) -> Window {
        Window { from: self.position, end: self.end }
    }

    /// Whether there is more to fetch.
    pub(crate) fn is_open(&self) -> bool {
        self.position < self.end
    }

    /// Fetches nothing more: its partition is not there any more.
    pub(crate) fn close(&mut self) {
        self.end = self.end.min(self.position);
        self.trouble = None;
    }

    /// Whether everything was given.
    pub(crate) fn is_done(&self) -> bool {
        !self.is_open() && self.queue.is_empty()
    }

    /// Whether it is to be fetched now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.asked.is_none() && self.missing_schema.is_none() && self.is_open() && self.backoff.not_before() <= now
    }

    /// Whether its first batch can be given.
    pub(crate) fn has_ready(&self) -> bool {
        self.queue.front().is_some_and(|chunk| chunk.work.is_none())
    }
}

/// Why a bucket gets nothing where it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shortfall {
    /// Only the beginning of a batch came, though there was room for all of it.
    Cut { there: usize, announced: Option<u32> },
    /// Nothing came, though the server says that it has rows up to `end`.
    Empty { end: u64 },
}

/// The buckets of a scan, in turn.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    list: Vec<Cursor>,
    places: HashMap<Bucket, usize>,
    /// The bucket to be given first.
    turn: usize,
}

impl Cursors {
    /// Takes a bucket in.
    pub(crate) fn add(&mut self, cursor: Cursor) {
        self.places.insert(cursor.bucket, self.list.len());
        self.list.push(cursor);
    }

    /// Leaves out those of partitions that are done.
    pub(crate) fn sweep(&mut self) {
        let before = self.list.len();
        self.list.retain(|cursor| cursor.bucket.partition.is_none() || !cursor.is_done());
        if self.list.len() < before {
            self.places = self.list.iter().enumerate().map(|(at, cursor)| (cursor.bucket, at)).collect();
        }
    }

    /// Each, in no order.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Cursor> {
        self.list.iter()
    }

    /// Each, in no order, to be changed.
    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Cursor> {
        self.list.iter_mut()
    }

    /// That of a bucket.
    pub(crate) fn get_mut(&mut self, bucket: Bucket) -> Option<&mut Cursor> {
        self.places.get(&bucket).and_then(|&at| self.list.get_mut(at))
    }

    /// The next batch that can be given, of each bucket in turn; `None` if there is none.
    pub(crate) fn next_ready(&mut self) -> Option<Chunk> {
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
