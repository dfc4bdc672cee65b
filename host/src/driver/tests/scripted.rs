//! An engine that follows a script.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use thalweg_contract::{
    Action, Bucket, BufferId, ConnectionId, Counters, Error, Instant, Request, ScanSpec, TableHandle, TablePath,
    Ticket, WorkId, WorkOutput,
};
use thalweg_wire::column::Batch;

use super::super::{EngineInstance, engine::Trap};

/// What the driver told the engine.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Call {
    Append(usize),
    Upsert(usize),
    Delete(usize),
    LimitScan(u32),
    ScanCurrent,
    Lookup(usize, bool),
    PrefixLookup(usize),
    Flush,
    Ask,
    Close,
    Connected(ConnectionId),
    Disconnected(String),
    Received(BufferId, Bytes),
    Done(WorkOutput),
    Tick,
    Consumed(BufferId),
}

/// What the script says to a call.
pub(super) type Reply = Result<(Result<Ticket, Error>, Vec<Action>), Trap>;

/// An engine that follows a script.
pub(super) struct Scripted<F> {
    pub(super) script: F,
    pub(super) actions: Vec<Action>,
    pub(super) buffered: Arc<AtomicU64>,
}

impl<F: FnMut(Call) -> Reply> Scripted<F> {
    fn call(&mut self, call: Call) -> Result<Result<Ticket, Error>, Trap> {
        let (ticket, actions) = (self.script)(call)?;
        self.actions.extend(actions);
        Ok(ticket)
    }
}

impl<F: FnMut(Call) -> Reply + Send> EngineInstance for Scripted<F> {
    fn open_table(&mut self, _: Instant, _: TablePath) -> Result<Ticket, Trap> {
        Ok(0)
    }
    fn append(&mut self, _: Instant, _: TableHandle, rows: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::Append(rows.rows))
    }
    fn upsert(
        &mut self,
        _: Instant,
        _: TableHandle,
        _: Option<&[u32]>,
        rows: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::Upsert(rows.rows))
    }
    fn delete(&mut self, _: Instant, _: TableHandle, keys: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::Delete(keys.rows))
    }
    fn flush(&mut self, _: Instant) -> Result<Ticket, Trap> {
        Ok(self.call(Call::Flush)?.unwrap())
    }
    fn scan(&mut self, _: Instant, _: TableHandle, _: ScanSpec) -> Result<Result<Ticket, Error>, Trap> {
        Ok(Ok(0))
    }
    fn limit_scan(&mut self, _: Instant, _: TableHandle, _: Bucket, limit: u32) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::LimitScan(limit))
    }
    fn scan_current(&mut self, _: Instant, _: TableHandle, _: Bucket) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::ScanCurrent)
    }
    fn lookup(
        &mut self,
        _: Instant,
        _: TableHandle,
        keys: &Batch<'_>,
        insert: bool,
    ) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::Lookup(keys.rows, insert))
    }
    fn prefix_lookup(&mut self, _: Instant, _: TableHandle, keys: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::PrefixLookup(keys.rows))
    }
    fn demand(&mut self, _: Instant, _: Ticket, _: u64) -> Result<(), Trap> {
        Ok(())
    }
    fn consumed(&mut self, buffer: BufferId) -> Result<(), Trap> {
        self.call(Call::Consumed(buffer)).map(drop)
    }
    fn ask(&mut self, _: Instant, _: Request) -> Result<Ticket, Trap> {
        Ok(self.call(Call::Ask)?.unwrap())
    }
    fn cancel(&mut self, _: Instant, _: Ticket) -> Result<(), Trap> {
        Ok(())
    }
    fn close(&mut self, _: Instant, _: Instant) -> Result<(), Trap> {
        self.call(Call::Close).map(drop)
    }
    fn connected(&mut self, _: Instant, connection: ConnectionId) -> Result<(), Trap> {
        self.call(Call::Connected(connection)).map(drop)
    }
    fn disconnected(&mut self, _: Instant, _: ConnectionId, reason: &str) -> Result<(), Trap> {
        self.call(Call::Disconnected(reason.to_owned())).map(drop)
    }
    fn received(&mut self, _: Instant, _: ConnectionId, buffer: BufferId, frame: Bytes) -> Result<(), Trap> {
        self.call(Call::Received(buffer, frame)).map(drop)
    }
    fn done(&mut self, _: Instant, _: WorkId, output: WorkOutput) -> Result<(), Trap> {
        self.call(Call::Done(output)).map(drop)
    }
    fn tick(&mut self, _: Instant) -> Result<(), Trap> {
        self.call(Call::Tick).map(drop)
    }
    fn poll(&mut self) -> Result<Vec<Action>, Trap> {
        Ok(std::mem::take(&mut self.actions))
    }
    fn statistics(&mut self) -> Result<Counters, Trap> {
        Ok(Counters { buffered: self.buffered.load(Ordering::Relaxed), ..Counters::default() })
    }
}
