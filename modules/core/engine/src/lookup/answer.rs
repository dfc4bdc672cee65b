//! What an answer of a server brings: rows, keys without one, or a reason to try again.

use bytes::Bytes;
use thalweg_wire::message::ServerErrorCode;

use super::{
    Lookups,
    message::{self, BucketAnswer},
    open::{Kind, Open, Run},
    plan::invalid,
};
use crate::{
    call::{Body, Failure, fatal, passing, server_error},
    chance::Chance,
    order::Orders,
};
use thalweg_contract::{Error, ErrorCode, Event, Instant, Ticket};

impl Lookups {
    /// A request ended; fails if the answer makes no sense.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        key: u64,
        result: Result<Body, Failure>,
        chance: &mut Chance,
        orders: &mut Orders,
    ) -> Result<(), String> {
        let Some(asked) = self.asked.remove(&key) else { return Ok(()) };
        self.servers.ended(asked.server);
        let said = match result {
            Ok(body) => message::answers(&asked, body.bytes),
            Err(failure) => {
                let lost = matches!(failure, Failure::Lost { sent: true, .. });
                let error = failure.into_error();
                asked.runs.into_iter().for_each(|run| self.failed(now, run, &error, lost, chance, orders));
                return Ok(());
            }
        };
        let said = match said {
            Ok(said) => said,
            Err(reason) => {
                let error = passing(ErrorCode::Corrupt(format!("the answer to a lookup: {reason}")));
                asked.runs.into_iter().for_each(|run| self.failed(now, run, &error, false, chance, orders));
                let api = if asked.kind == Kind::Prefix { "PREFIX_LOOKUP" } else { "LOOKUP" };
                return Err(format!("in the answer to {api}: {reason}"));
            }
        };
        for (said, runs) in said.iter().zip(asked.buckets()) {
            if let Some(error) = self.refused(said, runs) {
                runs.iter().for_each(|run| self.failed(now, run.clone(), &error, false, chance, orders));
                continue;
            }
            let mut at = 0;
            for run in runs {
                self.give(run, said, at, asked.kind, orders);
                at += (run.to - run.from) as usize;
            }
        }
        Ok(())
    }

    /// The error that an answer has for a bucket, if it has one.
    fn refused(&self, said: &BucketAnswer, runs: &[Run]) -> Option<Error> {
        let code = ServerErrorCode::from_code(said.code);
        if code == ServerErrorCode::NONE {
            return None;
        }
        let place = runs.first().map_or_else(String::new, |run| self.describe(run));
        let mut error = server_error(code.code(), format!("{place}: {}", said.message));
        // Whether the partition is still there is for the cluster to say.
        let partitioned = runs.first().is_some_and(|run| run.partition.is_some());
        error.retriable |= code == ServerErrorCode::PARTITION_NOT_EXISTS && partitioned;
        Some(error)
    }

    /// `lost`: it was sent and not answered.
    fn failed(&mut self, now: Instant, run: Run, error: &Error, lost: bool, chance: &mut Chance, orders: &mut Orders) {
        if error.retriable {
            return self.again(now, run, error.clone(), lost, chance, orders);
        }
        let Some(open) = self.open.get_mut(&run.ticket) else { return };
        if !open.is_each() {
            return self.fail(run.ticket, error, orders);
        }
        for key in open.keys_of(&run) {
            end(open, run.ticket, key, error, orders);
        }
        self.done(&run);
    }

    /// Takes the rows of a run's keys, of which the first is at `at` in what was said.
    fn give(&mut self, run: &Run, said: &BucketAnswer, at: usize, kind: Kind, orders: &mut Orders) {
        let Some(open) = self.open.get_mut(&run.ticket) else { return };
        let mut failure = None;
        for (at, key) in (at..).zip(open.keys_of(run)) {
            let rows = said.values.of(at);
            let error = if rows.is_empty() && kind == Kind::Insert {
                let text = format!("no row was made for the key in row {}: the server does not have it", open.row(key));
                fatal(ErrorCode::Unsupported(format!("{text}; upsert the row instead")))
            } else if !open.goes_on(key) || open.values.give(key, rows) {
                continue;
            } else {
                invalid("the rows of a lookup would pass 4 GiB; look up fewer keys at a time".into())
            };
            match open.is_each() {
                true => end(open, run.ticket, key, &error, orders),
                false => failure = Some(error),
            }
        }
        match failure {
            Some(error) => self.fail(run.ticket, &error, orders),
            None => self.done(run),
        }
    }

    /// The keys of a run have no rows.
    pub(super) fn absent(&mut self, run: &Run) {
        let Some(open) = self.open.get_mut(&run.ticket) else { return };
        let none: &[Bytes] = &[];
        // There is room for nothing.
        let _ = open.keys_of(run).into_iter().all(|key| !open.goes_on(key) || open.values.give(key, none));
        self.done(run);
    }

    /// The keys of a run have their answer.
    pub(super) fn done(&mut self, run: &Run) {
        let Some(open) = self.open.get_mut(&run.ticket) else { return };
        open.left = open.left.saturating_sub(run.keys());
        if open.is_each() || open.left == 0 && !open.go_on(run.ticket, &mut self.due) {
            self.complete(run.ticket);
        }
    }

    /// Something of this lookup has its answer.
    pub(super) fn complete(&mut self, ticket: Ticket) {
        // The runs of one lookup mostly lie side by side.
        if self.complete.last() != Some(&ticket) {
            self.complete.push(ticket);
        }
    }
}

/// Fails the lookup of one key of several that came together, unless it is over.
pub(super) fn end(open: &mut Open, first: Ticket, key: u32, error: &Error, orders: &mut Orders) {
    if open.end(key) {
        let tickets = vec![first.saturating_add(u64::from(key))];
        orders.event(Event::Found { tickets, result: Err(error.clone()) });
    }
}
