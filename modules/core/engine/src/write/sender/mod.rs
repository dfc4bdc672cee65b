//! What is sealed and sent when.
//!
//! A batch leaves at once when nothing is on its way to its leader. Otherwise it fills up: until it is as large as a batch
//! may be, until it has waited for the linger, or until what is on its way has arrived. All that may go to one leader and
//! table goes in one request, up to its limit.
//!
//! ```text
//! answer  what an answer means for its batches
//! expiry  deadlines, and when to be woken
//! writer  the writer id and its renewal
//! ```

pub(crate) mod answer;
pub(crate) mod expiry;
pub(crate) mod writer;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::backoff::micros;
use crate::write::{Outgoing, Output, Produce, Request, Write, batch::queue::Pick, sender::writer::State};
use thalweg_contract::{Acks, Error, ErrorCode, Instant, WorkOutput};

/// What the batches of a request may take together, in bytes: a server takes frames of 100 MiB (`fluss.md` 2.1), and the
/// head of the request fits the rest.
const BATCH_LIMIT: u64 = (100 << 20) - 1024;

/// Requests that are being put together: by leader, by table, and for key batches by the columns of their rows.
type Drafts = BTreeMap<(i32, usize, Option<Arc<[i32]>>), Draft>;

/// A request that is being put together.
struct Draft {
    key: u64,
    bytes: u64,
    columns: Option<Arc<[i32]>>,
    batches: Vec<Outgoing>,
    request: Request,
}

impl Write {
    /// Does all that can be done now.
    pub(crate) fn drive(&mut self) {
        self.expire();
        self.mend_lanes();
        self.renew_writer();
        self.seal_due();
        self.ask_writer();
        self.send_all();
        self.ask_leaders();
        let lanes = &self.lanes;
        self.active.retain(|lane| !lanes[*lane].is_empty());
    }

    /// What work gave.
    pub(crate) fn encoded(&mut self, now: Instant, key: u64, output: WorkOutput) {
        self.stir(now);
        let buffer = match &output {
            WorkOutput::Encoded { buffer, .. } => Some(*buffer),
            WorkOutput::Decoded { buffer, .. } => *buffer,
            WorkOutput::Failed(_) => None,
        };
        let job = self.jobs.remove(&key);
        let place = job.filter(|job| job.orphaned == 0).and_then(|job| {
            let at = self.lanes[job.lane].ready.iter().position(|batch| batch.id == key)?;
            Some((job.lane, at))
        });
        let Some((lane, at)) = place else {
            self.ledger.free(job.map_or(0, |job| job.orphaned));
            buffer.into_iter().for_each(|buffer| self.ledger.push(Output::Release(buffer)));
            return;
        };
        let batch = &mut self.lanes[lane].ready[at];
        let before = batch.held;
        let done = match output {
            WorkOutput::Encoded { buffer, lengths, checksum } => batch.encoded(buffer, &lengths, checksum),
            WorkOutput::Decoded { .. } => Err("encoding was answered with something decoded".into()),
            WorkOutput::Failed(reason) => Err(reason),
        };
        let length = batch.length();
        let failure = match done {
            Ok(held) => {
                batch.held = held;
                self.ledger.charge(held);
                self.ledger.free(before);
                let too_long = length > BATCH_LIMIT;
                too_long.then(|| {
                    let what = format!("a batch of {length} bytes is longer than the server takes; write smaller rows");
                    ErrorCode::Invalid(what)
                })
            }
            Err(reason) => {
                buffer.into_iter().for_each(|buffer| self.ledger.push(Output::Release(buffer)));
                Some(ErrorCode::Other(format!("rows could not be encoded: {reason}")))
            }
        };
        if let Some(code) = failure {
            self.fail_ready(lane, at, &Error { code, retriable: false });
        }
    }

    /// Seals what has waited long enough, or has nothing to wait for.
    fn seal_due(&mut self) {
        let mut busy: BTreeSet<i32> = self.requests.values().map(|request| request.leader).collect();
        let mut waiting = Vec::new();
        for &at in &self.active {
            let lane = &self.lanes[at];
            if !lane.ready.is_empty() || !lane.flight.is_empty() {
                busy.extend(self.leader(lane));
            }
            if let Some(open) = &lane.open {
                waiting.push((at, open.opened, self.leader(lane)));
            }
        }
        let linger = micros(self.settings.linger);
        for (at, opened, leader) in waiting {
            let idle = leader.is_some_and(|leader| !busy.contains(&leader));
            if idle || self.now >= opened.saturating_add(linger) {
                self.seal(at);
            }
        }
    }

