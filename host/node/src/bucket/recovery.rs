//! Bringing keys up to their log when a node starts: what the log has behind their mark is applied to them again.

use std::fmt::Display;

use thalweg_wire::record::LogBatches;

use crate::error::NodeError;
use crate::keys::changelog::Replay;
use crate::keys::{BucketKeys, Mark};
use crate::log::Log;

/// Bytes of the log read at once.
const WINDOW: usize = 8 << 20;

/// Applies to the keys what their log has and they have not.
pub(super) fn recover(keys: &BucketKeys, log: &Log) -> Result<(), NodeError> {
    let (start, end) = (log.start(), log.high_watermark());
    let damaged = |error: &dyn Display| NodeError::Damaged { path: log.folder().to_path_buf(), why: error.to_string() };
    let mut mark = keys.mark();
    if mark.applied > end {
        // A loss of power took the end of a log that was not flushed, and the keys kept what it said.
        tracing::warn!(folder = %log.folder().display(), end, applied = mark.applied, "the keys are ahead of their log");
        if start > 0 {
            return keys.set_mark(Mark { applied: end, ..mark }).map_err(|error| damaged(&error.0));
        }
        keys.clear().map_err(|error| damaged(&error.0))?;
        mark = Mark::default();
    }
    if mark.applied < start {
        if mark.applied > 0 || end > start {
            tracing::warn!(folder = %log.folder().display(), start, applied = mark.applied, "the log has lost changes before the keys had them");
        }
        mark.applied = start;
    }
    if mark.applied >= end {
        return Ok(());
    }
    tracing::info!(folder = %log.folder().display(), from = mark.applied, end, "bringing keys up to their log");
    let mut replay = Replay::new(keys, mark);
    while replay.applied() < end {
        let before = replay.applied();
        let bytes = log.read(before, WINDOW, true).map_err(|error| damaged(&error))?;
        for batch in LogBatches::new(&bytes) {
            let (_, batch) = batch.map_err(|error| damaged(&error))?;
            replay.batch(&batch).map_err(|error| damaged(&error))?;
        }
        if replay.applied() == before {
            return Err(damaged(&format!("there is no batch at offset {before}")));
        }
        replay.write().map_err(|error| damaged(&error.0))?;
    }
    Ok(())
}
