//! What the user's program calls.

use thalweg_wire::table::TablePath;

use super::{Engine, State};
use crate::{call::fatal, order::Orders, write::Change};
use thalweg_contract::{
    Action, Bucket, Command, Error, ErrorCode, Event, Instant, Login, Operation, Request, ScanSpec, TableHandle, Ticket,
};

impl Engine {
    /// Asks for a table; answered by [`Event::Opened`]. The number that it gets stays valid until the engine is closed;
    /// a table that was dropped fails its writes and scans.
    pub fn open_table(&mut self, now: Instant, path: TablePath) -> Ticket {
        let now = self.advance(now);
        let ticket = self.ticket();
        match self.check_open() {
            Ok(()) => {
                self.opening.insert(ticket);
                self.cluster.open(now, path, ticket);
            }
            Err(error) => self.event(Event::Opened { ticket, result: Err(error) }),
        }
        ticket
    }

    /// Takes commands in their order, and gives for each a ticket or why not; nothing of a refused one is taken. Writes are
    /// answered by [`Event::Settled`], lookups by [`Event::Found`].
    ///
    /// A write that there is no room for is refused with [`ErrorCode::Full`], and so is every later write of the list, so
    /// that order holds. Fails with [`ErrorCode::Invalid`] on columns that do not fit, on a null where none may be (the
    /// column and the row are named), and on what the table does not have; a lookup that is to insert ends with
    /// [`ErrorCode::Unsupported`] where the server does not have that, and a table with partitions refuses it so.
    pub fn submit(&mut self, now: Instant, commands: &[Command<'_>]) -> Vec<Result<Ticket, Error>> {
        let now = self.advance(now);
        let mut full: Option<Error> = None;
        let take = |command: &Command<'_>| match &full {
            Some(error) if command.operation.is_write() => Err(error.clone()),
            _ => self.take(now, command).inspect_err(|error| {
                if matches!(error.code, ErrorCode::Full { .. }) {
                    full = Some(error.clone());
                }
            }),
        };
        commands.iter().map(take).collect()
    }

    fn take(&mut self, now: Instant, command: &Command<'_>) -> Result<Ticket, Error> {
        self.check_open()?;
        let (table, rows) = (command.table, &command.rows);
        self.cluster.table(table)?;
        let ticket = self.ticket();
        match &command.operation {
            Operation::Append => self.write.take(now, ticket, table, &Change::Append, rows)?,
            Operation::Upsert(columns) => {
                self.write.take(now, ticket, table, &Change::Upsert(columns.clone()), rows)?;
            }
            Operation::Delete => self.write.take(now, ticket, table, &Change::Delete, rows)?,
            Operation::Lookup(_) | Operation::PrefixLookup => {
                self.lookups.look_up(now, ticket, command, &self.cluster)?;
            }
        }
        Ok(ticket)
    }

    /// Takes keys of which each is a lookup of its own, as [`Engine::submit`] takes lookups of a single key. Gives the ticket
    /// of the first; each further one has the next. Fails as that does, and then takes none of them; with
    /// [`ErrorCode::Invalid`] also where there are no keys, or the command is no lookup.
    pub fn look_up_each(&mut self, now: Instant, command: &Command<'_>) -> Result<Ticket, Error> {
        let now = self.advance(now);
        self.check_open()?;
        self.cluster.table(command.table)?;
        let Some(more) = (command.rows.rows as u64).checked_sub(1) else {
            return Err(fatal(ErrorCode::Invalid("there are no keys to be looked up".into())));
        };
        let first = self.ticket();
        self.tickets = self.tickets.saturating_add(more);
        self.lookups.look_up_each(now, first, command, &self.cluster)?;
        Ok(first)
    }

    /// Logs in on every connection that is made from now on; those that stand stay. As the setting
    /// [`login`](thalweg_contract::ConnectionSettings::login) does it for the first.
    pub fn log_in(&mut self, login: Login) {
        self.connections.log_in(login);
    }

    /// From now on answers lookups of one table that have their answer in the same step together, in one [`Event::Found`]:
    /// for hosts that cut its rows.
    pub fn answer_together(&mut self) {
        self.lookups.answer_together();
    }

    /// Sends what is waiting without its linger; answered by [`Event::Flushed`].
    pub fn flush(&mut self, now: Instant) -> Ticket {
        let now = self.advance(now);
        let ticket = self.ticket();
        match self.state {
            State::Closed => self.event(Event::Flushed { ticket }),
            State::Open | State::Closing => self.write.flush(now, ticket),
        }
        ticket
    }

