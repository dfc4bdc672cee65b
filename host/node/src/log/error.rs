//! Why a log is not written, and why it cannot be read.

use std::io;
use std::sync::Arc;

use super::writers::OutOfOrder;

/// Why batches were not taken. Nothing of them is in the log.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum AppendError {
    /// A batch is not its writer's next one.
    #[error(transparent)]
    OutOfOrder(#[from] OutOfOrder),
    /// The disk is full.
    #[error("The disk of the node is full; nothing was written. Free some space.")]
    DiskFull,
    /// The disk failed.
    #[error("The node cannot write its log ({0}); nothing was written.")]
    Storage(Arc<io::Error>),
    /// An earlier failure left the end of the log unknown.
    #[error("The node could not write this bucket's log before and takes no more of it until it is started again.")]
    Failed,
    /// The table is gone.
    #[error("The bucket's table has been dropped.")]
    Dropped,
}

impl From<io::Error> for AppendError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::DiskFull,
            _ => Self::Storage(Arc::new(error)),
        }
    }
}

/// Why a bucket cannot be read from an offset.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The offset is before the first or behind the last.
    #[error("The fetch offset {offset} is out of range: the bucket has the offsets from {start} to {end}.")]
    OutOfRange {
        /// As asked for.
        offset: i64,
        /// The first that is there.
        start: i64,
        /// One past the last.
        end: i64,
    },
    /// A file cannot be read.
    #[error("The log of the bucket cannot be read: {0}.")]
    Storage(#[from] io::Error),
}
