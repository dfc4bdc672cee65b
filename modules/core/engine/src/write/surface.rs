//! What goes into the write stage and comes out of it.

use std::sync::Arc;

use thalweg_wire::table::TablePath;

use thalweg_contract::{Bucket, BufferId, Error, Event, Range, TableHandle, TableInfo, Work};

/// A table as the write stage needs it. One table id may be opened under several handles.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Its number at the user's side.
    pub(crate) handle: TableHandle,
    /// What the catalogue says of it.
    pub(crate) info: Arc<TableInfo>,
    /// The server that leads each bucket, as far as known; missing ones are not known. Of no meaning where the table has
    /// partitions: see `Write::set_partition`.
    pub(crate) leaders: Vec<Option<i32>>,
}

/// What rows do to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// They are added to a log table: all its columns.
    Append,
    /// They are put into a keyed table: the columns at these positions, in this order, the primary key among them;
    /// `None`: all.
    Upsert(Option<Vec<u32>>),
    /// They are taken out of a keyed table: its primary key, in key order.
    Delete,
}

/// What the write stage wants done. Order matters: a buffer is released behind every request that names it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Output {
    /// Heavy work; answered with `Write::encoded` under the same key.
    Work {
        /// Its number within the write stage.
        key: u64,
        /// What to do: `Work::Encode`, or `Work::Keep` for rows that are encoded one by one.
        work: Work,
    },
    /// A ProduceLog or PutKv request; answered with `Write::replied` under its key, in any case and once.
    Produce(Produce),
    /// An InitWriter request to any tablet server; answered with `Write::writer_given`, in any case and once.
    InitWriter {
        /// The tables to be written, for the server's access check.
        tables: Vec<TablePath>,
    },
    /// What is known of the leaders of this table is old; answered with `Write::set_leaders` or `Write::gone`.
    Refresh {
        /// Which.
        table: TableHandle,
    },
    /// The partition of this name is to be found, or what is known of its leaders is old; answered with
    /// `Write::set_partition`, `Write::partition_missing` or `Write::gone`.
    Seek {
        /// Whose.
        table: TableHandle,
        /// Its name.
        partition: Arc<str>,
    },
    /// The partition of this name is to be created; answered with `Write::partition_created` under its key, in any case
    /// and once.
    CreatePartition {
        /// Its number within the write stage.
        key: u64,
        /// Whose.
        table: TableHandle,
        /// Its name.
        partition: Arc<str>,
    },
    /// Nothing refers to this buffer any more.
    Release(BufferId),
    /// For the user.
    Event(Event),
}

/// A ProduceLog request, or a PutKv request (`fluss.md` 2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Produce {
    /// Its number within the write stage; a number is not used again.
    pub(crate) key: u64,
    /// The server that it goes to.
    pub(crate) leader: i32,
    /// The table, by the handle that it was first opened with.
    pub(crate) table: TableHandle,
    /// The server's number for the table.
    pub(crate) table_id: i64,
    /// -1: all replicas in sync, 1: the leader, 0: none.
    pub(crate) acks: i32,
    /// How long the server may wait for replicas, in milliseconds.
    pub(crate) timeout_ms: i32,
    /// Of a PutKv request: the positions of the columns that the rows have; empty: all.
    pub(crate) columns: Option<Arc<[i32]>>,
    /// One batch for each bucket; no bucket comes twice.
    pub(crate) batches: Vec<Outgoing>,
}

/// One batch in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// Where it goes.
    pub(crate) bucket: Bucket,
    /// The batch up to its body: that of its Arrow message, or its rows.
    pub(crate) head: Vec<u8>,
    /// The body, which the host holds.
    pub(crate) body: Range,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The server answered for its buckets.
    Answered(Vec<BucketReply>),
    /// The server refused the request whole, with an ErrorResponse.
    Refused {
        /// The wire code.
        code: i32,
        /// The server's text; may be empty.
        message: String,
    },
    /// There was no answer: the connection was not made or ended, or the request's deadline passed.
    Lost {
        /// Why; told to the user if the rows fail of it.
        error: Error,
        /// Whether any byte of the request was handed to a connection.
        sent: bool,
    },
}

/// What a server says of one bucket of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketReply {
    /// The partition; `None` for a table without partitions.
    pub(crate) partition: Option<i64>,
    /// As the wire has it, not yet checked.
    pub(crate) bucket: i32,
    /// The wire code; `None` or 0: success.
    pub(crate) code: Option<i32>,
    /// The server's text.
    pub(crate) message: Option<String>,
    /// If the server says it: the offset of the first row, or of a PutKv request the end of the log behind its changes.
    pub(crate) offset: Option<i64>,
}
