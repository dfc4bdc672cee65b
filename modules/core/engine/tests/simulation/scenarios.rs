//! What must hold, with a network that works and with one that does not.

use std::time::Duration;

use proptest::prelude::*;
use thalweg_contract::{
    Answer, End, Error, ErrorCode, Event, Fate, Request, RowSelection, ScanSpec, Settings, Start, TableHandle, Ticket,
};
use thalweg_engine::Engine;
use thalweg_wire::message::ApiKey;

use crate::{
    server::address,
    world::{Faults, World, append, descriptor, ids, path},
};

pub(crate) const ALL: ScanSpec =
    ScanSpec { columns: None, buckets: Vec::new(), partitions: Vec::new(), start: Start::Earliest, end: End::Latest };

/// The id of a row that failed, and whether it may have been written.
pub(crate) type Lost = (i64, bool);
/// What goes wrong in a world.
type Fault = fn(&mut World);
/// What is wrong with settings.
type Change = fn(&mut Settings);
/// A row: its bucket, its offset, its id.
pub(crate) type Row = (u32, u64, i64);

pub(crate) fn world_with(seed: u64, servers: i32, buckets: u32, compression: &str) -> (World, TableHandle) {
    let mut world = World::new(seed, servers, |_| {});
    world.cluster.create("t", descriptor(buckets, compression));
    let (handle, _) = world.open_table("t").expect("it is there");
    (world, handle)
}

/// Waits until every row of these writes has a fate; the ids of those acknowledged with their places.
pub(crate) fn settle(world: &mut World, mut open: Vec<(Ticket, Vec<i64>)>) -> (Vec<Row>, Vec<Lost>) {
    let (mut placed, mut failed) = (Vec::new(), Vec::new());
    let mut left: usize = open.iter().map(|(_, ids)| ids.len()).sum();
    while left > 0 {
        let (ticket, fates) = world.event(|event| match event {
            Event::Settled { ticket, fates } => Some((*ticket, fates.clone())),
            _ => None,
        });
        let (_, ids) = open.iter_mut().find(|(of, _)| *of == ticket).expect("a ticket of ours");
        for (selection, fate) in fates {
            let rows: Vec<u32> = match selection {
                RowSelection::Span { first, count } => (first..first + count).collect(),
                RowSelection::Rows(rows) => rows,
            };
            left -= rows.len();
            for (at, row) in rows.into_iter().enumerate() {
                let id = ids[row as usize];
                match &fate {
                    Fate::Acknowledged { bucket, first, .. } => {
                        placed.push((bucket.bucket, first.expect("a log table") + at as u64, id));
                    }
                    Fate::Failed { may_have_been_written, .. } => failed.push((id, *may_have_been_written)),
                }
            }
        }
    }
    placed.sort_unstable();
    (placed, failed)
}

/// Scans until the end; every row with its bucket and offset, sorted.
pub(crate) fn scan(world: &mut World, table: TableHandle, spec: ScanSpec) -> Result<Vec<Row>, Error> {
    let ticket = world.engine.scan(world.now, table, spec)?;
    world.engine.demand(world.now, ticket, u64::MAX);
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let next = world.event(|event| match event {
            Event::Rows { ticket: of, scanned } if *of == ticket => Some(Ok(scanned.clone())),
            Event::Ended { ticket: of, result } if *of == ticket => Some(Err(result.clone())),
            _ => None,
        });
        match next {
            Ok(scanned) => {
                let bucket = scanned.bucket.bucket;
                let before = rows.iter().rev().find(|row| row.0 == bucket).map(|row| row.1);
                assert!(before.is_none_or(|before| before < scanned.offset), "a bucket is given in order");
                let ids = ids(world, &scanned);
                assert_eq!(ids.len(), scanned.rows as usize);
                rows.extend(ids.into_iter().enumerate().map(|(at, id)| (bucket, scanned.offset + at as u64, id)));
                world.consume(&scanned);
            }
            Err(result) => {
                result?;
                rows.sort_unstable();
                return Ok(rows);
            }
        }
    }
}

pub(crate) fn write(world: &mut World, table: TableHandle, batches: std::ops::Range<i64>) -> Vec<Row> {
    let mut open = Vec::new();
    for batch in batches {
        let ids: Vec<i64> = (batch * 10..batch * 10 + 10).collect();
        open.push((append(world, table, &ids).expect("there is room"), ids));
        if batch % 3 == 0 {
            world.run(500);
        }
    }
    let (placed, failed) = settle(world, open);
    assert_eq!(failed, [], "nothing fails for good");
    placed
}

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
    world.engine.demand(world.now, ticket, 1);
    world.run(5_000_000);
    let first = rows(&mut world);
    assert!((1..300).contains(&first), "one batch for one byte of demand, not {first} rows");
    world.engine.demand(world.now, ticket, 1 << 20);
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
            world.engine.consumed(buffer);
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

