//! Python's values as Arrow columns, and back.
//!
//! ```text
//! build     a list of values as a column of a type
//! objects   a column as Python's values
//! exact     decimals and times without loss
//! ```

mod build;
mod exact;
mod objects;

pub(crate) use build::build;
pub(crate) use objects::{objects, rows};
