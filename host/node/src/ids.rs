//! What buckets are called: numbers of a table, of a partition, and of the bucket in it.

use std::fmt;

/// What has buckets of its own: a table without partitions, or one partition of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PhysicalTable {
    /// The table's number.
    pub(crate) table: i64,
    /// The partition's number, which no other partition of any table has; `None`: the table has no partitions.
    pub(crate) partition: Option<i64>,
}

impl PhysicalTable {
    /// One of its buckets.
    pub(crate) fn bucket(self, bucket: i32) -> BucketId {
        BucketId { table: self.table, partition: self.partition, bucket }
    }
}

/// Which bucket: numbers of the table, the partition and the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BucketId {
    /// The table.
    pub(crate) table: i64,
    /// The partition of the table; `None`: it has none.
    pub(crate) partition: Option<i64>,
    /// The bucket in the table or partition.
    pub(crate) bucket: i32,
}

impl BucketId {
    /// What it is a bucket of.
    pub(crate) fn physical(self) -> PhysicalTable {
        PhysicalTable { table: self.table, partition: self.partition }
    }
}

/// As Fluss writes it.
impl fmt::Display for BucketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, partition, bucket } = self;
        match partition {
            None => write!(f, "TableBucket{{tableId={table}, bucket={bucket}}}"),
            Some(partition) => write!(f, "TableBucket{{tableId={table}, partitionId={partition}, bucket={bucket}}}"),
        }
    }
}
