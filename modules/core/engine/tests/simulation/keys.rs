//! Rows of one bucket: some of them, and the current rows of a keyed table.

use thalweg_contract::{Answer, Bucket, Error, ErrorCode, Event, Request, Scanned, TableHandle, Ticket};
use thalweg_wire::{
    message::ApiKey,
    record::RowFormat,
    table::{Schema, TableDescriptor},
};

use crate::{
    batches::{arrow_batch, rows},
    world::{Faults, World, descriptor, numbers, path},
};

const SECOND: u64 = 1_000_000;
const FIRST: Bucket = Bucket { partition: None, bucket: 0 };

fn keyed(buckets: u32) -> TableDescriptor {
    let mut keyed = descriptor(buckets, "NONE");
    keyed.schema = Schema::parse_sql("id BIGINT NOT NULL, text STRING").expect("columns");
    keyed.schema.primary_key = vec![0];
    keyed
}

/// Values of these keys as a server keeps them.
fn values(schema: &Schema, schema_id: i16, ids: std::ops::Range<i64>) -> Vec<Vec<u8>> {
    let rows = rows(schema, RowFormat::Compacted, &ids.collect::<Vec<_>>());
    rows.into_iter().map(|row| [&schema_id.to_le_bytes()[..], &row].concat()).collect()
}

fn world_with(seed: u64, count: i64) -> (World, TableHandle) {
    world_without(seed, count, &[])
}

/// A world whose servers lack these.
fn world_without(seed: u64, count: i64, lacking: &[ApiKey]) -> (World, TableHandle) {
    let mut world = World::new(seed, 3, |_| {});
    world.cluster.lacking = lacking.to_vec();
    world.cluster.create("t", keyed(2));
    let bucket = &mut world.cluster.table("t").buckets[0];
    bucket.values = values(&keyed(2).schema, 1, 0..count);
    bucket.end = 77;
    let (table, _) = world.open_table("t").expect("it is there");
    (world, table)
}

/// What came for a scan: the offset of its snapshot, its rows, and how it ended if it did.
#[derive(Debug, Default, PartialEq)]
struct Came {
    snapshot: Option<u64>,
    parts: Vec<Scanned>,
    end: Option<Result<(), Error>>,
}

impl Came {
    fn ids(&self, world: &World) -> Vec<i64> {
        self.parts.iter().flat_map(|part| numbers(world, part, 0)).map(|id| id.expect("a key")).collect()
    }
}

fn take(world: &mut World, ticket: Ticket) -> Came {
    let mut came = Came::default();
    for event in std::mem::take(&mut world.events) {
        match event {
            Event::Snapshot { ticket: of, offset } if of == ticket => {
                assert!(came.snapshot.replace(offset).is_none() && came.parts.is_empty(), "it comes once, before rows");
            }
            Event::Rows { ticket: of, scanned } if of == ticket => came.parts.push(scanned),
            Event::Ended { ticket: of, result } if of == ticket => came.end = Some(result),
            other => panic!("not expected: {other:?}"),
        }
    }
    came
}

#[test]
fn the_current_rows_are_read_as_demand_allows() {
    let (mut world, table) = world_with(1, 1000);
    let ticket = world.engine.scan_current(world.now, table, FIRST).expect("it fits");
    world.run(SECOND);
    assert_eq!(world.cluster.calls.get("SCAN_KV"), None, "nothing is read without demand");
    world.demand(ticket, 1);
    world.run(SECOND);
    let first = take(&mut world, ticket);
    assert_eq!((first.snapshot, first.ids(&world), first.end.clone()), (Some(77), vec![0], None));
    assert_eq!((first.parts[0].offset, first.parts[0].changes.clone()), (0, None));
    world.demand(ticket, 5000);
    world.run(SECOND);
    let second = take(&mut world, ticket);
    let given = second.ids(&world).len();
    assert!((100..1000).contains(&given) && second.end.is_none(), "{given} rows for 5000 bytes");
    world.demand(ticket, u64::MAX);
    world.run(SECOND);
    let rest = take(&mut world, ticket);
    assert_eq!(rest.end, Some(Ok(())));
    let all = [second.ids(&world), rest.ids(&world)].concat();
    assert_eq!(all, (1..1000).collect::<Vec<_>>());
    assert!(world.cluster.scanners.is_empty());
    assert_eq!(world.engine.statistics().rows_scanned, 1000);

    let empty = world.engine.scan_current(world.now, table, Bucket { bucket: 1, ..FIRST }).expect("it fits");
    world.demand(empty, 1);
    world.run(SECOND);
    assert_eq!(take(&mut world, empty), Came { snapshot: Some(0), parts: Vec::new(), end: Some(Ok(())) });
    world.finish();
}

