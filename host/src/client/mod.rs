//! The client: a session with one cluster, with Arrow at its surface.
//!
//! [`Client::connect`] starts a driver task with an engine; [`Client::table`] opens a table; [`Table::append`] takes
//! record batches and gives a future of their outcome; [`Table::scan`] gives a stream of record batches. All of it is cheap
//! to clone, nothing blocks the runtime, and everything has a deadline.
//!
//! ```text
//! session   connect, ask, close
//! admin     the typed questions to the catalogue
//! table     one table
//! append    rows in: split, taken, settled; outcome
//! scan      rows out; reading (the plan), decode, decoding (where), scan_chain
//! rows      row by row in
//! ```

mod admin;
mod append;
mod decode;
mod decoding;
mod error;
mod options;
mod outcome;
mod reading;
mod rows;
mod scan;
mod scan_chain;
mod session;
mod split;
mod table;

pub use append::Pending;
pub use error::Error;
pub use options::{ClientOptions, EngineKind};
pub use outcome::Outcome;
pub use rows::{RowWriter, RowWriterOptions, RowsWritten};
pub use scan::{Offsets, ScanBatch, ScanOptions, ScanStream};
pub use session::Client;
pub use table::Table;

pub use crate::driver::RowCounts;
