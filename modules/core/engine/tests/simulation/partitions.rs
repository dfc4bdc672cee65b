//! Partitioned tables: which partitions are listed and scanned, those that appear, and those that go.

use std::collections::BTreeMap;

use thalweg_contract::{
    Answer, Bucket, End, Error, ErrorCode, Event, PartitionInfo, Request, ScanSpec, Start, TableHandle, Ticket,
};
use thalweg_wire::table::TableDescriptor;

use crate::{
    batches::arrow_batch,
    scenarios::ALL,
    world::{World, descriptor, ids, path},
};

const SECOND: u64 = 1_000_000;

/// A row: partition, bucket, offset, id.
type Row = (i64, u32, u64, i64);

fn partitioned(buckets: u32) -> TableDescriptor {
    TableDescriptor { partition_keys: vec!["text".into()], ..descriptor(buckets, "NONE") }
}

fn world_with(seed: u64, names: &[&str]) -> (World, TableHandle, BTreeMap<String, i64>) {
    let mut world = World::new(seed, 3, |_| {});
    world.cluster.create("t", partitioned(2));
    let made = names.iter().map(|name| ((*name).to_owned(), world.cluster.add_partition("t", name))).collect();
    let (table, _) = world.open_table("t").expect("it is there");
    (world, table, made)
}

/// Puts batches of ten rows straight into the buckets of a partition; gives them as a scan must.
fn fill(world: &mut World, name: &str, batches: std::ops::Range<i64>) -> Vec<Row> {
    world.cluster.clock += 1;
    let clock = world.cluster.clock;
    let schema = descriptor(1, "NONE").schema;
    let partition = world.cluster.table("t").partitions.get_mut(name).expect("the test made it");
    let mut rows = Vec::new();
    for batch in batches {
        let ids: Vec<i64> = (batch * 10..batch * 10 + 10).collect();
        let at = (batch % 2) as usize;
        let first = partition.buckets[at].append(&arrow_batch(&schema, 1, &ids, None), clock).expect("it is sound");
        rows.extend((first as u64..).zip(ids).map(|(offset, id)| (partition.id, at as u32, offset, id)));
    }
    rows.sort_unstable();
    rows
}

/// The rows that came for a scan, and how it ended if it did.
fn take(world: &mut World, ticket: Ticket) -> (Vec<Row>, Option<Result<(), Error>>) {
    let (mut rows, mut end) = (Vec::new(), None);
    for event in std::mem::take(&mut world.events) {
        match event {
            Event::Rows { ticket: of, scanned } if of == ticket => {
                let Bucket { partition, bucket } = scanned.bucket;
                let partition = partition.expect("every bucket has a partition");
                let found = (scanned.offset..).zip(ids(world, &scanned));
                rows.extend(found.map(|(offset, id)| (partition, bucket, offset, id)));
                world.consume(&scanned);
            }
            Event::Ended { ticket: of, result } if of == ticket => end = Some(result),
            _ => {}
        }
    }
    rows.sort_unstable();
    (rows, end)
}

fn scan(world: &mut World, table: TableHandle, spec: ScanSpec) -> Result<Vec<Row>, Error> {
    let ticket = world.engine.scan(world.now, table, spec)?;
    world.demand(ticket, u64::MAX);
    let mut all = Vec::new();
    let end = world.now + 120 * SECOND;
    while world.now < end {
        world.run(SECOND / 10);
        let (rows, ended) = take(world, ticket);
        all.extend(rows);
        if let Some(result) = ended {
            all.sort_unstable();
            return result.map(|()| all);
        }
    }
    panic!("it never ends");
}

fn ask(world: &mut World, request: Request) -> Result<Answer, Error> {
    let ticket = world.engine.ask(world.now, request);
    world.event(|event| match event {
        Event::Answered { ticket: of, result } if *of == ticket => Some(result.clone()),
        _ => None,
    })
}