#[test]
fn a_snapshot_that_nobody_wants_any_more_is_closed() {
    for open in [false, true] {
        let (mut world, table) = world_with(2, 1000);
        let ticket = world.engine.scan_current(world.now, table, FIRST).expect("it fits");
        world.demand(ticket, 1);
        while world.cluster.scanners.is_empty() {
            world.step();
        }
        if open {
            world.run(SECOND);
            take(&mut world, ticket);
        }
        world.engine.cancel(world.now, ticket);
        world.run(SECOND);
        assert!(world.cluster.scanners.is_empty(), "it was open: {open}");
        assert_eq!(take(&mut world, ticket), Came::default());
        world.finish();
    }
}

#[test]
fn current_rows_of_other_schemas_are_read_as_the_table_was_opened() {
    let mut world = World::new(3, 3, |_| {});
    world.cluster.create("t", keyed(2));
    world.cluster.table("t").buckets[0].values = values(&keyed(2).schema, 1, 0..3);
    let mut new = Schema::parse_sql("id BIGINT NOT NULL, text STRING, more BIGINT").expect("columns");
    new.primary_key = vec![0];
    world.cluster.alter("t", new.clone());
    world.cluster.table("t").buckets[0].values.extend(values(&new, 2, 3..5));
    let (table, info) = world.open_table("t").expect("it is there");
    assert_eq!(info.schema_id, 2);
    for limit in [None, Some(4)] {
        let ticket = match limit {
            None => world.engine.scan_current(world.now, table, FIRST),
            Some(limit) => world.engine.limit_scan(world.now, table, FIRST, limit),
        };
        let ticket = ticket.expect("it fits");
        world.demand(ticket, u64::MAX);
        world.run(SECOND);
        let came = take(&mut world, ticket);
        let count = limit.unwrap_or(5) as usize;
        assert_eq!(came.ids(&world), (0..count as i64).collect::<Vec<_>>());
        let more = [None, None, None, Some(3), Some(4)];
        assert_eq!(numbers(&world, &came.parts[0], 2), more[..count]);
        assert_eq!((came.end, came.parts[0].schema_id), (Some(Ok(())), 2));
    }
    world.finish();
}

#[test]
fn current_rows_survive_a_bad_network_or_say_that_they_did_not() {
    let (mut whole, mut broken) = (0, 0);
    for seed in 0..60 {
        let (mut world, table) = world_with(seed, 300);
        world.faults = Faults { cut: 100, refusal: 100, ..Faults::default() };
        let ticket = world.engine.scan_current(world.now, table, FIRST).expect("it fits");
        for _ in 0..40 {
            world.demand(ticket, 500);
            world.run(SECOND);
        }
        world.demand(ticket, u64::MAX);
        world.run(120 * SECOND);
        let came = take(&mut world, ticket);
        let ids = came.ids(&world);
        assert_eq!(ids, (0..ids.len() as i64).collect::<Vec<_>>(), "seed {seed}: no gap, none twice");
        match came.end.expect("it ends") {
            Ok(()) => {
                whole += 1;
                assert_eq!(ids.len(), 300, "seed {seed}");
            }
            Err(error) => {
                broken += 1;
                assert!(error.is_retriable() && error.to_string().contains("begin it anew"), "seed {seed}: {error}");
            }
        }
        world.faults = Faults::default();
        world.finish();
    }
    assert!(whole > 0 && broken > 0, "{whole} whole, {broken} broken");
}

