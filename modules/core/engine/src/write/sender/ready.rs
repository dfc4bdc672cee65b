//! Which queues a turn concerns: those that something happened to, and those whose time has come. No other is looked at.
//!
//! | set | a queue enters | and leaves |
//! |---|---|---|
//! | `active` | with its first rows | at the end of the turn in which it became empty |
//! | `touched` | when anything of it changes, its leader too, and at the time of its timer | at the end of the turn |
//! | `timers` | at the end of a turn, if something of it becomes due later | at that time, or when that changes |
//! | `loads` | at its leader: as loaded with batches, as gathering with rows that wait | when that changes |

use std::collections::{BTreeMap, BTreeSet};

use crate::backoff::micros;
use crate::write::{
    Write,
    arena::{Id, PartitionId, QueueId},
    batch::queue::BucketQueue,
};
use thalweg_contract::Instant;

/// How a queue was counted last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Something happened to it since.
    touched: bool,
    /// The leader of its bucket.
    leader: Option<i32>,
    /// Whether it has batches.
    loaded: bool,
    /// Whether it has rows that wait to become a batch.
    gathering: bool,
    /// Its entry among the timers.
    timer: Option<Instant>,
}

/// What is on its way to a leader, and what waits for that.
#[derive(Debug, Default)]
pub(crate) struct Load {
    requests: usize,
    /// How many queues have batches.
    queues: usize,
    /// The queues that have rows which wait to become a batch.
    gathering: BTreeSet<QueueId>,
}

/// By leader; that of `None` are the queues without one.
pub(crate) type Loads = BTreeMap<Option<i32>, Load>;

impl Write {
    /// Something happened to a queue: the next `drive` looks at it.
    pub(crate) fn touch(&mut self, id: QueueId) {
        let Some(queue) = self.queues.get_mut(id) else { return };
        if !std::mem::replace(&mut queue.standing.touched, true) {
            self.touched.insert(id);
        }
    }

    /// Something happened to every queue.
    pub(crate) fn touch_all(&mut self) {
        self.active.iter().copied().collect::<Vec<_>>().into_iter().for_each(|id| self.touch(id));
    }

    /// Something happened to the queues of a partition.
    pub(crate) fn touch_partition(&mut self, partition: PartitionId) {
        let filled = |id: &QueueId| self.queues.get(*id).is_some_and(|queue| !queue.is_empty());
        let queues: Vec<QueueId> = self.queues_of(partition).into_iter().filter(filled).collect();
        queues.into_iter().for_each(|id| self.touch(id));
    }

    /// Looks at the queues whose time has come.
    pub(crate) fn touch_due(&mut self) {
        while let Some(number) = self.timers.due(self.now) {
            let id = QueueId::at(number as usize);
            if let Some(queue) = self.queues.get_mut(id) {
                queue.standing.timer = None;
            }
            self.touch(id);
        }
    }

    /// Counts a queue that something happened to anew.
    pub(crate) fn count(&mut self, id: QueueId) {
        let Some(queue) = self.queues.get(id) else { return };
        let before = queue.standing;
        let now = Standing {
            leader: self.leader(queue),
            loaded: !(queue.ready.is_empty() && queue.flight.is_empty()),
            gathering: queue.open.is_some(),
            ..before
        };
        if now == before {
            return;
        }
        if before.loaded || before.gathering {
            self.change_load(before.leader, |load| {
                load.queues = load.queues.saturating_sub(usize::from(before.loaded));
                load.gathering.remove(&id);
            });
        }
        if now.loaded || now.gathering {
            self.change_load(now.leader, |load| {
                load.queues += usize::from(now.loaded);
                if now.gathering {
                    load.gathering.insert(id);
                }
            });
        }
        if let Some(queue) = self.queues.get_mut(id) {
            queue.standing = now;
        }
    }

    /// One request more is under way to a leader.
    pub(crate) fn request_begins(&mut self, leader: i32) {
        self.change_load(Some(leader), |load| load.requests += 1);
    }

    /// One request less is under way to a leader.
    pub(crate) fn request_ended(&mut self, leader: i32) {
        self.change_load(Some(leader), |load| load.requests = load.requests.saturating_sub(1));
    }

    fn change_load(&mut self, leader: Option<i32>, change: impl FnOnce(&mut Load)) {
        let load = self.loads.entry(leader).or_default();
        change(load);
        if load.requests == 0 && load.queues == 0 && load.gathering.is_empty() {
            self.loads.remove(&leader);
        }
    }

    /// The queues with rows whose leader has nothing on its way.
    pub(crate) fn idle_gathering(&self) -> BTreeSet<QueueId> {
        let idle =
            self.loads.iter().filter(|(leader, load)| leader.is_some() && load.requests == 0 && load.queues == 0);
        let mut queues = BTreeSet::new();
        idle.for_each(|(_, load)| queues.extend(&load.gathering));
        queues
    }

    /// Every queue with rows that wait to become a batch.
    pub(crate) fn gathering(&self) -> BTreeSet<QueueId> {
        let mut queues = self.touched.clone();
        self.loads.values().for_each(|load| queues.extend(&load.gathering));
        queues
    }

    /// The turn is over for the queues that it concerned: when each is to be looked at again.
    pub(crate) fn leave(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            self.count(id);
            let Some(queue) = self.queues.get(id) else { continue };
            let (empty, at) = (queue.is_empty(), self.next_look(queue));
            if empty {
                self.active.remove(&id);
            }
            if let Some(queue) = self.queues.get_mut(id) {
                self.timers.set(id.position() as u64, queue.standing.timer, at);
                queue.standing.timer = at;
                queue.standing.touched = false;
            }
        }
    }

    /// When something of a queue becomes due.
    pub(crate) fn next_look(&self, queue: &BucketQueue) -> Option<Instant> {
        let mut next = Earliest { now: self.now, at: None };
        if queue.is_empty() {
            return None;
        }
        if let Some(open) = &queue.open {
            next.consider(open.opened.saturating_add(micros(self.settings.linger)));
            next.consider(open.opened.saturating_add(micros(self.settings.delivery_timeout)));
        }
        queue.ready.iter().take(1).for_each(|batch| next.consider(batch.deadline));
        queue.flight.iter().filter(|batch| !batch.settled).for_each(|batch| next.consider(batch.deadline));
        queue.next_tries().into_iter().flatten().for_each(|retry| next.consider(retry));
        let ask = self.partitions.get(queue.partition).and_then(|partition| partition.leaders.wake(self.now));
        ask.into_iter().for_each(|ask| next.consider(ask));
        next.at
    }
}

/// The earliest of some times that are still to come: what is due already waits for something else.
pub(crate) struct Earliest {
    pub(crate) now: Instant,
    pub(crate) at: Option<Instant>,
}

impl Earliest {
    pub(crate) fn consider(&mut self, at: Instant) {
        if at > self.now {
            self.at = Some(self.at.map_or(at, |earliest| earliest.min(at)));
        }
    }
}
