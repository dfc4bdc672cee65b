//! The engine linked natively: for tests, and as the yardstick of the sandbox.

use thalweg_contract::{
    Action, Bucket, Command, Counters, Error, Input, Instant, Request, ScanSpec, Settings, TableHandle, TablePath,
    Ticket, WholeFrames,
};
use thalweg_engine::Engine;

use super::instance::{EngineInstance, Trap};

/// The engine crate itself. It cannot trap.
pub(crate) struct Native(Engine);

impl Native {
    /// Starts an engine; fails on a setting out of its range.
    pub(crate) fn open(now: Instant, settings: Settings, seed: u64) -> Result<Self, Error> {
        let mut engine = Engine::open(now, settings, seed)?;
        // As the component does for a host that reads Arrow messages.
        engine.answer_together();
        Ok(Self(engine))
    }
}

impl EngineInstance for Native {
    fn open_table(&mut self, now: Instant, path: TablePath) -> Result<Ticket, Trap> {
        Ok(self.0.open_table(now, path))
    }

    fn submit(&mut self, now: Instant, commands: &[Command<'_>]) -> Result<Vec<Result<Ticket, Error>>, Trap> {
        Ok(self.0.submit(now, commands))
    }

    fn look_up_each(&mut self, now: Instant, command: &Command<'_>) -> Result<Result<Ticket, Error>, Trap> {
        Ok(self.0.look_up_each(now, command))
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

    fn step(&mut self, now: Instant, inputs: Vec<Input>) -> Result<Vec<Action>, Trap> {
        Ok(self.0.step(now, inputs, &mut WholeFrames))
    }

    fn statistics(&mut self) -> Result<Counters, Trap> {
        Ok(self.0.statistics())
    }
}
