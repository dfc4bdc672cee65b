//! The batches of one bucket, in order: what may be sent next, and what a missing batch means for those behind it.
//!
//! The rules are DESIGN section 4 and `fluss.md` 3.4. The server takes a batch if its sequence follows the last one or is
//! one of the last five, and refuses any other as out of order. So a queue sends in order and never further than the window
//! beyond its oldest batch. When a batch leaves for good:
//! - written: the server has it and all before it;
//! - certainly not written (every try was answered, none took it): nothing behind it can have been taken, so once none of
//!   those is under way they move up by one (`hole`);
//! - unknown: the next batch finds out, for the server either takes it or calls it out of order (`unknown`).

use std::collections::VecDeque;

use crate::write::{
    arena::PartitionId,
    batch::accumulator::Accumulator,
    batch::sequence::{distance, following},
    batch::{Batch, Stage},
    sender::ready::Standing,
};
use thalweg_contract::{Error, Instant};

/// A sequence that the server certainly lacks, with batches behind it.
#[derive(Debug, Clone, Copy)]
struct Hole {
    sequence: i32,
    /// The batch that had it.
    batch: u64,
}

/// Which batch goes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    /// This one of those in flight, again.
    Again(usize),
    /// The first that was never sent.
    First,
}

/// The batches of one bucket.
#[derive(Debug)]
pub(crate) struct BucketQueue {
    /// Its partition.
    pub(crate) partition: PartitionId,
    /// The bucket.
    pub(crate) bucket: u32,
    /// Rows that wait to become a batch.
    pub(crate) open: Option<Accumulator>,
    /// How many rows the batch had that was sealed last.
    pub(crate) last_rows: u32,
    /// Sealed and never sent under this writer id, in order.
    pub(crate) ready: VecDeque<Box<Batch>>,
    /// Sent at least once under this writer id, in the order of their sequences.
    pub(crate) flight: VecDeque<Box<Batch>>,
    next_sequence: i32,
    hole: Option<Hole>,
    /// The last batch that left without anybody knowing whether the server has it.
    unknown: Option<u64>,
    /// Why the last try did not succeed.
    pub(crate) trouble: Option<Error>,
    /// Its bucket was dropped: nothing is sent to it any more, and what the server makes of its sequences is of no matter.
    pub(crate) gone: bool,
    /// How it was counted last.
    pub(crate) standing: Standing,
}

impl BucketQueue {
    /// An empty queue.
    pub(crate) fn new(partition: PartitionId, bucket: u32) -> Self {
        Self {
            partition,
            bucket,
            open: None,
            last_rows: 0,
            ready: VecDeque::new(),
            flight: VecDeque::new(),
            next_sequence: 0,
            hole: None,
            unknown: None,
            trouble: None,
            gone: false,
            standing: Standing::default(),
        }
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_none() && self.ready.is_empty() && self.flight.is_empty()
    }

    /// The next batch that may go to `leader` now, with at most `window` batches from the oldest to the newest.
    pub(crate) fn pick(&self, now: Instant, leader: i32, window: u32) -> Option<Pick> {
        for (at, batch) in self.flight.iter().enumerate() {
            match batch.stage {
                Stage::Sent { leader: other, .. } if other != leader => return None,
                Stage::Sent { .. } => {}
                Stage::Encoding => return None,
                Stage::Waiting(not_before) => {
                    // One that went out before this one and is still under way may be what this one was refused for.
                    let behind = self.flight.iter().take(at).any(|b| b.is_sent() && b.request < batch.request);
                    let may_go = not_before <= now && !behind && !self.is_behind_hole(batch.id);
                    return may_go.then_some(Pick::Again(at));
                }
            }
        }
        let waiting = matches!(self.ready.front()?.stage, Stage::Waiting(not_before) if not_before <= now);
        (waiting && self.hole.is_none() && self.used() < window).then_some(Pick::First)
    }

    /// The batch that a pick means.
    pub(crate) fn picked(&self, pick: Pick) -> Option<&Batch> {
        match pick {
            Pick::Again(at) => self.flight.get(at).map(Box::as_ref),
            Pick::First => self.ready.front().map(Box::as_ref),
        }
    }

    /// When the first batch that waits to be sent again may go, and the first that was not sent under this writer id.
    pub(crate) fn next_tries(&self) -> [Option<Instant>; 2] {
        let not_before = |batch: &Batch| match batch.stage {
            Stage::Waiting(not_before) => Some(not_before),
            Stage::Encoding | Stage::Sent { .. } => None,
        };
        let again = self.flight.iter().find_map(|batch| not_before(batch));
        [again, self.ready.front().and_then(|batch| not_before(batch))]
    }

    /// The place of a batch that a request is under way for.
    pub(crate) fn in_flight(&self, batch: u64) -> Option<usize> {
        self.flight.iter().position(|b| b.id == batch && b.is_sent())
    }

