//! Buckets: a log, the keys that follow it where its table has a primary key, and the threads that write both.
//!
//! ```text
//! registry   the buckets of all tables: opened, begun, taken away
//! recovery   keys brought up to their log when a node starts
//! commit     the threads that write, one round at a time
//! error      why upserts and deletes are not taken
//! ```

pub(crate) mod commit;
mod error;
mod recovery;
mod registry;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use error::PutError;
pub(crate) use registry::{Buckets, TableBuckets};

use crate::ids::BucketId;
use crate::keys::BucketKeys;
use crate::log::{AppendError, Log, Policy};

/// A bucket of a table or partition.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Its log.
    pub(crate) log: Arc<Log>,
    /// The keys that follow the log, of a primary-key table.
    keys: Option<Arc<BucketKeys>>,
}

impl Bucket {
    /// A log, and the keys that follow it, if some do.
    pub(crate) fn new(log: Arc<Log>, keys: Option<BucketKeys>) -> Self {
        Self { log, keys: keys.map(Arc::new) }
    }

    /// Which bucket it is.
    pub(crate) fn id(&self) -> BucketId {
        self.log.id()
    }

    /// The keys that follow its log, of a primary-key table.
    pub(crate) fn keys(&self) -> Option<&Arc<BucketKeys>> {
        self.keys.as_ref()
    }

    /// Takes no more batches until the node is started again, and neither do its keys: nobody knows what is in them.
    pub(crate) fn break_down(&self) {
        self.log.break_down();
        if let Some(keys) = &self.keys {
            keys.break_down();
        }
    }

    /// Has the log forget what the policy lets go. Returns how many segments went.
    pub(crate) fn retain(&self, policy: &Policy, now: i64) -> Result<usize, AppendError> {
        // Keys that might lose their last changes with the power need them in the log.
        let needed = self.keys.as_ref().map_or(i64::MAX, |keys| keys.durable());
        self.log.retain(policy, needed, now)
    }
}
