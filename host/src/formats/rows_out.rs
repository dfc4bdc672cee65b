//! What every writer of rows does.

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

/// Where a scan's rows go.
pub trait RowsOut: Send {
    /// Writes rows; they may stay in memory until `finish`.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError>;

    /// Hands on what has been written, so that a reader sees it now.
    fn flush(&mut self) -> Result<(), ArrowError>;

    /// Writes what the format wants at its end. Without it the output is incomplete.
    fn finish(self: Box<Self>) -> Result<(), ArrowError>;
}
