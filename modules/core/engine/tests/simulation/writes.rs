//! Changes of keys, and partitions that writes make: nothing lost, nothing doubled, the changes of each key in order.

use std::collections::{BTreeMap, BTreeSet};

use thalweg_contract::{Event, Fate, Operation, RowSelection, TableHandle, Ticket};
use thalweg_wire::{
    column::{Batch, Column, Values},
    record::{ColumnsBuilder, Layout, RowDecoder, RowFormat},
    table::{Schema, TableDescriptor},
};

use crate::{
    scenarios::{ALL, scan, write},
    server::{Change, Partition},
    world::{Faults, World, descriptor},
};

/// What an update of some columns names.
const SOME: [u32; 3] = [2, 1, 0];

fn keyed(buckets: u32) -> TableDescriptor {
    let schema = Schema::parse_sql("id BIGINT NOT NULL, day STRING NOT NULL, n BIGINT").expect("columns");
    let schema = schema.with_primary_key(&["id", "day"]).expect("a key");
    TableDescriptor { schema, partition_keys: vec!["day".into()], ..descriptor(buckets, "NONE") }
}

/// A change of a key.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Its partition is named by this letter.
    day: u8,
    id: i64,
    /// No two rows have the same; an odd one is of an update of some columns. `None`: the key is deleted.
    version: Option<i64>,
}

/// What was written, in order, and what became of it.
#[derive(Debug, Default)]
struct Written {
    calls: BTreeMap<Ticket, Vec<(Row, Option<Fate>)>>,
}

impl Written {
    /// Writes rows, all with the same kind of version.
    fn write(&mut self, world: &mut World, table: TableHandle, rows: &[Row]) {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let days: Vec<u8> = rows.iter().map(|row| row.day).collect();
        let offsets: Vec<i32> = (0..=rows.len() as i32).collect();
        let versions: Vec<i64> = rows.iter().filter_map(|row| row.version).collect();
        let column = |values| Column { validity: None, values };
        let id = column(Values::Int64(&ids));
        let day = column(Values::Spans { offsets: &offsets, bytes: &days });
        let n = column(Values::Int64(&versions));
        let batch = |columns| Batch { rows: rows.len(), columns };
        let ticket = match versions.first() {
            None => world.submit(table, Operation::Delete, batch(vec![id, day])),
            Some(first) if first % 2 == 1 => {
                world.submit(table, Operation::Upsert(Some(SOME.to_vec())), batch(vec![n, day, id]))
            }
            Some(_) => world.submit(table, Operation::Upsert(None), batch(vec![id, day, n])),
        };
        let rows = rows.iter().map(|row| (*row, None)).collect();
        self.calls.insert(ticket.expect("there is room"), rows);
    }

    /// Waits until every row has a fate.
    fn settle(&mut self, world: &mut World) {
        let rows = self.calls.values().flatten();
        let mut left = rows.filter(|(_, fate)| fate.is_none()).count();
        while left > 0 {
            let (ticket, fates) = world.event(|event| match event {
                Event::Settled { ticket, fates } => Some((*ticket, fates.clone())),
                _ => None,
            });
            let call = self.calls.get_mut(&ticket).expect("a call of ours");
            for (selection, fate) in fates {
                let rows: Vec<u32> = match selection {
                    RowSelection::Span { first, count } => (first..first + count).collect(),
                    RowSelection::Rows(rows) => rows,
                };
                left -= rows.len();
                for row in rows {
                    let before = call[row as usize].1.replace(fate.clone());
                    assert_eq!(before, None, "a row has one fate");
                }
            }
        }
    }

    /// Every row with its fate, in the order in which they were written.
    fn fates(&self) -> impl Iterator<Item = (Row, &Fate)> {
        self.calls.values().flatten().map(|(row, fate)| (*row, fate.as_ref().expect("all are settled")))
    }
}

