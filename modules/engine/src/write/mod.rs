//! The write stage: rows into batches, batches into requests, answers into fates.
//!
//! ```text
//! surface      what goes in and comes out
//! table        what a table's descriptor says of the write path; its leaders
//! append       rows in: check, budget, bucket
//! assign       which bucket a row goes to
//! accumulator  the rows of one bucket that wait to become a batch
//! batch        sealed rows: their tickets, their bytes, their place on the way
//! lane         the batches of one bucket in order: sequences, window, holes
//! sender       what is sealed and sent when
//! answer       what an answer means for its batches
//! writer       the writer id and its renewal
//! expiry       deadlines, and when to be woken
//! ledger       fates, flushes, counters, budget
//! ```
//!
//! A pure state machine: the caller hands in time, finished work and answers, and takes [`Output`]s out.

mod accumulator;
mod answer;
mod append;
mod assign;
mod batch;
mod expiry;
mod lane;
mod ledger;
#[cfg(test)]
mod model;
mod sender;
mod sequence;
#[cfg(test)]
mod simulation;
mod surface;
mod table;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use surface::{BucketReply, Outgoing, Output, Produce, Reply, Table};

use self::{
    assign::Hashed,
    lane::Lane,
    ledger::Ledger,
    table::{Form, TableState},
    writer::Writer,
};
use crate::{
    api::{Counters, Error, Instant, Settings, TableHandle, Ticket, WriteSettings},
    chance::Chance,
};

/// The most that a batch is allowed to gather, in bytes, whatever the settings say: without compression it must still fit
/// the 100 MiB of a request (`fluss.md` 2.1).
const BATCH_BYTES_LIMIT: u32 = 64 << 20;

/// A request under way: its batches by bucket, each as lane and number.
#[derive(Debug)]
struct Request {
    leader: i32,
    table: usize,
    batches: BTreeMap<u32, (usize, u64)>,
}

/// Encode work under way.
#[derive(Debug, Clone, Copy)]
struct Job {
    lane: usize,
    /// What its batch held when it was given up meanwhile, in bytes; 0: it was not.
    orphaned: u64,
}

/// The write stage. Call `poll` after any other call until it gives nothing, and `tick` no later than `next_wake` says.
#[derive(Debug)]
pub(crate) struct Write {
    settings: WriteSettings,
    backoff: (Duration, Duration),
    request_timeout: Duration,
    chance: Chance,
    now: Instant,
    tables: Vec<TableState>,
    by_id: HashMap<i64, usize>,
    /// A handle's table and the form of its rows, or why they cannot be written.
    handles: HashMap<TableHandle, (usize, Result<Arc<Form>, Error>)>,
    lanes: Vec<Lane>,
    /// The lanes that are not empty.
    active: BTreeSet<usize>,
    jobs: HashMap<u64, Job>,
    requests: BTreeMap<u64, Request>,
    next_request: u64,
    writer: Writer,
    ledger: Ledger,
    hashed: Hashed,
    /// When what has no fate fails, once `close` was called.
    closing: Option<Instant>,
    /// Something happened since the last `poll`.
    stirred: bool,
    strays: u64,
}

impl Write {
    /// A stage without tables. Of the settings it uses `write`, and the back-off and request timeout of `connection`;
    /// `seed` is its only source of chance (jitter, the first sticky bucket).
    pub(crate) fn new(settings: &Settings, seed: u64) -> Self {
        let (connection, write) = (&settings.connection, &settings.write);
        Self {
            backoff: (connection.backoff, connection.backoff_limit),
            request_timeout: connection.request_timeout,
            chance: Chance::new(seed),
            now: 0,
            tables: Vec::new(),
            by_id: HashMap::new(),
            handles: HashMap::new(),
            lanes: Vec::new(),
            active: BTreeSet::new(),
            jobs: HashMap::new(),
            requests: BTreeMap::new(),
            next_request: 1,
            writer: Writer::new(write.idempotent),
            ledger: Ledger::new(write.buffer_limit),
            hashed: Hashed::default(),
            closing: None,
            stirred: false,
            strays: 0,
            settings: WriteSettings { batch_bytes: write.batch_bytes.min(BATCH_BYTES_LIMIT), ..write.clone() },
        }
    }

