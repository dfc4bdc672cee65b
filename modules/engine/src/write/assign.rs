//! Which bucket rows go to, and taking an append apart by it.

use std::num::NonZeroU32;

use thalweg_wire::{
    column::Batch as Rows,
    record::{BucketRule, KeyEncoder, RecordError, assign},
};

use crate::api::RowSelection;

/// Some rows of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Selected<'a> {
    /// Consecutive ones.
    Span {
        /// The first.
        first: usize,
        /// How many.
        count: usize,
    },
    /// These, rising.
    Rows(&'a [u32]),
}

impl Selected<'_> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Span { count, .. } => *count,
            Self::Rows(rows) => rows.len(),
        }
    }

    /// The first `count` of them, and the others.
    pub(super) fn split(self, count: usize) -> (Self, Self) {
        let count = count.min(self.len());
        match self {
            Self::Span { first, count: all } => {
                (Self::Span { first, count }, Self::Span { first: first + count, count: all - count })
            }
            Self::Rows(rows) => {
                let (head, tail) = rows.split_at(count);
                (Self::Rows(head), Self::Rows(tail))
            }
        }
    }

    /// As the user is told.
    pub(super) fn to_selection(self) -> RowSelection {
        match self {
            Self::Span { first, count } => RowSelection::Span { first: first as u32, count: count as u32 },
            Self::Rows(rows) => RowSelection::Rows(rows.to_vec()),
        }
    }
}

/// The rows of one append, sorted by bucket; its memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct Hashed {
    buckets: Vec<u32>,
    /// Where the rows of each bucket begin in `order`, one more than there are buckets.
    starts: Vec<u32>,
    order: Vec<u32>,
}

impl Hashed {
    /// Sorts the rows by the bucket of their key. They must have passed `Layout::check`; there are less than 2^32.
    pub(super) fn sort(
        &mut self,
        rows: &Rows<'_>,
        key: &KeyEncoder,
        rule: BucketRule,
        count: NonZeroU32,
    ) -> Result<(), RecordError> {
        assign(rows, key, rule, count, &mut self.buckets)?;
        self.starts.clear();
        self.starts.resize(count.get() as usize + 1, 0);
        for bucket in &self.buckets {
            self.starts[*bucket as usize + 1] += 1;
        }
        for at in 1..self.starts.len() {
            self.starts[at] += self.starts[at - 1];
        }
        self.order.clear();
        self.order.resize(self.buckets.len(), 0);
        for (row, bucket) in self.buckets.iter().enumerate() {
            // Each start moves up to the next one's place while rows are put down, and is moved back below.
            let place = &mut self.starts[*bucket as usize];
            self.order[*place as usize] = row as u32;
            *place += 1;
        }
        self.starts.rotate_right(1);
        self.starts[0] = 0;
        Ok(())
    }

    /// The buckets that have rows, with these, rising.
    pub(super) fn groups(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let ranges = self.starts.array_windows::<2>().enumerate().filter(|(_, [start, end])| start < end);
        ranges.map(|(bucket, [start, end])| (bucket as u32, &self.order[*start as usize..*end as usize]))
    }
}
