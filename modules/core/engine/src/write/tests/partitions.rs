//! Partitions of writes: looked for, created, refused, dropped and come again; none waits for another.

use thalweg_wire::column::{Column, Values};

use super::super::model::{Letters, keyed, shaped};
use super::*;
use crate::call::{Failure, passing};

/// With a log table of two buckets, or with a keyed one.
pub(super) fn bench(is_keyed: bool, change: impl FnOnce(&mut Settings)) -> Bench {
    let table = if is_keyed { keyed(0, 2, true, vec![]) } else { shaped(0, 2, true, vec![]) };
    Bench::of(&table, change)
}

/// Appends rows with these ids to as many partitions in turn by the id: `a`, `b`, ..
pub(super) fn append(bench: &mut Bench, ticket: Ticket, ids: &[i64], partitions: u32) {
    let letters = Letters::of(ids, partitions);
    bench.put(ticket, &Change::Append, &letters.rows(ids));
}

/// The cluster knows a partition; server 0 leads all of it.
pub(super) fn found(bench: &mut Bench, name: &str, id: i64) {
    bench.write.set_partition(bench.now, 0, name, id, &[Some(0), Some(0)]);
    bench.settle();
}

pub(super) fn missing(bench: &mut Bench, name: &str) {
    let error = Error { code: ErrorCode::Other("no such partition".into()), retriable: false };
    bench.write.partition_missing(bench.now, 0, name, &error);
    bench.settle();
}

pub(super) fn created(bench: &mut Bench, creation: usize, result: Result<(), Failure>) {
    bench.write.partition_created(bench.now, bench.creations[creation].0, result);
    bench.settle();
}

pub(super) fn names(seeks: &[Arc<str>]) -> Vec<&str> {
    seeks.iter().map(AsRef::as_ref).collect()
}

/// The partitions that a request goes to.
pub(super) fn partitions_of(request: &Produce) -> Vec<Option<i64>> {
    request.batches.iter().map(|batch| batch.bucket.partition).collect()
}

#[test]
fn rows_of_one_call_go_to_their_partitions_and_none_waits_for_another() {
    let mut bench = bench(false, |_| {});
    append(&mut bench, 1, &[0, 1, 2, 3, 4, 5], 3);
    assert_eq!((names(&bench.seeks), bench.requests.len()), (vec!["a", "b", "c"], 0));
    found(&mut bench, "b", 12);
    assert_eq!(partitions_of(&bench.requests[0]), [Some(12)]);
    bench.answer(0, Ok(40));
    let bucket = bench.requests[0].batches[0].bucket;
    assert_eq!(bench.outcomes(), [(1, vec![1, 4], Ok((bucket, 42)))]);
    found(&mut bench, "a", 11);
    found(&mut bench, "c", 13);
    bench.pass(100 * MS);
    for request in 1..bench.requests.len() {
        bench.answer(request, Ok(0));
    }
    let rows: Vec<_> = bench.outcomes().into_iter().map(|(_, rows, _)| rows).collect();
    assert_eq!(rows, [[0, 3], [2, 5]]);
    assert!(bench.is_empty() && bench.creations.is_empty());
}

/// Rows of one column `p`, which names their partition.
fn texts<'a>(ids: &'a [i64], offsets: &'a [i32], bytes: &'a [u8]) -> Rows<'a> {
    let columns = [Values::Int64(ids), Values::Spans { offsets, bytes }];
    let columns = columns.map(|values| Column { validity: None, values });
    Rows { rows: ids.len(), columns: columns.to_vec() }
}

#[test]
fn a_value_that_names_no_partition_fails_its_row_and_no_other() {
    for is_keyed in [false, true] {
        let mut bench = bench(is_keyed, |_| {});
        let change = if is_keyed { Change::Upsert(None) } else { Change::Append };
        let rows = texts(&[0, 0, 0, 0, 0], &[0, 1, 4, 5, 8, 8], b"aa/ba$.b");
        bench.put(1, &change, &rows);
        let outcomes = bench.outcomes();
        let rows: Vec<_> = outcomes.iter().map(|(ticket, rows, _)| (*ticket, rows.clone())).collect();
        assert_eq!(rows, [(1, vec![1]), (1, vec![3]), (1, vec![4])]);
        for ((_, _, result), value) in outcomes.iter().zip(["'a/b'", "'$.b'", "''"]) {
            let text = result.as_ref().expect_err("it names none");
            assert!(text.contains("table db.t0: the column p has the value") && text.contains(value), "{text}");
            assert!(text.ends_with("(false)"), "{text}");
        }
        found(&mut bench, "a", 11);
        bench.pass(100 * MS);
        bench.answer(0, Ok(0));
        let rows: Vec<_> = bench.outcomes().into_iter().map(|(_, rows, result)| (rows, result.is_ok())).collect();
        assert_eq!(rows, [(vec![0, 2], true)]);
        assert_eq!((names(&bench.seeks), bench.is_empty()), (vec!["a"], true));
        let counters = bench.write.counters();
        assert_eq!((counters.rows_taken, counters.rows_acknowledged, counters.rows_failed), (5, 2, 3));
    }
}

#[test]
fn a_call_of_nothing_but_bad_rows_has_its_fates_at_once() {
    let mut bench = bench(false, |_| {});
    bench.put(1, &Change::Append, &texts(&[0, 0], &[0, 1, 2], b".."));
    let rows: Vec<_> = bench.outcomes().into_iter().map(|(_, rows, result)| (rows, result.is_ok())).collect();
    assert_eq!(rows, [(vec![0, 1], false)]);
    assert!(bench.is_empty() && bench.seeks.is_empty());
}