#[test]
fn a_table_that_is_not_there_is_named() {
    let (mut world, _) = world_with(1, 2, 1, "NONE");
    world.cluster.create("other", descriptor(1, "NONE"));
    let absent = world.engine.open_table(world.now, path("absent"));
    let other = world.engine.open_table(world.now, path("other"));
    let mut results = std::collections::BTreeMap::new();
    while results.len() < 2 {
        let (ticket, result) = world.event(|event| match event {
            Event::Opened { ticket, result } => Some((*ticket, result.clone())),
            _ => None,
        });
        results.insert(ticket, result);
    }
    let error = results.remove(&absent).expect("it was answered").expect_err("it is not there");
    assert!(
        matches!(&error.code, ErrorCode::Server { code: 7, message, .. } if message.contains("db.absent")),
        "{error}"
    );
    results.remove(&other).expect("it was answered").expect("one that is missing must not fail another");
    assert!(world.now < 5_000_000, "nobody waits for a deadline");
    world.finish();
}

#[test]
fn a_table_made_anew_is_another() {
    let (mut world, table) = world_with(1, 1, 1, "NONE");
    write(&mut world, table, 0..2);
    let following = world.engine.scan(world.now, table, ScanSpec { end: End::Never, ..ALL }).expect("it fits");
    world.engine.demand(world.now, following, 1 << 20);
    world.run(100_000);
    let drop = world.engine.ask(world.now, Request::DropTable { path: path("t"), if_exists: false });
    let answer = world.event(|event| match event {
        Event::Answered { ticket, result } if *ticket == drop => Some(result.clone()),
        _ => None,
    });
    assert_eq!(answer, Ok(Answer::Done));
    world.cluster.create("t", descriptor(1, "NONE"));
    let ended = world.event(|event| match event {
        Event::Ended { ticket, result } if *ticket == following => Some(result.clone()),
        _ => None,
    });
    assert!(ended.expect_err("its table is gone").to_string().contains("created anew"));
    assert!(append(&mut world, table, &[1]).expect_err("its table is gone").to_string().contains("created anew"));
    let (anew, _) = world.open_table("t").expect("it is there again");
    assert_ne!(anew, table);
    assert_eq!(write(&mut world, anew, 0..1).len(), 10);
    world.consume_all();
    world.finish();
}

#[test]
fn what_was_dropped_and_made_by_this_engine_is_opened_anew_at_once() {
    let (mut world, table) = world_with(4, 1, 1, "NONE");
    write(&mut world, table, 0..2);
    let drop = world.engine.ask(world.now, Request::DropTable { path: path("t"), if_exists: false });
    world.event(|event| matches!(event, Event::Answered { ticket, .. } if *ticket == drop).then_some(()));
    assert!(world.open_table("t").is_err(), "it was dropped");
    world.cluster.create("t", descriptor(1, "NONE"));
    let (anew, _) = world.open_table("t").expect("it is there again");
    assert_ne!(anew, table);
    world.finish();
}

#[test]
fn catalogue_requests_are_answered() {
    let (mut world, _) = world_with(2, 2, 3, "NONE");
    world.cluster.create("a", descriptor(1, "NONE"));
    world.cluster.table("a").leaderless = 3;
    let (table, _) = world.open_table("a").expect("it is there");
    write(&mut world, table, 0..1);
    let mut ask = |request| {
        let ticket = world.engine.ask(world.now, request);
        world.event(|event| match event {
            Event::Answered { ticket: of, result } if *of == ticket => Some(result.clone()),
            _ => None,
        })
    };
    let names = ask(Request::ListTables { database: "db".into() });
    assert_eq!(names, Ok(Answer::Names(vec!["a".into(), "t".into()])));
    let Ok(Answer::Table(info)) = ask(Request::ShowTable { path: path("t") }) else { panic!("it is there") };
    assert_eq!(info.descriptor, descriptor(3, "NONE"));
    let Ok(Answer::Offsets(offsets)) = ask(Request::ListOffsets { path: path("a") }) else { panic!("it is there") };
    assert_eq!(offsets.iter().map(|bucket| (bucket.earliest, bucket.latest)).collect::<Vec<_>>(), [(0, 10)]);
    let error = ask(Request::DropTable { path: path("absent"), if_exists: false }).expect_err("it is not there");
    assert!(matches!(error.code, ErrorCode::Server { code: 7, .. }), "{error}");
    world.finish();
}

