//! What the engine tells its user.

use thalweg_wire::record::ChangeType;

use super::{Answer, Bucket, Error, Layout, Piece, TableHandle, TableInfo, Ticket};

/// What the engine tells its user.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// To `open_table`.
    Opened {
        /// Of the command.
        ticket: Ticket,
        /// The table, or why not.
        result: Result<(TableHandle, Box<TableInfo>), Error>,
    },
    /// To a write, once some of its rows have a fate; comes until every row has one.
    Settled {
        /// Of the command.
        ticket: Ticket,
        /// The rows and their fates.
        fates: Vec<(RowSelection, Fate)>,
    },
    /// To `flush`: everything appended before it has a fate.
    Flushed {
        /// Of the command.
        ticket: Ticket,
    },
    /// After a write was refused with `ErrorCode::Full`: there is room again.
    Writable,
    /// To `scan`, `limit_scan` and `scan_current`: rows. The host answers with `consumed` where their body is held.
    Rows {
        /// Of the command.
        ticket: Ticket,
        /// The rows.
        scanned: Scanned,
    },
    /// To `scan_current`, before its rows: the offset of the bucket's log from which on lie the changes that the rows do
    /// not have yet.
    Snapshot {
        /// Of the command.
        ticket: Ticket,
        /// The offset.
        offset: u64,
    },
    /// To lookups of one table: of one, if it is an error or [`RowForm::Columns`](super::RowForm::Columns) are wanted,
    /// else of those that have their answer in the same step.
    Found {
        /// Of the commands.
        tickets: Vec<Ticket>,
        /// The rows of all their keys, or why there are none to show.
        result: Result<Found, Error>,
    },
    /// To `scan`, `limit_scan` and `scan_current`: a bounded scan is complete, or it failed.
    Ended {
        /// Of the command.
        ticket: Ticket,
        /// Why not, if it failed.
        result: Result<(), Error>,
    },
    /// To `ask`.
    Answered {
        /// Of the command.
        ticket: Ticket,
        /// The answer, or why not.
        result: Result<Answer, Error>,
    },
    /// To `close`: everything has a fate and every connection is closed.
    Closed,
}

/// Rows of one write that have the same fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowSelection {
    /// Consecutive rows.
    Span {
        /// The first.
        first: u32,
        /// How many.
        count: u32,
    },
    /// Rows, rising.
    Rows(Vec<u32>),
}

/// What became of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The server has them.
    Acknowledged {
        /// Where.
        bucket: Bucket,
        /// The offset of the first of these rows; the others follow. `None` on a keyed table, and where the server did
        /// not say it (as it need not with `Acks::None`); then `end` is 0 on a log table.
        first: Option<u64>,
        /// One past the offset of the last.
        end: u64,
    },
    /// They were not written, or it is not known.
    Failed {
        /// Why.
        error: Error,
        /// Whether they may have been written all the same.
        may_have_been_written: bool,
    },
}

/// A batch of rows that a scan gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// Where the rows come from.
    pub bucket: Bucket,
    /// The schema that they were written with. Whichever it is, the columns are those of the table as it was opened: one
    /// that the rows do not have is null.
    pub schema_id: i32,
    /// The offset of row `first` of the message; the others follow. 0 for rows of keys, which have none: those that
    /// `scan_current` gives, and `limit_scan` of a keyed table.
    pub offset: u64,
    /// When the server took the batch, in milliseconds since 1970-01-01T00:00:00Z; 0 for rows of keys.
    pub timestamp: i64,
    /// Of the message, the first row that was asked for.
    pub first: u32,
    /// How many rows were asked for.
    pub rows: u32,
    /// What the batch takes of its scan's demand, in bytes.
    pub cost: u64,
    /// The change of each of these rows; `None`: all are appended.
    pub changes: Option<Vec<ChangeType>>,
    /// Where the columns of the scan lie, in rising order of their position in the table.
    pub layout: Layout,
    /// The columns: held where the body came as it is, inline where the engine put it together from rows, and always with
    /// [`Workplace::Inside`](super::Workplace::Inside).
    pub body: Piece,
}

/// The rows that lookups found: all columns of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// For each key of each lookup, in the order given, how many of the rows are its own: 0 or 1 for a whole primary key.
    pub counts: Vec<u32>,
    /// How many rows there are: the sum of `counts`.
    pub rows: u32,
    /// Where all columns of the table lie.
    pub layout: Layout,
    /// The columns.
    pub body: Vec<u8>,
}

/// What the engine has done so far; all but `buffered` never fall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Rows that writes took.
    pub rows_taken: u64,
    /// Rows acknowledged.
    pub rows_acknowledged: u64,
    /// Rows failed.
    pub rows_failed: u64,
    /// Rows that scans gave.
    pub rows_scanned: u64,
    /// Bytes of batches sent, retries included.
    pub bytes_sent: u64,
    /// Batches sent, retries included.
    pub batches_sent: u64,
    /// Batches sent again.
    pub batches_retried: u64,
    /// What rows on their way hold now, in bytes.
    pub buffered: u64,
}