/// As if it were 2026-01-31T23:30:00Z.
fn in_time(properties: &[(&str, &str)]) -> Bench {
    let mut table = shaped(0, 2, true, vec![]);
    let info = Arc::make_mut(&mut table.info);
    let on = [("table.auto-partition.enabled", "true")];
    for (key, value) in on.iter().chain(properties) {
        info.descriptor.properties.insert((*key).into(), (*value).into());
    }
    let mut bench = Bench::of(&table, |_| {});
    bench.pass(1_769_902_200_000_000);
    bench
}

#[test]
fn a_partition_that_would_be_dropped_at_once_is_not_created() {
    let kept = ("table.auto-partition.num-retention", "2");
    for (zone, old) in [(Some("UTC"), "20260128"), (Some("GMT-12"), "20260128"), (None, "20260128")] {
        let mut properties = vec![kept];
        properties.extend(zone.map(|zone| ("table.auto-partition.time-zone", zone)));
        for (name, why) in [(old, "is out-of-date"), ("2026-01-31", "does not match"), ("20260129", "")] {
            let mut bench = in_time(&properties);
            let ends = [0, 1, 1 + name.len() as i32];
            let bytes = ["a", name].concat();
            bench.put(1, &Change::Append, &texts(&[7, 8], &ends, bytes.as_bytes()));
            found(&mut bench, "a", 11);
            missing(&mut bench, name);
            let outcomes = bench.outcomes();
            let created: Vec<&str> = bench.creations.iter().map(|(_, name)| &**name).collect();
            if why.is_empty() {
                assert_eq!((created, outcomes.len()), (vec![name], 0), "{zone:?}");
                continue;
            }
            let [(1, rows, Err(text))] = &outcomes[..] else { panic!("{outcomes:?}") };
            assert_eq!((created, &rows[..]), (vec![], &[1][..]), "{zone:?}");
            assert!(text.contains("of the table db.t0: it is not created") && text.contains(why), "{text}");
            assert_eq!(partitions_of(&bench.requests[0]), [Some(11)], "the others go on");
        }
    }
}

#[test]
fn a_partition_that_is_there_may_be_old() {
    let mut bench = in_time(&[]);
    bench.put(1, &Change::Append, &texts(&[7], &[0, 4], b"1999"));
    found(&mut bench, "1999", 11);
    bench.pass(100 * MS);
    bench.answer(0, Ok(0));
    assert!(bench.outcomes()[0].2.is_ok());
}

#[test]
fn a_missing_partition_is_created_and_looked_for_again() {
    let mut bench = bench(false, |_| {});
    append(&mut bench, 1, &[0], 1);
    missing(&mut bench, "a");
    assert_eq!((&*bench.creations[0].1, bench.seeks.len()), ("a", 1));
    created(&mut bench, 0, Ok(()));
    bench.pass(100 * MS);
    // The servers may not know it yet; creating it once more does no harm.
    missing(&mut bench, "a");
    created(&mut bench, 1, Ok(()));
    bench.pass(200 * MS);
    assert_eq!((names(&bench.seeks), bench.requests.len()), (vec!["a"; 3], 0));
    found(&mut bench, "a", 5);
    assert_eq!(partitions_of(&bench.requests[0]), [Some(5)]);
}

#[test]
fn without_creation_only_the_rows_of_the_missing_partition_fail() {
    let mut bench = bench(false, |settings| settings.write.create_partitions = false);
    append(&mut bench, 1, &[0, 1, 2, 3], 2);
    found(&mut bench, "b", 12);
    missing(&mut bench, "a");
    bench.answer(0, Ok(0));
    let bucket = bench.requests[0].batches[0].bucket;
    let why = "the partition 'a' of the table db.t0: it does not exist, and create-partitions is off";
    let outcomes = bench.outcomes();
    let [(1, failed, Err(text)), written] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(text.contains(why) && text.ends_with("(false)") && *failed == [0, 2], "{text}");
    assert_eq!(*written, (1, vec![1, 3], Ok((bucket, 2))));
    assert!(bench.is_empty() && bench.creations.is_empty());
    append(&mut bench, 2, &[0], 1);
    found(&mut bench, "a", 13);
    assert_eq!(partitions_of(&bench.requests[1]), [Some(13)], "it is looked for anew");
}

#[test]
fn a_refused_creation_fails_its_rows_and_a_lost_one_is_tried_again() {
    // Too many partitions, a name that the server refuses, no right to create any.
    for code in [45, 43, 48] {
        let mut bench = bench(false, |_| {});
        append(&mut bench, 1, &[0, 1], 2);
        found(&mut bench, "b", 12);
        missing(&mut bench, "a");
        created(&mut bench, 0, Err(Failure::Refused { code, message: "at most 1000".into() }));
        let outcomes = bench.outcomes();
        let [(1, rows, Err(text))] = &outcomes[..] else { panic!("{outcomes:?}") };
        let why = "the partition 'a' of the table db.t0: it could not be created: ";
        assert!(text.contains(why) && text.contains("at most 1000") && text.ends_with("(false)"), "{text}");
        assert_eq!((rows, bench.requests.len()), (&vec![0], 1));
    }
    let mut bench = bench(false, |_| {});
    append(&mut bench, 1, &[0], 1);
    missing(&mut bench, "a");
    let error = passing(ErrorCode::Unavailable("cut".into()));
    created(&mut bench, 0, Err(Failure::Lost { error, sent: true }));
    bench.pass(100 * MS);
    missing(&mut bench, "a");
    assert_eq!((bench.creations.len(), bench.seeks.len(), bench.events.len()), (2, 2, 0));
    created(&mut bench, 1, Ok(()));
    bench.pass(200 * MS);
    found(&mut bench, "a", 5);
    assert_eq!(bench.requests.len(), 1);
}