#[test]
fn all_or_chosen_partitions_are_scanned() {
    let (mut world, table, made) = world_with(1, &["a", "b", "c"]);
    let mut rows = fill(&mut world, "a", 0..6);
    rows.extend(fill(&mut world, "b", 6..7));
    rows.sort_unstable();
    let of = |names: &[&str]| {
        let ids: Vec<i64> = names.iter().map(|name| made[*name]).collect();
        rows.iter().copied().filter(|row| ids.contains(&row.0)).collect::<Vec<Row>>()
    };
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let place = |name: &str, bucket| Bucket { partition: Some(made[name]), bucket };
    let offsets = Start::Offsets(vec![(place("a", 0), 15), (place("a", 1), 30)]);
    let from_offsets =
        rows.iter().copied().filter(|row| row.0 != made["a"] || row.1 == 0 && row.2 >= 15).collect::<Vec<Row>>();
    let one_bucket = rows.iter().copied().filter(|row| row.0 == made["a"] && row.1 == 1).collect::<Vec<Row>>();
    let cases: [(ScanSpec, Vec<Row>); 7] = [
        (ALL, rows.clone()),
        (ScanSpec { partitions: named(&["b", "c", "b"]), ..ALL }, of(&["b"])),
        (ScanSpec { partitions: named(&["c"]), ..ALL }, Vec::new()),
        (ScanSpec { buckets: vec![place("a", 1)], ..ALL }, one_bucket),
        (ScanSpec { start: offsets, ..ALL }, from_offsets),
        (ScanSpec { start: Start::Latest, ..ALL }, Vec::new()),
        (ScanSpec { columns: Some(vec![0]), ..ALL }, rows.clone()),
    ];
    for (spec, expected) in cases {
        assert_eq!(scan(&mut world, table, spec.clone()).expect("a scan"), expected, "{spec:?}");
    }
    let refused: [(ScanSpec, &str); 5] = [
        (ScanSpec { partitions: named(&["a", "x"]), ..ALL }, "the table db.t has no partition x"),
        (ScanSpec { buckets: vec![Bucket { partition: None, bucket: 0 }], ..ALL }, "db.t has partitions"),
        (ScanSpec { buckets: vec![place("a", 2)], ..ALL }, "there is no bucket 2"),
        (ScanSpec { buckets: vec![place("a", 0)], partitions: named(&["a"]), ..ALL }, "not both"),
        (
            ScanSpec { buckets: vec![Bucket { partition: Some(77), bucket: 0 }], ..ALL },
            "bucket 0 of partition 77 of db.t cannot be read",
        ),
    ];
    for (spec, expected) in refused {
        let error = scan(&mut world, table, spec).expect_err("it does not fit");
        assert!(matches!(&error.code, ErrorCode::Invalid(text) if text.contains(expected)), "{error}");
    }
    world.cluster.create("u", descriptor(1, "NONE"));
    let (whole, _) = world.open_table("u").expect("it is there");
    let error = scan(&mut world, whole, ScanSpec { partitions: named(&["a"]), ..ALL }).expect_err("it has none");
    assert!(matches!(&error.code, ErrorCode::Invalid(text) if text.contains("has no partitions")), "{error}");
    world.finish();
}

#[test]
fn a_scan_takes_in_what_appears_and_leaves_what_goes() {
    for seed in 0..10 {
        let (mut world, table, _) = world_with(seed, &["a", "b"]);
        let mut expected = fill(&mut world, "a", 0..4);
        expected.extend(fill(&mut world, "b", 4..8));
        let ticket = world.engine.scan(world.now, table, ScanSpec { end: End::Never, ..ALL }).expect("it fits");
        world.demand(ticket, u64::MAX);
        world.run(SECOND);
        let (rows, end) = take(&mut world, ticket);
        expected.sort_unstable();
        assert_eq!((rows, end), (expected, None), "seed {seed}");

        // One goes, one appears, and one goes and comes again under another number.
        world.cluster.table("t").partitions.remove("a");
        world.cluster.add_partition("t", "c");
        let mut expected = fill(&mut world, "c", 8..12);
        world.run(6 * SECOND);
        world.cluster.table("t").partitions.remove("c");
        world.run(SECOND);
        world.cluster.add_partition("t", "c");
        expected.extend(fill(&mut world, "c", 12..14));
        expected.extend(fill(&mut world, "b", 14..16));
        world.run(7 * SECOND);
        let (rows, end) = take(&mut world, ticket);
        expected.sort_unstable();
        let ids = |rows: &[Row]| rows.iter().map(|row| row.3).collect::<Vec<_>>();
        assert_eq!((ids(&rows), end), (ids(&expected), None), "seed {seed}");
        world.run(120 * SECOND);
        assert_eq!(take(&mut world, ticket), (Vec::new(), None), "seed {seed}: nothing fails it later");
        world.engine.cancel(world.now, ticket);
        world.finish();
    }
}

