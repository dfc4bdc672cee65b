//! The leaders of buckets as the write stage knows them, and when they are asked for anew.

use crate::backoff::Backoff;
use thalweg_contract::Instant;

/// The leaders of the buckets of a table, or of one of its partitions.
#[derive(Debug, Default)]
pub(crate) struct Leaders {
    known: Vec<Option<i32>>,
    /// An error made them doubtful.
    doubtful: bool,
    asked: bool,
    backoff: Backoff,
}

impl Leaders {
    /// The leader of a bucket, as far as known.
    pub(crate) fn of(&self, bucket: u32) -> Option<i32> {
        self.known.get(bucket as usize).copied().flatten()
    }

    /// Takes what is known now.
    pub(crate) fn set(&mut self, known: &[Option<i32>]) {
        self.known = known.to_vec();
        self.doubtful = false;
        self.asked = false;
    }

    /// They may have changed; with a bucket, that one's certainly has.
    pub(crate) fn doubt(&mut self, bucket: Option<u32>) {
        self.doubtful = true;
        if let Some(leader) = bucket.and_then(|bucket| self.known.get_mut(bucket as usize)) {
            *leader = None;
        }
    }

    /// Whether an error made them doubtful.
    pub(crate) fn are_doubtful(&self) -> bool {
        self.doubtful
    }

    /// Whether to ask for them now; `missing` says that a bucket with rows has none.
    pub(crate) fn ask(&mut self, now: Instant, missing: bool) -> bool {
        if self.asked || !(self.doubtful || missing) || self.backoff.not_before() > now {
            return false;
        }
        self.asked = true;
        self.doubtful = false;
        true
    }

    /// What was asked is not answered.
    pub(crate) fn unanswered(&mut self) {
        self.asked = false;
    }

    /// When they may be asked for again, if that is in the future.
    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        let at = self.backoff.not_before();
        (!self.asked && at > now).then_some(at)
    }

    /// The wait before they may be asked for again.
    pub(crate) fn backoff(&mut self) -> &mut Backoff {
        &mut self.backoff
    }
}
