//! One scan: its buckets, its demand, its requests.

use std::collections::BTreeMap;

use thalweg_wire::message::{self, FetchLogResponse, PbFetchLogRespForBucket};

use super::{Decoding, Shared, chunk::Frame, cursor::Cursor, fetch, plan::Plan};
use crate::{
    api::{BufferId, End, Error, ErrorCode, Event, Instant, Piece, Settings, Start, TableHandle, Ticket, WorkOutput},
    backoff::micros,
    call::{Body, Call, Failure, Key, Target, passing},
    chance::Chance,
    cluster::{Cluster, Table},
    offsets::{Offsets, Wrong},
    order::{Orders, Step},
};

/// A request under way.
#[derive(Debug)]
struct Asked {
    leader: i32,
    buckets: Vec<u32>,
}

/// One scan.
#[derive(Debug)]
pub(super) struct Reader {
    ticket: Ticket,
    handle: TableHandle,
    plan: Plan,
    /// Where buckets begin and end, until all is known; then `None`.
    offsets: Option<(Offsets, Instant)>,
    cursors: Vec<Cursor>,
    asked: BTreeMap<u64, Asked>,
    /// Bytes that the user still wants.
    demand: u64,
    /// Bytes fetched and not given, as demand counts them.
    queued: u64,
    /// The bucket to be given or fetched first: each in turn.
    turn: usize,
}

impl Reader {
    /// A scan that begins by asking where its buckets begin and end.
    pub(super) fn new(now: Instant, ticket: Ticket, handle: TableHandle, plan: Plan, settings: &Settings) -> Self {
        let kinds: Vec<_> = plan.start_kind().into_iter().chain(plan.end_kind()).collect();
        let wants = plan.buckets.iter().flat_map(|&bucket| kinds.iter().map(move |&kind| (bucket, kind)));
        let offsets = Offsets::new(handle, plan.name.clone(), wants);
        let deadline = now.saturating_add(micros(settings.connection.command_timeout));
        Self {
            ticket,
            handle,
            plan,
            offsets: Some((offsets, deadline)),
            cursors: Vec::new(),
            asked: BTreeMap::new(),
            demand: 0,
            queued: 0,
            turn: 0,
        }
    }

    pub(super) fn handle(&self) -> TableHandle {
        self.handle
    }

    pub(super) fn demand(&mut self, bytes: u64) {
        self.demand = self.demand.saturating_add(bytes);
    }

