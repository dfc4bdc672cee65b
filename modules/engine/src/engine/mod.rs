//! The owner of all stages, and the router between them.

use bytes::Bytes;
use thalweg_wire::{column::Batch, table::TablePath};

use crate::api::{
    Action, Bucket, BufferId, ConnectionId, Counters, Error, ErrorCode, Event, Instant, Request, ScanSpec, Settings,
    TableHandle, Ticket, WorkId, WorkOutput,
};

/// The client core without I/O: a state machine that a host drives.
///
/// The host feeds it commands of its user, what the network did, finished work and time; after any of these calls it
/// calls [`poll`](Engine::poll) until that gives nothing and carries the actions out in their order. It calls
/// [`tick`](Engine::tick) no later than the last [`Action::WakeAt`] says. Nothing blocks and nothing reads a clock: the
/// same calls give the same actions. `wit/client/engine.wit` says the same for components.
///
/// What each call may bring about, to be had with the next `poll`:
///
/// | call | actions |
/// |---|---|
/// | `open_table`, `ask`, `scan`, `demand`, `append` | `Connect`, `Send`, `Work`, events of its ticket (also at once) |
/// | `flush` | `Work`, `Send`, `Flushed` |
/// | `consumed` | `Release` |
/// | `cancel` | nothing for the ticket from then on; `Release` of what was held for it |
/// | `close` | `Ended` and `Answered` of what is open, then `Settled`, at last `Close` of every connection and `Closed` |
/// | `connected`, `received`, `done`, `tick` | anything |
/// | `disconnected` | anything but a `Close` of that connection |
///
/// Calls for an unknown ticket, connection or work item do nothing: an answer may cross a `cancel` or a `Close`.
#[derive(Debug)]
pub struct Engine {
    tickets: Ticket,
    actions: Vec<Action>,
    closed: bool,
}

impl Engine {
    /// Starts an engine. `_seed` is its only source of chance (jitter, choice of a server). Fails with
    /// [`ErrorCode::Invalid`] on a setting out of its range.
    pub fn open(_now: Instant, _settings: Settings, _seed: u64) -> Result<Self, Error> {
        Ok(Self { tickets: 0, actions: Vec::new(), closed: false })
    }

    /// Asks for a table; answered by [`Event::Opened`].
    pub fn open_table(&mut self, _now: Instant, _path: TablePath) -> Ticket {
        let ticket = self.ticket();
        self.actions.push(Action::Event(Event::Opened { ticket, result: Err(self.unsupported("open_table")) }));
        ticket
    }

    /// Takes rows for a log table, all columns with their children, or refuses them whole.
    pub fn append(&mut self, _now: Instant, _table: TableHandle, _rows: &Batch<'_>) -> Result<Ticket, Error> {
        Err(self.unsupported("append"))
    }

    /// Takes rows for a keyed table: the columns at these positions (`None`: all).
    pub fn upsert(
        &mut self,
        _now: Instant,
        _table: TableHandle,
        _columns: Option<&[u32]>,
        _rows: &Batch<'_>,
    ) -> Result<Ticket, Error> {
        Err(self.unsupported("upsert"))
    }

    /// Takes keys for deletion from a keyed table.
    pub fn delete(&mut self, _now: Instant, _table: TableHandle, _keys: &Batch<'_>) -> Result<Ticket, Error> {
        Err(self.unsupported("delete"))
    }

    /// Sends what is waiting without its linger; answered by [`Event::Flushed`].
    pub fn flush(&mut self, _now: Instant) -> Ticket {
        let ticket = self.ticket();
        self.actions.push(Action::Event(Event::Flushed { ticket }));
        ticket
    }

    /// Starts a scan; answered by [`Event::Rows`] and [`Event::Ended`]. It gives nothing before `demand`.
    pub fn scan(&mut self, _now: Instant, _table: TableHandle, _spec: ScanSpec) -> Result<Ticket, Error> {
        Err(self.unsupported("scan"))
    }

    /// Lets a scan give this many more bytes of batches (the last may exceed it).
    pub fn demand(&mut self, _now: Instant, _scan: Ticket, _bytes: u64) {}

    /// The user is done with the body of a `Scanned`; answered by [`Action::Release`] when nothing else lies in it.
    pub fn consumed(&mut self, _buffer: BufferId) {}

    /// Looks rows up by primary key (key columns in key order).
    pub fn lookup(&mut self, _now: Instant, _table: TableHandle, _keys: &Batch<'_>) -> Result<Ticket, Error> {
        Err(self.unsupported("lookup"))
    }

    /// Looks rows up by bucket key.
    pub fn prefix_lookup(
        &mut self,
        _now: Instant,
        _table: TableHandle,
        _prefixes: &Batch<'_>,
    ) -> Result<Ticket, Error> {
        Err(self.unsupported("prefix_lookup"))
    }

    /// Reads some rows of a bucket, without order.
    pub fn limit_scan(
        &mut self,
        _now: Instant,
        _table: TableHandle,
        _bucket: Bucket,
        _limit: u32,
    ) -> Result<Ticket, Error> {
        Err(self.unsupported("limit_scan"))
    }

    /// Asks or changes the catalogue; answered by [`Event::Answered`].
    pub fn ask(&mut self, _now: Instant, _request: Request) -> Ticket {
        let ticket = self.ticket();
        self.actions.push(Action::Event(Event::Answered { ticket, result: Err(self.unsupported("ask")) }));
        ticket
    }

    /// Gives a scan, a request or a lookup up: no further event comes for it. Rows that were taken are not called back.
    pub fn cancel(&mut self, _now: Instant, _ticket: Ticket) {}

    /// Takes nothing more, sends what is waiting, and fails at `deadline` what has no fate by then; answered by
    /// [`Event::Closed`].
    pub fn close(&mut self, _now: Instant, _deadline: Instant) {
        if !std::mem::replace(&mut self.closed, true) {
            self.actions.push(Action::Event(Event::Closed));
        }
    }

    /// A connection was made.
    pub fn connected(&mut self, _now: Instant, _connection: ConnectionId) {}

    /// A connection could not be made, or ended: why.
    pub fn disconnected(&mut self, _now: Instant, _connection: ConnectionId, _reason: &str) {}

    /// One whole frame came in, without its 4-byte length prefix. The bytes stay with the host as `buffer`.
    pub fn received(&mut self, _now: Instant, _connection: ConnectionId, buffer: BufferId, _frame: Bytes) {
        self.actions.push(Action::Release(buffer));
    }

    /// Work is done.
    pub fn done(&mut self, _now: Instant, _work: WorkId, _output: WorkOutput) {}

    /// Time has passed.
    pub fn tick(&mut self, _now: Instant) {}

    /// The next actions, in order; empty when there is nothing to do.
    pub fn poll(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Counters.
    pub fn statistics(&self) -> Counters {
        Counters::default()
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        self.tickets
    }

    fn unsupported(&self, what: &str) -> Error {
        Error { code: ErrorCode::Unsupported(format!("`{what}` is not there yet")), retriable: false }
    }
}
