//! Partitions of writes: looked for, created, refused, dropped and come again; none waits for another.

use thalweg_wire::column::{Column, Values};

use super::super::model::{Letters, key_batch, keyed, shaped};
use super::*;
use crate::call::{Failure, passing};

/// With a log table of two buckets, or with a keyed one.
fn bench(is_keyed: bool, change: impl FnOnce(&mut Settings)) -> Bench {
    let table = if is_keyed { keyed(0, 2, true, vec![]) } else { shaped(0, 2, true, vec![]) };
    Bench::of(&table, change)
}

/// Appends rows with these ids to as many partitions in turn by the id: `a`, `b`, ..
fn append(bench: &mut Bench, ticket: Ticket, ids: &[i64], partitions: u32) {
    let letters = Letters::of(ids, partitions);
    bench.put(ticket, &Change::Append, &letters.rows(ids));
}

/// The cluster knows a partition; server 0 leads all of it.
fn found(bench: &mut Bench, name: &str, id: i64) {
    bench.write.set_partition(bench.now, 0, name, id, &[Some(0), Some(0)]);
    bench.settle();
}

fn missing(bench: &mut Bench, name: &str) {
    let error = Error { code: ErrorCode::Other("no such partition".into()), retriable: false };
    bench.write.partition_missing(bench.now, 0, name, &error);
    bench.settle();
}

fn created(bench: &mut Bench, creation: usize, result: Result<(), Failure>) {
    bench.write.partition_created(bench.now, bench.creations[creation].0, result);
    bench.settle();
}

fn names(seeks: &[Arc<str>]) -> Vec<&str> {
    seeks.iter().map(AsRef::as_ref).collect()
}

