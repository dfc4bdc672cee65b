//! Who waits for which ticket.

use std::collections::{BTreeMap, HashMap};

use thalweg_contract::{Answer, Error, ErrorCode, Event, Fate, Found, RowSelection, Ticket};
use tokio::sync::{mpsc, oneshot};

use super::{
    command::{Delivered, Opened, RowCounts, Settled},
    engine::Trap,
    found::{FoundShare, shares},
};

/// Every ticket that has not been answered in full.
#[derive(Default)]
pub(super) struct Tickets {
    waiters: HashMap<Ticket, Waiter>,
    /// Lookups of one key each, with tickets one after the other, by the first of them.
    each: BTreeMap<Ticket, Each>,
    /// How many other lookups there are.
    lookups: usize,
    counts: RowCounts,
}

/// Who waits.
pub(super) enum Waiter {
    Open(oneshot::Sender<Opened>),
    Ask(oneshot::Sender<Result<Answer, Error>>),
    Flush(oneshot::Sender<()>),
    Scan(mpsc::UnboundedSender<Delivered>),
    /// With how many keys it has.
    Lookup(usize, FoundReply),
    Write(Rows),
}

/// What a lookup is answered with.
type FoundReply = oneshot::Sender<Result<FoundShare, Error>>;

/// Lookups of one key each.
struct Each {
    replies: Vec<Option<FoundReply>>,
    /// How many have no answer yet.
    left: usize,
}

/// The rows of a write, and the fates that some of them have.
pub(super) struct Rows {
    rows: u32,
    /// How many have no fate yet.
    left: u32,
    fates: Settled,
    settled: oneshot::Sender<Settled>,
}

impl Rows {
    pub(super) fn new(rows: u32, settled: oneshot::Sender<Settled>) -> Self {
        Self { rows, left: rows, fates: Vec::new(), settled }
    }

    /// The rows without a fate, as spans.
    fn rest(&self) -> Vec<RowSelection> {
        let mut has_fate = vec![false; self.rows as usize];
        for (selection, _) in &self.fates {
            match selection {
                RowSelection::Span { first, count } => {
                    let end = first.saturating_add(*count).min(self.rows);
                    (*first..end).for_each(|row| has_fate[row as usize] = true);
                }
                RowSelection::Rows(rows) => {
                    rows.iter().filter(|row| **row < self.rows).for_each(|row| has_fate[*row as usize] = true);
                }
            }
        }
        let runs = has_fate.chunk_by(|a, b| a == b).scan(0, |at, run| {
            let first = *at;
            *at += run.len() as u32;
            Some((run[0], RowSelection::Span { first, count: run.len() as u32 }))
        });
        runs.filter(|(has_fate, _)| !has_fate).map(|(_, span)| span).collect()
    }
}

impl Tickets {
    /// Notes who waits for a ticket.
    pub(super) fn enter(&mut self, ticket: Ticket, waiter: Waiter) {
        match waiter {
            Waiter::Write(rows) if rows.rows == 0 => drop(rows.settled.send(Vec::new())),
            waiter => {
                self.lookups += usize::from(matches!(waiter, Waiter::Lookup(..)));
                self.waiters.insert(ticket, waiter);
            }
        }
    }

    /// Notes who waits for the tickets from this one on, each a lookup of one key.
    pub(super) fn enter_each(&mut self, first: Ticket, replies: impl Iterator<Item = FoundReply>) {
        let replies: Vec<_> = replies.map(Some).collect();
        self.each.insert(first, Each { left: replies.len(), replies });
    }

    /// Who waits for this lookup, and for how many keys; nobody any more.
    fn take_lookup(&mut self, ticket: Ticket) -> Option<(usize, FoundReply)> {
        if let Some((&first, each)) = self.each.range_mut(..=ticket).next_back()
            && let Some(reply) = each.replies.get_mut((ticket - first) as usize)
        {
            let reply = reply.take()?;
            each.left -= 1;
            if each.left == 0 {
                self.each.remove(&first);
            }
            return Some((1, reply));
        }
        match self.waiters.remove(&ticket)? {
            Waiter::Lookup(keys, reply) => {
                self.lookups -= 1;
                Some((keys, reply))
            }
            _ => None,
        }
    }

    /// Whether somebody waits for a lookup.
    pub(super) fn has_lookups(&self) -> bool {
        self.lookups > 0 || !self.each.is_empty()
    }

