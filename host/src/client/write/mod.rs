//! Rows in: appended, put by key, deleted.
//!
//! ```text
//! writer       one way to write a table, through its modules
//! chain        these modules, and how another chain takes over
//! turns        the order in which batches are sent
//! prepared     rows that went through the modules and wait for their turn
//! row_writer   rows one at a time, gathered into batches
//! row_json     a row of any Rust type as JSON
//! ```

mod chain;
mod prepared;
mod row_json;
mod row_writer;
mod turns;
mod writer;

pub(super) use chain::WriteChain;
pub(crate) use prepared::{Prepared, Traced};
pub use row_writer::{RowWriter, RowWriterOptions, RowsWritten};
pub use writer::Writer;
