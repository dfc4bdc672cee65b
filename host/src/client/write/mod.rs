//! Rows in: appended, put by key, deleted.
//!
//! ```text
//! writer       one way to write a table, through its modules
//! chain        the modules on the way, and how another chain takes over
//! turns        the order in which batches are sent
//! row_writer   rows one at a time, gathered into batches
//! row_json     a row of any Rust type as JSON
//! ```

mod chain;
mod row_json;
mod row_writer;
mod turns;
mod writer;

pub(super) use chain::Chained;
pub use row_writer::{RowWriter, RowWriterOptions, RowsWritten};
pub use writer::Writer;
pub(crate) use writer::{Prepared, Traced};
pub(super) use writer::{input_schema, narrow};
