//! Deadlines: what is given up, and when to be woken.

use crate::backoff::micros;
use crate::write::{
    Write,
    accounting::Outcome,
    arena::{PartitionId, QueueId},
    batch::queue::BucketQueue,
    sender::ready::Earliest,
    sender::writer::State,
};
use thalweg_contract::{Error, ErrorCode, Instant};

impl Write {
    /// When `tick` is to be called at the latest; `None`: no need. Call it when `poll` gives nothing more.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        let mut wake = Earliest { now: self.now, at: self.timers.first().map(|(at, _)| at) };
        // There are some only if something happened since.
        let touched = self.touched.iter().filter_map(|id| self.next_look(self.queues.get(*id)?));
        touched.for_each(|at| wake.consider(at));
        if self.writer.state == State::Missing && !self.active.is_empty() {
            wake.consider(self.writer.backoff.not_before());
        }
        if self.accounting.live() > 0 {
            self.closing.into_iter().for_each(|deadline| wake.consider(deadline));
        }
        wake.at
    }

    /// Gives up what has passed its deadline.
    pub(crate) fn expire(&mut self) {
        if self.closing.is_some_and(|deadline| deadline <= self.now) && self.accounting.live() > 0 {
            self.fail_all(|_| true, &Error { code: ErrorCode::Closed, retriable: false });
            return;
        }
        let delivery = self.settings.delivery_timeout;
        let late = |deadline: Instant| deadline <= self.now;
        let mut expired = Vec::new();
        for (id, queue) in self.touched.iter().filter_map(|id| Some((*id, self.queues.get(*id)?))) {
            let open = queue.open.as_ref().is_some_and(|open| late(open.opened.saturating_add(micros(delivery))));
            let ready = queue.ready.front().is_some_and(|batch| late(batch.deadline));
            let flight = queue.flight.iter().any(|batch| !batch.settled && late(batch.deadline));
            if open || ready || flight {
                expired.push((id, open));
            }
        }
        let now = self.now;
        for (id, open) in expired {
            let error = self.late(id);
            if open {
                self.fail_open(id, &error);
            }
            self.fail_queue(id, now, &error);
        }
    }

    /// Why the rows of a queue were not taken in time.
    fn late(&self, queue: QueueId) -> Error {
        let seconds = self.settings.delivery_timeout.as_secs_f64();
        let what = format!("no server took these rows within the delivery timeout of {seconds} s");
        let trouble = self.queues.get(queue).and_then(|queue| queue.trouble.as_ref());
        let trouble = trouble.or(self.writer.trouble.as_ref());
        let what = trouble.map_or(what.clone(), |trouble| format!("{what}: {trouble}"));
        Error { code: ErrorCode::TimedOut(what), retriable: true }
    }

    /// Gives up everything of the partitions that are meant.
    pub(crate) fn fail_all(&mut self, meant: impl Fn(PartitionId) -> bool, error: &Error) {
        let queues = self.active_queues().filter(|(_, queue)| meant(queue.partition)).map(|(id, _)| id);
        let queues: Vec<QueueId> = queues.collect();
        self.fail_queues(&queues, error);
    }

    /// Gives up everything of these queues.
    pub(crate) fn fail_queues(&mut self, queues: &[QueueId], error: &Error) {
        for id in queues {
            self.touch(*id);
            self.fail_open(*id, error);
            self.fail_queue(*id, Instant::MAX, error);
        }
    }

    /// Gives up the sealed batches of a queue whose deadline has come by `now`.
    fn fail_queue(&mut self, id: QueueId, now: Instant, error: &Error) {
        let mut place = 0;
        while let Some(batch) = self.queues.get_mut(id).and_then(|queue| queue.flight.get_mut(place)) {
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
                self.accounting.settled(batch.id, std::mem::take(&mut batch.parts), &outcome);
                place += 1;
            } else {
                self.fail_in_flight(id, place, &outcome);
            }
        }
        let late = |queue: &BucketQueue| queue.ready.front().is_some_and(|batch| batch.deadline <= now);
        while self.queues.get(id).is_some_and(late) {
            self.fail_ready(id, 0, error);
        }
    }

    /// Gives up a batch that was not sent under this writer id.
    pub(crate) fn fail_ready(&mut self, id: QueueId, at: usize, error: &Error) {
        let Some(mut batch) = self.queues.get_mut(id).and_then(|queue| queue.ready.remove(at)) else { return };
        let outcome = Outcome::Failed { error: error.clone(), may_have_been_written: false };
        self.settle(&mut batch, &outcome);
        match self.jobs.get_mut(&batch.id) {
            // The work still holds the rows.
            Some(job) => job.orphaned = batch.held,
            None => self.release(&batch),
        }
    }
}
