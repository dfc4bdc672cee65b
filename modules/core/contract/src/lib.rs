//! The words of the client core's surface, defined once for the engine, its components and every host: the Rust form of
//! `wit/client`.
//!
//! ```text
//! settings  every limit, and its default
//! login     who logs in to servers
//! catalog   requests about databases, tables and partitions, their answers; what a scan reads
//! cluster   requests about the cluster as a whole
//! piece     bytes that are inline or held by the host
//! input     what an engine is given: rows and keys, what happened, options of its host
//! action    what the host is to do: connect, send, work
//! event     what the user is told: the fates of rows, rows read, answers
//! layout    where the columns of rows lie
//! error     why something failed, and whether trying again may help
//! flat      schemas with their fields in one list, as they cross a boundary
//! wit       conversion from and into the types that are made of `wit/`
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod action;
mod catalog;
mod cluster;
mod error;
mod event;
pub mod flat;
mod input;
mod layout;
mod login;
mod piece;
mod settings;
pub mod wit;

pub use action::{Action, Codec, Work, WorkOutput};
pub use catalog::{
    Answer, BucketOffsets, DatabaseInfo, End, PartitionInfo, PartitionSpec, Request, ScanSpec, Start, TableInfo,
};
pub use cluster::{ClusterRequest, Config, Health, Role, Server, Status};
pub use error::{Error, ErrorCode};
pub use event::{Counters, Event, Fate, Found, RowSelection, Scanned};
pub use input::{Buffers, Command, Frame, HostOptions, Input, Operation, RowForm, WholeFrames, Workplace};
pub use layout::{ColumnParts, Layout, Part};
pub use login::{Login, PASSWORD_LIMIT, USER_LIMIT};
pub use piece::{Piece, Range};
pub use settings::{Acks, Assignment, ConnectionSettings, LookupSettings, ScanSettings, Settings, WriteSettings};
pub use thalweg_wire::{
    message::ServerErrorCode,
    record::ChangeType,
    table::{TableDescriptor, TablePath},
};

/// Microseconds since 1970-01-01T00:00:00Z, by the host's clock when the engine was opened; from there on it counts what has
/// passed, and never falls.
pub type Instant = u64;
/// A command's number, unique within the engine.
pub type Ticket = u64;
/// A table opened by `open_table`.
pub type TableHandle = u32;
/// A connection, numbered by the engine; a number is not used again.
pub type ConnectionId = u32;
/// Bytes that the host holds, numbered by the host; a number is not used again.
pub type BufferId = u64;
/// A number of a piece of work.
pub type WorkId = u64;

/// One bucket of a table or of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bucket {
    /// The partition; `None` for a table without partitions.
    pub partition: Option<i64>,
    /// The first is 0.
    pub bucket: u32,
}
