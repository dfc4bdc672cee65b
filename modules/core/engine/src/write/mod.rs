//! The write stage: rows into batches, batches into requests, answers into fates.
//!
//! ```text
//! surface     what goes in and comes out
//! table       a table, and under each handle how its rows are written
//! append      rows in: checked, encoded, sorted by partition and bucket
//! batch       rows gathered to a batch, and the batches of a bucket in order
//! partition   a partition: found, created, left; the leaders of its buckets
//! sender      what is sealed and sent when, and what answers and deadlines mean
//! accounting  fates, flushes, counters, budget
//! ```
//!
//! A pure state machine: the caller hands in time, finished work and answers, and takes [`Output`]s out.

mod accounting;
mod append;
mod batch;
#[cfg(test)]
mod model;
mod partition;
mod sender;
#[cfg(test)]
mod simulation;
mod surface;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

pub(crate) use surface::{BucketReply, Change, Outgoing, Output, Produce, Reply, Table};

use self::{
    accounting::Ledger,
    append::assign::Sorted,
    append::fault::Faults,
    append::records::EncodedRows,
    batch::queue::Lane,
    partition::PartitionState,
    sender::writer::Writer,
    table::{Opened, TableState},
};
use crate::chance::Chance;
use thalweg_contract::{Bucket, Counters, Instant, Settings, TableHandle, Ticket, WriteSettings};

/// The most that a batch is allowed to gather, in bytes, whatever the settings say: without compression it must still fit
/// the 100 MiB of a request (`fluss.md` 2.1).
const BATCH_BYTES_LIMIT: u32 = 64 << 20;

/// A request under way: its batches by bucket, each as lane and number.
#[derive(Debug)]
struct Request {
    leader: i32,
    table: usize,
    /// Whether it is a PutKv request.
    keyed: bool,
    batches: BTreeMap<Bucket, (usize, u64)>,
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
    handles: HashMap<TableHandle, Opened>,
    partitions: Vec<PartitionState>,
    lanes: Vec<Lane>,
    /// The lanes that are not empty.
    active: BTreeSet<usize>,
    jobs: HashMap<u64, Job>,
    requests: BTreeMap<u64, Request>,
    next_request: u64,
    writer: Writer,
    ledger: Ledger,
    sorted: Sorted,
    encoded: EncodedRows,
    faults: Faults,
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
            partitions: Vec::new(),
            lanes: Vec::new(),
            active: BTreeSet::new(),
            jobs: HashMap::new(),
            requests: BTreeMap::new(),
            next_request: 1,
            writer: Writer::new(write.idempotent),
            ledger: Ledger::new(write.buffer_limit),
            sorted: Sorted::default(),
            encoded: EncodedRows::default(),
            faults: Faults::default(),
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
        let known = self.by_id.get(&table.info.table_id).copied();
        let at = known.unwrap_or_else(|| {
            self.tables.push(TableState::new(table));
            self.by_id.insert(table.info.table_id, self.tables.len() - 1);
            self.tables.len() - 1
        });
        self.tables[at].learn(&table.info);
        self.handles.insert(table.handle, Opened::new(at, &table.info));
        if table.info.descriptor.partition_keys.is_empty() {
            let only = self.partition(at, "");
            self.partitions[only].leaders.set(&table.leaders);
        }
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

    /// The lane of a bucket, new if need be.
    fn lane(&mut self, partition: usize, bucket: u32) -> usize {
        let lanes = &mut self.lanes;
        *self.partitions[partition].lanes.entry(bucket).or_insert_with(|| {
            lanes.push(Lane::new(partition, bucket));
            lanes.len() - 1
        })
    }

    /// The leader of a lane's bucket, as far as known.
    fn leader(&self, lane: &Lane) -> Option<i32> {
        self.partitions[lane.partition].leaders.of(lane.bucket)
    }

    /// The bucket of a lane, as the server has it.
    fn bucket(&self, lane: usize) -> Bucket {
        let lane = &self.lanes[lane];
        Bucket { partition: self.partitions[lane.partition].id, bucket: lane.bucket }
    }

    /// The table of a lane, by position.
    fn table_of(&self, lane: usize) -> usize {
        self.partitions[self.lanes[lane].partition].table
    }
}
