//! Everything is read by any limits, and no bucket starves.

use thalweg_contract::{End, Event, ScanSpec, Scanned, Ticket};
use thalweg_wire::{record::ChangeType, table::Schema};

use super::*;
use crate::{
    batches::arrow_batch,
    scenarios::{ALL, scan, write},
    world::{World, descriptor},
};

#[test]
fn everything_is_read_by_any_limits() {
    const LIMITS: [u32; 8] = [1, 48, 49, 100, 1000, 5000, 40_000, 1 << 20];
    for seed in 0..60 {
        let mut chance = Chance(seed);
        let buckets = 1 + chance.below(16) as usize;
        let limits = (chance.pick(&LIMITS), chance.pick(&LIMITS));
        let lengths: [&[usize]; 3] = [&[1, 2, 3], &[1, 100, 1000], &[500, 1500]];
        let lengths = chance.pick(&lengths);
        let batches: Vec<Vec<usize>> =
            (0..buckets).map(|_| (0..chance.below(12)).map(|_| chance.pick(lengths)).collect()).collect();
        let count: usize = batches.iter().map(Vec::len).sum();
        let servers = 1 + chance.below(3) as i32;
        let (mut world, table, rows) = world_with(seed, servers, limits, &batches);
        world.cluster.lagging = seed % 3 == 0;
        for columns in [None, Some(vec![0])] {
            let before = fetches(&world);
            let what = format!("seed {seed}, {buckets} buckets, limits {limits:?}, columns {columns:?}");
            let found = scan(&mut world, table, ScanSpec { columns, ..ALL }).expect(&what);
            assert!(found == rows, "{what}: {} of {} rows", found.len(), rows.len());
            // Each answer has a whole batch of one bucket at least.
            let asked = (fetches(&world) - before) as usize;
            assert!(asked <= count + servers as usize, "{what}: {asked} fetches for {count} batches");
        }
        world.finish();
    }
}

#[test]
fn a_table_whose_servers_do_not_know_it_yet_is_written_and_read() {
    for seed in 0..10 {
        let mut world = World::new(seed, 3, |_| {});
        world.cluster.create("t", descriptor(7, "NONE"));
        let (table, _) = world.open_table("t").expect("it is there");
        world.cluster.unready = 30;
        let rows = write(&mut world, table, 0..10);
        assert_eq!((rows.len(), world.cluster.unready), (100, 0));
        world.cluster.unready = 30;
        assert_eq!(scan(&mut world, table, ALL).expect("a scan"), rows);
        assert_eq!(world.cluster.unready, 0);
        world.finish();
    }
}

#[test]
fn changes_of_keys_are_read_by_small_limits() {
    let mut keyed = descriptor(5, "NONE");
    keyed.schema = Schema::parse_sql("id BIGINT NOT NULL, text STRING").expect("columns");
    keyed.schema.primary_key = vec![0];
    for (fetch_bytes, bucket_bytes) in [(1, 1), (60, 5000), (3000, 200), (30_000, 1000)] {
        let mut world = World::new(3, 2, |settings| {
            settings.scan.fetch_bytes = fetch_bytes;
            settings.scan.bucket_bytes = bucket_bytes;
        });
        world.cluster.create("t", keyed.clone());
        for bucket in 0..5 {
            for length in [500, 0, 3, 900] {
                let ids: Vec<i64> = (0..length).collect();
                let changes = vec![ChangeType::UpdateAfter; length as usize];
                let batch = arrow_batch(&keyed.schema, 1, &ids, Some(&changes));
                world.cluster.table("t").buckets[bucket].append(&batch, 1).expect("it is sound");
            }
        }
        let (table, _) = world.open_table("t").expect("it is there");
        for columns in [None, Some(vec![0])] {
            let rows = scan(&mut world, table, ScanSpec { columns, ..ALL }).expect("a scan");
            // A batch that changes nothing takes an offset up.
            let offsets = (0..500).chain(501..1404);
            let expected = (0..5).flat_map(|bucket| offsets.clone().map(move |offset| (bucket, offset)));
            assert!(rows.iter().map(|row| (row.0, row.1)).eq(expected), "{} rows", rows.len());
        }
        world.finish();
    }
}

/// What came of a scan.
fn take(world: &mut World, ticket: Ticket) -> Vec<Scanned> {
    let mut taken = Vec::new();
    for event in std::mem::take(&mut world.events) {
        match event {
            Event::Rows { ticket: of, scanned } if of == ticket => {
                world.consume(&scanned);
                taken.push(scanned);
            }
            other => panic!("not expected: {other:?}"),
        }
    }
    taken
}

#[test]
fn a_demand_of_one_row_is_met_each_time_by_a_batch_of_another_bucket() {
    let batches = vec![vec![300; 4]; 6];
    let (mut world, table, _) = world_with(1, 1, (16 << 20, 4 << 20), &batches);
    let ticket = world.engine.scan(world.now, table, ScanSpec { end: End::Never, ..ALL }).expect("it fits");
    let mut seen = Vec::new();
    for _ in 0..6 {
        world.demand(ticket, 1);
        world.run(SECOND);
        let taken = take(&mut world, ticket);
        assert_eq!(taken.iter().map(|part| part.rows).collect::<Vec<_>>(), [300], "one batch for one byte of demand");
        seen.push(taken[0].bucket.bucket);
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
    world.engine.cancel(world.now, ticket);
    world.finish();
}

#[test]
fn no_bucket_starves_while_others_grow() {
    for (columns, limits) in
        [(None, (4000, 4000)), (Some(vec![0]), (4000, 4000)), (None, (100, 4000)), (None, (9000, 6000))]
    {
        let (mut world, table, mut rows) = world_with(1, 1, limits, &vec![vec![10]; 4]);
        let spec = ScanSpec { columns, end: End::Never, ..ALL };
        let ticket = world.engine.scan(world.now, table, spec).expect("it fits");
        world.demand(ticket, u64::MAX);
        world.run(SECOND);
        take(&mut world, ticket);
        let mut late = None;
        for round in 0..400 {
            // The last bucket of the table is the first that the model reads.
            for bucket in [3, 2] {
                fill(&mut world, bucket, 200, &mut rows);
                fill(&mut world, bucket, 200, &mut rows);
            }
            if round == 20 {
                fill(&mut world, 0, 250, &mut rows);
                late = Some(world.now);
            }
            world.run(1500);
            if take(&mut world, ticket).iter().any(|part| part.bucket.bucket == 0) {
                let waited = world.now - late.expect("it has a row that was not read");
                assert!(waited < 100_000, "{limits:?}: it waited {waited} microseconds");
                late = None;
            }
        }
        assert_eq!(late, None, "{limits:?}: the first bucket is never read");
        world.engine.cancel(world.now, ticket);
        world.finish();
    }
}
