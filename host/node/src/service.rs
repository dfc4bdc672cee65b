//! What all connections share: the catalogue, the logs, the limits.

use std::sync::{Arc, Mutex};

use thalweg_wire::message::ServerErrorCode;

use crate::catalog::Catalog;
use crate::commit::Committer;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::kv::{Keyed, Keys, Scanners};
use crate::log::{Bucket, BucketId, Logs, Policy};
use crate::memory::Budget;
use crate::options::{Limits, Retention};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Service {
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
        let unknown = || Failure::unknown_bucket(table, bucket);
        let log = self.logs.bucket(BucketId { table, bucket }).filter(|_| partition.is_none()).ok_or_else(unknown)?;
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

    /// Has every bucket forget what its table need not keep.
    pub(crate) fn retain(&self) {
        self.flush_keys();
        for table in self.catalog.tables() {
            let policy = Policy { age: table.log_ttl(), bytes: table.retention_bytes().or(self.retention.bytes) };
            for bucket in self.logs.table(table.id).iter().flat_map(|buckets| buckets.iter()) {
                self.committer.retain(Arc::clone(bucket), policy);
            }
        }
    }
}
