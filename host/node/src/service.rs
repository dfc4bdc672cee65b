//! What all connections share: the catalogue, the logs, the limits.

use std::sync::{Arc, Mutex};

use crate::catalog::Catalog;
use crate::commit::Committer;
use crate::folder::DataFolder;
use crate::log::{Logs, Policy};
use crate::memory::Budget;
use crate::options::{Limits, Retention};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Service {
    /// Databases and tables.
    pub(crate) catalog: Catalog,
    /// The logs of their buckets.
    pub(crate) logs: Logs,
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
    /// Has every bucket forget what its table need not keep.
    pub(crate) fn retain(&self) {
        for table in self.catalog.tables() {
            let policy = Policy { age: table.log_ttl(), bytes: table.retention_bytes().or(self.retention.bytes) };
            for bucket in self.logs.table(table.id).iter().flat_map(|buckets| buckets.iter()) {
                self.committer.retain(Arc::clone(bucket), policy);
            }
        }
    }
}
