//! Commands go into the engine; writes that it has no room for wait for it.

use std::time::Duration;

use thalweg_contract::{Error, ErrorCode};
use tokio::{sync::oneshot, time::Instant};

use super::{
    super::{
        command::{Change, Command, LookupBy, RowCounts, Scan, Write},
        engine::Trap,
        tickets::{Rows, Waiter},
    },
    Driver, Flow,
};

/// How much longer than its deadline a close may take, before the driver ends all the same.
const GRACE: Duration = Duration::from_secs(1);

/// A command that waits for room.
pub(super) enum Queued {
    Write(Write),
    /// It may not pass a write that came before it.
    Flush(oneshot::Sender<()>),
}

impl Driver {
    pub(super) fn command(&mut self, command: Command) -> Flow {
        let now = self.now();
        match command {
            Command::OpenTable { path, reply } => {
                let ticket = self.engine.open_table(now, path)?;
                self.tickets.enter(ticket, Waiter::Open(reply));
            }
            Command::Write(write) => {
                self.queue.push_back(Queued::Write(write));
                if self.queue.len() == 1 {
                    self.take_queue()?;
                }
            }
            Command::Flush { reply } => {
                self.queue.push_back(Queued::Flush(reply));
                if self.queue.len() == 1 {
                    self.take_queue()?;
                }
            }
            Command::Scan { table, what, demand, rows, reply } => {
                let started = match what {
                    Scan::Log(spec) => self.engine.scan(now, table, spec)?,
                    Scan::Limit(bucket, limit) => self.engine.limit_scan(now, table, bucket, limit)?,
                    Scan::Current(bucket) => self.engine.scan_current(now, table, bucket)?,
                };
                if let Ok(ticket) = &started {
                    self.tickets.enter(*ticket, Waiter::Scan(rows));
                    self.engine.demand(now, *ticket, demand)?;
                }
                let _ = reply.send(started);
            }
            Command::Lookup { table, keys, by, reply } => {
                let started = match by {
                    LookupBy::Key { insert } => self.engine.lookup(now, table, &keys.batch(), insert)?,
                    LookupBy::Prefix => self.engine.prefix_lookup(now, table, &keys.batch())?,
                };
                match started {
                    Ok(ticket) => self.tickets.enter(ticket, Waiter::Lookup(reply)),
                    Err(error) => drop(reply.send(Err(error))),
                }
            }
            Command::Demand { scan, bytes } => self.engine.demand(now, scan, bytes)?,
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
        }
        self.carry_out()
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

    /// Gives the engine what waits, in order, until it has no room.
    pub(super) fn take_queue(&mut self) -> Result<(), Trap> {
        while let Some(first) = self.queue.pop_front() {
            match first {
                Queued::Write(write) => {
                    if let Some(write) = self.take(write)? {
                        self.queue.push_front(Queued::Write(write));
                        return Ok(());
                    }
                }
                Queued::Flush(reply) => {
                    let ticket = self.engine.flush(self.now())?;
                    self.tickets.enter(ticket, Waiter::Flush(reply));
                }
            }
        }
        Ok(())
    }

    /// Gives the engine rows; gives them back if it has no room.
    fn take(&mut self, write: Write) -> Result<Option<Write>, Trap> {
        if write.accepted.is_closed() {
            return Ok(None);
        }
        let (now, rows) = (self.now(), write.rows.rows() as u32);
        let taken = match &write.change {
            Change::Append => self.engine.append(now, write.table, &write.rows.batch())?,
            Change::Upsert(columns) => self.engine.upsert(now, write.table, columns.as_deref(), &write.rows.batch())?,
            Change::Delete => self.engine.delete(now, write.table, &write.rows.batch())?,
        };
        match taken {
            Ok(ticket) => {
                let (settled, told) = oneshot::channel();
                self.tickets.enter(ticket, Waiter::Write(Rows::new(rows, settled)));
                let _ = write.accepted.send(Ok(told));
            }
            Err(Error { code: ErrorCode::Full { needed }, .. }) => {
                if self.engine.statistics()?.buffered > 0 {
                    return Ok(Some(write));
                }
                let text = format!(
                    "{rows} rows need {needed} bytes more than the whole write buffer has; write fewer rows at once, or \
                     raise the buffer limit"
                );
                let _ = write.accepted.send(Err(Error { code: ErrorCode::Invalid(text), retriable: false }));
            }
            Err(error) => {
                let _ = write.accepted.send(Err(error));
            }
        }
        Ok(None)
    }
}
