//! What all connections share: the catalogue, the logs, the limits.

use std::sync::{Arc, Mutex};

use thalweg_wire::message::ServerErrorCode;

use crate::bucket::commit::Committer;
use crate::catalog::{Catalog, Turnover};
use crate::disk::folder::DataFolder;
use crate::failure::Failure;
use crate::ids::{BucketId, PhysicalTable};
use crate::keys::{Keyed, Keys, Scanners};
use crate::log::{Bucket, Logs, Policy};
use crate::options::{Limits, Retention};
use crate::runtime::lifecycle::Lifecycle;
use crate::runtime::memory::Budget;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Service {
    /// Whether the node serves.
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// Databases and tables.
    pub(crate) catalog: Catalog,
    /// The logs of their buckets.
    pub(crate) logs: Logs,
    /// The rows of primary-key tables.
    pub(crate) keys: Keys,
    /// Scans of them.
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
}

impl Service {
    /// Brings the keys to the disk, so that their logs may forget what they have.
    fn flush_keys(&self) {
        let buckets = self.logs.all();
        let marks: Vec<_> = buckets.iter().filter_map(|log| log.keyed()).map(|keyed| (keyed, keyed.mark())).collect();
        if marks.is_empty() {
            return;
        }
        // Buckets that nobody writes any more give their memory to others.
        marks.iter().for_each(|(keyed, _)| keyed.forget_recent());
        match self.keys.flush() {
            Ok(()) => marks.iter().for_each(|(keyed, mark)| keyed.note_durable(mark.applied)),
            Err(error) => tracing::warn!(%error, "cannot flush the keys; their logs keep what they have"),
        }
    }

    /// A bucket of a primary-key table, and its keys.
    pub(crate) fn keyed(
        &self,
        table: i64,
        partition: Option<i64>,
        bucket: i32,
    ) -> Result<(Arc<Bucket>, Arc<Keyed>), Failure> {
        let id = BucketId { table, partition, bucket };
        let unknown = || Failure::unknown_bucket(id);
        let log = self.logs.bucket(id).ok_or_else(unknown)?;
        if let Some(keyed) = log.keyed() {
            let keyed = Arc::clone(keyed);
            return Ok((log, keyed));
        }
        let state = self.catalog.state();
        let table = state.table_of_id(table).ok_or_else(unknown)?;
        if table.descriptor.schema.primary_key.is_empty() {
            let text = format!("The table with the id {} has no primary key, so it has no rows by key.", table.id);
            return Err(Failure::new(ServerErrorCode::NON_PRIMARY_KEY_TABLE, text));
        }
        let keyed = Arc::clone(self.keys.of_bucket(table, &log)?);
        Ok((log, keyed))
    }

    /// Opens the logs of new tables or partitions, unless they have been dropped meanwhile.
    pub(crate) fn open_logs(&self, created: &[PhysicalTable], buckets: u32) {
        for id in created {
            self.logs.add(*id, buckets);
            if !self.catalog.state().has(*id) {
                self.remove_logs(&[*id]);
            }
        }
    }

    /// Takes the logs and keys of dropped tables or partitions away. Files that cannot be deleted now are deleted when the node
    /// starts again. Blocks.
    pub(crate) fn remove_logs(&self, dropped: &[PhysicalTable]) {
        let buckets: Vec<_> = dropped.iter().filter_map(|id| self.logs.remove(*id)).collect();
        let buckets = buckets.iter().flat_map(|buckets| buckets.iter());
        let retired: Vec<_> = buckets.map(|bucket| self.committer.retire(Arc::clone(bucket))).collect();
        for done in retired {
            let _ = done.blocking_recv();
        }
        self.scanners.close_buckets(|bucket| dropped.contains(&bucket.physical()));
        for id in dropped {
            self.keys.remove((id.table, id.partition));
            self.delete_files(*id);
        }
    }

    /// Deletes the files of a dropped table or partition whose logs were taken away.
    pub(crate) fn delete_files(&self, id: PhysicalTable) {
        if let Err(error) = self.logs.delete_files(id) {
            tracing::warn!(table = id.table, partition = id.partition, %error, "cannot delete what was dropped yet");
        }
    }

    /// Has partitions follow the time; `now` is in milliseconds since 1970-01-01T00:00:00Z. Blocks.
    pub(crate) fn follow_time(&self, now: i64) {
        match self.catalog.follow_time(now, &self.limits) {
            Ok(Turnover { created, dropped }) => {
                for (id, buckets) in created {
                    self.open_logs(&[id], buckets);
                }
                self.remove_logs(&dropped);
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
                for bucket in self.logs.table(id).iter().flat_map(|buckets| buckets.iter()) {
                    self.committer.retain(Arc::clone(bucket), policy);
                }
            }
        }
    }
}
