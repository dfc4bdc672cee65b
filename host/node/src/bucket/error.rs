//! Why upserts and deletes are not taken.

use crate::keys::{MergeError, StoreError};
use crate::log::AppendError;

/// Why a key batch was not taken. Nothing of it is in the log nor among the keys.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum PutError {
    /// The log did not take its changes.
    #[error(transparent)]
    Log(#[from] AppendError),
    /// It cannot be merged with the rows that are there.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The node broke down over it.
    #[error("The node failed to merge the batch; nothing of it was written. See its log.")]
    Unmerged,
}

impl From<StoreError> for PutError {
    fn from(error: StoreError) -> Self {
        Self::Merge(error.into())
    }
}
