//! What a stage wants done.

use thalweg_wire::table::TablePath;

use crate::call::Call;
use thalweg_contract::{Bucket, BufferId, Event, TableHandle, Work};

/// What a stage wants done, in order.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Requests to be sent.
    pub(crate) calls: Vec<Call>,
    /// Work under the stage's own number, buffers and events.
    pub(crate) steps: Vec<Step>,
    /// What must be asked for, or asked for again.
    pub(crate) stale: Vec<Stale>,
    /// Tables that this engine made or dropped: what is known under these names is old.
    pub(crate) changed: Vec<TablePath>,
}

/// Something that is old, or was never asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stale {
    /// Who leads the buckets of a table.
    Table(TableHandle),
    /// Who leads the buckets of a partition.
    Partition(TableHandle, i64),
    /// The partition of a table with this name.
    Name(TableHandle, String),
    /// Which partitions a table has.
    Partitions(TableHandle),
    /// The schema of a table with this number.
    Schema(TableHandle, i32),
}

impl Stale {
    /// Who leads a bucket.
    pub(crate) fn leader(table: TableHandle, bucket: Bucket) -> Self {
        bucket.partition.map_or(Self::Table(table), |partition| Self::Partition(table, partition))
    }
}

/// One thing for the host to do.
#[derive(Debug)]
pub(crate) enum Step {
    /// Heavy work.
    Work(u64, Work),
    /// A buffer is of no use any more.
    Release(BufferId),
    /// For the user.
    Event(Event),
}

impl Orders {
    /// Tells the user.
    pub(crate) fn event(&mut self, event: Event) {
        self.steps.push(Step::Event(event));
    }

    /// Notes that something must be asked for, once.
    pub(crate) fn refresh(&mut self, stale: Stale) {
        if !self.stale.contains(&stale) {
            self.stale.push(stale);
        }
    }
}