    /// Makes a table known; a second time under the same handle replaces schema and leaders. An old table of that path
    /// with another id stays what it was for the rows that it has.
    pub(crate) fn open(&mut self, now: Instant, table: &Table) {
        self.stir(now);
        let buckets = NonZeroU32::new(table.bucket_count).unwrap_or(NonZeroU32::MIN);
        let at = match self.by_id.get(&table.table_id) {
            Some(&at) => {
                self.tables[at].buckets = buckets;
                self.tables[at].leaders.set(&table.leaders);
                at
            }
            None => {
                let first = self.chance.below(u64::from(buckets.get())) as u32;
                self.tables.push(TableState::new(table, buckets, first));
                self.by_id.insert(table.table_id, self.tables.len() - 1);
                self.tables.len() - 1
            }
        };
        self.handles.insert(table.handle, (at, Form::new(table).map(Arc::new)));
    }

    /// Seals everything; `Flushed` comes when all rows taken so far have a fate.
    pub(crate) fn flush(&mut self, now: Instant, ticket: Ticket) {
        self.stir(now);
        self.seal_all();
        self.ledger.flush(ticket);
    }

    /// Takes nothing more, seals everything, and fails at `deadline` what has no fate by then.
    pub(crate) fn close(&mut self, now: Instant, deadline: Instant) {
        self.stir(now);
        self.seal_all();
        self.closing = Some(self.closing.map_or(deadline, |earlier| earlier.min(deadline)));
    }

    /// Whether `close` was called and every row has a fate.
    pub(crate) fn is_closed(&self) -> bool {
        self.closing.is_some() && self.ledger.live() == 0
    }

    /// The leaders of a table's buckets as they are now known; to `Output::Refresh` in any case, also if nothing changed.
    pub(crate) fn set_leaders(&mut self, now: Instant, table: TableHandle, leaders: &[Option<i32>]) {
        self.stir(now);
        let Some(&(at, _)) = self.handles.get(&table) else { return };
        let missing = self.lacks_leader(at, leaders);
        let (first, limit) = self.backoff;
        let known = &mut self.tables[at].leaders;
        known.set(leaders);
        if missing {
            known.backoff().failed(self.now, first, limit, &mut self.chance);
        } else {
            known.backoff().succeeded();
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.stir(now);
    }

    /// The next thing to do; `None`: nothing for now.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        if std::mem::take(&mut self.stirred) {
            self.drive();
        }
        self.ledger.pop()
    }

    /// What was done so far; of the scan's counters all are 0.
    pub(crate) fn counters(&self) -> Counters {
        self.ledger.counters()
    }

    /// How many buckets were named in answers that were not asked about; each was ignored.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who debug a server; no counter shows it yet"))]
    pub(crate) fn strays(&self) -> u64 {
        self.strays
    }

    /// Something happened, at this time.
    fn stir(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.stirred = true;
    }

    /// Whether a bucket of this table that has rows has no leader here.
    fn lacks_leader(&self, table: usize, leaders: &[Option<i32>]) -> bool {
        let mut buckets = self.active.iter().map(|lane| &self.lanes[*lane]).filter(|lane| lane.table == table);
        buckets.any(|lane| leaders.get(lane.bucket as usize).copied().flatten().is_none())
    }

    /// The lane of a bucket, new if need be.
    fn lane(&mut self, table: usize, bucket: u32) -> usize {
        let lanes = &mut self.lanes;
        *self.tables[table].lanes.entry(bucket).or_insert_with(|| {
            lanes.push(Lane::new(table, bucket));
            lanes.len() - 1
        })
    }

    /// The leader of a lane's bucket, as far as known.
    fn leader(&self, lane: &Lane) -> Option<i32> {
        self.tables[lane.table].leaders.of(lane.bucket)
    }
}
