//! What all connections share: the catalogue, the logs, the limits.

use std::sync::{Arc, Mutex};

use thalweg_wire::message::ServerErrorCode;
use tokio::sync::Semaphore;

use crate::bucket::commit::Committer;
use crate::bucket::{Bucket, Buckets, TableBuckets};
use crate::catalog::{Catalog, Table, Turnover};
use crate::disk::folder::DataFolder;
use crate::failure::Failure;
use crate::ids::{BucketId, PhysicalTable};
use crate::keys::{BucketKeys, Scanners};
use crate::log::Policy;
use crate::options::{Limits, Retention};
use crate::runtime::lifecycle::Lifecycle;
use crate::runtime::memory::Budget;
use crate::table::numbering::Numbers;
use crate::users::Gate;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Service {
    /// Whether the node serves.
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// Databases and tables.
    pub(crate) catalog: Arc<Catalog>,
    /// Their buckets: logs and keys.
    pub(crate) buckets: Buckets,
    /// Scans of keys.
    pub(crate) scanners: Scanners,
    /// Who writes the logs.
    pub(crate) committer: Committer,
    /// The data folder, locked until nothing writes in it any more.
    pub(crate) folder: Mutex<Option<DataFolder>>,
    /// Bounds on what clients can do.
    pub(crate) limits: Limits,
    /// What is kept when a table does not say.
    pub(crate) retention: Retention,
    /// The host that clients are told.
    pub(crate) host: String,
    /// The port that clients are told.
    pub(crate) port: u16,
    /// Memory for requests.
    pub(crate) requests: Arc<Budget>,
    /// Memory for log data in answers.
    pub(crate) answers: Arc<Budget>,
    /// Who may log in; `None`: nobody has to.
    pub(crate) gate: Option<Arc<Gate>>,
    /// Turns for requests that read keys from the disk, so that a burst of small ones does not take a thread each.
    pub(crate) key_reads: Arc<Semaphore>,
}

impl Service {
    /// Brings the keys to the disk, so that their logs may forget what they have. Blocks.
    fn flush_keys(&self) {
        if let Err(error) = self.buckets.flush_keys() {
            tracing::warn!(%error, "cannot flush the keys; their logs keep what they have");
        }
    }

    /// Where the numbers of a table's auto-increment column come from.
    pub(crate) fn numbers(&self, table: i64) -> Numbers {
        let catalog = Arc::clone(&self.catalog);
        Numbers::new(move |count| catalog.take_numbers(table, count))
    }

    /// A bucket.
    pub(crate) fn bucket(&self, id: BucketId) -> Result<Arc<Bucket>, Failure> {
        self.buckets.bucket(id).ok_or_else(|| Failure::unknown_bucket(id))
    }

    /// A bucket of a primary-key table, and its keys.
    pub(crate) fn keyed(
        &self,
        table: i64,
        partition: Option<i64>,
        bucket: i32,
    ) -> Result<(Arc<Bucket>, Arc<BucketKeys>), Failure> {
        let bucket = self.bucket(BucketId { table, partition, bucket })?;
        match bucket.keys().cloned() {
            Some(keys) => Ok((bucket, keys)),
            None => {
                let text = format!("The table with the id {table} has no primary key, so it has no rows by key.");
                Err(Failure::new(ServerErrorCode::NON_PRIMARY_KEY_TABLE, text))
            }
        }
    }

    /// Adds the buckets of new tables or partitions, unless they have been dropped meanwhile.
    pub(crate) fn add_buckets(&self, created: &[PhysicalTable]) {
        for id in created {
            if let Some(table) = self.catalog.state().table_of_id(id.table) {
                self.buckets.add(&buckets_of(table, *id));
            }
            // It may have been altered meanwhile.
            if let Some(table) = self.catalog.state().table_of_id(id.table) {
                self.follow_schema(table);
            }
            if !self.catalog.state().has(*id) {
                self.remove_buckets(&[*id]);
            }
        }
    }

    /// Has the keys of a table take note of its latest schema.
    pub(crate) fn follow_schema(&self, table: &Table) {
        let Some(keyed) = &table.definition.keyed else { return };
        for id in table.physical() {
            let buckets = self.buckets.table(id);
            let keys = buckets.iter().flat_map(|buckets| buckets.iter()).filter_map(|bucket| bucket.keys());
            keys.for_each(|keys| keys.follow(keyed));
        }
    }

    /// Takes the buckets of dropped tables or partitions away, with their files. Blocks.
    pub(crate) fn remove_buckets(&self, dropped: &[PhysicalTable]) {
        let removed: Vec<_> = dropped.iter().filter_map(|id| self.buckets.remove(*id)).collect();
        let removed = removed.iter().flat_map(|buckets| buckets.iter());
        let retired: Vec<_> = removed.map(|bucket| self.committer.retire(Arc::clone(bucket))).collect();
        for done in retired {
            let _ = done.blocking_recv();
        }
        self.scanners.close_buckets(|bucket| dropped.contains(&bucket.physical()));
        for id in dropped {
            self.buckets.delete(*id);
        }
    }

    /// Has partitions follow the time; `now` is in milliseconds since 1970-01-01T00:00:00Z. Blocks.
    pub(crate) fn follow_time(&self, now: i64) {
        match self.catalog.follow_time(now, &self.limits) {
            Ok(Turnover { created, dropped }) => {
                self.add_buckets(&created);
                self.remove_buckets(&dropped);
            }
            Err(failure) => tracing::warn!(error = failure.text, "cannot bring the partitions up to the time"),
        }
    }

    /// Has every bucket forget what its table need not keep.
    pub(crate) fn retain(&self) {
        self.flush_keys();
        for table in self.catalog.tables() {
            let policy = Policy { age: table.log_ttl(), bytes: table.retention_bytes().or(self.retention.bytes) };
            for id in table.physical() {
                for bucket in self.buckets.table(id).iter().flat_map(|buckets| buckets.iter()) {
                    self.committer.retain(Arc::clone(bucket), policy);
                }
            }
        }
    }
}

/// What the buckets of a table or partition need to know of it.
pub(crate) fn buckets_of(table: &Table, id: PhysicalTable) -> TableBuckets {
    TableBuckets { id, count: table.buckets(), keyed: table.definition.keyed.clone() }
}
