//! Rows in: checked, counted, assigned to buckets, gathered, sealed.
//!
//! ```text
//! assign   which partition and bucket a row goes to
//! records  rows encoded one by one
//! select   some rows of a call
//! fault    rows that cannot be written, of calls whose others can
//! ```

pub(crate) mod assign;
pub(crate) mod fault;
pub(crate) mod records;
pub(crate) mod select;

use std::sync::Arc;

use thalweg_wire::column::Batch as Rows;

use crate::write::{
    Change, Job, Output, Write,
    accounting::Outcome,
    append::records::EncodedRows,
    append::select::Selected,
    arena::{PartitionId, QueueId, TableId},
    batch::accumulator::{Accumulator, PART_HELD, size_of_rows},
    table::plan::{Content, Plan},
    table::unfit::misfit,
    table::{TableState, unknown},
};
use crate::{backoff::micros, call::fatal};
use thalweg_contract::{Assignment, Error, ErrorCode, Instant, TableHandle, Ticket};

/// The rows of a call on their way into accumulators.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) ticket: Ticket,
    pub(crate) rows: &'a Rows<'a>,
    table: TableId,
    plan: &'a Arc<Plan>,
    /// What the rows take together, in bytes.
    bytes: u64,
}

impl Write {
    /// Takes rows, or fails and takes nothing. A call with no rows has no fate to wait for.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        ticket: Ticket,
        handle: TableHandle,
        change: &Change,
        rows: &Rows<'_>,
    ) -> Result<(), Error> {
        self.advance(now);
        if self.closing.is_some() {
            return Err(fatal(ErrorCode::Closed));
        }
        let opened = self.handles.get_mut(&handle).ok_or_else(|| unknown(handle))?;
        let table = opened.table;
        let state = self.tables.get(table).ok_or_else(|| unknown(handle))?;
        if let Some(error) = &state.gone {
            return Err(error.clone());
        }
        let plan = opened.plan(change)?;
        if u32::try_from(rows.rows).is_err() {
            let what = format!("{} rows are more than 2^32; write fewer rows at a time", rows.rows);
            return Err(fatal(ErrorCode::Invalid(what)));
        }
        let unfit = |error| misfit(&state.name(), &error);
        plan.layout.check(rows).map_err(unfit)?;
        if rows.rows == 0 {
            return Ok(());
        }
        self.faults.clear();
        self.encoded.encode(rows, &plan, state.buckets, &mut self.faults).map_err(unfit)?;
        let known = self.encoded.buckets();
        self.sorted.sort(rows, &plan, state.buckets, known, &mut self.faults).map_err(unfit)?;
        let bytes = match plan.content {
            Content::Arrow { .. } => size_of_rows(rows),
            Content::Rows(_) | Content::Keys(_) => self.encoded.len() as u64,
        };
        self.accounting.admit(bytes + self.overhead(&plan, rows.rows, bytes))?;
        self.spread(Source { ticket, rows, table, plan: &plan, bytes });
        self.accounting.taken(rows.rows as u64);
        if self.faults.len() > 0 {
            let name = self.table_name(table);
            self.accounting.refused(ticket, self.faults.take(&name));
        }
        Ok(())
    }

    /// What the rows of a call may take beside themselves, in bytes: every batch that they open, and every part.
    fn overhead(&self, plan: &Plan, rows: usize, bytes: u64) -> u64 {
        let (pieces, rows) = (self.sorted.len() as u64, rows as u64);
        let list = if self.sorted.is_whole() { 0 } else { 4 * rows };
        let (batch_rows, batch_bytes) = (u64::from(self.settings.batch_rows), u64::from(self.settings.batch_bytes));
        let batches = pieces + rows / batch_rows.max(1) + bytes / batch_bytes.max(1);
        batches * (plan.overhead + PART_HELD) + list
    }

    /// Hands rows to the batches of their partitions and buckets.
    fn spread(&mut self, source: Source<'_>) {
        let sorted = std::mem::take(&mut self.sorted);
        let encoded = std::mem::take(&mut self.encoded);
        let none = [String::new()];
        // Where values name partitions and none does, nothing is left to hand out.
        let names = if source.plan.partition.is_none() { &none } else { sorted.names() };
        let partitions: Vec<Option<PartitionId>> =
            names.iter().map(|name| self.partition(source.table, name)).collect();
        let hashed = source.plan.is_hashed();
        if sorted.is_whole() {
            let all = Selected::Span { first: 0, count: source.rows.rows };
            let only = partitions.first().copied().flatten();
            self.put(only, None, source, &encoded, all);
        }
        for (partition, bucket, rows) in sorted.groups() {
            let bucket = hashed.then_some(bucket);
            let partition = partitions.get(partition as usize).copied().flatten();
            self.put(partition, bucket, source, &encoded, Selected::Rows(rows));
        }
        self.sorted = sorted;
        self.encoded = encoded;
    }

    /// Adds rows to batches of this bucket, or of whichever is the partition's turn.
    fn put(
        &mut self,
        partition: Option<PartitionId>,
        bucket: Option<u32>,
        source: Source<'_>,
        encoded: &EncodedRows,
        mut rest: Selected<'_>,
    ) {
        let Some(partition) = partition else { return };
        while rest.len() > 0 {
            let Some(state) = self.partitions.get(partition) else { return };
            let Some(queue) = self.queue(partition, bucket.unwrap_or(state.current)) else { return };
            rest = self.add(queue, source, encoded, rest);
        }
        if bucket.is_none()
            && self.settings.assignment == Assignment::RoundRobin
            && let Some(state) = self.partitions.get_mut(partition)
        {
            state.advance(false);
        }
    }

    /// Adds as many rows as a batch of this bucket has room for; gives those that are left.
    fn add<'a>(&mut self, id: QueueId, source: Source<'_>, encoded: &EncodedRows, rows: Selected<'a>) -> Selected<'a> {
        self.active.insert(id);
        self.touch(id);
        let takes = |open: &Accumulator| open.takes(source.plan, source.bytes);
        if self.queues.get(id).and_then(|queue| queue.open.as_ref()).is_some_and(|open| !takes(open)) {
            self.seal(id);
        }
        let (batch_rows, batch_bytes) = (self.settings.batch_rows, self.settings.batch_bytes);
        // Every id of a queue finds one; no row is left over for another round.
        let Some(queue) = self.queues.get_mut(id) else { return rows.split(rows.len()).1 };
        let (now, accounting) = (self.now, &mut self.accounting);
        let expected = queue.last_rows;
        let new = || Accumulator::new(accounting.opened(), now, source.plan.clone(), expected);
        let open = queue.open.get_or_insert_with(new);
        let (taken, left) = rows.split(open.room(batch_rows, batch_bytes, source.bytes / source.rows.rows as u64));
        let before = if open.is_empty() { 0 } else { open.held() };
        let added = open.add(&source, encoded, taken);
        let grown = open.held() - before;
        // Rows that are left had no room: what an estimate leaves free is not worth another part.
        let full = left.len() > 0 || open.is_full(batch_rows, batch_bytes);
        self.accounting.charge(grown);
        match added {
            Ok(()) if full => self.seal(id),
            Ok(()) => {}
            Err(error) => {
                let error = misfit(&self.table_name(source.table), &error);
                self.fail_open(id, &error);
            }
        }
        left
    }

    /// Makes a batch of what waits in a queue, and has it encoded.
    pub(crate) fn seal(&mut self, id: QueueId) {
        let Some(queue) = self.queues.get_mut(id) else { return };
        let Some(open) = queue.open.take() else { return };
        let before = open.held();
        let deadline = open.opened.saturating_add(micros(self.settings.delivery_timeout));
        let (batch, work) = open.seal(deadline);
        self.accounting.charge(batch.held);
        self.accounting.free(before);
        self.jobs.insert(batch.id, Job { queue: id, orphaned: 0 });
        self.accounting.push(Output::Work { key: batch.id, work });
        queue.last_rows = batch.rows;
        queue.ready.push_back(batch);
        if self.settings.assignment == Assignment::Sticky
            && let Some(partition) = self.partitions.get_mut(queue.partition)
            && partition.current == queue.bucket
        {
            partition.advance(true);
        }
    }

    /// Makes batches of everything that waits.
    pub(crate) fn seal_all(&mut self) {
        for queue in self.gathering() {
            self.touch(queue);
            self.seal(queue);
        }
    }

    /// Gives up what waits in a queue.
    pub(crate) fn fail_open(&mut self, id: QueueId, error: &Error) {
        let Some(open) = self.queues.get_mut(id).and_then(|queue| queue.open.take()) else { return };
        self.accounting.free(open.held());
        let outcome = Outcome::Failed { error: error.clone(), may_have_been_written: false };
        self.accounting.settled(open.id, open.into_parts(), &outcome);
    }

    /// The name of a table, as errors have it.
    fn table_name(&self, table: TableId) -> String {
        self.tables.get(table).map(TableState::name).unwrap_or_default()
    }
}
