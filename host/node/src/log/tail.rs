//! The end of a log, as who writes it sees it.

use std::fs::File;
use std::sync::Arc;

use super::error::AppendError;
use super::writers::{Known, Writers};

/// The end of the log, as only the thread that writes it sees it.
#[derive(Debug)]
pub(super) struct Tail {
    /// The file of the last segment, once something is written to it.
    pub(super) file: Option<Arc<File>>,
    /// Its size.
    pub(super) size: u64,
    /// The offset of the next row.
    pub(super) next_offset: i64,
    /// When the last batch was taken.
    pub(super) last_timestamp: i64,
    /// What is known of the writers.
    pub(super) writers: Writers,
    /// What has been written and not yet committed.
    pub(super) uncommitted: Option<Uncommitted>,
    /// Bytes committed since the last checkpoint.
    pub(super) since_checkpoint: u64,
    /// Whether it takes batches.
    pub(super) state: State,
}

/// Whether a log takes batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It does.
    Open,
    /// The disk failed in a way that leaves the file's end unknown; only a restart mends that.
    Failed,
    /// Its table was dropped.
    Dropped,
}

/// Where the log stood before the batches that are not yet committed, to go back there.
#[derive(Debug)]
pub(super) struct Uncommitted {
    /// The last segment's size.
    pub(super) size: u64,
    /// The offset of the next row.
    pub(super) next_offset: i64,
    /// When the last batch was taken.
    pub(super) last_timestamp: i64,
    /// What was known of the writers, to be restored backwards.
    pub(super) known: Vec<Known>,
}

impl Tail {
    /// The end of an empty log whose next row gets `offset`.
    pub(super) fn at(offset: i64) -> Self {
        Self {
            file: None,
            size: 0,
            next_offset: offset,
            last_timestamp: 0,
            writers: Writers::default(),
            uncommitted: None,
            since_checkpoint: 0,
            state: State::Open,
        }
    }

    /// Fails unless it takes batches.
    pub(super) fn check_open(&self) -> Result<(), AppendError> {
        match self.state {
            State::Open => Ok(()),
            State::Failed => Err(AppendError::Failed),
            State::Dropped => Err(AppendError::Dropped),
        }
    }
}
