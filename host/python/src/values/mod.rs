//! Python's values as Arrow columns, and back.
//!
//! ```text
//! rows      dicts of columns, lists of rows and plain keys as record batches
//! build     a list of values as a column of a type
//! exact     numbers and times without loss
//! objects   a column as Python's values
//! ```

mod build;
mod exact;
mod objects;
mod rows;

pub(crate) use objects::{objects, rows};
pub(crate) use rows::{RowsIn, keys_in, rows_in};
