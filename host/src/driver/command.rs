//! What the client asks of the driver, and how it is answered.

use std::time::Duration;

use arrow_array::RecordBatch;
use bytes::Bytes;
use thalweg_contract::{
    Answer, Bucket, Command as EngineCommand, Counters, Error, Fate, Operation, Request, RowSelection, ScanSpec,
    Scanned, TableHandle, TableInfo, TablePath, Ticket,
};
use tokio::sync::{mpsc, oneshot};

use super::found::FoundShare;
use crate::columns::Flattened;

/// A table, opened.
pub(crate) type Opened = Result<(TableHandle, Box<TableInfo>), Error>;
/// The fates of all rows of one append; in terms of its rows.
pub(crate) type Settled = Vec<(RowSelection, Fate)>;
/// Whether an append was taken, and if so what tells the fates of its rows.
pub(crate) type Accepted = Result<oneshot::Receiver<Settled>, Error>;

/// What the client asks. A reply that is dropped unanswered means that the driver has ended.
pub(crate) enum Command {
    /// Open a table.
    OpenTable { path: TablePath, reply: oneshot::Sender<Opened> },
    /// Take rows.
    Write(Write),
    /// Send everything that was appended before, and say when it has a fate.
    Flush { reply: oneshot::Sender<()> },
    /// Start a scan with this much demand, in bytes.
    Scan {
        table: TableHandle,
        what: Scan,
        demand: u64,
        rows: mpsc::UnboundedSender<Delivered>,
        reply: oneshot::Sender<Result<Ticket, Error>>,
    },
    /// Let a scan give this many more bytes.
    Demand { scan: Ticket, bytes: u64 },
    /// Ask or change the catalogue.
    Ask { request: Request, reply: oneshot::Sender<Result<Answer, Error>> },
    /// Look rows up.
    Lookup(Lookup),
    /// End a scan.
    Cancel { ticket: Ticket },
    /// Settle everything within this time, then end.
    Close { within: Duration, reply: oneshot::Sender<RowCounts> },
    /// Tell the engine's counters.
    Statistics { reply: oneshot::Sender<Counters> },
}

/// What a scan reads.
#[derive(Debug, Clone)]
pub(crate) enum Scan {
    /// The log of a table: rows, or the changes of a keyed table.
    Log(ScanSpec),
    /// Some rows of a bucket, at most so many.
    Limit(Bucket, u32),
    /// The current rows of a bucket of a keyed table.
    Current(Bucket),
}

/// What rows are looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LookupBy {
    /// The primary key.
    Key {
        /// Whether a key that the table does not have becomes a row.
        insert: bool,
    },
    /// A prefix of the primary key.
    Prefix,
}

/// Keys whose rows are to be found.
pub(crate) struct Lookup {
    /// Where.
    pub(crate) table: TableHandle,
    /// The keys.
    pub(crate) keys: RecordBatch,
    /// What they are.
    pub(crate) by: LookupBy,
    /// Told what was found.
    pub(crate) reply: oneshot::Sender<Result<FoundShare, Error>>,
}

impl Lookup {
    /// As the engine takes it, with these keys.
    pub(super) fn command<'a>(&self, keys: &'a Flattened) -> EngineCommand<'a> {
        let operation = match self.by {
            LookupBy::Key { insert } => Operation::Lookup(insert),
            LookupBy::Prefix => Operation::PrefixLookup,
        };
        EngineCommand { table: self.table, operation, rows: keys.batch() }
    }
}

/// What a write does to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Adds rows to a log table.
    Append,
    /// Puts rows into a keyed table, of the columns at these positions; `None`: all.
    Upsert(Option<Vec<u32>>),
    /// Deletes rows of a keyed table by their keys.
    Delete,
}

/// Rows for a table. They wait in the driver, in their order, while the engine has no room.
pub(crate) struct Write {
    /// Where to.
    pub(crate) table: TableHandle,
    /// What they do there.
    pub(crate) change: Change,
    /// The rows, or their keys.
    pub(crate) rows: Flattened,
    /// Told once they are taken or refused.
    pub(crate) accepted: oneshot::Sender<Accepted>,
}

impl Write {
    /// As the engine takes it.
    pub(super) fn command(&self) -> EngineCommand<'_> {
        let operation = match &self.change {
            Change::Append => Operation::Append,
            Change::Upsert(columns) => Operation::Upsert(columns.clone()),
            Change::Delete => Operation::Delete,
        };
        EngineCommand { table: self.table, operation, rows: self.rows.batch() }
    }
}

/// What a scan gives.
#[derive(Debug)]
pub(crate) enum Delivered {
    /// Rows, and the body of their message, which `Scanned` only names.
    Rows(Box<Scanned>, Bytes),
    /// Of the current rows of a bucket, before they come: the offset from which on its changes follow.
    Snapshot(u64),
    /// The end.
    Ended(Result<(), Error>),
}

/// How many rows met which fate, over the whole life of a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows that the server has.
    pub acknowledged: u64,
    /// Rows that were not written.
    pub failed: u64,
    /// Rows that may have been written, or not.
    pub unknown: u64,
}
