//! The write stage: rows into batches, batches into requests, answers into fates.
//!
//! ```text
//! surface      what goes in and comes out
//! assign       which bucket a row goes to
//! accumulator  the rows of one bucket that wait to become a batch
//! batch        sealed rows: their tickets, their bytes, their place on the way
//! lane         the batches of one bucket in order: sequences, window, retries
//! sender       what is sealed and sent when; requests
//! answer       what an answer means for its batches
//! writer       the writer id and its renewal
//! ledger       fates, flushes, counters, budget
//! ```
//!
//! A pure state machine: the caller hands in time, finished work and answers, and takes [`Output`]s out.

mod surface;

pub(crate) use surface::{BucketReply, Outgoing, Output, Produce, Reply, Table};

use thalweg_wire::column::Batch;

use crate::api::{Counters, Error, ErrorCode, Instant, Settings, TableHandle, Ticket, WorkOutput};

/// The write stage. Call `poll` after any other call until it gives nothing, and `tick` no later than `next_wake` says.
#[derive(Debug)]
pub(crate) struct Write {
    counters: Counters,
}

impl Write {
    /// A stage without tables. Of the settings it uses `write`, and the back-off and request timeout of `connection`; `seed` is
    /// its only source of chance (jitter, the first sticky bucket).
    pub(crate) fn new(_settings: &Settings, _seed: u64) -> Self {
        Self { counters: Counters::default() }
    }

    /// Makes a table known; a second time under the same handle replaces schema and leaders.
    pub(crate) fn open(&mut self, _now: Instant, _table: Table) {}

    /// Takes rows, or fails and takes nothing.
    pub(crate) fn append(
        &mut self,
        _now: Instant,
        _ticket: Ticket,
        _table: TableHandle,
        _rows: &Batch<'_>,
    ) -> Result<(), Error> {
        Err(Error { code: ErrorCode::Unsupported("append".into()), retriable: false })
    }

    /// Seals everything; `Flushed` comes when all rows taken so far have a fate.
    pub(crate) fn flush(&mut self, _now: Instant, _ticket: Ticket) {}

    /// Takes nothing more, seals everything, and fails at `deadline` what has no fate by then.
    pub(crate) fn close(&mut self, _now: Instant, _deadline: Instant) {}

    /// Whether `close` was called and every row has a fate.
    pub(crate) fn is_closed(&self) -> bool {
        false
    }

    /// The leaders of a table's buckets as they are now known; to `Output::Refresh` in any case, also if nothing changed.
    pub(crate) fn set_leaders(&mut self, _now: Instant, _table: TableHandle, _leaders: &[Option<i32>]) {}

    /// The table was dropped: its rows fail with this error, and so does every later append.
    pub(crate) fn gone(&mut self, _now: Instant, _table: TableHandle, _error: &Error) {}

    /// The answer to `Output::InitWriter`.
    pub(crate) fn writer_given(&mut self, _now: Instant, _writer: Result<i64, Error>) {}

    /// What work gave.
    pub(crate) fn encoded(&mut self, _now: Instant, _key: u64, _output: WorkOutput) {}

    /// How a request ended. An unknown key is ignored.
    pub(crate) fn replied(&mut self, _now: Instant, _key: u64, _reply: Reply) {}

    /// Time has passed.
    pub(crate) fn tick(&mut self, _now: Instant) {}

    /// When `tick` is to be called at the latest; `None`: no need.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        None
    }

    /// The next thing to do; `None`: nothing for now.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        None
    }

    /// What was done so far; of the scan's counters all are 0.
    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }
}
