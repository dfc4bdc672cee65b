//! Rows in: checked, counted, assigned to buckets, gathered, sealed.

use std::sync::Arc;

use thalweg_wire::{column::Batch as Rows, record::BucketRule};

use super::{
    Job, Output, Write,
    accumulator::{Accumulator, PART_HELD, size_of_rows},
    assign::Selected,
    ledger::Outcome,
    table::{Form, misfit},
};
use crate::{
    api::{Assignment, Error, ErrorCode, Instant, TableHandle, Ticket},
    backoff::micros,
};

/// An append on its way into accumulators.
#[derive(Clone, Copy)]
struct Source<'a> {
    ticket: Ticket,
    rows: &'a Rows<'a>,
    table: usize,
    form: &'a Arc<Form>,
    /// What the rows take together, in bytes.
    bytes: u64,
}

impl Write {
    /// Takes rows, or fails and takes nothing. An append of no rows has no fate to wait for.
    pub(crate) fn append(
        &mut self,
        now: Instant,
        ticket: Ticket,
        table: TableHandle,
        rows: &Rows<'_>,
    ) -> Result<(), Error> {
        self.stir(now);
        if self.closing.is_some() {
            return Err(Error { code: ErrorCode::Closed, retriable: false });
        }
        let Some((table, form)) = self.handles.get(&table) else {
            return Err(invalid(format!("there is no open table {table}")));
        };
        let (table, form) = (*table, form.clone()?);
        if let Some(error) = &self.tables[table].gone {
            return Err(error.clone());
        }
        form.layout.check(rows).map_err(misfit)?;
        if u32::try_from(rows.rows).is_err() {
            return Err(invalid(format!("{} rows are more than 2^32; write fewer rows at a time", rows.rows)));
        }
        if rows.rows == 0 {
            return Ok(());
        }
        let bytes = size_of_rows(rows);
        self.ledger.admit(bytes + self.overhead(table, &form, rows.rows, bytes))?;
        let source = Source { ticket, rows, table, form: &form, bytes };
        match &form.key {
            None => self.take_anywhere(source),
            Some(key) => {
                // Tables of lakes that have rules of their own were refused when they were opened.
                self.hashed.sort(rows, key, BucketRule::Fluss, self.tables[table].buckets).map_err(misfit)?;
                self.take_hashed(source);
            }
        }
        self.ledger.taken(rows.rows as u64);
        Ok(())
    }

    /// What an append may take beside its rows, in bytes: every batch that it opens, and every part.
    fn overhead(&self, table: usize, form: &Form, rows: usize, bytes: u64) -> u64 {
        let (rows, buckets) = (rows as u64, u64::from(self.tables[table].buckets.get()));
        let (pieces, list) = if form.key.is_some() { (buckets.min(rows), 4 * rows) } else { (1, 0) };
        let (batch_rows, batch_bytes) = (u64::from(self.settings.batch_rows), u64::from(self.settings.batch_bytes));
        let batches = pieces + rows / batch_rows.max(1) + bytes / batch_bytes.max(1);
        batches * (form.overhead + PART_HELD) + list
    }

    /// Rows without bucket key.
    fn take_anywhere(&mut self, source: Source<'_>) {
        let mut rest = Selected::Span { first: 0, count: source.rows.rows };
        while rest.len() > 0 {
            let bucket = self.tables[source.table].current;
            rest = self.add(bucket, source, rest);
        }
        if self.settings.assignment == Assignment::RoundRobin {
            self.tables[source.table].advance(false);
        }
    }

    /// Rows with bucket key.
    fn take_hashed(&mut self, source: Source<'_>) {
        let hashed = std::mem::take(&mut self.hashed);
        for (bucket, rows) in hashed.groups() {
            let mut rest = Selected::Rows(rows);
            while rest.len() > 0 {
                rest = self.add(bucket, source, rest);
            }
        }
        self.hashed = hashed;
    }

    /// Adds as many rows as a batch of this bucket has room for; gives those that are left.
    fn add<'a>(&mut self, bucket: u32, source: Source<'_>, rows: Selected<'a>) -> Selected<'a> {
        let at = self.lane(source.table, bucket);
        self.active.insert(at);
        if self.lanes[at].open.as_ref().is_some_and(|open| !open.takes(source.form, source.bytes)) {
            self.seal(at);
        }
        let (batch_rows, batch_bytes) = (self.settings.batch_rows, self.settings.batch_bytes);
        let (now, ledger) = (self.now, &mut self.ledger);
        let new = || Accumulator::new(ledger.opened(), now, source.form.clone());
        let open = self.lanes[at].open.get_or_insert_with(new);
        let (taken, left) = rows.split(open.room(batch_rows, batch_bytes, source.bytes / source.rows.rows as u64));
        let before = if open.is_empty() { 0 } else { open.held() };
        let added = open.add(source.ticket, source.rows, taken);
        let grown = open.held() - before;
        // Rows that are left had no room: what an estimate leaves free is not worth another part.
        let full = left.len() > 0 || open.is_full(batch_rows, batch_bytes);
        self.ledger.charge(grown);
        match added {
            Ok(()) if full => self.seal(at),
            Ok(()) => {}
            Err(error) => self.fail_open(at, &misfit(error)),
        }
        left
    }

    /// Makes a batch of what waits in a lane, and has it encoded.
    pub(super) fn seal(&mut self, at: usize) {
        let lane = &mut self.lanes[at];
        let Some(open) = lane.open.take() else { return };
        let before = open.held();
        let deadline = open.opened.saturating_add(micros(self.settings.delivery_timeout));
        let (batch, work) = open.seal(deadline);
        self.ledger.charge(batch.held);
        self.ledger.free(before);
        self.jobs.insert(batch.id, Job { lane: at, orphaned: 0 });
        self.ledger.push(Output::Work { key: batch.id, work });
        lane.ready.push_back(batch);
        let table = &mut self.tables[lane.table];
        if self.settings.assignment == Assignment::Sticky && table.current == lane.bucket {
            table.advance(true);
        }
    }

    /// Makes batches of everything that waits.
    pub(super) fn seal_all(&mut self) {
        let lanes: Vec<usize> = self.active.iter().copied().collect();
        lanes.into_iter().for_each(|lane| self.seal(lane));
    }

    /// Gives up what waits in a lane.
    pub(super) fn fail_open(&mut self, at: usize, error: &Error) {
        let Some(open) = self.lanes[at].open.take() else { return };
        self.ledger.free(open.held());
        let outcome = Outcome::Failed { error: error.clone(), may_have_been_written: false };
        self.ledger.settled(open.id, open.into_parts(), &outcome);
    }
}

fn invalid(what: String) -> Error {
    Error { code: ErrorCode::Invalid(what), retriable: false }
}