    /// Asks and gives whatever can be; `Some` when everything was given.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        cluster: &Cluster,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<Option<()>, Error> {
        let table = cluster.table(self.handle)?;
        if self.offsets.is_some() && !self.resolve(now, table, shared, chance, orders)? {
            return Ok(None);
        }
        self.give(shared, orders);
        if self.cursors.iter().all(Cursor::is_done) {
            return Ok(Some(()));
        }
        let late = self.cursors.iter().filter_map(|cursor| cursor.trouble.as_ref());
        if let Some((error, _)) = late.clone().find(|(_, deadline)| *deadline <= now) {
            return Err(error.clone());
        }
        if self.wants_more() {
            self.fetch(now, table, shared, chance, orders);
        }
        Ok(None)
    }

    /// When `tick` is to be called at the latest, after it was called at `now`.
    pub(super) fn next_wake(&self, now: Instant) -> Option<Instant> {
        if let Some((offsets, deadline)) = &self.offsets {
            return offsets.next_wake().into_iter().chain([*deadline]).min();
        }
        let wants_more = self.wants_more();
        let wakes = self.cursors.iter().flat_map(|cursor| {
            let again = (wants_more && cursor.asked.is_none() && cursor.is_open()).then(|| cursor.backoff.not_before());
            // A bucket whose leader is busy is asked when that answers.
            [again.filter(|again| *again > now), cursor.trouble.as_ref().map(|(_, deadline)| *deadline)]
        });
        wakes.flatten().min()
    }

    /// A request ended.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        result: Result<Body, Failure>,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), Wrong> {
        if let Some((offsets, _)) = &mut self.offsets {
            let context = (&shared.settings.connection, chance);
            return offsets.answered(now, key, result, context, orders);
        }
        let Some(asked) = self.asked.remove(&key) else { return Ok(()) };
        for cursor in self.cursors.iter_mut().filter(|cursor| cursor.asked == Some(key)) {
            cursor.asked = None;
        }
        let body = match result {
            Ok(body) => body,
            Err(failure) => {
                let mut error = failure.into_error();
                error.retriable |= matches!(error.code, ErrorCode::Server { code: -1, .. });
                if !error.retriable {
                    return Err(Wrong::Refused(error));
                }
                self.failed(now, &asked.buckets, &error, shared, chance, orders);
                return Ok(());
            }
        };
        let frame = Frame { buffer: body.buffer, bytes: &body.frame };
        let answers = message::decode::<FetchLogResponse>(body.bytes)
            .map_err(|error| error.to_string())
            .and_then(|response| fetch::answers(&self.plan, &asked.buckets, response));
        match answers {
            Ok(answers) => answers
                .iter()
                .try_for_each(|answer| self.fetched(now, answer, frame, shared, chance, orders))
                .map_err(Wrong::Refused),
            Err(reason) => {
                let error = passing(ErrorCode::Corrupt(format!("the answer to a fetch: {reason}")));
                self.failed(now, &asked.buckets, &error, shared, chance, orders);
                Err(Wrong::Malformed(format!("in the answer to FETCH_LOG: {reason}")))
            }
        }
    }

    /// Work on a batch of this bucket is done. Gives the buffer that it lies in now.
    pub(super) fn done(&mut self, key: u64, bucket: u32, output: WorkOutput) -> Result<BufferId, Error> {
        let cursor = self.cursors.iter_mut().find(|cursor| cursor.bucket == bucket);
        let chunk = cursor.and_then(|cursor| cursor.queue.iter_mut().find(|chunk| chunk.work == Some(key)));
        let chunk = chunk.ok_or_else(|| passing(ErrorCode::Other("work was done that nobody waits for".into())))?;
        chunk.done(&self.plan, output)
    }

    /// Lets go of everything: the scan is over.
    pub(super) fn discard(self, shared: &mut Shared, orders: &mut Orders) {
        for chunk in self.cursors.iter().flat_map(|cursor| &cursor.queue).filter(|chunk| chunk.work.is_none()) {
            if let Piece::Held(body) = &chunk.scanned.body {
                shared.buffers.drop(body.buffer, orders);
            }
        }
    }

    /// Whether there is demand for more than what was fetched.
    fn wants_more(&self) -> bool {
        self.demand > self.queued
    }

    /// Asks where buckets begin and end; true once that is known.
    fn resolve(
        &mut self,
        now: Instant,
        table: &Table,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<bool, Error> {
        let Some((offsets, deadline)) = &mut self.offsets else { return Ok(true) };
        let before = shared.keys;
        let context = (&shared.settings.connection, chance);
        offsets.tick(now, table, &mut shared.keys, Key::Scan, context, orders);
        shared.calls.extend((before + 1..=shared.keys).map(|key| (key, self.ticket)));
        if !offsets.is_done() {
            return match *deadline <= now {
                true => Err(offsets.trouble().cloned().unwrap_or_else(|| {
                    let text = format!("the offsets of {} could not be had within the command timeout", self.plan.name);
                    passing(ErrorCode::TimedOut(text))
                })),
                false => Ok(false),
            };
        }
        let known = |bucket, kind| offsets.offset(bucket, kind).unwrap_or(0);
        let cursors = self.plan.buckets.iter().map(|&bucket| {
            let start = match (&self.plan.start, self.plan.start_kind()) {
                (Start::Offset(offset), _) => *offset,
                (Start::Offsets(given), kind) => match given.iter().find(|(place, _)| place.bucket == bucket) {
                    Some((_, offset)) => *offset,
                    None => kind.map_or(0, |kind| known(bucket, kind)),
                },
                (_, kind) => kind.map_or(0, |kind| known(bucket, kind)),
            };
            let end = match (self.plan.end, self.plan.end_kind()) {
                (End::Offset(offset), _) => offset,
                (_, kind) => kind.map_or(u64::MAX, |kind| known(bucket, kind)),
            };
            Cursor::new(bucket, start, end)
        });
        self.cursors = cursors.collect();
        self.offsets = None;
        Ok(true)
    }

    /// Gives what is ready, each bucket in turn, while there is demand.
    fn give(&mut self, shared: &mut Shared, orders: &mut Orders) {
        let count = self.cursors.len();
        let mut idle = 0;
        while self.demand > 0 && idle < count {
            let at = self.turn % count;
            self.turn = at + 1;
            let chunk = self.cursors.get_mut(at).filter(|cursor| cursor.has_ready());
            let Some(chunk) = chunk.and_then(|cursor| cursor.queue.pop_front()) else {
                idle += 1;
                continue;
            };
            idle = 0;
            self.demand = self.demand.saturating_sub(chunk.scanned.cost());
            self.queued = self.queued.saturating_sub(chunk.cost);
            shared.rows += u64::from(chunk.scanned.rows);
            orders.event(Event::Rows { ticket: self.ticket, scanned: chunk.scanned });
        }
    }

    /// Asks every leader that has nothing to answer for all of its buckets.
    fn fetch(&mut self, now: Instant, table: &Table, shared: &mut Shared, chance: &mut Chance, orders: &mut Orders) {
        let count = self.cursors.len().max(1);
        let mut leaders: BTreeMap<i32, Vec<(u32, u64)>> = BTreeMap::new();
        let mut orphans = Vec::new();
        // The server fills an answer in the order asked, so each bucket must come first at times.
        for at in (0..count).map(|step| (self.turn + step) % count) {
            let Some(cursor) = self.cursors.get(at).filter(|cursor| cursor.is_due(now)) else { continue };
            match table.leaders.get(cursor.bucket as usize).copied().flatten() {
                Some(leader) if self.asked.values().any(|asked| asked.leader == leader) => {}
                Some(leader) => leaders.entry(leader).or_default().push((cursor.bucket, cursor.position)),
                None => orphans.push(cursor.bucket),
            }
        }
        if !orphans.is_empty() {
            let text = format!("bucket {} of {} has no leader", orphans.first().unwrap_or(&0), self.plan.name);
            self.failed(now, &orphans, &passing(ErrorCode::Unavailable(text)), shared, chance, orders);
        }
        let room = self.demand.saturating_sub(self.queued);
        for (leader, buckets) in leaders {
            shared.keys += 1;
            let key = shared.keys;
            shared.calls.insert(key, self.ticket);
            let request = fetch::request(&self.plan, &buckets, &shared.settings.scan, room);
            let mut call = Call::new(Key::Scan(key), Target::Server(leader), request);
            call.wait = shared.settings.scan.max_wait;
            orders.calls.push(call);
            let buckets: Vec<u32> = buckets.into_iter().map(|(bucket, _)| bucket).collect();
            for cursor in self.cursors.iter_mut().filter(|cursor| buckets.contains(&cursor.bucket)) {
                cursor.asked = Some(key);
            }
            self.asked.insert(key, Asked { leader, buckets });
        }
    }

    /// What an answer has for one bucket.
    fn fetched(
        &mut self,
        now: Instant,
        answer: &PbFetchLogRespForBucket,
        frame: Frame<'_>,
        shared: &mut Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), Error> {
        let bucket = answer.bucket_id as u32;
        let Some(cursor) = self.cursors.iter_mut().find(|cursor| cursor.bucket == bucket) else { return Ok(()) };
        if let Some(error) = fetch::refused(&self.plan, cursor, answer) {
            if !error.retriable {
                return Err(error);
            }
            self.failed(now, &[bucket], &error, shared, chance, orders);
            return Ok(());
        }
        cursor.trouble = None;
        cursor.backoff.succeeded();
        let Some(records) = &answer.records else { return Ok(()) };
        for (mut chunk, work) in fetch::chunks(&self.plan, cursor, records, frame, shared.settings.scan.batch_limit)? {
            // Held for the work while there is some, then for the batch.
            shared.buffers.hold(frame.buffer);
            self.queued = self.queued.saturating_add(chunk.cost);
            if let Some(work) = work {
                shared.keys += 1;
                chunk.work = Some(shared.keys);
                shared.works.insert(shared.keys, Decoding { ticket: self.ticket, bucket, frame: frame.buffer });
                orders.steps.push(Step::Work(shared.keys, work));
            }
            cursor.queue.push_back(chunk);
        }
        Ok(())
    }

    /// These buckets could not be fetched; they are tried again after a while, of whoever leads them then.
    fn failed(
        &mut self,
        now: Instant,
        buckets: &[u32],
        error: &Error,
        shared: &Shared,
        chance: &mut Chance,
        orders: &mut Orders,
    ) {
        let settings = &shared.settings.connection;
        let deadline = now.saturating_add(micros(settings.command_timeout));
        for cursor in self.cursors.iter_mut().filter(|cursor| buckets.contains(&cursor.bucket)) {
            cursor.backoff.failed(now, settings.backoff, settings.backoff_limit, chance);
            let deadline = cursor.trouble.take().map_or(deadline, |(_, deadline)| deadline);
            cursor.trouble = Some((error.clone(), deadline));
        }
        orders.stale.push(self.handle);
    }
}
