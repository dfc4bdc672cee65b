//! Why key batches are not merged, and why keys cannot be used.

use thalweg_wire::record::RecordError;

use crate::failure::Failure;

/// The keys of a bucket cannot be read or written, as the store says.
#[derive(Debug, Clone, thiserror::Error)]
#[error("The node cannot use the keys of this bucket ({0}); start it again.")]
pub(crate) struct StoreError(pub(crate) String);

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        Self(error.to_string())
    }
}

/// Why a key batch was not merged. Nothing of it is among the keys.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum MergeError {
    /// It was damaged on the way.
    #[error("The records are corrupt: {0}.")]
    Damaged(RecordError),
    /// A record in it is not what the table needs.
    #[error("Record {record} of the batch cannot be taken: {reason}.")]
    Record {
        /// Which; the first is 0.
        record: usize,
        /// What is wrong.
        reason: String,
    },
    /// The table takes no deletions.
    #[error(
        "Delete operations are disabled for this table. The table.delete.behavior is set to 'disable'. (record \
         {record} of the batch)"
    )]
    DeletionDisabled {
        /// Which record; the first is 0.
        record: usize,
    },
    /// The changes of a batch do not fit into the log.
    #[error("The changes of the batch cannot be written: {0}.")]
    Changes(RecordError),
    /// There is no number for a row of a table with an auto-increment column.
    #[error("{}", .0.text)]
    Numbers(Failure),
    /// The keys cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}
