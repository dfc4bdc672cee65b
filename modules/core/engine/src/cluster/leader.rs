//! Who leads a bucket, of a table or of a partition.

use super::{Cluster, Partition, partition::Which};
use thalweg_contract::{Bucket, Error, TableHandle};

/// Who leads a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leader {
    /// This server.
    Server(i32),
    /// Nobody, as far as known.
    Nobody,
    /// Its partition was not asked for yet, or is being asked for.
    Unknown,
    /// Its table or partition is not there: why.
    Gone(Error),
}

impl Cluster {
    /// Who leads a bucket. One that its table does not have has no leader.
    pub(crate) fn leader(&self, handle: TableHandle, bucket: Bucket) -> Leader {
        let of = |leaders: &[Option<i32>]| leaders.get(bucket.bucket as usize).copied().flatten();
        let found = match bucket.partition {
            None => match self.table(handle) {
                Ok(table) => of(&table.leaders),
                Err(error) => return Leader::Gone(error),
            },
            Some(id) => match self.partition_by_id(handle, id) {
                Partition::Known { leaders, .. } => of(leaders),
                Partition::Asked => return Leader::Unknown,
                Partition::Missing(error) => return Leader::Gone(error),
            },
        };
        found.map_or(Leader::Nobody, Leader::Server)
    }

    /// Whether it is being asked which partitions a table has, or is about to be: what was listed is older than the
    /// last question.
    pub(crate) fn is_listing(&self, handle: TableHandle) -> bool {
        self.asks.get(&(handle, Which::All)).is_some_and(super::ask::Ask::is_open)
    }
}
