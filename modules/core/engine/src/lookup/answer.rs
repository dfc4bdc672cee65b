//! What an answer of a server brings: rows, keys without one, or a reason to try again.

use thalweg_wire::message::ServerErrorCode;

use super::{
    Lookups,
    message::{self, BucketAnswer},
    open::{Kind, Run},
    plan::invalid,
};
use crate::{
    call::{Body, Failure, fatal, passing, server_error},
    chance::Chance,
    order::Orders,
};
use thalweg_contract::{Error, ErrorCode, Instant};

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
        match error.retriable {
            true => self.again(now, run, error.clone(), lost, chance, orders),
            false => self.fail(run.ticket, error.clone(), orders),
        }
    }

    /// Takes the rows of a run's keys, of which the first is at `at` in what was said.
    fn give(&mut self, run: &Run, said: &BucketAnswer, at: usize, kind: Kind, orders: &mut Orders) {
        let Some(open) = self.open.get_mut(&run.ticket) else { return };
        let mut failure = None;
        for (at, place) in (at..).zip(run.from..run.to) {
            let Some(&key) = open.order.get(place as usize) else { break };
            let rows = said.values.of(at);
            if rows.is_empty() && kind == Kind::Insert {
                let text = format!("no row was made for the key in row {key}: the server does not have it");
                failure = Some(fatal(ErrorCode::Unsupported(format!("{text}; upsert the row instead"))));
            }
            if !rows.iter().all(|value| open.give(key, value)) {
                failure = Some(invalid("the rows of a lookup would pass 4 GiB; look up fewer keys at a time".into()));
            }
        }
        match failure {
            Some(error) => self.fail(run.ticket, error, orders),
            None => self.done(run),
        }
    }

    /// The keys of a run have their answer.
    pub(super) fn done(&mut self, run: &Run) {
        let Some(open) = self.open.get_mut(&run.ticket) else { return };
        open.left = open.left.saturating_sub((run.to - run.from) as usize);
        if open.left == 0 && !open.go_on(run.ticket, &mut self.due) {
            self.complete.push(run.ticket);
        }
    }
}
