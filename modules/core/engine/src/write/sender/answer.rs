//! What an answer means for its batches.

use thalweg_wire::{message::ServerErrorCode, tree};

use crate::write::{
    BucketReply, Output, Reply, Write,
    accounting::Outcome,
    arena::QueueId,
    batch::{Batch, Stage},
    partition::leaders::Leaders,
    sender::{
        refusal::{Refusal, Remedy, Stale, lost_track, missing, refusal},
        writer::State,
    },
};
use thalweg_contract::{Bucket, Error, ErrorCode, Instant, TableHandle};

impl Write {
    /// How a request ended. An unknown key is ignored.
    pub(crate) fn replied(&mut self, now: Instant, key: u64, reply: Reply) {
        self.advance(now);
        let Some(mut request) = self.requests.remove(&key) else { return };
        self.request_ended(request.leader);
        let refusal = match reply {
            Reply::Answered(buckets) => {
                for reply in buckets {
                    let bucket = u32::try_from(reply.bucket).ok();
                    let bucket = bucket.map(|bucket| Bucket { partition: reply.partition, bucket });
                    // A bucket that was not asked about is ignored.
                    if let Some((queue, batch)) = bucket.and_then(|bucket| request.batches.remove(&bucket)) {
                        self.bucket_replied(queue, batch, &reply);
                    }
                }
                missing()
            }
            Reply::Refused { code, message } => {
                refusal(ServerErrorCode::from_code(code), message, self.writer.is_used())
            }
            Reply::Lost { error, sent } => {
                // A server that does not let this client in will not do so later.
                let remedy = if error.is_login_refused() { Remedy::None } else { Remedy::Retry };
                Refusal { error, remedy, certain: !sent, stale: Some(Stale::Perhaps) }
            }
        };
        for (queue, batch) in request.batches.into_values() {
            self.refused(queue, batch, &refusal);
        }
    }

    /// Whether a request is a PutKv request. An unknown key is none.
    pub(crate) fn is_keyed(&self, key: u64) -> bool {
        self.requests.get(&key).is_some_and(|request| request.keyed)
    }

    /// The answer to `Output::InitWriter`.
    pub(crate) fn writer_given(&mut self, now: Instant, writer: Result<i64, Error>) {
        self.advance(now);
        if self.writer.state != State::Asked {
            return;
        }
        let error = match writer {
            Ok(id) if id >= 0 => {
                self.writer.state = State::Held(id);
                self.writer.trouble = None;
                self.touch_all();
                return;
            }
            Ok(id) => {
                Error { code: ErrorCode::Corrupt(format!("the server gave the writer id {id}")), retriable: false }
            }
            Err(error) => error,
        };
        self.writer.state = State::Missing;
        let (first, limit) = self.backoff;
        self.writer.backoff.failed(self.now, first, limit, &mut self.chance);
        if !error.retriable {
            self.fail_all(|_| true, &error);
        }
        self.writer.trouble = Some(error);
    }

    /// The cluster does not let this client in: all rows fail with this error. Leaders are asked for anew for the next ones.
    pub(crate) fn shut_out(&mut self, now: Instant, error: &Error) {
        self.advance(now);
        self.partitions.iter_mut().for_each(|(_, partition)| partition.leaders.unanswered());
        self.fail_all(|_| true, error);
    }

    /// The table was dropped: its rows fail with this error, and so does every later append.
    pub(crate) fn gone(&mut self, now: Instant, table: TableHandle, error: &Error) {
        self.advance(now);
        let Some(table) = self.handles.get(&table).map(|opened| opened.table) else { return };
        let Some(state) = self.tables.get_mut(table) else { return };
        state.gone = Some(error.clone());
        let partitions = self.partitions.iter().filter(|(_, partition)| partition.table == table);
        let partitions = tree::set(partitions.map(|(id, _)| id));
        let queues = self.queues.iter_mut().filter(|(_, queue)| partitions.contains(&queue.partition));
        queues.for_each(|(_, queue)| queue.gone = true);
        self.fail_all(|partition| partitions.contains(&partition), error);
    }

    /// Every row has its fate and no request is answered any more: their bodies are released.
    pub(crate) fn abandon(&mut self) {
        self.requests.clear();
        for id in std::mem::take(&mut self.active) {
            let Some(queue) = self.queues.get_mut(id) else { continue };
            for batch in std::mem::take(&mut queue.flight) {
                self.release(&batch);
            }
        }
    }

    fn bucket_replied(&mut self, queue: QueueId, batch: u64, reply: &BucketReply) {
        match ServerErrorCode::from_code(reply.code.unwrap_or(0)) {
            ServerErrorCode::NONE => self.written(queue, batch, reply.offset),
            // The server has it already; it says where only if it still knows.
            ServerErrorCode::DUPLICATE_SEQUENCE => self.written(queue, batch, reply.offset),
            code => {
                let message = reply.message.clone().unwrap_or_default();
                let refusal = refusal(code, message, self.writer.is_used());
                self.refused(queue, batch, &refusal);
            }
        }
    }

