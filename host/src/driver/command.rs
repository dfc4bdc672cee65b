//! What the client asks of the driver, and how it is answered.

use std::time::Duration;

use bytes::Bytes;
use thalweg_engine::api::{
    Answer, Counters, Error, Fate, Request, RowSelection, ScanSpec, Scanned, TableHandle, TableInfo, Ticket,
};
use thalweg_wire::table::TablePath;
use tokio::sync::{mpsc, oneshot};

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
    Append(Append),
    /// Send everything that was appended before, and say when it has a fate.
    Flush { reply: oneshot::Sender<()> },
    /// Start a scan with this much demand, in bytes.
    Scan {
        table: TableHandle,
        spec: ScanSpec,
        demand: u64,
        rows: mpsc::UnboundedSender<Delivered>,
        reply: oneshot::Sender<Result<Ticket, Error>>,
    },
    /// Let a scan give this many more bytes.
    Demand { scan: Ticket, bytes: u64 },
    /// Ask or change the catalogue.
    Ask { request: Request, reply: oneshot::Sender<Result<Answer, Error>> },
    /// End a scan.
    Cancel { ticket: Ticket },
    /// Settle everything within this time, then end.
    Close { within: Duration, reply: oneshot::Sender<RowCounts> },
    /// Tell the engine's counters.
    Statistics { reply: oneshot::Sender<Counters> },
}

/// Rows for a table. They wait in the driver, in their order, while the engine has no room.
pub(crate) struct Append {
    /// Where to.
    pub(crate) table: TableHandle,
    /// The rows.
    pub(crate) rows: Flattened,
    /// Told once they are taken or refused.
    pub(crate) accepted: oneshot::Sender<Accepted>,
}

/// What a scan gives.
#[derive(Debug)]
pub(crate) enum Delivered {
    /// Rows, and the body of their message.
    Rows(Box<Scanned>, Bytes),
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
