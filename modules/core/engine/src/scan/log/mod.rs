//! One scan: its buckets, its demand, its requests.
//!
//! ```text
//! answer   answers to its requests
//! places   which buckets it reads, and where they begin and end
//! cursor   one bucket: its position and what was fetched
//! portion  which buckets a request asks for, and for how much of each
//! fetch    requests and answers
//! ```

pub(crate) mod answer;
pub(crate) mod cursor;
pub(crate) mod fetch;
pub(crate) mod places;
pub(crate) mod portion;

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::{
    Shared,
    chunk::Chunk,
    log::cursor::{Cursor, Cursors},
    log::places::{Places, lost},
    log::portion::{Due, Portions, Room, largest_batch},
    plan::{Extent, Plan},
};
use crate::{
    backoff::micros,
    call::{Call, Key, Target, passing},
    chance::Chance,
    cluster::{Cluster, Leader},
    order::{Orders, Stale},
};
use thalweg_contract::{Bucket, BufferId, Error, ErrorCode, Event, Instant, Settings, TableHandle, Ticket, WorkOutput};

/// A request under way.
#[derive(Debug)]
pub(crate) struct Asked {
    leader: i32,
    pub(crate) buckets: Vec<Bucket>,
    /// Whether an answer has room for what was asked of each bucket.
    pub(crate) fit: bool,
    /// The most of the bucket, in bytes, where only one was asked for.
    pub(crate) alone: Option<u32>,
    /// Whether the server was asked to send only some columns.
    pub(crate) projected: bool,
}

/// One scan.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) ticket: Ticket,
    pub(crate) handle: TableHandle,
    pub(crate) plan: Plan,
    /// Buckets that it does not read yet.
    pub(crate) places: Places,
    pub(crate) cursors: Cursors,
    pub(crate) asked: BTreeMap<u64, Asked>,
    /// Partitions that the cluster was asked to look for.
    sought: BTreeSet<i64>,
    /// Bytes that the user still wants.
    demand: u64,
    /// Bytes fetched and not given, as demand counts them.
    pub(crate) queued: u64,
}

impl Reader {
    /// A scan that begins by asking which buckets there are, and where they begin and end.
    pub(crate) fn new(now: Instant, ticket: Ticket, handle: TableHandle, plan: Plan, settings: &Settings) -> Self {
        let timeout = micros(settings.connection.command_timeout);
        Self {
            ticket,
            handle,
            places: Places::new(now, ticket, handle, &plan, timeout),
            plan,
            cursors: Cursors::default(),
            asked: BTreeMap::new(),
            sought: BTreeSet::new(),
            demand: 0,
            queued: 0,
        }
    }

    pub(crate) fn handle(&self) -> TableHandle {
        self.handle
    }

    pub(crate) fn demand(&mut self, bytes: u64) {
        self.demand = self.demand.saturating_add(bytes);
    }

    /// Asks and gives whatever can be; `Some` when everything was given.
    pub(crate) fn tick(
        &mut self,
        now: Instant,
        cluster: &Cluster,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<Option<()>, Error> {
        cluster.table(self.handle)?;
        for cursor in self.places.tick(now, &mut self.plan, cluster, shared, chance, orders)? {
            self.cursors.add(cursor);
        }
        self.learn(cluster, orders)?;
        self.give(shared, orders)?;
        if self.places.is_settled() && self.cursors.iter().all(Cursor::is_done) {
            return Ok(Some(()));
        }
        let mut troubles = self.cursors.iter().filter_map(|cursor| cursor.trouble.as_ref());
        let late = troubles.find(|(_, deadline)| *deadline <= now).map(|(error, _)| error.clone());
        if let Some(error) = late {
            return Err(error);
        }
        if self.wants_more() {
            self.fetch(now, cluster, shared, chance, orders)?;
        }
        Ok(None)
    }

    /// When `tick` is to be called at the latest, after it was called at `now`.
    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let wants_more = self.wants_more();
        let wakes = self.cursors.iter().flat_map(|cursor| {
            let again = (wants_more && cursor.asked.is_none() && cursor.is_open()).then(|| cursor.backoff.not_before());
            // A bucket whose leader is busy is asked when that answers.
            [again.filter(|again| *again > now), cursor.trouble.as_ref().map(|(_, deadline)| *deadline)]
        });
        wakes.flatten().chain(self.places.next_wake(now)).min()
    }

    /// Work on a batch of this bucket is done. Gives the buffer that it lies in now, if any.
    pub(crate) fn done(&mut self, key: u64, bucket: Bucket, output: WorkOutput) -> Result<Option<BufferId>, Error> {
        let cursor = self.cursors.get_mut(bucket);
        let chunk = cursor.and_then(|cursor| cursor.queue.iter_mut().find(|chunk| chunk.work == Some(key)));
        let chunk = chunk.ok_or_else(|| passing(ErrorCode::Other("work was done that nobody waits for".into())))?;
        chunk.done(&self.plan, output)
    }

    /// Lets go of everything: the scan is over.
    pub(crate) fn discard(self, shared: &mut Shared, orders: &mut Orders) {
        let ready = self.cursors.iter().flat_map(|cursor| &cursor.queue).filter(|chunk| chunk.work.is_none());
        for buffer in ready.filter_map(Chunk::lies_in) {
            shared.buffers.drop(buffer, orders);
        }
    }