    /// Forgets the ticket of a scan.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.waiters.remove(&ticket);
    }

    /// The fates so far of all rows that were taken.
    pub(super) fn counts(&self) -> RowCounts {
        self.counts
    }

    /// Passes rows of a scan on; false if nobody reads them any more.
    pub(super) fn deliver(&mut self, ticket: Ticket, delivered: Delivered) -> bool {
        match self.waiters.get(&ticket) {
            Some(Waiter::Scan(rows)) => rows.send(delivered).is_ok(),
            _ => false,
        }
    }

    /// Passes an answer on to whoever waits for it. `Rows`, `Found`, `Snapshot`, `Writable` and `Closed` are
    /// not for this.
    pub(super) fn answer(&mut self, event: Event) {
        match event {
            Event::Opened { ticket, result } => {
                if let Some(Waiter::Open(reply)) = self.waiters.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Event::Answered { ticket, result } => {
                if let Some(Waiter::Ask(reply)) = self.waiters.remove(&ticket) {
                    let _ = reply.send(result);
                }
            }
            Event::Flushed { ticket } => {
                if let Some(Waiter::Flush(reply)) = self.waiters.remove(&ticket) {
                    let _ = reply.send(());
                }
            }
            Event::Ended { ticket, result } => {
                if let Some(Waiter::Scan(rows)) = self.waiters.remove(&ticket) {
                    let _ = rows.send(Delivered::Ended(result));
                }
            }
            Event::Settled { ticket, fates } => self.settle(ticket, fates),
            Event::Rows { .. } | Event::Found { .. } | Event::Snapshot { .. } | Event::Writable | Event::Closed => {}
        }
    }

    /// Gives each of these lookups what it found. A trap where the engine answers what nobody asked for, or not all of it.
    pub(super) fn found(&mut self, tickets: &[Ticket], result: Result<Found, Error>) -> Result<(), Trap> {
        let (mut keys, mut replies) = (Vec::with_capacity(tickets.len()), Vec::with_capacity(tickets.len()));
        for ticket in tickets {
            if let Some((count, reply)) = self.take_lookup(*ticket) {
                keys.push(count);
                replies.push(reply);
            }
        }
        let found = match result {
            Ok(found) => found,
            Err(error) => {
                replies.into_iter().for_each(|reply| drop(reply.send(Err(error.clone()))));
                return Ok(());
            }
        };
        let answers = found.counts.len();
        let Some(shares) = shares(found, &keys) else {
            return Err(Trap(format!("it has {answers} answers for {} keys of lookups", keys.iter().sum::<usize>())));
        };
        replies.into_iter().zip(shares).for_each(|(reply, share)| drop(reply.send(Ok(share))));
        Ok(())
    }

    fn settle(&mut self, ticket: Ticket, fates: Settled) {
        let Some(Waiter::Write(rows)) = self.waiters.get_mut(&ticket) else { return };
        for (selection, fate) in &fates {
            let count = count(selection);
            rows.left = rows.left.saturating_sub(count);
            match fate {
                Fate::Acknowledged { .. } => self.counts.acknowledged += u64::from(count),
                Fate::Failed { may_have_been_written: false, .. } => self.counts.failed += u64::from(count),
                Fate::Failed { .. } => self.counts.unknown += u64::from(count),
            }
        }
        if rows.fates.is_empty() {
            rows.fates = fates;
        } else {
            rows.fates.extend(fates);
        }
        if rows.left == 0
            && let Some(Waiter::Write(rows)) = self.waiters.remove(&ticket)
        {
            let _ = rows.settled.send(rows.fates);
        }
    }

    /// Ends everything: rows without a fate may have been written, all other waiters see their channel closed.
    pub(super) fn abandon(&mut self, why: &str) {
        self.each.clear();
        self.lookups = 0;
        for (_, waiter) in self.waiters.drain() {
            let Waiter::Write(mut rows) = waiter else { continue };
            let error = Error { code: ErrorCode::Other(why.to_owned()), retriable: false };
            let fate = Fate::Failed { error, may_have_been_written: true };
            let rest = rows.rest();
            self.counts.unknown += rest.iter().map(|rows| u64::from(count(rows))).sum::<u64>();
            rows.fates.extend(rest.into_iter().map(|rows| (rows, fate.clone())));
            let _ = rows.settled.send(rows.fates);
        }
    }
}

fn count(selection: &RowSelection) -> u32 {
    match selection {
        RowSelection::Span { count, .. } => *count,
        RowSelection::Rows(rows) => rows.len() as u32,
    }
}

#[cfg(test)]
mod tests {
    use thalweg_contract::Bucket;

    use super::*;

    fn acknowledged(first: u64, end: u64) -> Fate {
        Fate::Acknowledged { bucket: Bucket { partition: None, bucket: 0 }, first: Some(first), end }
    }

    #[test]
    fn an_append_is_told_once_every_row_has_a_fate() {
        let mut tickets = Tickets::default();
        let (settled, mut told) = oneshot::channel();
        tickets.enter(7, Waiter::Write(Rows::new(4, settled)));
        tickets.answer(Event::Settled { ticket: 7, fates: vec![(RowSelection::Rows(vec![0, 2]), acknowledged(0, 2))] });
        assert!(told.try_recv().is_err());
        tickets.answer(Event::Settled { ticket: 7, fates: vec![(RowSelection::Rows(vec![1, 3]), acknowledged(2, 4))] });
        assert_eq!(told.try_recv().unwrap().len(), 2);
        assert_eq!(tickets.counts(), RowCounts { acknowledged: 4, failed: 0, unknown: 0 });
    }

    #[test]
    fn abandoned_rows_without_a_fate_may_have_been_written() {
        let mut tickets = Tickets::default();
        let (settled, mut told) = oneshot::channel();
        tickets.enter(1, Waiter::Write(Rows::new(10, settled)));
        tickets.answer(Event::Settled {
            ticket: 1,
            fates: vec![(RowSelection::Span { first: 2, count: 3 }, acknowledged(0, 3))],
        });
        tickets.abandon("it broke");
        let fates = told.try_recv().unwrap();
        let open: Vec<_> = fates[1..].iter().map(|(rows, _)| rows.clone()).collect();
        assert_eq!(open, [RowSelection::Span { first: 0, count: 2 }, RowSelection::Span { first: 5, count: 5 }]);
        assert!(fates[1..].iter().all(|(_, fate)| matches!(fate, Fate::Failed { may_have_been_written: true, .. })));
        assert_eq!(tickets.counts(), RowCounts { acknowledged: 3, failed: 0, unknown: 7 });
    }
}
