//! Scans by small limits: answers that end within batches, buckets that an answer has no room for, batches that are larger
//! than a limit.

use std::time::Duration;

use thalweg_contract::{Bucket, End, Error, ErrorCode, Event, ScanSpec, Scanned, TableHandle, Ticket};
use thalweg_wire::{
    record::ChangeType,
    table::{Schema, TableDescriptor},
};

use crate::{
    batches::arrow_batch,
    scenarios::{ALL, scan, write},
    world::{World, descriptor, numbers},
};

const SECOND: u64 = 1_000_000;

/// Numbers that follow from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// A world with these limits of an answer and of a bucket, and a table with these batches of so many rows in each bucket;
/// the rows that are to be read.
fn world_with(
    seed: u64,
    servers: i32,
    (fetch_bytes, bucket_bytes): (u32, u32),
    batches: &[Vec<usize>],
) -> (World, TableHandle, Vec<(u32, u64, i64)>) {
    let mut world = World::new(seed, servers, |settings| {
        settings.scan.fetch_bytes = fetch_bytes;
        settings.scan.bucket_bytes = bucket_bytes;
        // The model does not end a wait when rows come.
        settings.scan.max_wait = Duration::from_millis(5);
    });
    world.cluster.create("t", descriptor(batches.len() as u32, "NONE"));
    let mut rows = Vec::new();
    for (bucket, lengths) in (0..).zip(batches) {
        for &length in lengths {
            fill(&mut world, bucket, length, &mut rows);
        }
    }
    rows.sort_unstable();
    let (table, _) = world.open_table("t").expect("it is there");
    (world, table, rows)
}

/// Puts a batch of this many rows behind the others of a bucket.
fn fill(world: &mut World, bucket: u32, length: usize, rows: &mut Vec<(u32, u64, i64)>) {
    let begin = rows.len() as i64;
    let ids: Vec<i64> = (begin..begin + length as i64).collect();
    let batch = arrow_batch(&descriptor(1, "NONE").schema, 1, &ids, None);
    let first = world.cluster.table("t").buckets[bucket as usize].append(&batch, 1).expect("it is sound");
    rows.extend(ids.into_iter().enumerate().map(|(at, id)| (bucket, first as u64 + at as u64, id)));
}

fn fetches(world: &World) -> u32 {
    world.cluster.calls.get("FETCH_LOG").copied().unwrap_or(0)
}

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
        world.engine.demand(world.now, ticket, 1);
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
        world.engine.demand(world.now, ticket, u64::MAX);
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

/// Scans a world that must fail; the error, and how many fetches it took.
fn failure(world: &mut World, table: TableHandle, spec: ScanSpec) -> (Error, u32) {
    let before = fetches(world);
    let error = scan(world, table, spec).expect_err("there is a batch that never comes");
    (error, fetches(world) - before)
}

/// Makes the first batch of bucket 0 say that it has this many bytes.
fn announce(world: &mut World, length: i32) {
    world.cluster.table("t").buckets[0].batches[0].2[8..12].copy_from_slice(&(length - 12).to_le_bytes());
}

#[test]
fn a_batch_whose_end_never_comes_is_corrupt_after_it_was_asked_for_alone() {
    // The length that the first batch of the first bucket announces, the buckets, and the fetches until the error.
    let cases = [
        (1 << 20, 1, 1, "the server sends 2976 bytes of it where there is room for 1048576 bytes"),
        (1 << 20, 3, 2, "the server sends 2976 bytes of it where there is room for 1048576 bytes"),
        // More than is asked of one bucket.
        (8 << 20, 1, 2, "room for 8388608 bytes"),
        (8 << 20, 3, 2, "room for 8388608 bytes"),
        // More than any frame has room for.
        ((128 << 20) + 1, 1, 1, "is 134217729 bytes long, which is too much for frames of at most 134217728 bytes"),
        (i32::MAX, 3, 1, "raise the setting `frame_limit`"),
    ];
    for (length, buckets, expected, text) in cases {
        let (mut world, table, _) = world_with(1, 1, (16 << 20, 4 << 20), &vec![vec![100, 50]; buckets]);
        announce(&mut world, length);
        let (error, asked) = failure(&mut world, table, ALL);
        assert!(error.to_string().contains(text) && !error.is_retriable(), "{length}: {error}");
        assert!(error.to_string().contains("the batch at offset 0 of bucket 0 of db.t"), "{error}");
        assert_eq!(asked, expected, "{length} bytes, {buckets} buckets");
        world.consume_all();
        world.finish();
    }
}