    /// Whether there is demand for more than what was fetched.
    fn wants_more(&self) -> bool {
        self.demand > self.queued
    }

    /// Gives what is ready, each bucket in turn, while there is demand.
    fn give(&mut self, shared: &mut Shared, orders: &mut Orders) -> Result<(), Error> {
        while self.demand > 0
            && let Some(chunk) = self.cursors.next_ready()
        {
            self.queued = self.queued.saturating_sub(chunk.cost);
            let scanned = chunk.give(&self.plan, shared.settings.scan.batch_limit)?;
            self.demand = self.demand.saturating_sub(scanned.cost);
            shared.rows += u64::from(scanned.rows);
            orders.event(Event::Rows { ticket: self.ticket, scanned });
        }
        Ok(())
    }

    /// Looks whether schemas that buckets are missing are known by now.
    fn learn(&mut self, cluster: &Cluster, orders: &mut Orders) -> Result<(), Error> {
        for cursor in self.cursors.iter_mut() {
            let Some(missing_schema) = &mut cursor.missing_schema else { continue };
            if !self.plan.reading.knows(missing_schema.schema()) {
                let Some(schema) = missing_schema.look(cluster, self.handle, orders)? else { continue };
                self.plan.reading.learn(missing_schema.schema(), &schema)?;
            }
            cursor.missing_schema = None;
            cursor.trouble = None;
        }
        Ok(())
    }

    /// Asks every leader that has nothing to answer for buckets of its own. Fails if a partition is gone that the scan
    /// names; others are left out.
    fn fetch(
        &mut self,
        now: Instant,
        cluster: &Cluster,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), Error> {
        let mut leaders: BTreeMap<i32, Vec<Due>> = BTreeMap::new();
        let (mut orphans, mut gone) = (Vec::new(), false);
        let frame_limit = shared.settings.connection.frame_limit;
        for cursor in self.cursors.iter_mut().filter(|cursor| cursor.is_due(now)) {
            if let Some(length) = cursor.too_large(largest_batch(frame_limit)) {
                if cursor.queue.is_empty() {
                    return Err(fetch::too_large(&self.plan, cursor, length, frame_limit));
                }
                continue;
            }
            match cluster.leader(self.handle, cursor.bucket) {
                Leader::Server(leader) if self.asked.values().any(|asked| asked.leader == leader) => {}
                Leader::Server(leader) => leaders.entry(leader).or_default().push(cursor.due()),
                Leader::Nobody => orphans.push(cursor.bucket),
                // The cluster asks until it knows.
                Leader::Unknown => {
                    if cursor.bucket.partition.is_some_and(|partition| self.sought.insert(partition)) {
                        orders.refresh(Stale::leader(self.handle, cursor.bucket));
                    }
                }
                Leader::Gone(error) if self.plan.extent != Extent::Partitions => {
                    return Err(lost(&self.plan, cursor.bucket, &error));
                }
                Leader::Gone(_) => {
                    cursor.close();
                    gone = true;
                }
            }
        }
        if gone {
            self.cursors.sweep();
        }
        if let Some(orphan) = orphans.first() {
            let error = passing(ErrorCode::Unavailable(format!("{} has no leader", self.plan.place(*orphan))));
            self.failed(now, &orphans, &error, shared, chance, orders);
        }
        let wanted = self.demand.saturating_sub(self.queued);
        let room = Room::new(&shared.settings.scan, frame_limit, wanted);
        for (leader, due) in leaders {
            self.ask(leader, &Portions::choose(due, room), shared, orders);
        }
        Ok(())
    }

    /// Asks a leader for these portions of its buckets.
    fn ask(&mut self, leader: i32, portions: &Portions, shared: &mut Shared, orders: &mut Orders) {
        let key = shared.call_of(self.ticket);
        let request = fetch::request(&self.plan, portions, &shared.settings.scan);
        let mut call = Call::new(Key::Scan(key), Target::Server(leader), request);
        call.wait = shared.settings.scan.max_wait;
        orders.calls.push(call);
        let buckets: Vec<Bucket> = portions.list.iter().map(|portion| portion.bucket).collect();
        for bucket in &buckets {
            if let Some(cursor) = self.cursors.get_mut(*bucket) {
                cursor.ask(key);
            }
        }
        let (fit, alone, projected) = (portions.fit(), portions.alone(), self.plan.projection.is_some());
        self.asked.insert(key, Asked { leader, buckets, fit, alone, projected });
    }

    /// These buckets could not be fetched; they are tried again after a while, of whoever leads them then.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        buckets: &[Bucket],
        error: &Error,
        shared: &Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) {
        let settings = &shared.settings.connection;
        let deadline = now.saturating_add(micros(settings.command_timeout));
        for bucket in buckets {
            let Some(cursor) = self.cursors.get_mut(*bucket) else { continue };
            cursor.backoff.failed(now, settings.backoff, settings.backoff_limit, chance);
            let deadline = cursor.trouble.take().map_or(deadline, |(_, deadline)| deadline);
            cursor.trouble = Some((error.clone(), deadline));
            orders.refresh(Stale::leader(self.handle, *bucket));
        }
    }
}
