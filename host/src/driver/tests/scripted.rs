//! An engine that follows a script.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use thalweg_contract::{
    Action, Bucket, BufferId, Command, ConnectionId, Counters, Error, ErrorCode, Input, Instant, Operation, Request,
    ScanSpec, TableHandle, TablePath, Ticket, WorkOutput,
};

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
    LookUpEach(usize),
    Flush,
    Ask,
    Close,
    Connected(ConnectionId),
    Disconnected(String),
    Received(BufferId, Bytes),
    Done(WorkOutput),
    /// A step that brings nothing, and no other call since the last one.
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
    /// Something was called since the last step.
    pub(super) called: bool,
}

impl<F: FnMut(Call) -> Reply> Scripted<F> {
    fn call(&mut self, call: Call) -> Result<Result<Ticket, Error>, Trap> {
        self.called = true;
        let (ticket, actions) = (self.script)(call)?;
        self.actions.extend(actions);
        Ok(ticket)
    }
}

impl<F: FnMut(Call) -> Reply + Send> EngineInstance for Scripted<F> {
    fn open_table(&mut self, _: Instant, _: TablePath) -> Result<Ticket, Trap> {
        Ok(0)
    }
    fn submit(&mut self, _: Instant, commands: &[Command<'_>]) -> Result<Vec<Result<Ticket, Error>>, Trap> {
        let mut full: Option<Error> = None;
        let taken = commands.iter().map(|command| {
            let rows = command.rows.rows;
            let call = match command.operation {
                Operation::Append => Call::Append(rows),
                Operation::Upsert(_) => Call::Upsert(rows),
                Operation::Delete => Call::Delete(rows),
                Operation::Lookup(insert) => Call::Lookup(rows, insert),
                Operation::PrefixLookup => Call::PrefixLookup(rows),
            };
            if let Some(error) = full.as_ref().filter(|_| command.operation.is_write()) {
                return Ok(Err(error.clone()));
            }
            let taken = self.call(call)?;
            full = taken
                .as_ref()
                .err()
                .filter(|error| matches!(error.code, ErrorCode::Full { .. }))
                .cloned()
                .or(full.take());
            Ok(taken)
        });
        taken.collect()
    }
    fn look_up_each(&mut self, _: Instant, command: &Command<'_>) -> Result<Result<Ticket, Error>, Trap> {
        self.call(Call::LookUpEach(command.rows.rows))
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
    fn ask(&mut self, _: Instant, _: Request) -> Result<Ticket, Trap> {
        Ok(self.call(Call::Ask)?.unwrap())
    }
    fn cancel(&mut self, _: Instant, _: Ticket) -> Result<(), Trap> {
        self.called = true;
        Ok(())
    }
    fn close(&mut self, _: Instant, _: Instant) -> Result<(), Trap> {
        self.call(Call::Close).map(drop)
    }
    fn step(&mut self, _: Instant, inputs: Vec<Input>) -> Result<Vec<Action>, Trap> {
        if inputs.is_empty() && !self.called {
            self.call(Call::Tick)?.unwrap();
        }
        for input in inputs {
            let call = match input {
                Input::Connected(connection) => Call::Connected(connection),
                Input::Disconnected { reason, .. } => Call::Disconnected(reason),
                Input::Received(frame) => {
                    assert_eq!(frame.length as usize, frame.head.len());
                    Call::Received(frame.buffer, frame.head)
                }
                Input::Done { output, .. } => Call::Done(output),
                Input::Consumed(buffer) => Call::Consumed(buffer),
                Input::Demand { .. } | Input::Bytes { .. } => continue,
            };
            self.call(call)?.unwrap();
        }
        self.called = false;
        Ok(std::mem::take(&mut self.actions))
    }
    fn statistics(&mut self) -> Result<Counters, Trap> {
        Ok(Counters { buffered: self.buffered.load(Ordering::Relaxed), ..Counters::default() })
    }
}