    /// The server has a batch.
    fn written(&mut self, queue: QueueId, batch: u64, offset: Option<i64>) {
        self.touch(queue);
        let Some(bucket) = self.queues.get(queue).and_then(|queue| self.bucket(queue)) else { return };
        let Some(queue) = self.queues.get_mut(queue) else { return };
        let Some(mut batch) = queue.in_flight(batch).and_then(|at| queue.written(at)) else { return };
        let offset = offset.and_then(|offset| u64::try_from(offset).ok());
        let outcome = match batch.columns() {
            None => Outcome::Written { bucket, base: offset },
            Some(_) => Outcome::Changed { bucket, end: offset },
        };
        self.settle(&mut batch, &outcome);
        self.release(&batch);
        self.writer.backoff.succeeded();
    }

    /// A try of a batch did not write it, or it is not known.
    fn refused(&mut self, id: QueueId, batch: u64, refusal: &Refusal) {
        self.touch(id);
        let Some(queue) = self.queues.get_mut(id) else { return };
        let Some(at) = queue.in_flight(batch) else { return };
        if let Some(partition) = self.partitions.get_mut(queue.partition) {
            note_stale(&mut partition.leaders, queue.bucket, refusal.stale);
        }
        let explained = queue.explains_disorder(at);
        let gone = queue.gone;
        queue.trouble = Some(refusal.error.clone());
        let Some(batch) = queue.flight.get_mut(at) else { return };
        batch.uncertain |= !refusal.certain;
        batch.stage = Stage::Waiting(self.now);
        match refusal.remedy {
            Remedy::Order if explained => {}
            Remedy::Order | Remedy::Writer if gone => {}
            Remedy::Order | Remedy::Writer => {
                batch.failure = Some(refusal.error.clone());
                self.writer.renew();
            }
            Remedy::Retry => {
                let (first, limit) = self.backoff;
                batch.stage = Stage::Waiting(batch.backoff.failed(self.now, first, limit, &mut self.chance));
            }
            Remedy::None => {
                let (error, may_have_been_written) = (refusal.error.clone(), batch.uncertain);
                self.fail_in_flight(id, at, &Outcome::Failed { error, may_have_been_written });
                return;
            }
        }
        if batch.settled {
            self.drop_in_flight(id, at);
        }
    }

    /// With no request under way, lets every queue begin anew, so that a new writer id can be asked for.
    pub(crate) fn renew_writer(&mut self) {
        if self.writer.state != State::Draining || !self.requests.is_empty() {
            return;
        }
        self.touch_all();
        let unknown: Vec<Box<Batch>> = self.queues.iter_mut().flat_map(|(_, queue)| queue.begin_anew()).collect();
        for mut batch in unknown {
            let error = batch.failure.take().unwrap_or_else(lost_track);
            self.settle(&mut batch, &Outcome::Failed { error, may_have_been_written: true });
            self.release(&batch);
        }
        self.writer.state = State::Missing;
        let (first, limit) = self.backoff;
        self.writer.backoff.failed(self.now, first, limit, &mut self.chance);
    }

    /// Tells the rows of a batch their fate, if they have none yet.
    pub(crate) fn settle(&mut self, batch: &mut Batch, outcome: &Outcome) {
        if !std::mem::replace(&mut batch.settled, true) {
            self.accounting.settled(batch.id, std::mem::take(&mut batch.parts), outcome);
        }
    }

    /// A batch leaves: what it holds is free.
    pub(crate) fn release(&mut self, batch: &Batch) {
        if let Some(body) = batch.body_range() {
            self.accounting.push(Output::Release(body.buffer));
        }
        self.accounting.free(batch.held);
    }

    /// Gives a batch up that no request is under way for.
    pub(crate) fn fail_in_flight(&mut self, queue: QueueId, at: usize, outcome: &Outcome) {
        let batch = self.queues.get_mut(queue).and_then(|queue| queue.flight.get_mut(at));
        if let Some(batch) = batch.filter(|batch| !batch.settled) {
            batch.settled = true;
            self.accounting.settled(batch.id, std::mem::take(&mut batch.parts), outcome);
        }
        self.drop_in_flight(queue, at);
    }

    /// Takes a batch out whose rows have their fates.
    pub(crate) fn drop_in_flight(&mut self, queue: QueueId, at: usize) {
        if let Some(batch) = self.queues.get_mut(queue).and_then(|queue| queue.given_up(at)) {
            self.release(&batch);
        }
    }
}

fn note_stale(leaders: &mut Leaders, bucket: u32, stale: Option<Stale>) {
    match stale {
        None => {}
        Some(Stale::Bucket) => leaders.doubt(Some(bucket)),
        Some(Stale::Perhaps) => leaders.doubt(None),
    }
}
