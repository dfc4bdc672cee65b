//! What is sealed and sent when.
//!
//! A batch leaves at once when nothing is on its way to its leader. Otherwise it fills up: until it is as large as a batch
//! may be, until it has waited for the linger, or until what is on its way has arrived. All that may go to one leader and
//! table goes in one request, up to its limit.
//!
//! ```text
//! answer   what an answer means for its batches
//! refusal  what the refusal of a batch means
//! expiry   deadlines, and when to be woken
//! ready    which queues a turn concerns
//! writer   the writer id and its renewal
//! ```

pub(crate) mod answer;
pub(crate) mod expiry;
pub(crate) mod ready;
mod refusal;
pub(crate) mod writer;

use std::{collections::BTreeMap, sync::Arc};

use crate::backoff::micros;
use crate::write::{
    Outgoing, Output, Produce, Request, Write,
    arena::{PartitionId, QueueId, TableId},
    batch::accumulator::Accumulator,
    batch::queue::{BucketQueue, Pick},
    sender::writer::State,
};
use thalweg_contract::{Acks, Error, ErrorCode, Instant, WorkOutput};
use thalweg_wire::tree;

/// What the batches of a request may take together, in bytes: a server takes frames of 100 MiB (`fluss.md` 2.1), and the
/// head of the request fits the rest.
const BATCH_LIMIT: u64 = (100 << 20) - 1024;

