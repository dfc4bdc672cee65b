//! Rows that are appended and scanned: what comes back, and that every row has one fate.

use thalweg_contract::{End, ErrorCode, Event, ScanSpec, Start};

use super::*;
use crate::world::{Faults, World};

#[test]
fn what_is_appended_is_scanned() {
    for (servers, buckets, compression) in [(1, 1, "NONE"), (1, 3, "LZ4_FRAME"), (3, 7, "LZ4_FRAME"), (3, 2, "NONE")] {
        let (mut world, table) = world_with(7, servers, buckets, compression);
        let placed = write(&mut world, table, 0..40);
        assert_eq!(placed.len(), 400);
        assert_eq!(scan(&mut world, table, ALL).expect("a scan"), placed);
        let counters = world.engine.statistics();
        assert_eq!((counters.rows_acknowledged, counters.rows_scanned), (400, 400));
        world.finish();
    }
}

#[test]
fn a_part_is_scanned_by_columns_offsets_and_times() {
    let (mut world, table) = world_with(1, 2, 2, "NONE");
    let early = write(&mut world, table, 0..10);
    let time = world.cluster.clock + 1;
    let late = write(&mut world, table, 10..20);
    let all: Vec<_> = early.iter().chain(&late).copied().collect();
    let expect = |keep: &dyn Fn(&Row) -> bool| {
        let mut rows: Vec<_> = all.iter().copied().filter(keep).collect();
        rows.sort_unstable();
        rows
    };
    let within = |start, end| ScanSpec { start, end, ..ALL };
    let cases: [(ScanSpec, Vec<Row>); 6] = [
        (ScanSpec { columns: Some(vec![0]), ..ALL }, expect(&|_| true)),
        (within(Start::Offset(7), End::Offset(23)), expect(&|row| (7..23).contains(&row.1))),
        (within(Start::Latest, End::Latest), Vec::new()),
        (within(Start::Timestamp(time), End::Latest), expect(&|row| late.contains(row))),
        (within(Start::Earliest, End::Timestamp(time)), expect(&|row| early.contains(row))),
        (within(Start::Timestamp(i64::MAX), End::Latest), Vec::new()),
    ];
    for (spec, expected) in cases {
        assert_eq!(scan(&mut world, table, spec.clone()).expect("a scan"), expected, "{spec:?}");
    }
    let refused = [
        ScanSpec { columns: Some(vec![2]), ..ALL },
        ScanSpec { columns: Some(Vec::new()), ..ALL },
        ScanSpec { buckets: vec![thalweg_contract::Bucket { partition: None, bucket: 2 }], ..ALL },
    ];
    for spec in refused {
        let error = scan(&mut world, table, spec.clone()).expect_err("it does not fit");
        assert!(matches!(error.code, ErrorCode::Invalid(_)), "{spec:?}: {error}");
    }
    let error = scan(&mut world, table, within(Start::Offset(5000), End::Never)).expect_err("there is no such offset");
    assert!(matches!(&error.code, ErrorCode::Server { code: 19, message, .. } if message.contains("5000")), "{error}");
    world.finish();
}

#[test]
fn a_scan_gives_no_more_than_was_asked_for_and_follows() {
    let (mut world, table) = world_with(3, 1, 1, "NONE");
    write(&mut world, table, 0..30);
    let ticket = world.engine.scan(world.now, table, ScanSpec { end: End::Never, ..ALL }).expect("it fits");
    let rows = |world: &mut World| {
        let mut given = 0;
        world.events.retain(|event| match event {
            Event::Rows { scanned, .. } => {
                given += scanned.rows;
                false
            }
            _ => true,
        });
        given
    };
    world.run(5_000_000);
    assert_eq!(rows(&mut world), 0);
    assert_eq!(world.cluster.calls.get("FETCH_LOG"), None, "nothing is fetched without demand");
    world.demand(ticket, 1);
    world.run(5_000_000);
    let first = rows(&mut world);
    assert!((1..300).contains(&first), "one batch for one byte of demand, not {first} rows");
    world.demand(ticket, 1 << 20);
    world.run(5_000_000);
    assert_eq!(rows(&mut world), 300 - first);
    write(&mut world, table, 30..31);
    world.run(2_000_000);
    assert_eq!(rows(&mut world), 10);
    world.engine.cancel(world.now, ticket);
    write(&mut world, table, 31..32);
    world.run(2_000_000);
    assert_eq!(rows(&mut world), 0);
    assert!(world.events.iter().all(|event| !matches!(event, Event::Ended { .. })));
    // Nobody said `consumed`: the buffers of the rows given are still there, and nothing else.
    let held: Vec<u64> = world.buffers.keys().copied().collect();
    assert!(!held.is_empty());
    for buffer in held {
        while world.buffers.contains_key(&buffer) {
            world.consumed(buffer);
            world.carry_out();
        }
    }
    world.finish();
}

#[test]
fn every_row_has_one_fate_whatever_the_network_does() {
    for seed in 0..200 {
        let (mut world, table) = world_with(seed, 3, 5, if seed % 2 == 0 { "NONE" } else { "LZ4_FRAME" });
        world.faults = Faults { cut: 60, silence: 10, refusal: 100, ..Faults::default() };
        let placed = write(&mut world, table, 0..30);
        // A leader moves while a scan is under way.
        let leader = world.cluster.table("t").buckets[0].leader;
        world.cluster.table("t").buckets[0].leader = leader.map(|leader| (leader + 1) % 3);
        assert_eq!(scan(&mut world, table, ALL).expect("a scan"), placed, "seed {seed}");
        assert_eq!(placed.len(), 300, "seed {seed}");
        world.faults = Faults::default();
        world.finish();
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let (mut world, table) = world_with(seed, 3, 5, "NONE");
        world.faults = Faults { cut: 50, silence: 5, refusal: 50, ..Faults::default() };
        let placed = write(&mut world, table, 0..10);
        (placed, world.now, world.cluster.calls)
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).1, run(6).1);
}
