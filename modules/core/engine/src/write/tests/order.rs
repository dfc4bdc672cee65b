//! Batches in order: sequences, writer ids, leaders.

use super::*;

#[test]
fn a_batch_that_fails_in_the_middle_makes_room_for_the_next() {
    let mut bench = Bench::new(1, false, |settings| settings.write.batch_rows = 1);
    bench.take(1, &[0, 1, 2, 3]);
    bench.answer(0, Ok(0));
    bench.answer(1, Err(13));
    bench.answer(2, Err(31));
    assert_eq!(bench.requests.len(), 4, "another behind the gap has no answer yet");
    bench.answer(3, Err(31));
    assert_eq!((bench.stamp(4), bench.stamp(5)), ((7, 1, 1), (7, 2, 1)));
    bench.answer(4, Ok(1));
    bench.answer(5, Ok(2));
    assert_eq!(bench.fates(), [(1, Ok(Some(0))), (1, Err(false)), (1, Ok(Some(1))), (1, Ok(Some(2)))]);
    assert_eq!(bench.write.counters().batches_retried, 2);
    bench.take(2, &[4]);
    assert_eq!(bench.stamp(6), (7, 3, 1));
}

#[test]
fn a_lost_batch_behind_one_that_failed_goes_again_under_another_writer() {
    let mut bench = Bench::new(1, false, |settings| settings.write.batch_rows = 1);
    bench.take(1, &[0, 1, 2]);
    bench.answer(0, Ok(0));
    bench.answer(1, Err(13));
    bench.lose(2, true);
    bench.pass(100 * MS);
    // Under the old id it would get a sequence that its lost request, coming in late, would follow.
    assert_eq!((bench.requests.len(), bench.stamp(3)), (4, (8, 0, 1)));
    bench.answer(3, Ok(1));
    assert_eq!(bench.fates(), [(1, Ok(Some(0))), (1, Err(false)), (1, Ok(Some(1)))]);
}

#[test]
fn disorder_after_a_lost_request_is_waited_out() {
    let mut bench = Bench::new(1, false, |settings| settings.write.batch_rows = 1);
    bench.take(1, &[0, 1]);
    bench.answer(1, Err(31));
    assert_eq!(bench.requests.len(), 2, "the first has no answer yet");
    bench.lose(0, true);
    assert_eq!(bench.refreshes, 1);
    bench.pass(50 * MS);
    assert_eq!((bench.stamp(2), bench.stamp(3)), ((7, 0, 1), (7, 1, 1)));
    bench.answer(3, Ok(1));
    bench.answer(2, Ok(0));
    assert_eq!(bench.fates(), [(1, Ok(Some(1))), (1, Ok(Some(0)))]);
}

#[test]
fn a_gap_that_nothing_explains_needs_a_new_writer() {
    let mut bench = Bench::new(2, false, |settings| {
        settings.write.batch_rows = 1;
        settings.write.assignment = Assignment::RoundRobin;
    });
    bench.take(1, &[0, 1, 2]);
    bench.take(2, &[9]);
    bench.answer(0, Ok(0));
    bench.lose(2, true);
    bench.answer(1, Err(31));
    assert_eq!(bench.requests.len(), 4, "the other bucket is drained first");
    bench.answer(3, Ok(5));
    bench.pass(50 * MS);
    assert_eq!(bench.stamp(4), (8, 0, 1), "what the server certainly lacks goes again, from 0");
    bench.answer(4, Ok(1));
    let mut fates = bench.fates();
    fates.sort_by_key(|(ticket, fate)| (*ticket, fate.is_err()));
    assert_eq!(fates, [(1, Ok(Some(0))), (1, Ok(Some(1))), (1, Err(true)), (2, Ok(Some(5)))]);
    assert!(bench.is_empty());
}

#[test]
fn an_unknown_writer_is_renewed_and_a_duplicate_is_a_success() {
    let mut bench = Bench::new(1, false, |_| {});
    bench.take(1, &[0]);
    bench.answer(0, Err(33));
    bench.pass(50 * MS);
    assert_eq!(bench.stamp(1), (8, 0, 1));
    bench.answer(1, Err(32));
    assert_eq!(bench.fates(), [(1, Ok(None))]);
}

#[test]
fn a_new_leader_waits_for_the_answer_of_the_old_one() {
    let mut bench = Bench::new(1, false, |settings| settings.write.batch_rows = 1);
    bench.take(1, &[0, 1]);
    bench.write.set_leaders(0, 0, &[Some(1)]);
    bench.take(2, &[2]);
    assert_eq!(bench.requests.len(), 2);
    bench.answer(0, Err(12));
    bench.answer(1, Err(12));
    assert_eq!(bench.refreshes, 1);
    bench.write.set_leaders(0, 0, &[Some(1)]);
    bench.pass(100 * MS);
    let leaders: Vec<_> = bench.requests.iter().map(|request| request.leader).collect();
    assert_eq!(leaders, [0, 0, 1, 1, 1]);
    assert_eq!((bench.stamp(2).1, bench.stamp(3).1, bench.stamp(4).1), (0, 1, 2));
}

#[test]
fn without_idempotence_batches_carry_no_writer() {
    for (acks, wire) in [(Acks::Leader, 1), (Acks::None, 0)] {
        let mut bench = Bench::new(1, false, |settings| {
            settings.write.acks = acks;
            settings.write.idempotent = false;
        });
        bench.take(1, &[0]);
        assert_eq!((bench.requests[0].acks, bench.stamp(0), bench.writers), (wire, (-1, -1, 1), 6));
        let mut reply = bucket_reply(Bucket { partition: None, bucket: 0 }, Ok(0));
        reply.offset = None;
        bench.reply(bench.requests[0].key, Reply::Answered(vec![reply]));
        assert_eq!(bench.fates(), [(1, Ok(None))]);
    }
}

#[test]
fn a_writer_id_that_is_refused_fails_the_rows() {
    let mut bench = Bench::new(1, false, |_| {});
    bench.append(1, &[0]).unwrap();
    let refused = Error { code: ErrorCode::Unsupported("no writers here".into()), retriable: false };
    assert!(outputs(&mut bench.write).iter().any(|output| matches!(output, Output::InitWriter { .. })));
    bench.write.writer_given(0, Err(refused));
    bench.settle();
    assert_eq!(bench.fates(), [(1, Err(false))]);
}
