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

#[cfg(test)]
mod tests {
    use thalweg_wire::{
        column::{Column, Values},
        record::Layout,
        table::{ColumnType, DataType},
    };

    use super::*;

    #[test]
    fn rows_are_sorted_by_the_bucket_of_their_key() {
        // `fluss.md` 2.11: with four buckets 127, 128, 300 and 1000 go to 2, 2, 1 and 3, and 16384 to 2.
        let ids = [300, 127, 1000, 128, 16384, 300];
        let rows = Rows { rows: ids.len(), columns: vec![Column { validity: None, values: Values::Int32(&ids) }] };
        let column_type = ColumnType { data_type: DataType::Int, nullable: false };
        let key = KeyEncoder::new(&Layout::new([("id", &column_type)]), &[0]).expect("a key");
        let mut hashed = Hashed::default();
        for _ in 0..2 {
            let four = NonZeroU32::new(4).expect("not 0");
            hashed.sort(&rows, &key, BucketRule::Fluss, four).expect("buckets");
            let groups: Vec<_> = hashed.groups().collect();
            assert_eq!(groups, [(1, &[0, 5][..]), (2, &[1, 3, 4]), (3, &[2])]);
        }
    }

    #[test]
    fn selections_split_where_they_are_told() {
        let span = Selected::Span { first: 3, count: 5 };
        assert_eq!(span.split(2), (Selected::Span { first: 3, count: 2 }, Selected::Span { first: 5, count: 3 }));
        let (all, none) = Selected::Rows(&[1, 4]).split(9);
        assert_eq!((all.to_selection(), none.len()), (RowSelection::Rows(vec![1, 4]), 0));
    }
}
