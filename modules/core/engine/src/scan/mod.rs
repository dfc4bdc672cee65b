//! The scan stage: positions into fetches, answers into rows.
//!
//! ```text
//! kind     the kinds of scans
//! plan     what a scan of logs reads: a specification, checked against its table
//! reading  how batches are read, by the schema that they have
//! log      one scan of logs: its buckets, its demand, its requests
//! bucket   scans of one bucket: some of its rows, or its current rows
//! chunk    one batch on its way to the user
//! source   the frame of an answer, read where it lies
//! buffers  who still needs which bytes of the host
//! ```

mod bucket;
mod buffers;
mod chunk;
mod kind;
mod log;
mod plan;
mod reading;
mod source;

use std::collections::BTreeMap;

use self::{
    bucket::current::Current, bucket::limited::Limited, buffers::Buffers, chunk::Chunk, kind::Scan, log::Reader,
    log::cursor::Cursor, plan::Plan,
};
use crate::{
    call::{Body, Failure, fatal},
    chance::Chance,
    cluster::Cluster,
    offsets::Wrong,
    order::{Orders, Step},
};
use thalweg_contract::{
    Bucket, BufferId, Error, ErrorCode, Event, Instant, ScanSpec, Settings, TableHandle, Ticket, Work, WorkOutput,
};

/// Work under way: whose, and the frame that it reads.
#[derive(Debug, Clone, Copy)]
struct Decoding {
    ticket: Ticket,
    bucket: Bucket,
    frame: BufferId,
}

/// What every scan shares.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    buffers: Buffers,
    /// Which scan made a request.
    calls: BTreeMap<u64, Ticket>,
    /// Requests for snapshots that nobody waits for any more, and whom they went to.
    orphans: BTreeMap<u64, i32>,
    works: BTreeMap<u64, Decoding>,
    keys: u64,
    rows: u64,
}

impl Shared {
    /// The number of a request that a scan makes now.
    fn call_of(&mut self, ticket: Ticket) -> u64 {
        self.keys += 1;
        self.calls.insert(self.keys, ticket);
        self.keys
    }

    /// Puts a batch of a frame behind the others of its bucket, and has the work on it done. The frame is held for the work
    /// while there is some, then for what lies in it.
    fn queue(
        &mut self,
        ticket: Ticket,
        frame: BufferId,
        cursor: &mut Cursor,
        mut chunk: Chunk,
        work: Option<Work>,
        orders: &mut Orders,
    ) {
        if work.is_some() || chunk.lies_in().is_some() {
            self.buffers.hold(frame);
        }
        if let Some(work) = work {
            self.keys += 1;
            chunk.work = Some(self.keys);
            self.works.insert(self.keys, Decoding { ticket, bucket: cursor.bucket, frame });
            orders.steps.push(Step::Work(self.keys, work));
        }
        cursor.queue.push_back(chunk);
    }
}

/// The scan stage.
#[derive(Debug)]
pub(crate) struct Scans {
    scans: BTreeMap<Ticket, Scan>,
    shared: Shared,
}