    /// Starts a scan of a log table, or of the changes of a keyed one; answered by [`Event::Rows`] and
    /// [`Event::Ended`]. It gives nothing before `demand`. Fails with [`ErrorCode::Invalid`] on columns and buckets that
    /// the table does not have.
    pub fn scan(&mut self, now: Instant, table: TableHandle, spec: ScanSpec) -> Result<Ticket, Error> {
        let now = self.advance(now);
        self.check_open()?;
        let ticket = self.ticket();
        self.scans.scan(now, ticket, table, &spec, &self.cluster)?;
        Ok(ticket)
    }

    /// Reads some rows of a bucket: the last of a log table, and of a keyed table any; answered by [`Event::Rows`], at
    /// most `limit` rows, and [`Event::Ended`]. It asks for no `demand`. Rows of a keyed table have neither offset nor
    /// time: both are 0.
    pub fn limit_scan(
        &mut self,
        now: Instant,
        table: TableHandle,
        bucket: Bucket,
        limit: u32,
    ) -> Result<Ticket, Error> {
        self.advance(now);
        self.check_open()?;
        let ticket = self.ticket();
        self.scans.limit_scan(ticket, table, bucket, limit, &self.cluster)?;
        Ok(ticket)
    }

    /// Reads the current rows of a bucket of a keyed table; answered by [`Event::Snapshot`], [`Event::Rows`] (offset and
    /// time are 0) and [`Event::Ended`]. It gives nothing before `demand`. Ends with [`ErrorCode::Unsupported`] where the
    /// server does not have it.
    pub fn scan_current(&mut self, now: Instant, table: TableHandle, bucket: Bucket) -> Result<Ticket, Error> {
        self.advance(now);
        self.check_open()?;
        let ticket = self.ticket();
        self.scans.scan_current(ticket, table, bucket, &self.cluster)?;
        Ok(ticket)
    }

    /// Asks or changes the catalogue; answered by [`Event::Answered`].
    pub fn ask(&mut self, now: Instant, request: Request) -> Ticket {
        let now = self.advance(now);
        let ticket = self.ticket();
        match self.check_open() {
            Ok(()) => self.admin.ask(now, ticket, request, &mut self.cluster),
            Err(error) => self.event(Event::Answered { ticket, result: Err(error) }),
        }
        ticket
    }

    /// Answers a request that its caller could not even put: with a ticket like any other.
    pub fn refuse(&mut self, error: Error) -> Ticket {
        let ticket = self.ticket();
        self.event(Event::Answered { ticket, result: Err(error) });
        ticket
    }

    /// Gives a scan, a lookup, a request or an `open_table` up: no further event comes for it. Rows that were taken are not called
    /// back, and a change of the catalogue that was sent may still happen.
    pub fn cancel(&mut self, now: Instant, ticket: Ticket) {
        self.advance(now);
        let mut orders = Orders::default();
        if self.opening.remove(&ticket) || self.admin.awaits(ticket) {
            self.cluster.cancel(ticket);
        }
        self.admin.cancel(ticket);
        self.scans.cancel(ticket, &mut orders);
        self.lookups.cancel(ticket);
        self.carry_out_steps(orders.steps, super::Owner::Scan);
        for call in orders.calls {
            self.send(call);
        }
        // What was decided in this very moment may be among the actions already.
        self.out.actions.retain(|action| !is_of(action, ticket));
    }

    /// Takes nothing more, sends what is waiting, and fails at `deadline` what has no fate by then; answered by
    /// [`Event::Closed`]. Scans, lookups and requests fail at once.
    pub fn close(&mut self, now: Instant, deadline: Instant) {
        let now = self.advance(now);
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closing;
        self.write.close(now, deadline);
        let mut orders = Orders::default();
        for ticket in std::mem::take(&mut self.opening) {
            self.cluster.cancel(ticket);
            orders.event(Event::Opened { ticket, result: Err(fatal(ErrorCode::Closed)) });
        }
        self.admin.close(&mut orders);
        self.scans.close(&mut orders);
        self.lookups.close(&mut orders);
        self.carry_out_steps(orders.steps, super::Owner::Scan);
        for call in orders.calls {
            self.send(call);
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        self.out.actions.push(Action::Event(event));
    }
}

/// Whether this tells the user of a scan, a lookup, a request or an `open_table` with this ticket.
fn is_of(action: &Action, wanted: Ticket) -> bool {
    match action {
        Action::Event(
            Event::Ended { ticket, .. }
            | Event::Snapshot { ticket, .. }
            | Event::Answered { ticket, .. }
            | Event::Opened { ticket, .. },
        ) => *ticket == wanted,
        // Those of several lookups leave in the step that makes them.
        Action::Event(Event::Found { tickets, .. }) => tickets.as_slice() == [wanted],
        _ => false,
    }
}