#[test]
fn what_has_no_current_rows_says_so() {
    let (mut world, table) = world_without(4, 10, &[ApiKey::ScanKv]);
    let ticket = world.engine.scan_current(world.now, table, FIRST).expect("it fits");
    world.demand(ticket, 1);
    world.run(SECOND);
    let error = take(&mut world, ticket).end.expect("it ended").expect_err("the server cannot");
    let ErrorCode::Unsupported(text) = &error.code else { panic!("{error}") };
    assert!(text.contains("the current rows of bucket 0 of db.t") && text.contains("SCAN_KV"), "{text}");

    world.cluster.create("log", descriptor(1, "NONE"));
    let (log, _) = world.open_table("log").expect("it is there");
    let error = world.engine.scan_current(world.now, log, FIRST).expect_err("it has no keys");
    assert!(matches!(&error.code, ErrorCode::Invalid(text) if text.contains("no primary key")), "{error}");
    let beyond = Bucket { bucket: 2, ..FIRST };
    assert!(world.engine.scan_current(world.now, table, beyond).is_err());
    assert!(world.engine.limit_scan(world.now, table, beyond, 1).is_err());
    assert!(world.engine.limit_scan(world.now, table, FIRST, 0).is_err());
    world.finish();
}

#[test]
fn a_limit_scan_gives_the_last_rows_of_a_log_and_some_of_keys() {
    let (mut world, table) = world_with(5, 10);
    let limited = |world: &mut World, table, bucket, limit| {
        let ticket = world.engine.limit_scan(world.now, table, bucket, limit).expect("it fits");
        world.run(10 * SECOND);
        take(world, ticket)
    };
    for (limit, expected) in [(3, 3), (100, 10)] {
        let came = limited(&mut world, table, FIRST, limit);
        assert_eq!((came.ids(&world), came.end), ((0..expected).collect(), Some(Ok(()))));
    }
    let none = limited(&mut world, table, Bucket { bucket: 1, ..FIRST }, 5);
    assert_eq!(none, Came { end: Some(Ok(())), ..Came::default() });

    world.cluster.create("log", descriptor(1, "NONE"));
    let schema = descriptor(1, "NONE").schema;
    for first in [0, 4, 8] {
        let ids: Vec<i64> = (first..first + 4).collect();
        world.cluster.table("log").buckets[0].append(&arrow_batch(&schema, 1, &ids, None), 1).expect("it is sound");
    }
    let (log, _) = world.open_table("log").expect("it is there");
    // Its leader moves while it is asked.
    world.cluster.table("log").buckets[0].leader = Some(2);
    for (limit, from) in [(6, 6), (8, 4), (100, 0)] {
        let came = limited(&mut world, log, FIRST, limit);
        assert_eq!(came.ids(&world), (from..12).collect::<Vec<_>>());
        assert_eq!((came.parts[0].offset, came.end.clone()), (from as u64, Some(Ok(()))));
        came.parts.iter().for_each(|part| world.consume(part));
    }
    world.finish();
}

#[test]
fn rows_are_counted_where_the_server_counts_them() {
    for (lacking, expected) in [(Vec::new(), [Some(10), Some(0)]), (vec![ApiKey::GetTableStats], [None, None])] {
        let (mut world, _) = world_without(6, 10, &lacking);
        let ticket = world.engine.ask(world.now, Request::ListOffsets { path: path("t") });
        let answer = world.event(|event| match event {
            Event::Answered { ticket: of, result } if *of == ticket => Some(result.clone()),
            _ => None,
        });
        let Ok(Answer::Offsets(offsets)) = answer else { panic!("{answer:?}") };
        assert_eq!(offsets.iter().map(|at| at.rows).collect::<Vec<_>>(), expected);
        assert_eq!((offsets[0].earliest, offsets[0].latest), (0, 77));
        world.finish();
    }
}
