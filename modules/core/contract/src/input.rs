//! What an engine is given: rows and keys of its user, and what happened.

use bytes::Bytes;
use thalweg_wire::column::Batch;

use super::{BufferId, ConnectionId, TableHandle, Ticket, WorkId, WorkOutput};

/// Who compresses, decompresses and takes checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workplace {
    /// The host, by `Action::Work`.
    Outside,
    /// The engine, in the call that needs it.
    Inside,
}

/// What says where the columns of rows lie in their body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowForm {
    /// The metadata of an Arrow IPC message, for hosts that have Arrow.
    Message,
    /// A list, for hosts that have not.
    Columns,
}

/// What the host does and what it leaves to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostOptions {
    /// Who does the heavy work on bytes.
    pub work: Workplace,
    /// How scans and lookups give rows.
    pub rows: RowForm,
}

/// What is done with the rows of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// They are added to a log table: all its columns.
    Append,
    /// They are put into a keyed table: the columns at these positions in this order (`None`: all), the key among them,
    /// and all that may not be null. Of rows with the same key the last counts, unless the table's merge engine says
    /// otherwise.
    Upsert(Option<Vec<u32>>),
    /// They are keys (key columns in key order), to be deleted from a keyed table. A key that the table does not have
    /// changes nothing.
    Delete,
    /// They are primary keys (key columns in key order, partition columns among them) to be looked up. If true, a key
    /// that the table does not have becomes a row whose other columns are null, where the server has that.
    Lookup(bool),
    /// They are prefixes of primary keys to be looked up: the partition columns, then the bucket columns, which the
    /// primary key must begin with (without the partition columns).
    PrefixLookup,
}

impl Operation {
    /// Whether it changes the table.
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Append | Self::Upsert(_) | Self::Delete)
    }
}

/// Rows or keys, and what is done with them. Answered by `Event::Settled` for a write, by `Event::Found` for a lookup.
#[derive(Debug, Clone)]
pub struct Command<'a> {
    /// The table.
    pub table: TableHandle,
    /// What is done.
    pub operation: Operation,
    /// The rows or keys: each of these columns followed by its children.
    pub rows: Batch<'a>,
}

/// A whole frame, without its 4-byte length prefix, which the host holds until `Action::Release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it came from.
    pub connection: ConnectionId,
    /// Its number at the host.
    pub buffer: BufferId,
    /// Its length in bytes.
    pub length: u32,
    /// Its first bytes: as many as the host likes, all where it is short. What else the engine needs it reads by
    /// [`Buffers`], in this call only.
    pub head: Bytes,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A connection was made.
    Connected(ConnectionId),
    /// A connection could not be made, or ended.
    Disconnected {
        /// Which.
        connection: ConnectionId,
        /// Why.
        reason: String,
    },
    /// A frame came in. The host cuts frames and reports `Disconnected` for a length past `frame_limit`.
    Received(Frame),
    /// Bytes came in, cut anywhere: the engine cuts the frames. Only with [`Workplace::Inside`].
    Bytes {
        /// Where they came from.
        connection: ConnectionId,
        /// The bytes.
        bytes: Bytes,
    },
    /// Work is done.
    Done {
        /// Which.
        work: WorkId,
        /// What it gave.
        output: WorkOutput,
    },
    /// The user is done with the held body of a `Scanned`; answered by `Action::Release` when no other batch lies in it.
    Consumed(BufferId),
    /// Let a scan give this many more bytes of batches (the last may exceed it). Each takes its `cost`.
    Demand {
        /// The scan.
        ticket: Ticket,
        /// How many.
        bytes: u64,
    },
}

/// Bytes that the host holds for the engine.
pub trait Buffers {
    /// Some bytes of a frame that the step was given whose head does not reach so far. Fewer bytes than asked for mean
    /// that the host does not have them: the engine then takes the frame for damaged.
    fn read(&mut self, buffer: BufferId, offset: u32, length: u32) -> Bytes;
}

/// A host whose frames' heads are the frames: it is never asked.
#[derive(Debug, Clone, Copy)]
pub struct WholeFrames;

impl Buffers for WholeFrames {
    fn read(&mut self, _: BufferId, _: u32, _: u32) -> Bytes {
        Bytes::new()
    }
}
