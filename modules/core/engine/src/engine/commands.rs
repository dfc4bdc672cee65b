//! What the user's program calls.

use thalweg_wire::{column::Batch, table::TablePath};

use super::{Engine, State};
use crate::{call::fatal, order::Orders, write::Change};
use thalweg_contract::{
    Action, Bucket, BufferId, Error, ErrorCode, Event, Instant, Request, ScanSpec, TableHandle, Ticket,
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

    /// Takes rows for a log table: all columns, with their children. Fails with [`ErrorCode::Full`] when there is no
    /// room, and with [`ErrorCode::Invalid`] on a keyed table, on columns that do not fit or a null where none may be;
    /// then nothing is taken.
    pub fn append(&mut self, now: Instant, table: TableHandle, rows: &Batch<'_>) -> Result<Ticket, Error> {
        self.take(now, table, &Change::Append, rows)
    }

    /// Takes rows for a keyed table: the columns at these positions in this order (`None`: all), the key among them, and
    /// all that may not be null. Of rows with the same key the last counts, unless the table's merge engine says
    /// otherwise. Fails as [`Engine::append`], and on a log table.
    pub fn upsert(
        &mut self,
        now: Instant,
        table: TableHandle,
        columns: Option<&[u32]>,
        rows: &Batch<'_>,
    ) -> Result<Ticket, Error> {
        self.take(now, table, &Change::Upsert(columns.map(<[u32]>::to_vec)), rows)
    }

    /// Takes keys for deletion from a keyed table: its key columns in key order. A key that the table does not have
    /// changes nothing. Fails as [`Engine::append`], on a log table, and where `table.delete.behavior` is `disable`.
    pub fn delete(&mut self, now: Instant, table: TableHandle, keys: &Batch<'_>) -> Result<Ticket, Error> {
        self.take(now, table, &Change::Delete, keys)
    }

    fn take(&mut self, now: Instant, table: TableHandle, change: &Change, rows: &Batch<'_>) -> Result<Ticket, Error> {
        let now = self.advance(now);
        self.check_open()?;
        self.cluster.table(table)?;
        let ticket = self.ticket();
        self.write.take(now, ticket, table, change, rows)?;
        Ok(ticket)
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

    /// Lets a scan give this many more bytes of batches (the last may exceed it).
    pub fn demand(&mut self, now: Instant, scan: Ticket, bytes: u64) {
        self.advance(now);
        self.scans.demand(scan, bytes);
    }

    /// The user is done with the body of a `Scanned`; answered by [`Action::Release`] when no other batch lies in it.
    pub fn consumed(&mut self, buffer: BufferId) {
        let mut orders = Orders::default();
        self.scans.consumed(buffer, &mut orders);
        self.carry_out_steps(orders.steps, super::Owner::Scan);
    }

    /// Looks rows up by primary key (key columns in key order, partition columns among them); answered by
    /// [`Event::Found`]. A key of a partition that is not there has no row. With `insert`, a key that the table does not
    /// have becomes a row whose other columns are null; where the server does not have that it ends with
    /// [`ErrorCode::Unsupported`], and a table with partitions refuses it so. Fails with [`ErrorCode::Invalid`] on a
    /// table without primary key, on columns that do not fit and on a null; the column and the row are named.
    pub fn lookup(
        &mut self,
        now: Instant,
        table: TableHandle,
        keys: &Batch<'_>,
        insert: bool,
    ) -> Result<Ticket, Error> {
        let now = self.advance(now);
        self.check_open()?;
        let ticket = self.ticket();
        self.lookups.lookup(now, ticket, table, keys, insert, &self.cluster)?;
        Ok(ticket)
    }

    /// Looks rows up by a prefix of their primary key: the partition columns, then the bucket columns, which the primary
    /// key must begin with (without the partition columns); answered by [`Event::Found`]. Fails with
    /// [`ErrorCode::Invalid`] on a table without such a prefix, on columns that do not fit and on a null.
    pub fn prefix_lookup(&mut self, now: Instant, table: TableHandle, keys: &Batch<'_>) -> Result<Ticket, Error> {
        let now = self.advance(now);
        self.check_open()?;
        let ticket = self.ticket();
        self.lookups.prefix_lookup(now, ticket, table, keys, &self.cluster)?;
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
        self.opening.remove(&ticket);
        self.cluster.cancel(ticket);
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
            | Event::Found { ticket, .. }
            | Event::Answered { ticket, .. }
            | Event::Opened { ticket, .. },
        ) => *ticket == wanted,
        _ => false,
    }
}