/// The partitions that a request goes to.
fn partitions_of(request: &Produce) -> Vec<Option<i64>> {
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

#[test]
fn a_partition_that_cannot_be_created_in_time_is_named() {
    let mut bench = bench(false, |settings| settings.write.delivery_timeout = Duration::from_secs(1));
    append(&mut bench, 1, &[0], 1);
    missing(&mut bench, "a");
    let error = passing(ErrorCode::Unavailable("no coordinator".into()));
    created(&mut bench, 0, Err(Failure::Lost { error, sent: false }));
    bench.pass(1_000 * MS);
    let outcomes = bench.outcomes();
    let [(1, _, Err(text))] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(text.contains("timeout of 1 s") && text.contains("'a'") && text.contains("no coordinator"), "{text}");
    assert!(bench.is_empty());
}

#[test]
fn what_was_sent_to_a_dropped_partition_fails_and_the_rest_goes_to_its_successor() {
    let mut bench = bench(false, |settings| {
        settings.write.batch_rows = 1;
        settings.write.in_flight = 2;
        settings.write.assignment = Assignment::RoundRobin;
    });
    append(&mut bench, 1, &[0, 0, 0], 1);
    found(&mut bench, "a", 5);
    assert_eq!(bench.requests.len(), 2);
    bench.answer(0, Err(36));
    assert_eq!(names(&bench.seeks), ["a"; 2], "whether it was dropped is asked at once");
    missing(&mut bench, "a");
    let outcomes = bench.outcomes();
    let [(1, first, Err(refused)), (1, second, Err(under_way))] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(refused.contains("'a' of the table db.t0: it was dropped") && refused.ends_with("(false)"), "{refused}");
    assert!(under_way.ends_with("(true)") && (first[0], second[0]) == (0, 1), "{under_way}");
    bench.answer(1, Err(36));
    assert_eq!(bench.creations.len(), 1);
    created(&mut bench, 0, Ok(()));
    bench.pass(100 * MS);
    found(&mut bench, "a", 6);
    assert_eq!(
        (partitions_of(&bench.requests[2]), bench.stamp(2)),
        (vec![Some(6)], (7, 0, 1)),
        "with sequences of its own"
    );
    bench.answer(2, Ok(0));
    assert!(bench.outcomes()[0].2.is_ok() && bench.is_empty());
}

#[test]
fn a_dropped_partition_leaves_the_writer_to_the_others() {
    let mut bench = bench(false, |settings| {
        settings.write.batch_rows = 1;
        settings.write.assignment = Assignment::RoundRobin;
    });
    append(&mut bench, 1, &[0, 0, 0], 1);
    append(&mut bench, 2, &[1], 2);
    found(&mut bench, "a", 5);
    found(&mut bench, "b", 6);
    let to =
        |bench: &Bench, id| (0..4).filter(|at| partitions_of(&bench.requests[*at]) == [Some(id)]).collect::<Vec<_>>();
    let (dropped, other) = (to(&bench, 5), to(&bench, 6)[0]);
    bench.lose(other, true);
    bench.answer(dropped[0], Err(36));
    missing(&mut bench, "a");
    // A request behind the gap is lost, or calls the writer unknown: in a bucket that is no more.
    for (at, request) in dropped[1..].iter().enumerate() {
        if at == 0 { bench.lose(*request, true) } else { bench.answer(*request, Err(33)) }
    }
    bench.pass(100 * MS);
    let again = bench.requests.len() - 1;
    assert_eq!((partitions_of(&bench.requests[again]), bench.stamp(again)), (vec![Some(6)], (7, 0, 1)));
    bench.answer(again, Err(32));
    let results: Vec<_> = bench.outcomes().into_iter().map(|(ticket, _, result)| (ticket, result.is_ok())).collect();
    assert_eq!(results, [(1, false), (1, false), (1, false), (2, true)]);
}

#[test]
fn a_partition_with_another_number_is_another() {
    let mut bench = bench(false, |settings| settings.write.batch_rows = 1);
    append(&mut bench, 1, &[0], 1);
    found(&mut bench, "a", 5);
    bench.answer(0, Ok(0));
    append(&mut bench, 2, &[0], 1);
    bench.answer(1, Err(21));
    found(&mut bench, "a", 6);
    append(&mut bench, 3, &[0], 1);
    assert_eq!((partitions_of(&bench.requests[2]), bench.stamp(2).1), (vec![Some(6)], 0));
    let results: Vec<_> = bench.outcomes().into_iter().map(|(ticket, _, result)| (ticket, result.is_ok())).collect();
    assert_eq!(results, [(1, true), (2, false)]);
}

#[test]
fn changes_go_to_the_partition_that_their_key_names() {
    let mut bench = bench(true, |_| {});
    let (ids, letters) = ([7, 7], Letters::of(&[0, 1], 2));
    bench.put(1, &Change::Upsert(None), &letters.rows(&ids));
    found(&mut bench, "a", 1);
    found(&mut bench, "b", 2);
    let (ids, letters) = ([7], Letters::of(&[1], 2));
    bench.put(2, &Change::Delete, &letters.rows(&ids));
    bench.pass(100 * MS);
    let sent: Vec<_> = bench.requests.iter().flat_map(|request| bench.host.records(request)).collect();
    let sent: Vec<_> = sent.iter().map(|(bucket, batch)| (bucket.partition, key_batch(batch).2)).collect();
    // The columns that name the partition are no part of the key within it.
    assert_eq!(sent, [(Some(1), vec![(7, true)]), (Some(2), vec![(7, true), (7, false)])]);
}

#[test]
fn rows_of_every_partition_fail_with_their_table() {
    let mut bench = bench(false, |_| {});
    append(&mut bench, 1, &[0, 1], 2);
    found(&mut bench, "b", 12);
    let gone = Error { code: ErrorCode::Other("dropped".into()), retriable: false };
    bench.write.gone(bench.now, 0, &gone);
    bench.settle();
    let fates = bench.fates();
    assert_eq!(fates, [(1, Err(false)), (1, Err(true))]);
    bench.answer(0, Err(7));
    assert!(bench.is_empty());
}