    /// Closes the holes that failed batches left.
    fn mend_lanes(&mut self) {
        for at in &self.active {
            if self.lanes[*at].mend() {
                self.writer.renew();
            }
        }
    }

    /// Asks for a writer id as soon as there are rows that need it.
    fn ask_writer(&mut self) {
        if self.active.is_empty() || !self.writer.may_ask(self.now) {
            return;
        }
        let tables: BTreeSet<usize> = self.active.iter().map(|lane| self.table_of(*lane)).collect();
        let tables = tables.into_iter().map(|table| self.tables[table].path.clone()).collect();
        self.writer.state = State::Asked;
        self.ledger.push(Output::InitWriter { tables });
    }

    /// Sends all that may be sent, one batch of a lane after the other.
    fn send_all(&mut self) {
        let Some(writer) = self.writer.ready() else { return };
        let lanes: Vec<usize> = self.active.iter().copied().collect();
        loop {
            let mut drafts = Drafts::new();
            let mut sent = false;
            for &at in &lanes {
                let Some(leader) = self.leader(&self.lanes[at]) else { continue };
                let Some(pick) = self.lanes[at].pick(self.now, leader, self.settings.in_flight.max(1)) else {
                    continue;
                };
                sent = true;
                self.add_to_draft(&mut drafts, at, pick, leader, writer);
            }
            drafts.into_values().for_each(|draft| self.finish(draft));
            if !sent {
                return;
            }
        }
    }

    /// Puts a batch into the draft for its leader and table; one that would become too long is finished first.
    fn add_to_draft(&mut self, drafts: &mut Drafts, at: usize, pick: Pick, leader: i32, writer: Option<i64>) {
        let table = self.partitions[self.lanes[at].partition].table;
        let Some(picked) = self.lanes[at].picked(pick) else { return };
        let (length, columns) = (picked.length(), picked.columns().cloned());
        let whither = (leader, table, columns.clone());
        let limit = u64::from(self.settings.request_bytes).min(BATCH_LIMIT);
        if drafts.get(&whither).is_some_and(|draft| draft.bytes + length > limit)
            && let Some(full) = drafts.remove(&whither)
        {
            self.finish(full);
        }
        let next_request = &mut self.next_request;
        let draft = drafts.entry(whither).or_insert_with(|| {
            let key = *next_request;
            *next_request += 1;
            let request = Request { leader, table, keyed: columns.is_some(), batches: BTreeMap::new() };
            Draft { key, bytes: 0, columns, batches: Vec::new(), request }
        });
        let bucket = self.bucket(at);
        let Some((batch, again)) = self.lanes[at].send(pick, draft.key, leader, writer.is_some()) else { return };
        // A batch that has no head cannot be in a lane's turn: its length was checked when it was encoded.
        let (Ok(head), Some(body)) = (batch.head(writer), batch.body_range()) else { return };
        self.ledger.sent(head.len() as u64 + u64::from(body.length), again);
        draft.bytes += length;
        draft.request.batches.insert(bucket, (at, batch.id));
        draft.batches.push(Outgoing { bucket, head, body });
    }

    /// Hands a request out.
    fn finish(&mut self, draft: Draft) {
        let table = &self.tables[draft.request.table];
        // Less than the deadline of the request: a server that waits for its replicas says so before the connection is
        // given up.
        let timeout = (self.request_timeout * 3 / 4).as_millis();
        self.ledger.push(Output::Produce(Produce {
            key: draft.key,
            leader: draft.request.leader,
            table: table.handle,
            table_id: table.table_id,
            acks: match self.settings.acks {
                Acks::All => -1,
                Acks::Leader => 1,
                Acks::None => 0,
            },
            timeout_ms: i32::try_from(timeout).unwrap_or(i32::MAX),
            columns: draft.columns,
            batches: draft.batches,
        }));
        self.requests.insert(draft.key, draft.request);
    }

    /// Asks for leaders where they are doubtful, or missing for rows that wait.
    fn ask_leaders(&mut self) {
        let mut missing: BTreeMap<usize, bool> = BTreeMap::new();
        for lane in self.active.iter().map(|at| &self.lanes[*at]).filter(|lane| !lane.gone) {
            *missing.entry(lane.partition).or_default() |= self.leader(lane).is_none();
        }
        for (partition, missing) in missing {
            let partition = &mut self.partitions[partition];
            if !partition.leaders.ask(self.now, missing) {
                continue;
            }
            let table = self.tables[partition.table].handle;
            self.ledger.push(match partition.name.is_empty() {
                true => Output::Refresh { table },
                false => Output::Seek { table, partition: Arc::clone(&partition.name) },
            });
        }
    }
}
