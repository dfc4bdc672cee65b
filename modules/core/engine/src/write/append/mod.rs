//! Rows in: checked, counted, assigned to buckets, gathered, sealed.
//!
//! ```text
//! assign   which partition and bucket a row goes to
//! records  rows encoded one by one
//! fault    rows that cannot be written, of calls whose others can
//! ```

pub(crate) mod assign;
pub(crate) mod fault;
pub(crate) mod records;

use std::sync::Arc;

use thalweg_wire::column::Batch as Rows;

use crate::write::{
    Change, Job, Output, Write,
    accounting::Outcome,
    append::assign::Selected,
    append::records::EncodedRows,
    batch::accumulator::{Accumulator, PART_HELD, size_of_rows},
    table::plan::{Content, Form, misfit},
    table::unknown,
};
use crate::{backoff::micros, call::fatal};
use thalweg_contract::{Assignment, Error, ErrorCode, Instant, TableHandle, Ticket};

/// The rows of a call on their way into accumulators.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) ticket: Ticket,
    pub(crate) rows: &'a Rows<'a>,
    table: usize,
    form: &'a Arc<Form>,
    /// What the rows take together, in bytes.
    bytes: u64,
}

impl Write {
    /// Takes rows, or fails and takes nothing. A call with no rows has no fate to wait for.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        ticket: Ticket,
        table: TableHandle,
        change: &Change,
        rows: &Rows<'_>,
    ) -> Result<(), Error> {
        self.stir(now);
        if self.closing.is_some() {
            return Err(fatal(ErrorCode::Closed));
        }
        let opened = self.handles.get_mut(&table).ok_or_else(|| unknown(table))?;
        let table = opened.table;
        if let Some(error) = &self.tables[table].gone {
            return Err(error.clone());
        }
        let form = opened.form(change)?;
        if u32::try_from(rows.rows).is_err() {
            let what = format!("{} rows are more than 2^32; write fewer rows at a time", rows.rows);
            return Err(fatal(ErrorCode::Invalid(what)));
        }
        let state = &self.tables[table];
        let unfit = |error| misfit(&state.name(), &error);
        form.layout.check(rows).map_err(unfit)?;
        if rows.rows == 0 {
            return Ok(());
        }
        self.faults.clear();
        self.encoded.encode(rows, &form, state.buckets, &mut self.faults).map_err(unfit)?;
        let known = self.encoded.buckets();
        self.sorted.sort(rows, &form, state.buckets, known, &mut self.faults).map_err(unfit)?;
        let bytes = match form.content {
            Content::Arrow { .. } => size_of_rows(rows),
            Content::Rows(_) | Content::Keys(_) => self.encoded.len() as u64,
        };
        self.ledger.admit(bytes + self.overhead(&form, rows.rows, bytes))?;
        self.spread(Source { ticket, rows, table, form: &form, bytes });
        self.ledger.taken(rows.rows as u64);
        if self.faults.len() > 0 {
            self.ledger.refused(ticket, self.faults.take(&self.tables[table].name()));
        }
        Ok(())
    }

    /// What the rows of a call may take beside themselves, in bytes: every batch that they open, and every part.
    fn overhead(&self, form: &Form, rows: usize, bytes: u64) -> u64 {
        let (pieces, rows) = (self.sorted.len() as u64, rows as u64);
        let list = if self.sorted.is_whole() { 0 } else { 4 * rows };
        let (batch_rows, batch_bytes) = (u64::from(self.settings.batch_rows), u64::from(self.settings.batch_bytes));
        let batches = pieces + rows / batch_rows.max(1) + bytes / batch_bytes.max(1);
        batches * (form.overhead + PART_HELD) + list
    }

    /// Hands rows to the batches of their partitions and buckets.
    fn spread(&mut self, source: Source<'_>) {
        let sorted = std::mem::take(&mut self.sorted);
        let encoded = std::mem::take(&mut self.encoded);
        let none = [String::new()];
        // Where values name partitions and none does, nothing is left to hand out.
        let names = if source.form.partition.is_none() { &none } else { sorted.names() };
        let partitions: Vec<usize> = names.iter().map(|name| self.partition(source.table, name)).collect();
        let hashed = source.form.is_hashed();
        if sorted.is_whole() {
            let all = Selected::Span { first: 0, count: source.rows.rows };
            self.put(partitions[0], None, source, &encoded, all);
        }
        for (partition, bucket, rows) in sorted.groups() {
            let bucket = hashed.then_some(bucket);
            self.put(partitions[partition as usize], bucket, source, &encoded, Selected::Rows(rows));
        }
        self.sorted = sorted;
        self.encoded = encoded;
    }

    /// Adds rows to batches of this bucket, or of whichever is the partition's turn.
    fn put(
        &mut self,
        partition: usize,
        bucket: Option<u32>,
        source: Source<'_>,
        encoded: &EncodedRows,
        mut rest: Selected<'_>,
    ) {
        while rest.len() > 0 {
            let to = bucket.unwrap_or(self.partitions[partition].current);
            let lane = self.lane(partition, to);
            rest = self.add(lane, source, encoded, rest);
        }
        if bucket.is_none() && self.settings.assignment == Assignment::RoundRobin {
            self.partitions[partition].advance(false);
        }
    }

    /// Adds as many rows as a batch of this bucket has room for; gives those that are left.
    fn add<'a>(&mut self, at: usize, source: Source<'_>, encoded: &EncodedRows, rows: Selected<'a>) -> Selected<'a> {
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
        let added = open.add(&source, encoded, taken);
        let grown = open.held() - before;
        // Rows that are left had no room: what an estimate leaves free is not worth another part.
        let full = left.len() > 0 || open.is_full(batch_rows, batch_bytes);
        self.ledger.charge(grown);
        match added {
            Ok(()) if full => self.seal(at),
            Ok(()) => {}
            Err(error) => {
                let error = misfit(&self.tables[source.table].name(), &error);
                self.fail_open(at, &error);
            }
        }
        left
    }

    /// Makes a batch of what waits in a lane, and has it encoded.
    pub(crate) fn seal(&mut self, at: usize) {
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
        let partition = &mut self.partitions[lane.partition];
        if self.settings.assignment == Assignment::Sticky && partition.current == lane.bucket {
            partition.advance(true);
        }
    }

    /// Makes batches of everything that waits.
    pub(crate) fn seal_all(&mut self) {
        let lanes: Vec<usize> = self.active.iter().copied().collect();
        lanes.into_iter().for_each(|lane| self.seal(lane));
    }

    /// Gives up what waits in a lane.
    pub(crate) fn fail_open(&mut self, at: usize, error: &Error) {
        let Some(open) = self.lanes[at].open.take() else { return };
        self.ledger.free(open.held());
        let outcome = Outcome::Failed { error: error.clone(), may_have_been_written: false };
        self.ledger.settled(open.id, open.into_parts(), &outcome);
    }
}