    /// How much of the window is taken.
    fn used(&self) -> u32 {
        match self.flight.front().map(|batch| batch.sequence) {
            None => 0,
            Some(Some(first)) => distance(first, self.next_sequence),
            Some(None) => u32::try_from(self.flight.len()).unwrap_or(u32::MAX),
        }
    }

    /// Sends the batch picked; gives it, and whether it went out before. With `numbered` it gets a sequence.
    pub(crate) fn send(&mut self, pick: Pick, request: u64, leader: i32, numbered: bool) -> Option<(&Batch, bool)> {
        let at = match pick {
            Pick::Again(at) => at,
            Pick::First => {
                let mut batch = self.ready.pop_front()?;
                if numbered {
                    batch.sequence = Some(self.next_sequence);
                    self.next_sequence = following(self.next_sequence);
                }
                self.flight.push_back(batch);
                self.flight.len() - 1
            }
        };
        for later in self.flight.iter_mut().skip(at + 1) {
            if let Stage::Sent { overtaken, .. } = &mut later.stage {
                *overtaken = true;
            }
        }
        let batch = self.flight.get_mut(at)?;
        let again = batch.request != 0;
        batch.request = request;
        batch.stage = Stage::Sent { leader, overtaken: false };
        Some((batch, again))
    }

    /// Whether the batch at `at` may be called out of order though the server's state is sound: one before it has no
    /// answer yet, went out again behind it, or is missing.
    pub(crate) fn explains_disorder(&self, at: usize) -> bool {
        at > 0
            || self.flight.get(at).is_some_and(|batch| {
                matches!(batch.stage, Stage::Sent { overtaken: true, .. }) || self.is_behind_hole(batch.id)
            })
    }

    /// Takes the batch at `at` out, which the server has.
    pub(crate) fn written(&mut self, at: usize) -> Option<Box<Batch>> {
        let batch = self.flight.remove(at)?;
        self.trouble = None;
        // The server has it, so it has all before it.
        self.hole = self.hole.filter(|hole| hole.batch > batch.id);
        self.unknown = self.unknown.filter(|unknown| *unknown > batch.id);
        Some(batch)
    }

    /// Takes the batch at `at` out, which is given up.
    pub(crate) fn given_up(&mut self, at: usize) -> Option<Box<Batch>> {
        let batch = self.flight.remove(at)?;
        let Some(sequence) = batch.sequence else {
            return Some(batch);
        };
        if batch.uncertain {
            self.unknown = Some(self.unknown.map_or(batch.id, |unknown| unknown.max(batch.id)));
        } else if following(sequence) == self.next_sequence {
            self.next_sequence = sequence;
        } else if at < self.flight.len() && self.hole.is_none_or(|hole| batch.id < hole.batch) {
            self.hole = Some(Hole { sequence, batch: batch.id });
        }
        Some(batch)
    }

    /// Closes the hole, if there is one and nothing behind it is under way. Gives whether that needs another writer id:
    /// where a request behind the hole got no answer, it could still come in under a number used again.
    pub(crate) fn close_hole(&mut self) -> bool {
        let Some(hole) = self.hole.filter(|_| !self.gone) else {
            return false;
        };
        let behind = || self.flight.iter().filter(|batch| batch.id > hole.batch);
        if behind().any(|batch| batch.is_sent()) {
            return false;
        }
        if self.unknown.is_some_and(|unknown| unknown > hole.batch) || behind().any(|batch| batch.uncertain) {
            return true;
        }
        let mut sequence = hole.sequence;
        for batch in self.flight.iter_mut().filter(|batch| batch.id > hole.batch) {
            batch.sequence = Some(sequence);
            sequence = following(sequence);
        }
        self.next_sequence = sequence;
        self.hole = None;
        false
    }

    /// Begins anew under another writer id, with no request under way: batches that the server certainly lacks are to be
    /// sent as if they never had been; the others, of unknown fate, are given back.
    pub(crate) fn begin_anew(&mut self) -> VecDeque<Box<Batch>> {
        let mut unknown = VecDeque::new();
        let mut kept = VecDeque::new();
        for mut batch in std::mem::take(&mut self.flight) {
            if batch.settled || (batch.uncertain && !self.is_behind_hole(batch.id)) {
                unknown.push_back(batch);
                continue;
            }
            batch.sequence = None;
            batch.uncertain = false;
            kept.push_back(batch);
        }
        kept.append(&mut self.ready);
        let (open, gone, standing) = (self.open.take(), self.gone, self.standing);
        *self = Self { open, ready: kept, gone, standing, ..Self::new(self.partition, self.bucket) };
        unknown
    }

    fn is_behind_hole(&self, batch: u64) -> bool {
        self.hole.is_some_and(|hole| batch > hole.batch)
    }
}