/// The versions of a change of a bucket, and its key.
fn version_of(change: &Change, decoder: &RowDecoder, layout: &Layout) -> (i64, Option<i64>) {
    // A number below 128 is one byte of a key (`fluss.md` 2.9).
    let [id] = change.key[..] else { panic!("not a key of ours: {:?}", change.key) };
    let version = change.row.as_ref().map(|row| {
        let mut columns = ColumnsBuilder::new(layout.clone());
        decoder.append(row, &mut columns).expect("a row");
        let (_, buffers) = columns.finish();
        i64::from_le_bytes(buffers[6][..8].try_into().expect("eight"))
    });
    let expected: &[i32] =
        if version.is_some_and(|version| version % 2 == 1) { &SOME.map(|at| at as i32) } else { &[] };
    assert_eq!(change.columns, expected);
    (i64::from(id), version)
}

/// The versions that each key got, in order, by partition and key.
fn versions<'a>(partitions: impl Iterator<Item = &'a Partition>) -> BTreeMap<(i64, i64), Vec<Option<i64>>> {
    let layout = Layout::of_schema(&keyed(1).schema);
    let decoder = RowDecoder::new(&layout, RowFormat::Compacted).expect("plain columns");
    let mut versions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for partition in partitions {
        for change in partition.buckets.iter().flat_map(|bucket| &bucket.changes) {
            let (id, version) = version_of(change, &decoder, &layout);
            versions.entry((partition.id, id)).or_default().push(version);
        }
    }
    versions
}

/// Checks what servers have against what was written; gives how many rows were acknowledged, and how many not.
fn check(written: &Written, taken: &BTreeMap<(i64, i64), Vec<Option<i64>>>) -> [usize; 2] {
    let mut all = BTreeSet::new();
    for version in taken.values().flatten().flatten() {
        assert!(all.insert(*version), "version {version} was taken twice");
    }
    let (mut acknowledged, mut unknown): (BTreeMap<_, Vec<_>>, BTreeMap<_, usize>) = Default::default();
    let mut counts = [0; 2];
    for (row, fate) in written.fates() {
        counts[usize::from(matches!(fate, Fate::Failed { .. }))] += 1;
        match fate {
            Fate::Acknowledged { bucket, first, .. } => {
                assert_eq!(*first, None);
                let partition = bucket.partition.expect("the table has partitions");
                acknowledged.entry((partition, row.id)).or_default().push(row.version);
            }
            Fate::Failed { may_have_been_written: true, .. } => *unknown.entry(row.id).or_default() += 1,
            Fate::Failed { error, .. } => {
                let there = row.version.is_some_and(|version| all.contains(&version));
                assert!(!there, "{row:?} was taken though it failed with {error}");
            }
        }
    }
    for (key, versions) in taken {
        assert!(versions.iter().flatten().is_sorted(), "{key:?} is out of order: {versions:?}");
        let acknowledged = acknowledged.remove(key).unwrap_or_default();
        let mut rest = versions.iter();
        assert!(acknowledged.iter().all(|version| rest.any(|taken| taken == version)), "{key:?}: {versions:?}");
        let unknown = unknown.get(&key.1).copied().unwrap_or_default();
        assert!(versions.len() <= acknowledged.len() + unknown, "{key:?} has changes that nobody made");
    }
    assert_eq!(acknowledged.len(), 0, "acknowledged and lost: {acknowledged:?}");
    counts
}

/// Chance that follows from a seed.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |bound| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    }
}

/// Some rows of three partitions; what becomes of them is the same for all.
fn some_rows(below: &mut impl FnMut(u64) -> u64, next: &mut i64) -> Vec<Row> {
    let kind = below(3) as i64;
    let count = 1 + below(12);
    let mut row = || {
        *next += 2;
        let version = (kind < 2).then_some(*next + kind);
        Row { day: b'a' + below(3) as u8, id: below(20) as i64, version }
    };
    (0..count).map(|_| row()).collect()
}

