//! The write stage: rows into batches, batches into requests, answers into fates.
//!
//! ```text
//! surface     what goes in and comes out
//! table       a table, and under each handle how its rows are written
//! append      rows in: checked, encoded, sorted by partition and bucket
//! batch       rows gathered to a batch, and the batches of a bucket in order
//! partition   a partition: found, created, left; the leaders of its buckets
//! sender      what is sealed and sent when, and what answers and deadlines mean
//! arena       tables, partitions and queues by their ids
//! accounting  fates, flushes, counters, budget
//! ```
//!
//! A pure state machine: the caller hands in time, finished work and answers, and takes [`Output`]s out.

mod accounting;
mod append;
mod arena;
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
    accounting::Accounting,
    append::assign::Sorted,
    append::fault::Faults,
    append::records::EncodedRows,
    arena::{Arena, PartitionId, QueueId, TableId},
    batch::queue::BucketQueue,
    partition::PartitionState,
    sender::ready::Loads,
    sender::writer::Writer,
    table::{Opened, TableState},
};
use crate::{chance::Chance, timers::Timers};
use thalweg_contract::{Bucket, Counters, Instant, Settings, TableHandle, Ticket, WriteSettings};

/// The most that a batch is allowed to gather, in bytes, whatever the settings say: without compression it must still fit
/// the 100 MiB of a request (`fluss.md` 2.1).
const BATCH_BYTES_LIMIT: u32 = 64 << 20;

/// A request under way: its batches by bucket, each as its queue and its number.
#[derive(Debug)]
struct Request {
    leader: i32,
    table: TableId,
    /// Whether it is a PutKv request.
    keyed: bool,
    batches: BTreeMap<Bucket, (QueueId, u64)>,
}

/// Encode work under way.
#[derive(Debug, Clone, Copy)]
struct Job {
    queue: QueueId,
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
    tables: Arena<TableId, TableState>,
    /// By the server's number.
    by_id: HashMap<i64, TableId>,
    handles: HashMap<TableHandle, Opened>,
    partitions: Arena<PartitionId, PartitionState>,
    queues: Arena<QueueId, BucketQueue>,
    /// The queues that are not empty.
    active: BTreeSet<QueueId>,
    /// The queues that something happened to since the last `drive`; this and the next two are told of in `sender::ready`.
    touched: BTreeSet<QueueId>,
    /// When queues are to be looked at.
    timers: Timers,
    /// What is on its way to each leader.
    loads: Loads,
    jobs: HashMap<u64, Job>,
    requests: BTreeMap<u64, Request>,
    next_request: u64,
    writer: Writer,
    accounting: Accounting,
    sorted: Sorted,
    encoded: EncodedRows,
    faults: Faults,
    /// When what has no fate fails, once `close` was called.
    closing: Option<Instant>,
    /// Something happened since the last `poll`.
    changed: bool,
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
            tables: Arena::new(),
            by_id: HashMap::new(),
            handles: HashMap::new(),
            partitions: Arena::new(),
            queues: Arena::new(),
            active: BTreeSet::new(),
            touched: BTreeSet::new(),
            timers: Timers::default(),
            loads: Loads::new(),
            jobs: HashMap::new(),
            requests: BTreeMap::new(),
            next_request: 1,
            writer: Writer::new(write.idempotent),
            accounting: Accounting::new(write.buffer_limit),
            sorted: Sorted::default(),
            encoded: EncodedRows::default(),
            faults: Faults::default(),
            closing: None,
            changed: false,
            settings: WriteSettings { batch_bytes: write.batch_bytes.min(BATCH_BYTES_LIMIT), ..write.clone() },
        }
    }

    /// Makes a table known; a second time under the same handle replaces schema and leaders. An old table of that path
    /// with another id stays what it was for the rows that it has.
    pub(crate) fn open(&mut self, now: Instant, table: &Table) {
        self.advance(now);
        let known = self.by_id.get(&table.info.table_id).copied();
        let id = known.unwrap_or_else(|| {
            let id = self.tables.add(TableState::new(table));
            self.by_id.insert(table.info.table_id, id);
            id
        });
        if let Some(state) = self.tables.get_mut(id) {
            state.learn(&table.info);
        }
        self.handles.insert(table.handle, Opened::new(id, &table.info));
        if table.info.descriptor.partition_keys.is_empty()
            && let Some(only) = self.partition(id, "")
        {
            if let Some(only) = self.partitions.get_mut(only) {
                only.leaders.set(&table.leaders);
            }
            self.touch_partition(only);
        }
    }

    /// Seals everything; `Flushed` comes when all rows taken so far have a fate.
    pub(crate) fn flush(&mut self, now: Instant, ticket: Ticket) {
        self.advance(now);
        self.seal_all();
        self.accounting.flush(ticket);
    }

    /// Takes nothing more, seals everything, and fails at `deadline` what has no fate by then.
    pub(crate) fn close(&mut self, now: Instant, deadline: Instant) {
        self.advance(now);
        self.seal_all();
        self.closing = Some(self.closing.map_or(deadline, |earlier| earlier.min(deadline)));
    }

    /// Whether `close` was called and every row has a fate.
    pub(crate) fn is_closed(&self) -> bool {
        self.closing.is_some() && self.accounting.live() == 0
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.advance(now);
    }

    /// The next thing to do; `None`: nothing for now.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        if std::mem::take(&mut self.changed) {
            self.drive();
        }
        self.accounting.pop()
    }

    /// What was done so far; of the scan's counters all are 0.
    pub(crate) fn counters(&self) -> Counters {
        self.accounting.counters()
    }

    /// Something happened at this time: `poll` looks what can be done now.
    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.changed = true;
    }

    /// The queue of a bucket, new if need be.
    fn queue(&mut self, partition: PartitionId, bucket: u32) -> Option<QueueId> {
        let queues = &mut self.queues;
        let state = self.partitions.get_mut(partition)?;
        Some(*state.queues.entry(bucket).or_insert_with(|| queues.add(BucketQueue::new(partition, bucket))))
    }

    /// The queues that are not empty, with their ids.
    fn active_queues(&self) -> impl Iterator<Item = (QueueId, &BucketQueue)> {
        self.active.iter().filter_map(|id| Some((*id, self.queues.get(*id)?)))
    }

    /// The leader of a queue's bucket, as far as known.
    fn leader(&self, queue: &BucketQueue) -> Option<i32> {
        self.partitions.get(queue.partition)?.leaders.of(queue.bucket)
    }

    /// The bucket of a queue, as the server has it.
    fn bucket(&self, queue: &BucketQueue) -> Option<Bucket> {
        let partition = self.partitions.get(queue.partition)?;
        Some(Bucket { partition: partition.id, bucket: queue.bucket })
    }
}
