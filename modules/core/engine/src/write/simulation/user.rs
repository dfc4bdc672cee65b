//! The user: what is written, what is told of it, and what must be true at the end.

use std::collections::HashMap;

use super::{Happening, World};
use crate::write::{
    Change,
    model::{Letters, rows},
};
use thalweg_contract::{Bucket, Error, ErrorCode, Fate, RowSelection, Ticket};

/// What runs have seen: how many rows, and how many writer ids.
#[derive(Debug, Default)]
pub(super) struct Tally {
    acknowledged: u64,
    unknown: u64,
    failed: u64,
    /// Of those acknowledged: appended, upserted, updated, deleted.
    changes: [u64; 4],
    /// Of those acknowledged: in a partition that was created anew.
    recreated: u64,
    writers: u64,
}

impl Tally {
    /// Another run.
    pub(super) fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.failed += other.failed;
        (0..4).for_each(|at| self.changes[at] += other.changes[at]);
        self.recreated += other.recreated;
        self.writers += other.writers;
    }

    /// Whether there was some of everything.
    pub(super) fn is_complete(&self) -> bool {
        let counts = [self.acknowledged, self.unknown, self.failed, self.recreated, self.writers];
        counts.iter().chain(&self.changes).all(|count| *count > 0)
    }
}

impl World {
    /// Writes some rows, unless all are written.
    pub(super) fn append(&mut self) {
        if self.appended == self.plan.appends {
            return;
        }
        let count = 1 + self.chance.below([2, 40, 700][self.chance.clone().below(3) as usize]) as i64;
        let ids: Vec<i64> = (self.next_row..self.next_row + count).collect();
        let change = match self.chance.below(4) {
            _ if !self.plan.keyed => Change::Append,
            0 => Change::Delete,
            1 => Change::Upsert(Some(vec![1, 0])),
            _ => Change::Upsert(None),
        };
        self.tickets += 1;
        match self.write_rows(&change, &ids) {
            Ok(()) => {
                self.changes.insert(self.next_row, change);
                self.next_row += count;
                self.appended += 1;
                self.taken.insert(self.tickets, ids.into_iter().map(|id| (id, None, 0)).collect());
                if self.chance.below(10) == 0 {
                    self.after(0, Happening::Flush);
                }
            }
            Err(error) => {
                let closed = self.plan.closes.is_some_and(|at| at <= self.now) && error.code == ErrorCode::Closed;
                assert!(closed || matches!(error.code, ErrorCode::Full { .. }), "{error}");
                return; // The next append comes with `Writable`.
            }
        }
        let delay = self.chance.below(300_000);
        self.after(delay, Happening::Append);
    }

    fn write_rows(&mut self, change: &Change, ids: &[i64]) -> Result<(), Error> {
        let letters = Letters::of(ids, self.plan.partitions);
        let mut both = letters.rows(ids);
        let rows = match change {
            Change::Upsert(Some(_)) => {
                both.columns.reverse();
                both
            }
            Change::Append | Change::Delete if self.plan.partitions == 0 => rows(ids),
            _ => both,
        };
        self.write.take(self.now, self.tickets, 0, change, &rows)
    }

    /// Rows have a fate.
    pub(super) fn settled(&mut self, ticket: Ticket, fates: Vec<(RowSelection, Fate)>) {
        let taken = self.taken.get_mut(&ticket).expect("an append");
        for (selection, fate) in fates {
            let selected: Vec<usize> = match selection {
                RowSelection::Span { first, count } => (first as usize..(first + count) as usize).collect(),
                RowSelection::Rows(rows) => rows.into_iter().map(|row| row as usize).collect(),
            };
            assert!(selected.is_sorted_by(|a, b| a < b));
            for (at, row) in selected.into_iter().enumerate() {
                assert!(taken[row].1.is_none(), "row {row} of {ticket} has two fates");
                taken[row].1 = Some(fate.clone());
                taken[row].2 = at as u64;
            }
        }
    }

    /// What must hold at the end.
    pub(super) fn check(&mut self) -> Tally {
        let seen = self.seen();
        let mut last: HashMap<Bucket, u64> = HashMap::new();
        let mut tally = Tally { writers: self.writers as u64, ..Tally::default() };
        for (id, fate, at) in self.taken.values().flatten() {
            let places = seen.get(id).map_or(&[][..], Vec::as_slice);
            let once = places.len() <= 1 || !self.plan.idempotent;
            assert!(once, "row {id} is in the log {} times", places.len());
            match fate.as_ref().unwrap_or_else(|| panic!("row {id} has no fate")) {
                Fate::Acknowledged { bucket, first, end } => {
                    let offset = match first {
                        Some(first) => first + at,
                        None => places.iter().find(|(at, _)| at == bucket).expect("it is there").1,
                    };
                    assert_eq!(first.is_none(), self.plan.keyed);
                    assert!(places.contains(&(*bucket, offset)) && offset < *end, "row {id}: {places:?}");
                    let before = last.insert(*bucket, offset);
                    let in_order = before.is_none_or(|before| before < offset) || !self.plan.idempotent;
                    assert!(in_order, "row {id} is out of order");
                    self.count(*id, *bucket, &mut tally);
                }
                Fate::Failed { may_have_been_written: true, .. } => tally.unknown += 1,
                Fate::Failed { error, .. } => {
                    assert!(places.is_empty(), "row {id} is in the log though it failed with {error}");
                    tally.failed += 1;
                }
            }
        }
        assert!(self.appended == self.plan.appends || self.plan.closes.is_some());
        assert_eq!(self.write.is_closed(), self.plan.closes.is_some());
        assert_eq!(self.write.counters().buffered, 0);
        assert_eq!(self.write.counters().rows_taken as i64, self.next_row);
        assert!(self.host.buffers.is_empty(), "buffers were not released");
        assert!(self.flushes.is_empty(), "a flush was not answered");
        assert_eq!(self.write.next_wake(), None);
        tally
    }

    /// Where each row is; in the partition that it names.
    fn seen(&self) -> HashMap<i64, Vec<(Bucket, u64)>> {
        let mut seen: HashMap<i64, Vec<(Bucket, u64)>> = HashMap::new();
        for (&bucket, log) in &self.logs {
            let name = bucket.partition.map(|id| &*self.created[id as usize - 1]);
            for (offset, id) in (0..).zip(&log.rows) {
                let letter = (b'a' + (id % i64::from(self.plan.partitions.max(1))) as u8) as char;
                assert!(name.is_none_or(|name| name == letter.to_string()), "row {id} is in partition {name:?}");
                seen.entry(*id).or_default().push((bucket, offset));
            }
        }
        seen
    }

    fn count(&self, id: i64, bucket: Bucket, tally: &mut Tally) {
        let (_, change) = self.changes.range(..=id).next_back().expect("a row of ours");
        let change = match change {
            Change::Append => 0,
            Change::Upsert(None) => 1,
            Change::Upsert(Some(_)) => 2,
            Change::Delete => 3,
        };
        let number = bucket.partition.map_or(0, |id| id as usize);
        let anew = number > 0 && self.created[..number - 1].contains(&self.created[number - 1]);
        tally.acknowledged += 1;
        tally.changes[change] += 1;
        tally.recreated += u64::from(anew);
    }
}
