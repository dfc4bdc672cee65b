//! What the driver needs of an engine, wherever it runs.

use thalweg_contract::{
    Action, Bucket, Command, Counters, Error, Input, Instant, Request, ScanSpec, TableHandle, TablePath, Ticket,
};

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
    /// `submit`.
    fn submit(&mut self, now: Instant, commands: &[Command<'_>]) -> Result<Vec<Result<Ticket, Error>>, Trap>;
    /// `look-up-each`.
    fn look_up_each(&mut self, now: Instant, command: &Command<'_>) -> Result<Result<Ticket, Error>, Trap>;
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
    /// `ask`.
    fn ask(&mut self, now: Instant, request: Request) -> Result<Ticket, Trap>;
    /// `cancel`.
    fn cancel(&mut self, now: Instant, ticket: Ticket) -> Result<(), Trap>;
    /// `close`.
    fn close(&mut self, now: Instant, deadline: Instant) -> Result<(), Trap>;
    /// `step`. The head of each frame is the whole frame.
    fn step(&mut self, now: Instant, inputs: Vec<Input>) -> Result<Vec<Action>, Trap>;
    /// `statistics`.
    fn statistics(&mut self) -> Result<Counters, Trap>;
}