#[test]
fn a_server_that_never_sends_a_whole_batch_is_asked_three_times() {
    // What the server gives at most of each bucket, and the fetches until the error.
    for (stingy, buckets, expected) in [(60, 1, 1), (60, 4, 2), (1500, 2, 2)] {
        let (mut world, table, _) = world_with(1, 1, (16 << 20, 4 << 20), &vec![vec![100, 50]; buckets]);
        world.cluster.stingy = Some(stingy);
        let (error, asked) = failure(&mut world, table, ALL);
        assert!(matches!(error.code, ErrorCode::Corrupt(_)), "{error}");
        assert!(error.to_string().contains(&format!("the server sends {stingy} bytes of it")), "{error}");
        assert_eq!(asked, expected, "{stingy} bytes, {buckets} buckets");
        world.finish();
    }
    // It says that there are rows, and sends none: now and then it is asked again, with all the room that there is.
    let (mut world, table, _) = world_with(1, 1, (16 << 20, 4 << 20), &vec![vec![100]; 2]);
    world.cluster.stingy = Some(48);
    let (error, asked) = failure(&mut world, table, ALL);
    assert!(error.is_retriable(), "{error}");
    assert!(error.to_string().contains("has rows up to offset 100 of bucket 0 of db.t, but sends none"), "{error}");
    assert!((20..200).contains(&asked), "{asked} fetches within the command timeout");
    let most = (128 << 20) - 1024;
    let asked: Vec<(i32, i32)> = world.cluster.fetches.iter().take(5).flatten().copied().collect();
    assert_eq!(asked, [(0, 4 << 20), (1, 4 << 20), (0, 4 << 20), (0, most), (1, 4 << 20), (1, most)]);
    world.finish();
}

#[test]
fn a_batch_larger_than_the_limits_comes_after_it_was_cut() {
    // Two buckets of one server, read from the second on: the first gets the beginning of its batch, then all of it.
    let (mut world, table, rows) = world_with(1, 1, (6000, 3000), &[vec![400], vec![20, 400]]);
    assert_eq!(scan(&mut world, table, ALL).expect("a scan"), rows);
    let length = |bucket: usize, batch: usize| {
        world.cluster.tables.values().next().expect("t").buckets[bucket].batches[batch].2.len() as i32
    };
    let (of_first, of_second) = (length(0, 0), length(1, 1));
    assert!(of_first > 6000 && of_second > 6000);
    let expected: [&[(i32, i32)]; 3] = [&[(0, 3000), (1, 3000)], &[(0, of_first)], &[(1, of_second)]];
    assert_eq!(world.cluster.fetches, expected);
    world.finish();
}

#[test]
fn a_limit_scan_that_is_cut_says_so() {
    let (mut world, table, _) = world_with(1, 1, (16 << 20, 4 << 20), &[vec![10, 10]]);
    let last = &mut world.cluster.table("t").buckets[0].batches[1].2;
    last.truncate(last.len() - 1);
    let bucket = Bucket { partition: None, bucket: 0 };
    let ticket = world.engine.limit_scan(world.now, table, bucket, 15).expect("it fits");
    let end = world.event(|event| match event {
        Event::Ended { ticket: of, result } if *of == ticket => Some(result.clone()),
        _ => None,
    });
    let error = end.expect_err("its last rows are not there");
    assert!(matches!(&error.code, ErrorCode::Corrupt(text) if text.contains("offset 10 of bucket 0")), "{error}");
    world.finish();
}

#[test]
fn current_rows_are_read_by_small_limits() {
    let keyed = |mut descriptor: TableDescriptor| {
        descriptor.schema = Schema::parse_sql("id BIGINT NOT NULL, text STRING").expect("columns");
        descriptor.schema.primary_key = vec![0];
        descriptor
    };
    for bucket_bytes in [1, 30, 500] {
        let mut world = World::new(2, 1, |settings| settings.scan.bucket_bytes = bucket_bytes);
        let descriptor = keyed(descriptor(1, "NONE"));
        let rows = crate::batches::rows(
            &descriptor.schema,
            thalweg_wire::record::RowFormat::Compacted,
            &(0..200).collect::<Vec<_>>(),
        );
        world.cluster.create("t", descriptor);
        world.cluster.table("t").buckets[0].values = rows.into_iter().map(|row| [&[1, 0][..], &row].concat()).collect();
        let (table, _) = world.open_table("t").expect("it is there");
        let ticket =
            world.engine.scan_current(world.now, table, Bucket { partition: None, bucket: 0 }).expect("it fits");
        world.engine.demand(world.now, ticket, u64::MAX);
        world.run(60 * SECOND);
        let mut ids = Vec::new();
        for event in std::mem::take(&mut world.events) {
            match event {
                Event::Rows { scanned, .. } => ids.extend(numbers(&world, &scanned, 0)),
                Event::Ended { result, .. } => result.expect("a scan"),
                _ => {}
            }
        }
        assert!(ids.into_iter().eq((0..200).map(Some)), "{bucket_bytes}");
        world.finish();
    }
}