fn move_leaders(world: &mut World) {
    for bucket in world.cluster.table("t").partitions.values_mut().flat_map(|partition| &mut partition.buckets) {
        bucket.leader = bucket.leader.map(|leader| (leader + 1) % 3);
    }
}

#[test]
fn changes_are_made_once_and_in_order_whatever_happens() {
    let mut counts = [0; 2];
    for seed in 0..30 {
        let mut world = World::new(seed, 3, |settings| settings.write.batch_rows = 16);
        world.cluster.create("t", keyed(3));
        let (table, _) = world.open_table("t").expect("it is there");
        world.faults = Faults { cut: 20, silence: 2, refusal: 50, ..Default::default() };
        let (mut written, mut below, mut next, mut dropped) = (Written::default(), dice(seed), 0, Vec::new());
        for round in 0..60 {
            let rows = some_rows(&mut below, &mut next);
            written.write(&mut world, table, &rows);
            world.run(below(60_000));
            match round % 20 {
                5 => move_leaders(&mut world),
                10 => dropped.extend(world.cluster.table("t").partitions.remove("a")),
                15 => {
                    dropped.extend(world.cluster.table("t").partitions.remove("b"));
                    world.cluster.add_partition("t", "b");
                }
                _ => {}
            }
        }
        world.faults = Faults::default();
        written.settle(&mut world);
        let taken = versions(dropped.iter().chain(world.cluster.table("t").partitions.values()));
        let [acknowledged, failed] = check(&written, &taken);
        counts = [counts[0] + acknowledged, counts[1] + failed];
        let survivors = written.fates().filter(|(row, _)| row.day == b'c');
        let failed: Vec<_> = survivors.filter(|(_, fate)| matches!(fate, Fate::Failed { .. })).collect();
        assert!(failed.is_empty(), "seed {seed}: only rows of dropped partitions fail: {failed:?}");
        world.finish();
    }
    assert!(counts.iter().all(|count| *count > 0), "rows acknowledged and failed: {counts:?}");
}

#[test]
fn rows_whose_partition_cannot_be_fail_alone() {
    for (create, reason) in [(true, "Exceed the maximum number of partitions"), (false, "create-partitions is off")] {
        let mut world = World::new(1, 3, |settings| settings.write.create_partitions = create);
        world.cluster.create("t", keyed(2));
        world.cluster.add_partition("t", "a");
        world.cluster.partition_limit = Some(1);
        let (table, _) = world.open_table("t").expect("it is there");
        let mut written = Written::default();
        let rows = [b'a', b'b', b'a', b'c'].map(|day| Row { day, id: 7, version: Some(0) });
        written.write(&mut world, table, &rows);
        written.settle(&mut world);
        for (row, fate) in written.fates() {
            let name = char::from(row.day);
            match fate {
                Fate::Acknowledged { .. } => assert_eq!(name, 'a'),
                Fate::Failed { error, may_have_been_written } => {
                    let (text, place) = (error.to_string(), format!("the partition '{name}' of the table db.t: "));
                    assert!(text.contains(&place) && text.contains(reason) && name != 'a', "{text}");
                    assert!(!may_have_been_written);
                }
            }
        }
        let asked = world.cluster.calls.get("CREATE_PARTITION").copied();
        assert_eq!(asked, create.then_some(2));
        world.finish();
    }
}

#[test]
fn rows_of_a_log_make_their_partition_and_are_scanned_from_it() {
    let mut world = World::new(2, 3, |_| {});
    let partitioned = TableDescriptor { partition_keys: vec!["text".into()], ..descriptor(3, "LZ4_FRAME") };
    world.cluster.create("t", partitioned);
    let (table, _) = world.open_table("t").expect("it is there");
    let placed = write(&mut world, table, 0..20);
    assert_eq!((placed.len(), scan(&mut world, table, ALL)), (200, Ok(placed)));
    assert_eq!(world.cluster.calls.get("CREATE_PARTITION"), Some(&1));
    world.finish();
}
