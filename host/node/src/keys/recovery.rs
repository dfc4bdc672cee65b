//! Bringing keys up to their log when a node starts: what the log has behind their mark is applied to them again.

use std::fmt::Display;

use thalweg_wire::record::{LogBatch, LogBatches, RecordError, RowEncoder, Value};
use thalweg_wire::table::LogFormat;

use super::arrow::Rows;
use super::changelog::{DELETE, INSERT, UPDATE_BEFORE};
use super::keyed::{Changes, Keyed, LONGEST, Mark, PREFIX};
use crate::error::NodeError;
use crate::log::Bucket;

/// Bytes of the log read at once.
const WINDOW: usize = 8 << 20;

/// Applies to the keys what their log has and they have not.
pub(super) fn recover(keyed: &Keyed, log: &Bucket) -> Result<(), NodeError> {
    let (start, end) = (log.start(), log.high_watermark());
    let damaged = |error: &dyn Display| NodeError::Damaged { path: log.folder().to_path_buf(), why: error.to_string() };
    let mut mark = keyed.mark();
    if mark.applied > end {
        // A loss of power took the end of a log that was not flushed, and the keys kept what it said.
        tracing::warn!(folder = %log.folder().display(), end, applied = mark.applied, "the keys are ahead of their log");
        if start > 0 {
            return keyed.write(&Changes::new(), Mark { applied: end, ..mark }).map_err(|error| damaged(&error));
        }
        keyed.clear().map_err(|error| damaged(&error))?;
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
    let replay = Replay::new(keyed).map_err(|error| damaged(&error))?;
    while mark.applied < end {
        let bytes = log.read(mark.applied, WINDOW, true).map_err(|error| damaged(&error))?;
        let mut changes = Changes::new();
        let before = mark.applied;
        for batch in LogBatches::new(&bytes) {
            let (_, batch) = batch.map_err(|error| damaged(&error))?;
            replay.batch(&batch, &mut changes, &mut mark).map_err(|error| damaged(&error))?;
        }
        if mark.applied == before {
            return Err(damaged(&format!("there is no batch at offset {before}")));
        }
        keyed.write(&changes, mark).map_err(|error| damaged(&error))?;
    }
    Ok(())
}

struct Replay<'a> {
    keyed: &'a Keyed,
    encoder: RowEncoder,
}

impl<'a> Replay<'a> {
    fn new(keyed: &'a Keyed) -> Result<Self, RecordError> {
        let encoder = RowEncoder::new(&keyed.table.layout, None, keyed.table.format)?;
        Ok(Self { keyed, encoder })
    }

    fn batch(&self, batch: &LogBatch<'_>, changes: &mut Changes, mark: &mut Mark) -> Result<(), RecordError> {
        let offset = mark.applied;
        mark.applied = batch.end_offset();
        if batch.end_offset() <= offset || batch.records == 0 {
            return Ok(());
        }
        match self.keyed.table.log_format {
            LogFormat::Arrow => self.columns(batch, changes, mark),
            LogFormat::Indexed | LogFormat::Compacted => self.rows(batch, changes, mark),
        }
    }

    fn columns(&self, batch: &LogBatch<'_>, changes: &mut Changes, mark: &mut Mark) -> Result<(), RecordError> {
        let table = &self.keyed.table;
        let rows = Rows::of_batch(batch, &table.layout)?;
        let columns = rows.columns(&table.layout)?;
        let (mut key, mut full_key, mut value) = (Vec::new(), Vec::new(), Vec::new());
        for (row, change) in batch.changes().unwrap_or_default().iter().enumerate() {
            if *change == UPDATE_BEFORE {
                continue;
            }
            key.clear();
            table.key_encoder.encode(&columns, row, &mut key)?;
            value.clear();
            if *change != DELETE {
                value.extend_from_slice(&batch.schema_id.to_le_bytes());
                self.encoder.encode(&columns, row, &mut value)?;
            }
            self.keyed.full_key(&key, &mut full_key);
            apply(*change, &full_key, &value, changes, mark);
        }
        Ok(())
    }

    fn rows(&self, batch: &LogBatch<'_>, changes: &mut Changes, mark: &mut Mark) -> Result<(), RecordError> {
        let (mut key, mut full_key, mut value) = (Vec::new(), Vec::new(), Vec::new());
        for row in batch.log_rows() {
            let row = row?;
            if row.change == UPDATE_BEFORE {
                continue;
            }
            key.clear();
            self.keyed.table.key.write(row.row, &mut key)?;
            value.clear();
            Value { schema_id: batch.schema_id, row: row.row }.write(&mut value);
            self.keyed.full_key(&key, &mut full_key);
            apply(row.change, &full_key, &value, changes, mark);
        }
        Ok(())
    }
}

fn apply(change: u8, full_key: &[u8], value: &[u8], changes: &mut Changes, mark: &mut Mark) {
    if full_key.len() > LONGEST {
        // Versions before took such a row into the log, and then broke down over it.
        tracing::warn!(length = full_key.len() - PREFIX, "a row of the log is left out: its key is too long");
        return;
    }
    let value = (change != DELETE).then(|| value.into());
    changes.insert(full_key.into(), value);
    match change {
        INSERT => mark.rows += 1,
        DELETE => mark.rows -= 1,
        _ => {}
    }
}
