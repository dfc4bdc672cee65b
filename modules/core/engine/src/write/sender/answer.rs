//! What an answer means for its batches.

use thalweg_wire::message::ServerErrorCode;

use crate::write::{
    BucketReply, Output, Reply, Write, accounting::Outcome, batch::Batch, batch::Stage, sender::writer::State,
};
use thalweg_contract::{Bucket, Error, ErrorCode, Instant, TableHandle};

/// What is to be done with a batch that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// Try again later.
    Retry,
    /// Nothing.
    None,
    /// Its sequence does not follow (31).
    Order,
    /// The server does not know the writer (33).
    Writer,
}

/// Why a batch was not taken, as far as is known.
#[derive(Debug, Clone)]
struct Refusal {
    error: Error,
    remedy: Remedy,
    /// Whether this try certainly did not write it.
    certain: bool,
    /// Whether the leader is another: of this bucket, or perhaps of any.
    stale: Option<Stale>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stale {
    Bucket,
    Perhaps,
}

impl Write {
    /// How a request ended. An unknown key is ignored.
    pub(crate) fn replied(&mut self, now: Instant, key: u64, reply: Reply) {
        self.stir(now);
        let Some(mut request) = self.requests.remove(&key) else { return };
        let refusal = match reply {
            Reply::Answered(buckets) => {
                for reply in buckets {
                    let bucket = u32::try_from(reply.bucket).ok();
                    let bucket = bucket.map(|bucket| Bucket { partition: reply.partition, bucket });
                    match bucket.and_then(|bucket| request.batches.remove(&bucket)) {
                        Some((lane, batch)) => self.bucket_replied(lane, batch, &reply),
                        None => self.strays += 1,
                    }
                }
                missing()
            }
            Reply::Refused { code, message } => refusal(code, message, self.writer.is_used()),
            Reply::Lost { error, sent } => {
                Refusal { error, remedy: Remedy::Retry, certain: !sent, stale: Some(Stale::Perhaps) }
            }
        };
        for (lane, batch) in request.batches.into_values() {
            self.refused(lane, batch, &refusal);
        }
    }

    /// Whether a request is a PutKv request. An unknown key is none.
    pub(crate) fn is_keyed(&self, key: u64) -> bool {
        self.requests.get(&key).is_some_and(|request| request.keyed)
    }