#[test]
fn a_scan_of_named_partitions_fails_when_one_goes() {
    let (mut world, table, _) = world_with(3, &["a", "b"]);
    let spec = ScanSpec { end: End::Never, partitions: vec!["a".into(), "b".into()], ..ALL };
    let ticket = world.engine.scan(world.now, table, spec).expect("it fits");
    world.demand(ticket, u64::MAX);
    world.run(SECOND);
    world.cluster.table("t").partitions.remove("b");
    world.run(10 * SECOND);
    let (_, end) = take(&mut world, ticket);
    let error = end.expect("it ended").expect_err("it failed");
    assert!(error.to_string().contains("of partition b of db.t cannot be read"), "{error}");
    world.finish();
}

#[test]
fn a_scan_of_a_table_without_partitions_ends_or_waits_for_some() {
    let (mut world, table, _) = world_with(4, &[]);
    assert_eq!(scan(&mut world, table, ALL), Ok(Vec::new()));
    let spec = ScanSpec { start: Start::Latest, end: End::Never, ..ALL };
    let ticket = world.engine.scan(world.now, table, spec).expect("it fits");
    world.demand(ticket, u64::MAX);
    world.run(SECOND);
    world.cluster.add_partition("t", "a");
    let expected = fill(&mut world, "a", 0..3);
    world.run(6 * SECOND);
    assert_eq!(take(&mut world, ticket), (expected, None), "what appears is read from its first row");
    world.engine.cancel(world.now, ticket);
    world.finish();
}

#[test]
fn partitions_are_made_listed_and_dropped() {
    let (mut world, _, _) = world_with(5, &["b"]);
    let spec = |name: &str| vec![("text".to_owned(), name.to_owned())];
    let create = |name, if_not_exists| Request::CreatePartition { path: path("t"), spec: spec(name), if_not_exists };
    let drop = |name, if_exists| Request::DropPartition { path: path("t"), spec: spec(name), if_exists };
    assert_eq!(ask(&mut world, create("a", false)), Ok(Answer::Done));
    assert_eq!(ask(&mut world, create("a", true)), Ok(Answer::Done));
    let refused = ask(&mut world, create("a", false)).expect_err("it is there");
    assert!(matches!(refused.code, ErrorCode::Server { code: 42, .. }), "{refused}");
    let listed = |world: &mut World| match ask(world, Request::ListPartitions { path: path("t") }) {
        Ok(Answer::Partitions(listed)) => listed,
        other => panic!("{other:?}"),
    };
    let info = |partition_id, name: &str| PartitionInfo { partition_id, name: name.into(), spec: spec(name) };
    assert_eq!(listed(&mut world), [info(2, "a"), info(1, "b")], "by name");
    fill(&mut world, "a", 0..3);
    let Ok(Answer::Offsets(offsets)) = ask(&mut world, Request::ListOffsets { path: path("t") }) else {
        panic!("they are known")
    };
    let seen: Vec<_> =
        offsets.iter().map(|at| (at.bucket.partition, at.bucket.bucket, at.earliest, at.latest, at.rows)).collect();
    let expected = [
        (Some(2), 0, 0, 20, Some(20)),
        (Some(2), 1, 0, 10, Some(10)),
        (Some(1), 0, 0, 0, Some(0)),
        (Some(1), 1, 0, 0, Some(0)),
    ];
    assert_eq!(seen, expected);
    assert_eq!(ask(&mut world, drop("a", false)), Ok(Answer::Done));
    assert_eq!(ask(&mut world, drop("a", true)), Ok(Answer::Done));
    let refused = ask(&mut world, drop("a", false)).expect_err("it is gone");
    assert!(matches!(refused.code, ErrorCode::Server { code: 36, .. }), "{refused}");
    assert_eq!(listed(&mut world).len(), 1);
    world.finish();
}
