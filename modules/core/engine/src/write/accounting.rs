//! Who waits for what: fates, flushes, the budget and the counters.

use std::collections::VecDeque;

use super::{Output, batch::Part};
use thalweg_contract::{Bucket, Counters, Error, ErrorCode, Event, Fate, RowSelection, Ticket};

/// What became of a batch.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// The server has it.
    Written {
        /// Where.
        bucket: Bucket,
        /// The offset of its first row, if the server said it.
        base: Option<u64>,
    },
    /// The server has made its changes.
    Changed {
        /// Where.
        bucket: Bucket,
        /// The end of the bucket's log behind them, if the server said it.
        end: Option<u64>,
    },
    /// It was given up.
    Failed {
        /// Why.
        error: Error,
        /// Whether the server may have it all the same.
        may_have_been_written: bool,
    },
}

/// A `flush` that is not yet answered.
#[derive(Debug)]
struct Flush {
    ticket: Ticket,
    /// Batches with a lower number are meant.
    before: u64,
    /// How many of them have no fate yet.
    left: usize,
}

/// Everything that is told to the user, and what it is counted from.
#[derive(Debug)]
pub(crate) struct Accounting {
    outbox: VecDeque<Output>,
    counters: Counters,
    flushes: VecDeque<Flush>,
    /// Batches without fate, open ones included.
    live: usize,
    next_batch: u64,
    limit: u64,
    /// The smallest number of bytes that was refused for want of room since there was room last.
    wanted: Option<u64>,
}

impl Accounting {
    /// Nothing held, of a budget of `limit` bytes.
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            outbox: VecDeque::new(),
            counters: Counters::default(),
            flushes: VecDeque::new(),
            live: 0,
            next_batch: 1,
            limit,
            wanted: None,
        }
    }

    /// Something to be done.
    pub(crate) fn push(&mut self, output: Output) {
        self.outbox.push_back(output);
    }

    /// The next thing to be done.
    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.outbox.pop_front()
    }

    /// What was done so far.
    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    /// How many batches have no fate yet.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Fails if the budget has no room for so many bytes.
    pub(crate) fn admit(&mut self, bytes: u64) -> Result<(), Error> {
        if bytes > self.limit {
            let limit = self.limit;
            let what = format!(
                "these rows take {bytes} bytes but the write buffer has {limit} in all; write fewer rows at a time or \
                 raise buffer-limit"
            );
            return Err(Error { code: ErrorCode::Invalid(what), retriable: false });
        }
        let needed = (self.counters.buffered + bytes).saturating_sub(self.limit);
        if needed > 0 {
            self.wanted = Some(self.wanted.map_or(bytes, |wanted| wanted.min(bytes)));
            return Err(Error { code: ErrorCode::Full { needed }, retriable: true });
        }
        Ok(())
    }

    /// Rows were taken.
    pub(crate) fn taken(&mut self, rows: u64) {
        self.counters.rows_taken += rows;
    }

    /// Rows of a call were not taken though others were.
    pub(crate) fn refused(&mut self, ticket: Ticket, rows: Vec<(RowSelection, Error)>) {
        let fate = |(rows, error)| {
            self.counters.rows_failed += row_count(&rows);
            (rows, Fate::Failed { error, may_have_been_written: false })
        };
        let fates = rows.into_iter().map(fate).collect();
        self.push(Output::Event(Event::Settled { ticket, fates }));
    }

    /// So many bytes more are held.
    pub(crate) fn charge(&mut self, bytes: u64) {
        self.counters.buffered += bytes;
    }

    /// So many bytes are held no longer.
    pub(crate) fn free(&mut self, bytes: u64) {
        self.counters.buffered = self.counters.buffered.saturating_sub(bytes);
        if self.wanted.is_some_and(|wanted| self.counters.buffered + wanted <= self.limit) {
            self.wanted = None;
            self.push(Output::Event(Event::Writable));
        }
    }

    /// A batch begins; gives its number.
    pub(crate) fn opened(&mut self) -> u64 {
        let id = self.next_batch;
        self.next_batch += 1;
        self.live += 1;
        id
    }

    /// A batch goes out, perhaps again.
    pub(crate) fn sent(&mut self, bytes: u64, again: bool) {
        self.counters.bytes_sent += bytes;
        self.counters.batches_sent += 1;
        self.counters.batches_retried += u64::from(again);
    }

    /// A batch has its fate: every part is told.
    pub(crate) fn settled(&mut self, batch: u64, parts: Vec<Part>, outcome: &Outcome) {
        let mut next = match outcome {
            Outcome::Written { base, .. } => *base,
            Outcome::Changed { .. } | Outcome::Failed { .. } => None,
        };
        for part in parts {
            let count = row_count(&part.rows);
            let end = next.map(|first| first.saturating_add(count));
            self.part_settled(part, outcome, next, end.unwrap_or(0));
            next = end;
        }
        self.live = self.live.saturating_sub(1);
        for flush in &mut self.flushes {
            if batch < flush.before {
                flush.left = flush.left.saturating_sub(1);
            }
        }
        while let Some(flush) = self.flushes.pop_front_if(|flush| flush.left == 0) {
            self.push(Output::Event(Event::Flushed { ticket: flush.ticket }));
        }
    }

    fn part_settled(&mut self, part: Part, outcome: &Outcome, first: Option<u64>, end: u64) {
        let count = row_count(&part.rows);
        let fate = match outcome {
            Outcome::Written { bucket, .. } => {
                self.counters.rows_acknowledged += count;
                Fate::Acknowledged { bucket: *bucket, first, end }
            }
            Outcome::Changed { bucket, end } => {
                self.counters.rows_acknowledged += count;
                Fate::Acknowledged { bucket: *bucket, first: None, end: end.unwrap_or(0) }
            }
            Outcome::Failed { error, may_have_been_written } => {
                self.counters.rows_failed += count;
                Fate::Failed { error: error.clone(), may_have_been_written: *may_have_been_written }
            }
        };
        self.push(Output::Event(Event::Settled { ticket: part.ticket, fates: vec![(part.rows, fate)] }));
    }

    /// Answers `ticket` once every batch opened so far has its fate.
    pub(crate) fn flush(&mut self, ticket: Ticket) {
        if self.live == 0 {
            self.push(Output::Event(Event::Flushed { ticket }));
        } else {
            self.flushes.push_back(Flush { ticket, before: self.next_batch, left: self.live });
        }
    }
}

/// How many rows are selected.
fn row_count(rows: &RowSelection) -> u64 {
    match rows {
        RowSelection::Span { count, .. } => u64::from(*count),
        RowSelection::Rows(rows) => rows.len() as u64,
    }
}