    /// The answer to `Output::InitWriter`.
    pub(crate) fn writer_given(&mut self, now: Instant, writer: Result<i64, Error>) {
        self.stir(now);
        if self.writer.state != State::Asked {
            return;
        }
        let error = match writer {
            Ok(id) if id >= 0 => {
                self.writer.state = State::Held(id);
                self.writer.trouble = None;
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

    /// The table was dropped: its rows fail with this error, and so does every later append.
    pub(crate) fn gone(&mut self, now: Instant, table: TableHandle, error: &Error) {
        self.stir(now);
        let Some(table) = self.handles.get(&table).map(|opened| opened.table) else { return };
        self.tables[table].gone = Some(error.clone());
        let of_table: Vec<bool> = self.partitions.iter().map(|partition| partition.table == table).collect();
        self.lanes.iter_mut().filter(|lane| of_table[lane.partition]).for_each(|lane| lane.gone = true);
        self.fail_all(|partition| of_table[partition], error);
    }

    /// Every row has its fate and no request is answered any more: their bodies are released.
    pub(crate) fn abandon(&mut self) {
        self.requests.clear();
        for at in std::mem::take(&mut self.active) {
            for batch in std::mem::take(&mut self.lanes[at].flight) {
                self.release(&batch);
            }
        }
    }

    fn bucket_replied(&mut self, lane: usize, batch: u64, reply: &BucketReply) {
        match reply.code.unwrap_or(0) {
            0 => self.written(lane, batch, reply.offset),
            // The server has it already; it says where only if it still knows.
            32 => self.written(lane, batch, reply.offset),
            code => {
                let message = reply.message.clone().unwrap_or_default();
                let refusal = refusal(code, message, self.writer.is_used());
                self.refused(lane, batch, &refusal);
            }
        }
    }

    /// The server has a batch.
    fn written(&mut self, lane: usize, batch: u64, offset: Option<i64>) {
        let Some(at) = self.in_flight(lane, batch) else { return };
        let bucket = self.bucket(lane);
        let Some(mut batch) = self.lanes[lane].written(at) else { return };
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
    fn refused(&mut self, lane: usize, batch: u64, refusal: &Refusal) {
        let Some(at) = self.in_flight(lane, batch) else { return };
        let explained = self.lanes[lane].explains_disorder(at);
        let gone = self.lanes[lane].gone;
        self.note_stale(lane, refusal.stale);
        self.lanes[lane].trouble = Some(refusal.error.clone());
        let batch = &mut self.lanes[lane].flight[at];
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
                self.fail_in_flight(lane, at, &Outcome::Failed { error, may_have_been_written });
                return;
            }
        }
        if self.lanes[lane].flight[at].settled {
            self.drop_in_flight(lane, at);
        }
    }

    /// The place of a batch that a request is under way for.
    fn in_flight(&self, lane: usize, batch: u64) -> Option<usize> {
        self.lanes[lane].flight.iter().position(|b| b.id == batch && b.is_sent())
    }

    fn note_stale(&mut self, lane: usize, stale: Option<Stale>) {
        let lane = &self.lanes[lane];
        let leaders = &mut self.partitions[lane.partition].leaders;
        match stale {
            None => {}
            Some(Stale::Bucket) => leaders.doubt(Some(lane.bucket)),
            Some(Stale::Perhaps) => leaders.doubt(None),
        }
    }

    /// With no request under way, lets every lane begin anew, so that a new writer id can be asked for.
    pub(crate) fn renew_writer(&mut self) {
        if self.writer.state != State::Draining || !self.requests.is_empty() {
            return;
        }
        for lane in 0..self.lanes.len() {
            for mut batch in self.lanes[lane].begin_anew() {
                let error = batch.failure.take().unwrap_or_else(lost_track);
                self.settle(&mut batch, &Outcome::Failed { error, may_have_been_written: true });
                self.release(&batch);
            }
        }
        self.writer.state = State::Missing;
        let (first, limit) = self.backoff;
        self.writer.backoff.failed(self.now, first, limit, &mut self.chance);
    }

    /// Tells the rows of a batch their fate, if they have none yet.
    pub(crate) fn settle(&mut self, batch: &mut Batch, outcome: &Outcome) {
        if !std::mem::replace(&mut batch.settled, true) {
            self.ledger.settled(batch.id, std::mem::take(&mut batch.parts), outcome);
        }
    }

    /// A batch leaves: what it holds is free.
    pub(crate) fn release(&mut self, batch: &Batch) {
        if let Some(body) = batch.body_range() {
            self.ledger.push(Output::Release(body.buffer));
        }
        self.ledger.free(batch.held);
    }

    /// Gives a batch up that no request is under way for.
    pub(crate) fn fail_in_flight(&mut self, lane: usize, at: usize, outcome: &Outcome) {
        let batch = &mut self.lanes[lane].flight[at];
        if !std::mem::replace(&mut batch.settled, true) {
            self.ledger.settled(batch.id, std::mem::take(&mut batch.parts), outcome);
        }
        self.drop_in_flight(lane, at);
    }

    /// Takes a batch out whose rows have their fates.
    pub(crate) fn drop_in_flight(&mut self, lane: usize, at: usize) {
        if let Some(batch) = self.lanes[lane].given_up(at) {
            self.release(&batch);
        }
    }
}

/// What a server's error code says of a batch.
fn refusal(code: i32, message: String, idempotent: bool) -> Refusal {
    let kind = ServerErrorCode::from_code(code);
    let retriable = kind.is_retriable();
    // The partition is looked for; if it was dropped, that says so.
    let lost = code == ServerErrorCode::PARTITION_NOT_EXISTS.code();
    let remedy = match code {
        31 if idempotent => Remedy::Order,
        33 if idempotent => Remedy::Writer,
        _ if retriable || lost => Remedy::Retry,
        _ => Remedy::None,
    };
    let stale = (lost || kind.is_stale_metadata()).then_some(Stale::Bucket);
    let error = Error { code: ErrorCode::Server { code, name: kind.name().into(), message }, retriable };
    Refusal { error, remedy, certain: is_certain(code), stale }
}

/// Whether a server that answers with this code certainly did not append: it checks these before (`fluss.md` 3.3, 3.4;
/// what a keyed table refuses, before its changes are appended). Of the others, storage and time-out errors and a loss of
/// leadership may come after the append.
fn is_certain(code: i32) -> bool {
    matches!(
        code,
        2 | 3 | 7 | 9 | 13 | 14 | 15 | 18 | 20 | 27 | 29 | 31 | 33 | 35 | 36 | 46 | 48 | 51 | 57 | 70 | 72 | 73
    )
}

/// For a bucket that its answer does not name (`fluss.md` 2.16).
fn missing() -> Refusal {
    let code = ErrorCode::Corrupt("the server's answer to a write does not name every bucket that was written".into());
    Refusal { error: Error { code, retriable: false }, remedy: Remedy::None, certain: false, stale: None }
}

fn lost_track() -> Error {
    let what = "the server lost track of this writer before it answered for these rows; read the table to see whether it \
                has them";
    Error { code: ErrorCode::Other(what.into()), retriable: false }
}
