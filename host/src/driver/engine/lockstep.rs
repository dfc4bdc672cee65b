//! Two engines in lockstep, native and component: every call goes to both, and any difference of what they answer or do
//! is a trap. What a test runs on it proves that both give the same bytes on the wire.

use bytes::Bytes;
use thalweg_contract::{
    Action, Bucket, BufferId, ConnectionId, Counters, Error, Instant, Request, ScanSpec, TableHandle, TablePath,
    Ticket, WorkId, WorkOutput,
};
use thalweg_wire::column::Batch;

use super::instance::{EngineInstance, Trap};

/// Two engines that must do the same.
pub(crate) struct Lockstep<A, B> {
    first: A,
    second: B,
}

impl<A: EngineInstance, B: EngineInstance> Lockstep<A, B> {
    /// Two engines that were opened with the same arguments.
    pub(crate) fn new(first: A, second: B) -> Self {
        Self { first, second }
    }

    /// Calls both and compares what they answer.
    fn both<T: PartialEq + std::fmt::Debug>(
        &mut self,
        call: &str,
        first: impl FnOnce(&mut A) -> Result<T, Trap>,
        second: impl FnOnce(&mut B) -> Result<T, Trap>,
    ) -> Result<T, Trap> {
        let (first, second) = (first(&mut self.first)?, second(&mut self.second)?);
        if first == second {
            return Ok(first);
        }
        Err(Trap(format!("two engines in lockstep differ after `{call}`:\n{first:?}\n{second:?}")))
    }
}

/// A call by its name and arguments, to both.
macro_rules! both {
    ($self:ident . $call:ident ( $($argument:expr),* )) => {
        $self.both(stringify!($call), |first| first.$call($($argument),*), |second| second.$call($($argument),*))
    };
}

impl<A: EngineInstance, B: EngineInstance> EngineInstance for Lockstep<A, B> {
    fn open_table(&mut self, now: Instant, path: TablePath) -> Result<Ticket, Trap> {
        both!(self.open_table(now, path.clone()))
    }

    fn append(&mut self, now: Instant, table: TableHandle, rows: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        both!(self.append(now, table, rows))
    }

    fn upsert(
        &mut self,
        now: Instant,
        table: TableHandle,
        columns: Option<&[u32]>,
        rows: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap> {
        both!(self.upsert(now, table, columns, rows))
    }

    fn delete(&mut self, now: Instant, table: TableHandle, keys: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        both!(self.delete(now, table, keys))
    }

    fn flush(&mut self, now: Instant) -> Result<Ticket, Trap> {
        both!(self.flush(now))
    }

    fn scan(&mut self, now: Instant, table: TableHandle, spec: ScanSpec) -> Result<Result<Ticket, Error>, Trap> {
        both!(self.scan(now, table, spec.clone()))
    }

    fn limit_scan(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
        limit: u32,
    ) -> Result<Result<Ticket, Error>, Trap> {
        both!(self.limit_scan(now, table, bucket, limit))
    }

    fn scan_current(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
    ) -> Result<Result<Ticket, Error>, Trap> {
        both!(self.scan_current(now, table, bucket))
    }

    fn lookup(
        &mut self,
        now: Instant,
        table: TableHandle,
        keys: &Batch<'_>,
        insert: bool,
    ) -> Result<Result<Ticket, Error>, Trap> {
        both!(self.lookup(now, table, keys, insert))
    }

    fn prefix_lookup(
        &mut self,
        now: Instant,
        table: TableHandle,
        prefixes: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap> {
        both!(self.prefix_lookup(now, table, prefixes))
    }

    fn demand(&mut self, now: Instant, scan: Ticket, bytes: u64) -> Result<(), Trap> {
        both!(self.demand(now, scan, bytes))
    }

    fn consumed(&mut self, buffer: BufferId) -> Result<(), Trap> {
        both!(self.consumed(buffer))
    }

    fn ask(&mut self, now: Instant, request: Request) -> Result<Ticket, Trap> {
        both!(self.ask(now, request.clone()))
    }

    fn cancel(&mut self, now: Instant, ticket: Ticket) -> Result<(), Trap> {
        both!(self.cancel(now, ticket))
    }

    fn close(&mut self, now: Instant, deadline: Instant) -> Result<(), Trap> {
        both!(self.close(now, deadline))
    }

    fn connected(&mut self, now: Instant, connection: ConnectionId) -> Result<(), Trap> {
        both!(self.connected(now, connection))
    }

    fn disconnected(&mut self, now: Instant, connection: ConnectionId, reason: &str) -> Result<(), Trap> {
        both!(self.disconnected(now, connection, reason))
    }

    fn received(&mut self, now: Instant, connection: ConnectionId, buffer: BufferId, frame: Bytes) -> Result<(), Trap> {
        both!(self.received(now, connection, buffer, frame.clone()))
    }

    fn done(&mut self, now: Instant, work: WorkId, output: WorkOutput) -> Result<(), Trap> {
        both!(self.done(now, work, output.clone()))
    }

    fn tick(&mut self, now: Instant) -> Result<(), Trap> {
        both!(self.tick(now))
    }

    fn poll(&mut self) -> Result<Vec<Action>, Trap> {
        both!(self.poll())
    }

    fn statistics(&mut self) -> Result<Counters, Trap> {
        both!(self.statistics())
    }
}