#[test]
fn what_does_not_answer_is_named_when_time_is_up() {
    let cases: [(&str, Fault, u64); 4] = [
        ("did not accept a connection", |world| world.faults.unreachable = true, 20),
        ("connection refused", |world| world.down.extend([0]), 20),
        ("did not answer", |world| world.faults.silence = 1000, 20),
        ("broke the protocol", |world| world.faults.garbage = Some(b"\x07garbage"), 20),
    ];
    for (expected, fault, seconds) in cases {
        let mut world = World::new(1, 1, |settings| {
            settings.connection.command_timeout = Duration::from_secs(seconds);
            settings.connection.request_timeout = Duration::from_secs(5);
            settings.connection.connect_timeout = Duration::from_secs(3);
        });
        fault(&mut world);
        let error = world.open_table("t").expect_err("nobody answers");
        assert!(error.to_string().contains(expected) && error.to_string().contains(&address(0)), "{error}");
        assert!(error.is_retriable());
        assert_eq!(world.now / 1_000_000, seconds, "{expected}");
        let ticket = world.engine.ask(world.now, Request::ListDatabases);
        let result = world.event(|event| match event {
            Event::Answered { ticket: of, result } if *of == ticket => Some(result.clone()),
            _ => None,
        });
        let error = result.expect_err("nobody answers");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(world.now / 1_000_000, 2 * seconds, "{expected}");
        world.finish();
    }
}

#[test]
fn an_api_that_the_server_lacks_is_named() {
    let mut world = World::new(1, 1, |_| {});
    world.cluster.lacking = vec![ApiKey::FetchLog];
    world.cluster.create("t", descriptor(1, "NONE"));
    let (table, _) = world.open_table("t").expect("it is there");
    write(&mut world, table, 0..1);
    let error = scan(&mut world, table, ALL).expect_err("it cannot fetch");
    assert!(matches!(&error.code, ErrorCode::Unsupported(text) if text.contains("FETCH_LOG")), "{error}");
    world.finish();
}

#[test]
fn after_close_nothing_is_taken() {
    let (mut world, table) = world_with(1, 1, 1, "NONE");
    let ticket = append(&mut world, table, &[1, 2, 3]).expect("there is room");
    let scan = world.engine.scan(world.now, table, ScanSpec { end: End::Never, ..ALL }).expect("it fits");
    world.engine.close(world.now, world.now + 10_000_000);
    let (placed, _) = settle(&mut world, vec![(ticket, vec![1, 2, 3])]);
    assert_eq!(placed.len(), 3, "rows that were taken are sent");
    world.event(|event| (*event == Event::Closed).then_some(()));
    assert!(world.events.iter().any(|event| matches!(event, Event::Ended { ticket, .. } if *ticket == scan)));
    assert_eq!(append(&mut world, table, &[4]).expect_err("it is closed").code, ErrorCode::Closed);
    assert!(world.links.is_empty());
}

#[test]
fn settings_out_of_range_are_refused() {
    let bad: [(&str, Change); 5] = [
        ("host:port", |settings| settings.connection.bootstrap = vec!["nowhere".into()]),
        ("at least one", |settings| settings.connection.bootstrap.clear()),
        ("in_flight", |settings| settings.write.in_flight = 6),
        ("idempotent", |settings| settings.write.acks = thalweg_contract::Acks::Leader),
        ("backoff", |settings| settings.connection.backoff = Duration::ZERO),
    ];
    for (expected, change) in bad {
        let mut settings = Settings::new(vec!["localhost:9123".into()]);
        change(&mut settings);
        let error = Engine::open(0, settings, 1).expect_err("it is out of range").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_engine_can_be_sent_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Engine>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a server sends in place of its answers, at whatever point: no panic, and the engine goes on.
    #[test]
    fn hostile_frames_do_no_harm(
        seed in 0u64..1000, good in 0u32..25,
        frames in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                // A success or an error for a request that may be under way, with any body.
                (0u8..3, 0i32..12, proptest::collection::vec(any::<u8>(), 0..60)).prop_map(|(kind, id, body)| {
                    [&[kind][..], &id.to_be_bytes(), &body].concat()
                }),
            ], 1..20),
    ) {
        let mut world = World::new(seed, 1, |_| {});
        let mut described = descriptor(2, "LZ4_FRAME");
        match seed % 4 {
            0 => {}
            1 => described.partition_keys.push("text".into()),
            _ => described.schema.primary_key.push(0),
        }
        world.cluster.create("t", described);
        if seed % 4 == 1 {
            world.cluster.add_partition("t", "a");
        }
        let table = world.open_table("t").expect("it is there").0;
        let bucket = thalweg_contract::Bucket { partition: None, bucket: 0 };
        let scan = match seed % 4 {
            2 => world.engine.limit_scan(world.now, table, bucket, 5),
            3 => world.engine.scan_current(world.now, table, bucket),
            _ => world.engine.scan(world.now, table, ScanSpec { end: End::Never, ..ALL }),
        };
        let scan = scan.expect("it fits");
        if seed % 4 == 0 {
            append(&mut world, table, &[1, 2, 3]).expect("there is room");
        }
        world.engine.demand(world.now, scan, 1 << 20);
        for _ in 0..good {
            world.step();
        }
        for frame in frames {
            world.carry_out();
            let Some(connection) = world.links.keys().min().copied() else { break };
            let buffer = world.keep(frame.clone());
            world.engine.received(world.now, connection, buffer, frame.into());
            world.step();
        }
        world.consume_all();
        world.events.clear();
        world.engine.cancel(world.now, scan);
        prop_assert!(world.open_table("t").is_ok());
    }
}
