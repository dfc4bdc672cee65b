//! Why upserts and deletes are not taken, and why keys cannot be read.

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::record::RecordError;

use crate::failure::Failure;
use crate::log::AppendError;

/// Why a key batch was not taken. Nothing of it is in the log nor among the keys.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum PutError {
    /// The log did not take its changes.
    #[error(transparent)]
    Log(#[from] AppendError),
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
    /// The node broke down over it.
    #[error("The node failed to merge the batch; nothing of it was written. See its log.")]
    Unmerged,
    /// The keys cannot be read or written.
    #[error("The node cannot use the keys of this bucket ({0}); start it again.")]
    Keys(String),
}

impl From<fjall::Error> for PutError {
    fn from(error: fjall::Error) -> Self {
        Self::Keys(error.to_string())
    }
}

impl From<PutError> for Failure {
    fn from(error: PutError) -> Self {
        let code = match error {
            PutError::Log(error) => return error.into(),
            // A batch that was sent well is worth another try; one with a bad record is not.
            PutError::Damaged(_) => ServerErrorCode::CORRUPT_RECORD,
            PutError::Record { .. } | PutError::Unmerged => ServerErrorCode::UNKNOWN_SERVER_ERROR,
            PutError::DeletionDisabled { .. } => ServerErrorCode::DELETION_DISABLED,
            PutError::Changes(_) => ServerErrorCode::RECORD_TOO_LARGE,
            PutError::Keys(_) => ServerErrorCode::KV_STORAGE_EXCEPTION,
        };
        Self::new(code, error.to_string())
    }
}
