//! What a client is told when logs and keys do not take or give rows.

use thalweg_wire::message::ServerErrorCode;

use crate::bucket::PutError;
use crate::failure::Failure;
use crate::keys::{MergeError, ScanError, StoreError};
use crate::log::{AppendError, ReadError};

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        let code = match &error {
            AppendError::OutOfOrder(_) => ServerErrorCode::OUT_OF_ORDER_SEQUENCE,
            AppendError::DiskFull | AppendError::Storage(_) | AppendError::Failed => {
                ServerErrorCode::LOG_STORAGE_EXCEPTION
            }
            AppendError::Dropped => ServerErrorCode::UNKNOWN_TABLE_OR_BUCKET,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let code = match &error {
            ReadError::OutOfRange { .. } => ServerErrorCode::LOG_OFFSET_OUT_OF_RANGE,
            ReadError::Storage(_) => ServerErrorCode::LOG_STORAGE_EXCEPTION,
        };
        Self::new(code, error.to_string())
    }
}

impl From<PutError> for Failure {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Log(error) => error.into(),
            PutError::Merge(error) => error.into(),
            PutError::Unmerged => Self::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, error.to_string()),
        }
    }
}

impl From<MergeError> for Failure {
    fn from(error: MergeError) -> Self {
        let code = match error {
            // A batch that was sent well is worth another try; one with a bad record is not.
            MergeError::Damaged(_) => ServerErrorCode::CORRUPT_RECORD,
            MergeError::Record { .. } => ServerErrorCode::UNKNOWN_SERVER_ERROR,
            MergeError::DeletionDisabled { .. } => ServerErrorCode::DELETION_DISABLED,
            MergeError::Numbers(failure) => return failure,
            MergeError::Changes(_) => ServerErrorCode::RECORD_TOO_LARGE,
            MergeError::Store(error) => return error.into(),
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(ServerErrorCode::KV_STORAGE_EXCEPTION, error.to_string())
    }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        let code = match error {
            ScanError::Expired => ServerErrorCode::SCANNER_EXPIRED,
            ScanError::Unknown => ServerErrorCode::UNKNOWN_SCANNER_ID,
            ScanError::Busy | ScanError::OutOfOrder { .. } => ServerErrorCode::INVALID_SCAN_REQUEST,
            ScanError::TooMany { .. } => ServerErrorCode::TOO_MANY_SCANNERS,
            ScanError::Keys(error) => return error.into(),
        };
        Self::new(code, error.to_string())
    }
}
