//! Deadlines: what is given up, and when to be woken.

use crate::backoff::micros;
use crate::write::{Write, accounting::Outcome, sender::writer::State};
use thalweg_contract::{Error, ErrorCode, Instant};

impl Write {
    /// When `tick` is to be called at the latest; `None`: no need. Call it when `poll` gives nothing more.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        let linger = micros(self.settings.linger);
        let delivery = micros(self.settings.delivery_timeout);
        let mut wake = Earliest { now: self.now, at: None };
        for &at in &self.active {
            let lane = &self.lanes[at];
            if let Some(open) = &lane.open {
                wake.consider(open.opened.saturating_add(linger));
                wake.consider(open.opened.saturating_add(delivery));
            }
            lane.ready.iter().take(1).for_each(|batch| wake.consider(batch.deadline));
            lane.flight.iter().filter(|batch| !batch.settled).for_each(|batch| wake.consider(batch.deadline));
            lane.next_retry().into_iter().for_each(|retry| wake.consider(retry));
            self.partitions[lane.partition].leaders.wake(self.now).into_iter().for_each(|ask| wake.consider(ask));
        }
        if self.writer.state == State::Missing && !self.active.is_empty() {
            wake.consider(self.writer.backoff.not_before());
        }
        if self.ledger.live() > 0 {
            self.closing.into_iter().for_each(|deadline| wake.consider(deadline));
        }
        wake.at
    }

    /// Gives up what has passed its deadline.
    pub(crate) fn expire(&mut self) {
        if self.closing.is_some_and(|deadline| deadline <= self.now) && self.ledger.live() > 0 {
            self.fail_all(|_| true, &Error { code: ErrorCode::Closed, retriable: false });
            return;
        }
        let delivery = self.settings.delivery_timeout;
        let late = |deadline: Instant| deadline <= self.now;
        let mut expired = Vec::new();
        for &at in &self.active {
            let lane = &self.lanes[at];
            let open = lane.open.as_ref().is_some_and(|open| late(open.opened.saturating_add(micros(delivery))));
            let ready = lane.ready.front().is_some_and(|batch| late(batch.deadline));
            let flight = lane.flight.iter().any(|batch| !batch.settled && late(batch.deadline));
            if open || ready || flight {
                expired.push((at, open));
            }
        }
        let now = self.now;
        for (at, open) in expired {
            let error = self.late(at);
            if open {
                self.fail_open(at, &error);
            }
            self.fail_lane(at, now, &error);
        }
    }

    /// Why the rows of a lane were not taken in time.
    fn late(&self, lane: usize) -> Error {
        let seconds = self.settings.delivery_timeout.as_secs_f64();
        let what = format!("no server took these rows within the delivery timeout of {seconds} s");
        let trouble = self.lanes[lane].trouble.as_ref().or(self.writer.trouble.as_ref());
        let what = trouble.map_or(what.clone(), |trouble| format!("{what}: {trouble}"));
        Error { code: ErrorCode::TimedOut(what), retriable: true }
    }

    /// Gives up everything of the partitions that are meant.
    pub(crate) fn fail_all(&mut self, meant: impl Fn(usize) -> bool, error: &Error) {
        let lanes: Vec<usize> = self.active.iter().copied().filter(|at| meant(self.lanes[*at].partition)).collect();
        self.fail_lanes(&lanes, error);
    }

    /// Gives up everything of these lanes.
    pub(crate) fn fail_lanes(&mut self, lanes: &[usize], error: &Error) {
        for at in lanes {
            self.fail_open(*at, error);
            self.fail_lane(*at, Instant::MAX, error);
        }
    }

    /// Gives up the sealed batches of a lane whose deadline has come by `now`.
    fn fail_lane(&mut self, at: usize, now: Instant, error: &Error) {
        let mut place = 0;
        while let Some(batch) = self.lanes[at].flight.get_mut(place) {
            let sent = batch.is_sent();
            if batch.settled || batch.deadline > now {
                place += 1;
                continue;
            }
            let may_have_been_written = sent || batch.uncertain;
            let outcome = Outcome::Failed { error: error.clone(), may_have_been_written };
            if sent {
                // Its request still refers to the body; it leaves with the answer.
                batch.settled = true;
                self.ledger.settled(batch.id, std::mem::take(&mut batch.parts), &outcome);
                place += 1;
            } else {
                self.fail_in_flight(at, place, &outcome);
            }
        }
        while self.lanes[at].ready.front().is_some_and(|batch| batch.deadline <= now) {
            self.fail_ready(at, 0, error);
        }
    }

    /// Gives up a batch that was not sent under this writer id.
    pub(crate) fn fail_ready(&mut self, lane: usize, at: usize, error: &Error) {
        let Some(mut batch) = self.lanes[lane].ready.remove(at) else { return };
        let outcome = Outcome::Failed { error: error.clone(), may_have_been_written: false };
        self.settle(&mut batch, &outcome);
        match self.jobs.get_mut(&batch.id) {
            // The work still holds the rows.
            Some(job) => job.orphaned = batch.held,
            None => self.release(&batch),
        }
    }
}

/// The earliest of some times that are still to come: what is due already waits for something else.
struct Earliest {
    now: Instant,
    at: Option<Instant>,
}

impl Earliest {
    fn consider(&mut self, at: Instant) {
        if at > self.now {
            self.at = Some(self.at.map_or(at, |earliest| earliest.min(at)));
        }
    }
}
