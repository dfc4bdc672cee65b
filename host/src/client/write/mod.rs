//! Rows in: appended, put by key, deleted.
//!
//! ```text
//! writer       one way to write a table, through its modules
//! chain        these modules, and how another chain takes over
//! turns        the order in which batches are sent
//! prepared     rows that went through the modules and wait for their turn
//! rows         rows one at a time, gathered into batches
//! ```

mod chain;
mod prepared;
mod rows;
mod turns;
mod writer;

pub(super) use chain::WriteChain;
pub(crate) use prepared::{Prepared, Traced};
pub use rows::{RowValues, RowWriter, RowWriterOptions, RowsWritten};
pub use writer::Writer;
