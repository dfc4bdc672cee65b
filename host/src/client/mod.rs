//! The client: a session with one cluster, with Arrow at its surface.
//!
//! [`Client::connect`] starts a driver task with an engine; [`Client::table`] opens a table; [`Table::append`] and
//! [`Table::upsert`] take record batches and give a future of their outcome; [`Table::scan`] and [`Table::scan_current`]
//! give streams of record batches, [`Table::lookup`] the rows of keys. All of it is cheap to clone, nothing blocks the
//! runtime, and everything has a deadline.
//!
//! ```text
//! session        connect, ask, close; the typed questions to the catalogue
//! table          one table, and everything that can be done with it
//! write          rows in: appended, put by key, deleted; the modules that they go through; row by row
//! delivery       rows given to the engine, and what becomes of them
//! dead_letters   rows that modules refuse or fail on, and the tables that they go to
//! scan           rows out, in batches
//! current        the current rows of a keyed table, and the changes that follow
//! lookup         rows by their keys
//! options        how a client connects
//! tally          what modules did, counted over many batches
//! error          why a call failed
//! ```

mod current;
mod dead_letters;
mod delivery;
mod error;
mod lookup;
mod options;
mod scan;
mod session;
mod table;
mod tally;
mod write;

pub use current::{CurrentOptions, CurrentStream};
pub use delivery::{Outcome, Pending, Undelivered};
pub use error::Error;
pub use lookup::FoundRows;
pub use options::{ClientOptions, EngineKind};
pub use scan::{Offsets, ScanBatch, ScanOptions, ScanStream};
pub use session::Client;
pub use table::Table;
pub use tally::{CauseTally, ChainTally, ExceptionTally};
pub(crate) use write::{Prepared, Traced};
pub use write::{RowWriter, RowWriterOptions, RowsWritten, Writer};

pub use crate::driver::RowCounts;
pub use thalweg_contract::ChangeType;
