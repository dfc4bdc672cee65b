//! Which partition and bucket rows go to, and taking a call's rows apart by it.

use std::{collections::HashMap, num::NonZeroU32};

use thalweg_wire::{
    column::Batch as Rows,
    record::{PartitionEncoder, RecordError, assign},
};

use crate::write::{
    append::fault::Faults,
    table::plan::{BucketBy, Plan},
};
/// The rows of one call, sorted by partition and bucket; its memory is used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    /// The names of the partitions that the rows have, in the order of their first rows; none: the table has none.
    names: Vec<String>,
    numbers: HashMap<String, u32>,
    /// The partition of each row, as a position in `names`.
    partitions: Vec<u32>,
    buckets: Vec<u32>,
    order: Vec<u32>,
    groups: Vec<Group>,
    starts: Vec<u32>,
    /// Whether the rows need not be taken apart.
    whole: bool,
}

/// Rows of one partition and bucket: where they stand in `order`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    partition: u32,
    /// 0 without bucket key.
    bucket: u32,
    start: u32,
    end: u32,
}

impl Sorted {
    /// Sorts rows. They must have passed `Layout::check`; there are less than 2^32. `known` has their buckets where their
    /// records decide on these. Rows with a fault are left out, and those whose values name no partition have one.
    pub(crate) fn sort(
        &mut self,
        rows: &Rows<'_>,
        plan: &Plan,
        buckets: NonZeroU32,
        known: &[u32],
        faults: &mut Faults,
    ) -> Result<(), RecordError> {
        self.name(rows, plan.partition.as_ref(), faults)?;
        self.buckets.clear();
        match &plan.bucket {
            BucketBy::Turn => {}
            BucketBy::Key(key) => assign(rows, key, plan.rule, buckets, &mut self.buckets)?,
            BucketBy::Record => self.buckets.extend_from_slice(known),
        }
        self.groups.clear();
        self.order.clear();
        let sound = faults.len() == 0;
        self.whole = sound && self.names.len() <= 1 && !plan.is_hashed();
        match (self.names.len(), plan.is_hashed()) {
            _ if self.whole => {}
            (..=1, true) if sound => self.count(buckets),
            (_, hashed) => self.compare(rows.rows as u32, hashed, faults),
        }
        Ok(())
    }

    /// The names of the partitions; none: the table has none.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the rows need not be taken apart.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// In how many groups the rows are taken apart.
    pub(crate) fn len(&self) -> usize {
        self.groups.len().max(1)
    }

