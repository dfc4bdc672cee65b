//! The client: a session with one cluster, with Arrow at its surface.
//!
//! [`Client::connect`] starts a driver task with an engine; [`Client::table`] opens a table; [`Table::append`] and
//! [`Table::upsert`] take record batches and give a future of their outcome; [`Table::scan`] and [`Table::scan_current`]
//! give streams of record batches, [`Table::lookup`] the rows of keys. All of it is cheap to clone, nothing blocks the
//! runtime, and everything has a deadline.
//!
//! ```text
//! session   connect, ask, close
//! admin     the typed questions to the catalogue
//! table     one table; reads (the ways to read it)
//! writer    rows in: appended, put by key, deleted
//! chained   the modules that they go through: turns, and how another chain takes over; letters (dead ones)
//! append    their way: split, taken, settled; outcome; tally (of many)
//! rows      row by row in
//! scan      rows out, in batches; reading (the plan), decode, decoding (where), scan_chain
//! current   the current rows of a keyed table, and the changes that follow; replay (from the changelog)
//! lookup    rows by their keys
//! ```

mod admin;
mod append;
mod batch;
mod chained;
mod current;
mod decode;
mod decoding;
mod error;
mod letters;
mod lookup;
mod options;
mod outcome;
mod reading;
mod reads;
mod replay;
mod rows;
mod scan;
mod scan_chain;
mod session;
mod split;
mod table;
mod tally;
mod turns;
mod writer;

pub use append::Pending;
pub use batch::{Offsets, ScanBatch};
pub use current::{CurrentOptions, CurrentStream};
pub use error::Error;
pub use lookup::FoundRows;
pub use options::{ClientOptions, EngineKind};
pub use outcome::{Outcome, Undelivered};
pub use rows::{RowWriter, RowWriterOptions, RowsWritten};
pub use scan::{ScanOptions, ScanStream};
pub use session::Client;
pub use table::Table;
pub use tally::{CauseTally, ChainTally, ExceptionTally};
pub use writer::Writer;
pub(crate) use writer::{Prepared, Traced};

pub use crate::driver::RowCounts;
