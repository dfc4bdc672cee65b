//! The client: a session with one cluster, with Arrow at its surface.
//!
//! [`Client::connect`] starts a driver task with an engine; [`Client::table`] opens a table; [`Table::append`] and
//! [`Table::upsert`] take record batches and give a future of their outcome; [`Table::scan`] and [`Table::scan_current`]
//! give streams of record batches, [`Table::lookup`] the rows of keys. All of it is cheap to clone, nothing blocks the
//! runtime, and everything has a deadline.
//!
//! ```text
//! table          one table, and everything that can be done with it
//! write          rows in: appended, put by key, deleted; the modules that they go through; row by row
//! scan           rows out of the log, in batches
//! current        the current rows of a keyed table, and the changes that follow
//! lookup         rows by their keys
//! dead_letters   rows that modules refuse or fail on, and the tables that they go to
//! delivery       rows given to the engine, and what becomes of them
//! open_table     what the ways to write and read a table share
//! session        connect, ask, close; the typed questions to the catalogue
//! message        rows out of an Arrow message
//! options        how a client connects
//! tally          what modules did, counted over many batches
//! error          why a call failed
//! ```
//!
//! Each uses only those beneath it: `table`; `write`, `current`, `lookup`; `scan`, `dead_letters`; `delivery`; `open_table`;
//! `session`; the others.

mod current;
mod dead_letters;
mod delivery;
mod error;
mod lookup;
mod message;
mod open_table;
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
pub use write::{RowValues, RowWriter, RowWriterOptions, RowsWritten, Writer};

pub use crate::driver::RowCounts;

// How connections are encrypted.
pub use thalweg_tls::{Identity, Tls, TlsError};

// The words that calls of a client take and give.
pub use thalweg_contract::{
    Acks, Answer, Assignment, Bucket, BucketOffsets, ChangeType, ClusterRequest, Config, ConnectionSettings, Counters,
    DatabaseInfo, End, Error as EngineError, ErrorCode, Fate, Health, Login, LookupSettings, PartitionInfo,
    PartitionSpec, Request, Role, RowSelection, ScanSettings, ScanSpec, Server, ServerErrorCode, Settings, Start,
    Status as HealthStatus, TableInfo, WriteSettings,
};
