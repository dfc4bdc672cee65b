//! What the driver needs of an engine, wherever it runs.

use bytes::Bytes;
use thalweg_contract::{
    Action, Bucket, BufferId, ConnectionId, Counters, Error, Instant, Request, ScanSpec, TableHandle, TablePath,
    Ticket, WorkId, WorkOutput,
};
use thalweg_wire::column::Batch;

/// The engine instance broke: it trapped, or a call took longer than it may. Nothing can be asked of it any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Trap(pub(crate) String);

/// One engine, as `wit/client/engine.wit` describes it: linked natively, or a component in its sandbox.
///
/// Every call may trap; after that the instance is dropped.
pub(crate) trait EngineInstance: Send {
    /// `open-table`.
    fn open_table(&mut self, now: Instant, path: TablePath) -> Result<Ticket, Trap>;
    /// `append`.
    fn append(&mut self, now: Instant, table: TableHandle, rows: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap>;
    /// `upsert`.
    fn upsert(
        &mut self,
        now: Instant,
        table: TableHandle,
        columns: Option<&[u32]>,
        rows: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap>;
    /// `delete`.
    fn delete(&mut self, now: Instant, table: TableHandle, keys: &Batch<'_>) -> Result<Result<Ticket, Error>, Trap>;
    /// `flush`.
    fn flush(&mut self, now: Instant) -> Result<Ticket, Trap>;
    /// `scan`.
    fn scan(&mut self, now: Instant, table: TableHandle, spec: ScanSpec) -> Result<Result<Ticket, Error>, Trap>;
    /// `limit-scan`.
    fn limit_scan(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
        limit: u32,
    ) -> Result<Result<Ticket, Error>, Trap>;
    /// `scan-current`.
    fn scan_current(&mut self, now: Instant, table: TableHandle, bucket: Bucket)
    -> Result<Result<Ticket, Error>, Trap>;
    /// `lookup`.
    fn lookup(
        &mut self,
        now: Instant,
        table: TableHandle,
        keys: &Batch<'_>,
        insert: bool,
    ) -> Result<Result<Ticket, Error>, Trap>;
    /// `prefix-lookup`.
    fn prefix_lookup(
        &mut self,
        now: Instant,
        table: TableHandle,
        prefixes: &Batch<'_>,
    ) -> Result<Result<Ticket, Error>, Trap>;
    /// `demand`.
    fn demand(&mut self, now: Instant, scan: Ticket, bytes: u64) -> Result<(), Trap>;
    /// `consumed`.
    fn consumed(&mut self, buffer: BufferId) -> Result<(), Trap>;
    /// `ask`.
    fn ask(&mut self, now: Instant, request: Request) -> Result<Ticket, Trap>;
    /// `cancel`.
    fn cancel(&mut self, now: Instant, ticket: Ticket) -> Result<(), Trap>;
    /// `close`.
    fn close(&mut self, now: Instant, deadline: Instant) -> Result<(), Trap>;
    /// `connected`.
    fn connected(&mut self, now: Instant, connection: ConnectionId) -> Result<(), Trap>;
    /// `disconnected`.
    fn disconnected(&mut self, now: Instant, connection: ConnectionId, reason: &str) -> Result<(), Trap>;
    /// `received`.
    fn received(&mut self, now: Instant, connection: ConnectionId, buffer: BufferId, frame: Bytes) -> Result<(), Trap>;
    /// `done`.
    fn done(&mut self, now: Instant, work: WorkId, output: WorkOutput) -> Result<(), Trap>;
    /// `tick`.
    fn tick(&mut self, now: Instant) -> Result<(), Trap>;
    /// `poll`.
    fn poll(&mut self) -> Result<Vec<Action>, Trap>;
    /// `statistics`.
    fn statistics(&mut self) -> Result<Counters, Trap>;
}
