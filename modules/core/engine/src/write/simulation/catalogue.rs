//! What the cluster knows and tells: leaders, partitions, writer ids.

use std::sync::Arc;

use super::{Happening, World};
use crate::call::Failure;
use thalweg_contract::{Error, ErrorCode};

impl World {
    /// The leaders as somebody is told of them: some may be left out.
    pub(super) fn known_leaders(&mut self) -> Vec<Option<i32>> {
        let leaders = self.leaders.clone();
        leaders.into_iter().map(|leader| (!self.strikes(100)).then_some(leader)).collect()
    }

    /// The cluster tells of a partition.
    pub(super) fn sought(&mut self, name: &str) {
        let known = self.known_leaders();
        match self.partitions.get(name) {
            Some(&id) => self.write.set_partition(self.now, 0, name, id, &known),
            None => {
                let error = Error { code: ErrorCode::Other("there is no such partition".into()), retriable: false };
                self.write.partition_missing(self.now, 0, name, &error);
            }
        }
    }

    /// The coordinator creates a partition, or not; it may create one whose answer is lost.
    pub(super) fn created(&mut self, key: u64, name: Arc<str>) {
        let lost = self.strikes(100);
        if (!lost || self.chance.below(2) == 0) && !self.partitions.contains_key(&name) {
            self.add_partition(name);
        }
        let error = || Error { code: ErrorCode::Unavailable("lost".into()), retriable: true };
        let result = if lost { Err(Failure::Lost { error: error(), sent: true }) } else { Ok(()) };
        self.write.partition_created(self.now, key, result);
    }

    fn add_partition(&mut self, name: Arc<str>) {
        self.created.push(Arc::clone(&name));
        self.partitions.insert(name, self.created.len() as i64);
    }

    /// Somebody drops a partition, and perhaps creates it anew.
    pub(super) fn drops(&mut self) {
        let dropped = self.chance.below(3) as usize;
        if self.strikes(200)
            && let Some(name) = self.partitions.keys().nth(dropped).cloned()
        {
            self.partitions.remove(&name);
            if self.chance.below(2) == 0 {
                self.add_partition(name);
            }
        }
        self.again(3_000_000, Happening::Drops);
    }

    /// The leader of a bucket moves.
    pub(super) fn leader_moves(&mut self) {
        if self.strikes(300) {
            let bucket = self.chance.below(u64::from(self.plan.buckets)) as usize;
            self.leaders[bucket] = 1 - self.leaders[bucket];
        }
        self.again(2_000_000, Happening::LeaderMoves);
    }

    /// The answer to a wish for a writer id.
    pub(super) fn writer_given(&mut self) {
        if self.strikes(300) {
            let error = Error { code: ErrorCode::Unavailable("no writer".into()), retriable: true };
            self.write.writer_given(self.now, Err(error));
        } else {
            self.writers += 1;
            self.write.writer_given(self.now, Ok(self.writers));
        }
    }
}
