//! Batches that are cut: asked for again, alone, and found corrupt when their end never comes.

use thalweg_contract::{Bucket, Error, ErrorCode, Event, ScanSpec, TableHandle};
use thalweg_wire::table::{Schema, TableDescriptor};

use super::*;
use crate::{
    scenarios::{ALL, scan},
    world::{World, descriptor, numbers},
};

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
        world.demand(ticket, u64::MAX);
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
