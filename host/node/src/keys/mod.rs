//! The rows of primary-key tables by key, changed together with the changelog.
//!
//! The log is the truth. A key batch is merged with the rows that are there, which makes a batch of changes; that goes
//! into the bucket's log like any other, and when the log is on the disk the rows change, in one write together with
//! the offset up to which they follow the log. After a crash the rows get what the log has behind that offset.
//!
//! ```text
//! store         the LSM store of the node; space: its keyspace for one table or partition
//! bucket_keys   the keys of one bucket and how far they follow its log; recent: rows that are still in memory
//! put           a key batch becomes changes, by the merge engine of its table
//! changelog     changes as a log batch, and a log batch as changes
//! scanner       the rows as they were at one moment
//! error         why key batches are not merged, and why keys cannot be used
//! ```

mod bucket_keys;
pub(crate) mod changelog;
mod error;
mod put;
mod recent;
mod scanner;
mod space;
mod store;

pub(crate) use bucket_keys::{BucketKeys, Mark};
pub(crate) use error::{MergeError, StoreError};
pub(crate) use put::Put;
pub(crate) use scanner::{ScanBatch, ScanError, ScanId, Scanners, first_rows};
pub(crate) use store::Store;
