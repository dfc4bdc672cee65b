//! Commands go into the engine; writes that it has no room for wait for it.

use std::{collections::VecDeque, time::Duration};

use thalweg_contract::{Command as EngineCommand, Error, ErrorCode, Input, Ticket};
use tokio::{sync::oneshot, time::Instant};

use super::{
    super::{
        command::{Command, RowCounts, Scan, Write},
        engine::Trap,
        tickets::{Rows, Waiter},
    },
    Driver,
};

/// How much longer than its deadline a close may take, before the driver ends all the same.
const GRACE: Duration = Duration::from_secs(1);

/// How many bytes of rows are given to the engine in one call, though a write is given whole; what it has no room for is
/// lent in vain.
const SUBMITTED: usize = 256 << 10;

/// A command that waits for room.
pub(super) enum Queued {
    Write(Write),
    /// It may not pass a write that came before it.
    Flush(oneshot::Sender<()>),
}

impl Driver {
    /// Takes a command. Rows and keys wait for `submit`, which every other command makes sure of before it: commands keep
    /// their order.
    pub(super) fn command(&mut self, command: Command) -> Result<(), Trap> {
        match command {
            Command::Write(write) => self.queue.push_back(Queued::Write(write)),
            Command::Flush { reply } => self.queue.push_back(Queued::Flush(reply)),
            Command::Lookup(lookup) => self.lookups.push(lookup),
            Command::Demand { scan, bytes } => self.demand(scan, bytes),
            other => {
                self.submit()?;
                self.called = true;
                self.other_command(other)?;
            }
        }
        Ok(())
    }

    fn other_command(&mut self, command: Command) -> Result<(), Trap> {
        let now = self.now();
        match command {
            Command::OpenTable { path, reply } => {
                let ticket = self.engine.open_table(now, path)?;
                self.tickets.enter(ticket, Waiter::Open(reply));
            }
            Command::Scan { table, what, demand, rows, reply } => {
                let started = match what {
                    Scan::Log(spec) => self.engine.scan(now, table, spec)?,
                    Scan::Limit(bucket, limit) => self.engine.limit_scan(now, table, bucket, limit)?,
                    Scan::Current(bucket) => self.engine.scan_current(now, table, bucket)?,
                };
                if let Ok(ticket) = &started {
                    self.tickets.enter(*ticket, Waiter::Scan(rows));
                    self.demand(*ticket, demand);
                }
                let _ = reply.send(started);
            }
            Command::Ask { request, reply } => {
                let ticket = self.engine.ask(now, request)?;
                self.tickets.enter(ticket, Waiter::Ask(reply));
            }
            Command::Cancel { ticket } => {
                self.tickets.forget(ticket);
                self.engine.cancel(now, ticket)?;
            }
            Command::Close { within, reply } => self.close(now, within, reply)?,
            Command::Statistics { reply } => {
                let _ = reply.send(self.engine.statistics()?);
            }
            // They wait for `submit`.
            Command::Write(_) | Command::Flush { .. } | Command::Lookup(_) | Command::Demand { .. } => {}
        }
        Ok(())
    }

    fn demand(&mut self, ticket: Ticket, bytes: u64) {
        self.inputs.push(Input::Demand { ticket, bytes });
    }

    fn close(
        &mut self,
        now: thalweg_contract::Instant,
        within: Duration,
        reply: oneshot::Sender<RowCounts>,
    ) -> Result<(), Trap> {
        self.closing.push(reply);
        if self.give_up.is_some() {
            return Ok(());
        }
        let micros = u64::try_from(within.as_micros()).unwrap_or(u64::MAX);
        let latest = Instant::now().checked_add(within).and_then(|at| at.checked_add(GRACE));
        self.give_up = Some(latest.unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400)));
        self.engine.close(now, now.saturating_add(micros))?;
        for queued in self.queue.drain(..) {
            if let Queued::Write(write) = queued {
                let _ = write.accepted.send(Err(Error { code: ErrorCode::Closed, retriable: false }));
            }
        }
        Ok(())
    }

    /// Gives the engine the rows and keys that wait: lookups always, writes and flushes in their order while there is room.
    pub(super) fn submit(&mut self) -> Result<(), Trap> {
        while self.submit_some()? {}
        Ok(())
    }

    /// Gives the engine some of what waits; false if there is nothing that it may have.
    fn submit_some(&mut self) -> Result<bool, Trap> {
        let looked_up = self.submit_lookups()?;
        let writes = self.next_writes();
        if writes.is_empty() {
            return Ok(self.flush_first()? || looked_up);
        }
        let commands: Vec<EngineCommand<'_>> = writes.iter().map(Write::command).collect();
        self.called = true;
        let taken = self.engine.submit(self.clock.now(), &commands)?;
        if taken.len() != commands.len() {
            return Err(Trap(format!("the engine answers {} of {} commands", taken.len(), commands.len())));
        }
        drop(commands);
        self.written(writes, taken.into_iter())?;
        Ok(true)
    }

    /// Takes the writes out of the queue that the engine may have next.
    fn next_writes(&mut self) -> Vec<Write> {
        let (mut writes, mut bytes) = (Vec::new(), 0);
        while !self.full && bytes < SUBMITTED {
            match self.queue.pop_front() {
                Some(Queued::Write(write)) if write.accepted.is_closed() => {}
                Some(Queued::Write(write)) => {
                    bytes = bytes.saturating_add(write.rows.bytes());
                    writes.push(write);
                }
                Some(flush) => {
                    self.queue.push_front(flush);
                    break;
                }
                None => break,
            }
        }
        writes
    }

    /// Passes a flush on that stands at the front of the queue; false if none does.
    fn flush_first(&mut self) -> Result<bool, Trap> {
        match self.queue.pop_front() {
            Some(Queued::Flush(reply)) if !self.full => {
                self.called = true;
                let ticket = self.engine.flush(self.now())?;
                self.tickets.enter(ticket, Waiter::Flush(reply));
                Ok(true)
            }
            other => {
                if let Some(other) = other {
                    self.queue.push_front(other);
                }
                Ok(false)
            }
        }
    }

    /// Notes what came of writes; those that there was no room for go back to the front of the queue.
    fn written(&mut self, writes: Vec<Write>, taken: impl Iterator<Item = Result<Ticket, Error>>) -> Result<(), Trap> {
        let (mut left, mut lacking) = (VecDeque::new(), None);
        for (write, taken) in writes.into_iter().zip(taken) {
            match taken {
                Ok(ticket) => {
                    let (settled, told) = oneshot::channel();
                    self.tickets.enter(ticket, Waiter::Write(Rows::new(write.rows.rows() as u32, settled)));
                    let _ = write.accepted.send(Ok(told));
                }
                Err(Error { code: ErrorCode::Full { needed }, .. }) => {
                    lacking.get_or_insert(needed);
                    left.push_back(write);
                }
                Err(error) => {
                    let _ = write.accepted.send(Err(error));
                }
            }
        }
        let Some(needed) = lacking else { return Ok(()) };
        self.full = self.engine.statistics()?.buffered > 0;
        if !self.full
            && let Some(write) = left.pop_front()
        {
            let text = format!(
                "{} rows need {needed} bytes more than the whole write buffer has; write fewer rows at once, or raise the \
                 buffer limit",
                write.rows.rows()
            );
            let _ = write.accepted.send(Err(Error { code: ErrorCode::Invalid(text), retriable: false }));
        }
        for write in left.into_iter().rev() {
            self.queue.push_front(Queued::Write(write));
        }
        Ok(())
    }
}
