//! The rows of primary-key tables by key, changed together with the changelog.
//!
//! The log is the truth, and the only journal. A key batch is merged with the rows that are there, which makes a batch of
//! changes; that goes into the bucket's log like any other, and when the log is on the disk the rows change in memory. Now
//! and then rows in memory are sorted into files of the store, in one step together with the offset up to which they follow
//! the log. After a crash the rows get what the log has behind that offset.
//!
//! ```text
//! memory        the rows of buckets that are in memory, and how much that may be
//! space         a table or partition: its buckets' parts, and the store's files for it; sorter: from one into the other
//! store         the LSM store of the node
//! bucket_keys   the keys of one bucket and how far they follow its log
//! view          its rows at one moment, in memory and in files
//! put           a key batch becomes changes, by the merge engine of its table
//! changelog     changes as a log batch, and a log batch as changes
//! scanner       the rows as they were at one moment
//! error         why key batches are not merged, and why keys cannot be used
//! ```

mod bucket_keys;
pub(crate) mod changelog;
mod error;
mod memory;
mod put;
mod scanner;
mod sorter;
mod space;
mod store;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use bucket_keys::BucketKeys;
pub(crate) use error::{MergeError, StoreError};
pub(crate) use memory::Mark;
pub(crate) use put::Put;
pub(crate) use scanner::{ScanBatch, ScanError, ScanId, Scanners, first_rows};
pub(crate) use store::Store;
