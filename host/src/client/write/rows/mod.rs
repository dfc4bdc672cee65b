//! Rows one at a time: taken into columns where they are written, and sent in batches by a task.
//!
//! ```text
//! writer    the row writer as its user has it
//! gathered  rows that are taken and not sent yet
//! columns   their values, column by column
//! direct    a row of any Rust type straight into columns, where each of its values is one of its column as it is
//! values    a row by the positions of its columns
//! json      any other row as JSON, which says what its values mean
//! task      what sends them, in time
//! ```

mod columns;
mod direct;
mod gathered;
mod json;
mod task;
mod values;
mod writer;

pub use values::RowValues;
pub use writer::{RowWriter, RowWriterOptions, RowsWritten};