    /// Partition (as a position in `names`), bucket (0 without bucket key) and rows of each group, rising.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (u32, u32, &[u32])> {
        let rows = |group: &Group| self.order.get(group.start as usize..group.end as usize).unwrap_or_default();
        self.groups.iter().map(move |group| (group.partition, group.bucket, rows(group)))
    }

    /// Finds the partition of each row; rows that follow each other mostly have the same.
    fn name(
        &mut self,
        rows: &Rows<'_>,
        encoder: Option<&PartitionEncoder>,
        faults: &mut Faults,
    ) -> Result<(), RecordError> {
        self.names.clear();
        self.numbers.clear();
        self.partitions.clear();
        let Some(encoder) = encoder else { return Ok(()) };
        let mut name = String::new();
        let mut last = 0;
        for row in 0..rows.rows {
            match encoder.name(rows, row, &mut name) {
                Ok(()) => {}
                Err(error @ (RecordError::PartitionValue { .. } | RecordError::Null { .. })) => {
                    faults.note(row as u32, error);
                    self.partitions.push(last);
                    continue;
                }
                Err(error) => return Err(error),
            }
            if self.names.get(last as usize) != Some(&name) {
                last = match self.numbers.get(&name) {
                    Some(&number) => number,
                    None => {
                        let number = self.names.len() as u32;
                        self.numbers.insert(name.clone(), number);
                        self.names.push(name.clone());
                        number
                    }
                };
            }
            self.partitions.push(last);
        }
        Ok(())
    }

    /// Sorts rows of one partition by counting those of each bucket.
    fn count(&mut self, buckets: NonZeroU32) {
        let starts = &mut self.starts;
        starts.clear();
        starts.resize(buckets.get() as usize + 1, 0);
        for bucket in &self.buckets {
            if let Some(count) = starts.get_mut(*bucket as usize + 1) {
                *count += 1;
            }
        }
        let mut before = 0;
        for start in starts.iter_mut() {
            before += *start;
            *start = before;
        }
        self.order.resize(self.buckets.len(), 0);
        let ranges = starts.array_windows::<2>().enumerate().filter(|(_, [start, end])| start < end);
        self.groups.extend(ranges.map(|(bucket, [start, end])| Group {
            partition: 0,
            bucket: bucket as u32,
            start: *start,
            end: *end,
        }));
        for (row, bucket) in self.buckets.iter().enumerate() {
            // Each start moves up while rows are put down.
            if let Some(start) = starts.get_mut(*bucket as usize)
                && let Some(place) = self.order.get_mut(*start as usize)
            {
                *place = row as u32;
                *start += 1;
            }
        }
    }

    /// Sorts rows of several partitions, or leaves some out; those of one group stay in their order.
    fn compare(&mut self, rows: u32, hashed: bool, faults: &Faults) {
        let partition = |row: u32| self.partitions.get(row as usize).copied().unwrap_or(0);
        let bucket = |row: u32| if hashed { self.buckets.get(row as usize).copied().unwrap_or(0) } else { 0 };
        let group = |row: u32| (partition(row), bucket(row));
        self.order.extend((0..rows).filter(|row| !faults.has(*row)));
        self.order.sort_by_key(|row| group(*row));
        let mut start = 0;
        for rows in self.order.chunk_by(|one, other| group(*one) == group(*other)) {
            let Some((partition, bucket)) = rows.first().map(|row| group(*row)) else { continue };
            let end = start + rows.len() as u32;
            self.groups.push(Group { partition, bucket, start, end });
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use thalweg_contract::RowSelection;
    use thalweg_wire::column::{Column, Values};

    use super::*;
    use crate::write::{Change, model::info};

    const FOUR: NonZeroU32 = NonZeroU32::new(4).expect("not 0");

    /// 300, 127, .. as `id`, and these texts as `p`.
    fn rows<'a>(ids: &'a [i32], offsets: &'a [i32], texts: &'a [u8]) -> Rows<'a> {
        let column = |values| Column { validity: None, values };
        let columns = vec![column(Values::Int32(ids)), column(Values::Spans { offsets, bytes: texts })];
        Rows { rows: ids.len(), columns }
    }

    fn plan(bucket_keys: &[&str], partitioned: bool) -> Plan {
        let mut info = info("id INT NOT NULL, p STRING NOT NULL", bucket_keys, &[]);
        info.descriptor.partition_keys = if partitioned { vec!["p".into()] } else { vec![] };
        Plan::new(&info, &Change::Append).expect("a plan")
    }

    fn groups(sorted: &Sorted) -> Vec<(u32, u32, Vec<u32>)> {
        sorted.groups().map(|(partition, bucket, rows)| (partition, bucket, rows.to_vec())).collect()
    }

    // `fluss.md` 2.11: with four buckets 127, 128, 300 and 1000 go to 2, 2, 1 and 3, and 16384 to 2.
    const IDS: [i32; 6] = [300, 127, 1000, 128, 16384, 300];
    const OFFSETS: [i32; 7] = [0, 1, 2, 3, 4, 5, 6];

    #[test]
    fn rows_are_sorted_by_the_bucket_of_their_key() {
        let mut sorted = Sorted::default();
        for _ in 0..2 {
            sorted
                .sort(&rows(&IDS, &OFFSETS, b"aaaaaa"), &plan(&["id"], false), FOUR, &[], &mut Faults::default())
                .expect("buckets");
            assert_eq!(groups(&sorted), [(0, 1, vec![0, 5]), (0, 2, vec![1, 3, 4]), (0, 3, vec![2])]);
            assert!(sorted.names().is_empty());
        }
    }

    #[test]
    fn rows_are_sorted_by_partition_first() {
        let mut sorted = Sorted::default();
        let rows = rows(&IDS, &OFFSETS, b"baabba");
        sorted.sort(&rows, &plan(&["id"], true), FOUR, &[], &mut Faults::default()).expect("partitions and buckets");
        assert_eq!(sorted.names(), ["b", "a"]);
        let expected = [(0, 1, vec![0]), (0, 2, vec![3, 4]), (1, 1, vec![5]), (1, 2, vec![1]), (1, 3, vec![2])];
        assert_eq!(groups(&sorted), expected);
        sorted.sort(&rows, &plan(&[], true), FOUR, &[], &mut Faults::default()).expect("partitions");
        assert_eq!(groups(&sorted), [(0, 0, vec![0, 3, 4]), (1, 0, vec![1, 2, 5])]);
        assert_eq!((sorted.len(), sorted.is_whole()), (2, false));
    }

    #[test]
    fn rows_of_one_partition_without_key_stay_together() {
        let mut sorted = Sorted::default();
        sorted
            .sort(&rows(&IDS, &OFFSETS, b"aaaaaa"), &plan(&[], true), FOUR, &[], &mut Faults::default())
            .expect("one partition");
        assert!(sorted.is_whole() && sorted.names() == ["a"]);
    }

    #[test]
    fn a_row_whose_value_names_no_partition_is_left_out_alone() {
        let (mut sorted, mut faults) = (Sorted::default(), Faults::default());
        sorted.sort(&rows(&IDS, &OFFSETS, b"/a/aab"), &plan(&[], true), FOUR, &[], &mut faults).expect("partitions");
        assert_eq!(sorted.names(), ["a", "b"]);
        assert_eq!(groups(&sorted), [(0, 0, vec![1, 3, 4]), (1, 0, vec![5])]);
        let told = faults.take("db.t");
        let rows: Vec<_> = told.iter().map(|(rows, _)| rows.clone()).collect();
        assert_eq!(rows, [RowSelection::Rows(vec![0, 2])]);
        let text = told[0].1.to_string();
        assert!(text.contains("table db.t: the column p has the value '/'") && !text.contains("row"), "{text}");
    }

    #[test]
    fn nothing_is_sorted_where_every_row_is_at_fault() {
        for keys in [&[][..], &["id"]] {
            let (mut sorted, mut faults) = (Sorted::default(), Faults::default());
            sorted.sort(&rows(&IDS, &OFFSETS, b"......"), &plan(keys, true), FOUR, &[], &mut faults).expect("none");
            assert_eq!((sorted.names().len(), sorted.groups().count(), sorted.is_whole()), (0, 0, false));
            assert_eq!(faults.len(), 6);
        }
    }
}