impl Scans {
    /// No scan yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        let shared = Shared {
            settings: settings.clone(),
            buffers: Buffers::default(),
            calls: BTreeMap::new(),
            orphans: BTreeMap::new(),
            works: BTreeMap::new(),
            keys: 0,
            rows: 0,
        };
        Self { scans: BTreeMap::new(), shared }
    }

    /// Starts a scan, or says why it does not fit its table.
    pub(crate) fn scan(
        &mut self,
        now: Instant,
        ticket: Ticket,
        handle: TableHandle,
        spec: &ScanSpec,
        cluster: &Cluster,
    ) -> Result<(), Error> {
        let plan = Plan::new(&cluster.table(handle)?.info, spec)?;
        let reader = Reader::new(now, ticket, handle, plan, &self.shared.settings);
        self.scans.insert(ticket, Scan::Log(Box::new(reader)));
        Ok(())
    }

    /// Starts a limit scan, or says why it does not fit its table.
    pub(crate) fn limit_scan(
        &mut self,
        ticket: Ticket,
        handle: TableHandle,
        bucket: Bucket,
        limit: u32,
        cluster: &Cluster,
    ) -> Result<(), Error> {
        let scan = Limited::new(ticket, handle, &cluster.table(handle)?.info, bucket, limit)?;
        self.scans.insert(ticket, Scan::Limited(Box::new(scan)));
        Ok(())
    }

    /// Starts a scan of current rows, or says why it does not fit its table.
    pub(crate) fn scan_current(
        &mut self,
        ticket: Ticket,
        handle: TableHandle,
        bucket: Bucket,
        cluster: &Cluster,
    ) -> Result<(), Error> {
        let scan = Current::new(ticket, handle, &cluster.table(handle)?.info, bucket)?;
        self.scans.insert(ticket, Scan::Current(Box::new(scan)));
        Ok(())
    }

    /// A scan may give this many more bytes.
    pub(crate) fn demand(&mut self, ticket: Ticket, bytes: u64) {
        if let Some(reader) = self.scans.get_mut(&ticket) {
            reader.demand(bytes);
        }
    }

    /// The user is done with rows that lie in this buffer.
    pub(crate) fn consumed(&mut self, buffer: BufferId, orders: &mut Orders) {
        self.shared.buffers.drop(buffer, orders);
    }

    /// Ends a scan without a word.
    pub(crate) fn cancel(&mut self, ticket: Ticket, orders: &mut Orders) {
        if let Some(reader) = self.scans.remove(&ticket) {
            reader.discard(&mut self.shared, orders);
        }
    }

    /// Ends every scan because the engine closes.
    pub(crate) fn close(&mut self, orders: &mut Orders) {
        for ticket in self.scans.keys().copied().collect::<Vec<_>>() {
            self.end(ticket, Err(fatal(ErrorCode::Closed)), orders);
        }
    }

    /// The table of these scans is of no use any more.
    pub(crate) fn gone(&mut self, handle: TableHandle, error: &Error, orders: &mut Orders) {
        let lost = self.scans.iter().filter(|(_, reader)| reader.handle() == handle).map(|(ticket, _)| *ticket);
        for ticket in lost.collect::<Vec<_>>() {
            self.end(ticket, Err(error.clone()), orders);
        }
    }

    /// Time has passed, or something was learned: asks and gives whatever can be.
    pub(crate) fn tick(&mut self, now: Instant, cluster: &Cluster, chance: &mut Chance, orders: &mut Orders) {
        let mut over = Vec::new();
        for (ticket, reader) in &mut self.scans {
            if let Some(result) = reader.tick(now, cluster, &mut self.shared, chance, orders).transpose() {
                over.push((*ticket, result));
            }
        }
        for (ticket, result) in over {
            self.end(ticket, result, orders);
        }
    }

    /// When `tick` is to be called at the latest, after it was called at `now`.
    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        self.scans.values().filter_map(|reader| reader.next_wake(now)).min()
    }

    /// A request ended; fails if the answer makes no sense.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        (result, frames): (Result<Body, Failure>, &mut dyn thalweg_contract::Buffers),
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), String> {
        let Some(ticket) = self.shared.calls.remove(&key) else { return Ok(()) };
        let Some(reader) = self.scans.get_mut(&ticket) else {
            if let Some(leader) = self.shared.orphans.remove(&key) {
                bucket::current::forget(&mut self.shared, leader, result, orders);
            }
            return Ok(());
        };
        match reader.answered(now, key, (result, frames), &mut self.shared, chance, orders) {
            Ok(()) => Ok(()),
            Err(Wrong::Malformed(reason)) => Err(reason),
            Err(Wrong::Refused(error)) => {
                self.end(ticket, Err(error), orders);
                Ok(())
            }
        }
    }

    /// Holds a frame until `consumed`: while it is looked at.
    pub(crate) fn hold(&mut self, buffer: BufferId) {
        self.shared.buffers.hold(buffer);
    }

    /// Work is done.
    pub(crate) fn done(&mut self, key: u64, output: WorkOutput, orders: &mut Orders) {
        let Some(decoding) = self.shared.works.remove(&key) else { return };
        let made = match &output {
            WorkOutput::Decoded { buffer, .. } => *buffer,
            WorkOutput::Encoded { buffer, .. } => Some(*buffer),
            WorkOutput::Failed(_) => None,
        };
        made.inspect(|buffer| self.shared.buffers.hold(*buffer));
        let outcome = self.scans.get_mut(&decoding.ticket).map(|reader| reader.done(key, decoding.bucket, output));
        // What a ready batch lies in is held for it: the output of the work, or the frame, which the work held.
        match outcome {
            Some(Ok(Some(body))) if body == decoding.frame => {}
            Some(Ok(body)) if body == made => self.shared.buffers.drop(decoding.frame, orders),
            failed => {
                made.inspect(|made| self.shared.buffers.drop(*made, orders));
                self.shared.buffers.drop(decoding.frame, orders);
                if let Some(Err(error)) = failed {
                    self.end(decoding.ticket, Err(error), orders);
                }
            }
        }
    }

    /// Rows given so far.
    pub(crate) fn rows(&self) -> u64 {
        self.shared.rows
    }

    fn end(&mut self, ticket: Ticket, result: Result<(), Error>, orders: &mut Orders) {
        if let Some(reader) = self.scans.remove(&ticket) {
            reader.discard(&mut self.shared, orders);
            orders.event(Event::Ended { ticket, result });
        }
    }
}
