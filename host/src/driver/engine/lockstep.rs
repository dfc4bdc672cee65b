//! Two engines in lockstep, native and component: every call goes to both, and any difference of what they answer or do
//! is a trap. What a test runs on it proves that both give the same bytes on the wire.

use thalweg_contract::{
    Action, Bucket, Command, Counters, Error, Input, Instant, Request, ScanSpec, TableHandle, TablePath, Ticket,
};

use super::instance::{EngineInstance, Trap};

/// Two engines that must do the same.
pub(crate) struct Lockstep<A, B> {
    first: A,
    second: B,
    /// Whether nothing that they do may be shown: there is a password in it.
    secret: bool,
}

impl<A: EngineInstance, B: EngineInstance> Lockstep<A, B> {
    /// Two engines that were opened with the same arguments; `secret`: what they do is not shown where it differs.
    pub(crate) fn new(first: A, second: B, secret: bool) -> Self {
        Self { first, second, secret }
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
        if self.secret {
            return Err(Trap(format!("two engines in lockstep differ after `{call}`")));
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

    fn submit(&mut self, now: Instant, commands: &[Command<'_>]) -> Result<Vec<Result<Ticket, Error>>, Trap> {
        both!(self.submit(now, commands))
    }

    fn look_up_each(&mut self, now: Instant, command: &Command<'_>) -> Result<Result<Ticket, Error>, Trap> {
        both!(self.look_up_each(now, command))
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

    fn ask(&mut self, now: Instant, request: Request) -> Result<Ticket, Trap> {
        both!(self.ask(now, request.clone()))
    }

    fn cancel(&mut self, now: Instant, ticket: Ticket) -> Result<(), Trap> {
        both!(self.cancel(now, ticket))
    }

    fn close(&mut self, now: Instant, deadline: Instant) -> Result<(), Trap> {
        both!(self.close(now, deadline))
    }

    fn step(&mut self, now: Instant, inputs: Vec<Input>) -> Result<Vec<Action>, Trap> {
        both!(self.step(now, inputs.clone()))
    }

    fn statistics(&mut self) -> Result<Counters, Trap> {
        both!(self.statistics())
    }
}
