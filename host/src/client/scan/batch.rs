//! What a scan gives: rows of one bucket with what is known of them.

use arrow_array::RecordBatch;
use thalweg_contract::{Bucket, ChangeType};

/// Rows of one bucket that a scan gives.
#[derive(Debug, Clone)]
pub struct ScanBatch {
    /// Where the rows come from.
    pub bucket: Bucket,
    /// Their offsets.
    pub offsets: Offsets,
    /// When the server took them, in milliseconds since 1970-01-01T00:00:00Z; `None` for current rows, where it is not
    /// known.
    pub timestamp: Option<i64>,
    /// The change of each row; `None`: all are appended, or current.
    pub changes: Option<Vec<ChangeType>>,
    /// The rows, with the columns in the order asked for.
    pub batch: RecordBatch,
}

/// The offsets of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offsets {
    /// They follow each other from this one on.
    From(u64),
    /// One a row, never falling.
    Each(Vec<u64>),
    /// They are not known: the rows are the current ones of a keyed table, or some of a bucket.
    Unknown,
}

impl ScanBatch {
    /// The offset of each row; none where they are not known.
    pub fn offsets(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.batch.num_rows()).map_while(|row| match &self.offsets {
            Offsets::From(first) => Some(first.saturating_add(row as u64)),
            Offsets::Each(offsets) => offsets.get(row).copied(),
            Offsets::Unknown => None,
        })
    }

    /// Only the first rows.
    pub(in crate::client) fn truncate(&mut self, rows: usize) {
        self.batch = self.batch.slice(0, rows);
        if let Some(changes) = &mut self.changes {
            changes.truncate(rows);
        }
        if let Offsets::Each(offsets) = &mut self.offsets {
            offsets.truncate(rows);
        }
    }
}
