//! Rows in and out: append, upsert and delete; scan and lookup.
//!
//! ```text
//! write   append, upsert and delete: one run of rows into a table
//! scan    rows of a table
//! lookup  rows by their keys
//! keys    keys as they stand on a command line
//! chain   the modules that rows go through
//! input   where rows come from
//! output  where rows go
//! ```

mod chain;
mod input;
mod keys;
mod lookup;
mod output;
mod scan;
mod write;

pub(super) use chain::Order;
pub(super) use lookup::Lookup;
pub(super) use scan::Scan;
pub(super) use write::{Append, Delete, Upsert};