/// Requests that are being put together: by leader, by table, and for key batches by the columns of their rows.
type Drafts = BTreeMap<(i32, TableId, Option<Arc<[i32]>>), Draft>;

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
        self.touch_due();
        self.expire();
        self.close_holes();
        self.renew_writer();
        self.seal_due();
        self.ask_writer();
        self.send_all();
        self.ask_leaders();
        self.leave();
    }

    /// What work gave.
    pub(crate) fn encoded(&mut self, now: Instant, key: u64, output: WorkOutput) {
        self.advance(now);
        let buffer = match &output {
            WorkOutput::Encoded { buffer, .. } => Some(*buffer),
            WorkOutput::Decoded { buffer, .. } => *buffer,
            WorkOutput::Failed(_) => None,
        };
        let job = self.jobs.remove(&key);
        let place = job.filter(|job| job.orphaned == 0).and_then(|job| {
            let queue = self.queues.get_mut(job.queue)?;
            let at = queue.ready.iter().position(|batch| batch.id == key)?;
            Some((job.queue, at, queue.ready.get_mut(at)?))
        });
        let Some((id, at, batch)) = place else {
            self.accounting.free(job.map_or(0, |job| job.orphaned));
            buffer.into_iter().for_each(|buffer| self.accounting.push(Output::Release(buffer)));
            return;
        };
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
                self.accounting.charge(held);
                self.accounting.free(before);
                let too_long = length > BATCH_LIMIT;
                too_long.then(|| {
                    let what = format!("a batch of {length} bytes is longer than the server takes; write smaller rows");
                    ErrorCode::Invalid(what)
                })
            }
            Err(reason) => {
                buffer.into_iter().for_each(|buffer| self.accounting.push(Output::Release(buffer)));
                Some(ErrorCode::Other(format!("rows could not be encoded: {reason}")))
            }
        };
        if let Some(code) = failure {
            self.fail_ready(id, at, &Error { code, retriable: false });
        }
        self.touch(id);
    }

    /// Seals what has waited long enough, or has nothing to wait for.
    fn seal_due(&mut self) {
        self.touched.iter().copied().collect::<Vec<_>>().into_iter().for_each(|id| self.count(id));
        let linger = micros(self.settings.linger);
        let long = |open: &Accumulator| self.now >= open.opened.saturating_add(linger);
        let queue = |id: &QueueId| self.queues.get(*id).and_then(|queue| queue.open.as_ref());
        let mut due = self.idle_gathering();
        due.extend(self.touched.iter().filter(|id| queue(id).is_some_and(long)));
        for id in due {
            self.touch(id);
            self.seal(id);
        }
    }

    /// Closes the holes that failed batches left.
    fn close_holes(&mut self) {
        for id in &self.touched {
            if self.queues.get_mut(*id).is_some_and(BucketQueue::close_hole) {
                self.writer.renew();
            }
        }
    }

    /// Asks for a writer id as soon as there are rows that need it.
    fn ask_writer(&mut self) {
        if self.active.is_empty() || !self.writer.may_ask(self.now) {
            return;
        }
        let partitions = tree::set(self.active_queues().map(|(_, queue)| queue.partition));
        let tables = partitions.into_iter().filter_map(|partition| Some(self.partitions.get(partition)?.table));
        let tables =
            tree::set(tables).into_iter().filter_map(|table| Some(self.tables.get(table)?.path.clone())).collect();
        self.writer.state = State::Asked;
        self.accounting.push(Output::InitWriter { tables });
    }

    /// Sends all that may be sent, one batch of a queue after the other.
    fn send_all(&mut self) {
        let Some(writer) = self.writer.ready() else { return };
        let queues: Vec<QueueId> = self.touched.iter().copied().collect();
        loop {
            let mut drafts = Drafts::new();
            let mut sent = false;
            for &id in &queues {
                let Some(queue) = self.queues.get(id) else { continue };
                let Some(leader) = self.leader(queue) else { continue };
                let Some(pick) = queue.pick(self.now, leader, self.settings.in_flight.max(1)) else { continue };
                sent = true;
                self.add_to_draft(&mut drafts, id, pick, leader, writer);
            }
            drafts.into_values().for_each(|draft| self.finish(draft));
            if !sent {
                return;
            }
        }
    }

    /// Puts a batch into the draft for its leader and table; one that would become too long is finished first.
    fn add_to_draft(&mut self, drafts: &mut Drafts, id: QueueId, pick: Pick, leader: i32, writer: Option<i64>) {
        let Some(queue) = self.queues.get(id) else { return };
        let Some(table) = self.partitions.get(queue.partition).map(|partition| partition.table) else { return };
        let Some(bucket) = self.bucket(queue) else { return };
        let Some(picked) = queue.picked(pick) else { return };
        let (length, columns) = (picked.length(), picked.columns().cloned());
        let destination = (leader, table, columns.clone());
        let limit = u64::from(self.settings.request_bytes).min(BATCH_LIMIT);
        if drafts.get(&destination).is_some_and(|draft| draft.bytes + length > limit)
            && let Some(full) = drafts.remove(&destination)
        {
            self.finish(full);
        }
        let next_request = &mut self.next_request;
        let draft = drafts.entry(destination).or_insert_with(|| {
            let key = *next_request;
            *next_request += 1;
            let request = Request { leader, table, keyed: columns.is_some(), batches: BTreeMap::new() };
            Draft { key, bytes: 0, columns, batches: Vec::new(), request }
        });
        let Some(queue) = self.queues.get_mut(id) else { return };
        let Some((batch, again)) = queue.send(pick, draft.key, leader, writer.is_some()) else { return };
        // A batch that has no head cannot be in a queue's turn: its length was checked when it was encoded.
        let (Ok(head), Some(body)) = (batch.head(writer), batch.body_range()) else { return };
        self.accounting.sent(head.len() as u64 + u64::from(body.length), again);
        draft.bytes += length;
        draft.request.batches.insert(bucket, (id, batch.id));
        draft.batches.push(Outgoing { bucket, head, body });
    }

    /// Hands a request out.
    fn finish(&mut self, draft: Draft) {
        let Some(table) = self.tables.get(draft.request.table) else { return };
        // Less than the deadline of the request: a server that waits for its replicas says so before the connection is
        // given up.
        let timeout = (self.request_timeout * 3 / 4).as_millis();
        self.accounting.push(Output::Produce(Produce {
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
        self.request_begins(draft.request.leader);
        self.requests.insert(draft.key, draft.request);
    }

    /// Asks for leaders where they are doubtful, or missing for rows that wait.
    fn ask_leaders(&mut self) {
        let mut missing: BTreeMap<PartitionId, bool> = BTreeMap::new();
        for id in &self.touched {
            let Some(queue) = self.queues.get(*id).filter(|queue| !queue.gone) else { continue };
            let doubtful =
                self.partitions.get(queue.partition).is_some_and(|partition| partition.leaders.are_doubtful());
            let active = self.active.contains(id);
            if active || (doubtful && self.has_rows(queue.partition)) {
                *missing.entry(queue.partition).or_default() |= active && self.leader(queue).is_none();
            }
        }
        for (partition, missing) in missing {
            let Some(partition) = self.partitions.get_mut(partition) else { continue };
            if !partition.leaders.ask(self.now, missing) {
                continue;
            }
            let Some(table) = self.tables.get(partition.table).map(|table| table.handle) else { continue };
            self.accounting.push(match partition.name.is_empty() {
                true => Output::Refresh { table },
                false => Output::Seek { table, partition: Arc::clone(&partition.name) },
            });
        }
    }
}
