//! Partitions that are dropped or made anew while rows for them are under way.

use super::super::model::{Letters, key_batch};
use super::partitions::*;
use super::*;
use crate::call::{Failure, passing};

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
