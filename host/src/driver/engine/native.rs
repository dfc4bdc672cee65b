//! The engine linked natively: for tests, and as the yardstick of the sandbox.

use bytes::Bytes;
use thalweg_contract::{
    Action, Bucket, BufferId, ConnectionId, Counters, Error, Instant, Request, ScanSpec, Settings, TableHandle,
    TablePath, Ticket, WorkId, WorkOutput,
};
use thalweg_engine::Engine;
use thalweg_wire::column::Batch;

use super::instance::{EngineInstance, Trap};

/// The engine crate itself. It cannot trap.
pub(crate) struct Native(Engine);

impl Native {
    /// Starts an engine; fails on a setting out of its range.
    pub(crate) fn open(now: Instant, settings: Settings, seed: u64) -> Result<Self, Error> {
        Engine::open(now, settings, seed).map(Self)
    }
}

impl EngineInstance for Native {
    fn open_table(&mut self, now: Instant, path: TablePath) -> Result<Ticket, Trap> {
        Ok(self.0.open_table(now, path))
    }

    fn append(&mut self, now: Instant, table: TableHandle, rows: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        Ok(self.0.append(now, table, rows))
    }

    fn upsert(
        &mut self,
        now: Instant,
        table: TableHandle,
        columns: Option<&[u32]>,
        rows: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap> {
        Ok(self.0.upsert(now, table, columns, rows))
    }

    fn delete(&mut self, now: Instant, table: TableHandle, keys: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap> {
        Ok(self.0.delete(now, table, keys))
    }

    fn flush(&mut self, now: Instant) -> Result<Ticket, Trap> {
        Ok(self.0.flush(now))
    }

    fn scan(&mut self, now: Instant, table: TableHandle, spec: ScanSpec) -> Result<Result<Ticket, Error>, Trap> {
        Ok(self.0.scan(now, table, spec))
    }

    fn limit_scan(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
        limit: u32,
    ) -> Result<Result<Ticket, Error>, Trap> {
        Ok(self.0.limit_scan(now, table, bucket, limit))
    }

    fn scan_current(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
    ) -> Result<Result<Ticket, Error>, Trap> {
        Ok(self.0.scan_current(now, table, bucket))
    }

    fn lookup(
        &mut self,
        now: Instant,
        table: TableHandle,
        keys: &Batch<'_>,
        insert: bool,
    ) -> Result<Result<Ticket, Error>, Trap> {
        Ok(self.0.lookup(now, table, keys, insert))
    }

    fn prefix_lookup(
        &mut self,
        now: Instant,
        table: TableHandle,
        prefixes: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap> {
        Ok(self.0.prefix_lookup(now, table, prefixes))
    }

    fn demand(&mut self, now: Instant, scan: Ticket, bytes: u64) -> Result<(), Trap> {
        self.0.demand(now, scan, bytes);
        Ok(())
    }

    fn consumed(&mut self, buffer: BufferId) -> Result<(), Trap> {
        self.0.consumed(buffer);
        Ok(())
    }

    fn ask(&mut self, now: Instant, request: Request) -> Result<Ticket, Trap> {
        Ok(self.0.ask(now, request))
    }

    fn cancel(&mut self, now: Instant, ticket: Ticket) -> Result<(), Trap> {
        self.0.cancel(now, ticket);
        Ok(())
    }

    fn close(&mut self, now: Instant, deadline: Instant) -> Result<(), Trap> {
        self.0.close(now, deadline);
        Ok(())
    }

    fn connected(&mut self, now: Instant, connection: ConnectionId) -> Result<(), Trap> {
        self.0.connected(now, connection);
        Ok(())
    }

    fn disconnected(&mut self, now: Instant, connection: ConnectionId, reason: &str) -> Result<(), Trap> {
        self.0.disconnected(now, connection, reason);
        Ok(())
    }

    fn received(&mut self, now: Instant, connection: ConnectionId, buffer: BufferId, frame: Bytes) -> Result<(), Trap> {
        self.0.received(now, connection, buffer, frame);
        Ok(())
    }

    fn done(&mut self, now: Instant, work: WorkId, output: WorkOutput) -> Result<(), Trap> {
        self.0.done(now, work, output);
        Ok(())
    }

    fn tick(&mut self, now: Instant) -> Result<(), Trap> {
        self.0.tick(now);
        Ok(())
    }

    fn poll(&mut self) -> Result<Vec<Action>, Trap> {
        Ok(self.0.poll())
    }

    fn statistics(&mut self) -> Result<Counters, Trap> {
        Ok(self.0.statistics())
    }
}
