//! Ends: deadlines, closing, dropped tables, flushes.

use super::*;

#[test]
fn deadlines_say_whether_rows_may_be_there() {
    let short = |settings: &mut Settings| settings.write.delivery_timeout = Duration::from_millis(500);
    let mut bench = Bench::new(1, false, short);
    bench.take(1, &[0]);
    bench.pass(500 * MS);
    assert_eq!(bench.fates(), [(1, Err(true))], "it is under way");
    assert!(!bench.is_empty(), "the request still needs the body");
    bench.lose(0, true);
    assert!(bench.is_empty());

    let mut bench = Bench::new(1, false, short);
    bench.write.set_leaders(0, 0, &[None]);
    bench.take(1, &[0]);
    assert_eq!(bench.refreshes, 1);
    bench.pass(500 * MS);
    assert_eq!(bench.fates(), [(1, Err(false))], "it never left");
    assert!(bench.is_empty());

    let mut bench = Bench::new(1, false, short);
    bench.take(1, &[0]);
    bench.lose(0, false);
    bench.pass(600 * MS);
    assert_eq!(bench.fates(), [(1, Err(false))], "no connection had it");
}

#[test]
fn closing_drains_until_its_deadline() {
    let mut bench = Bench::new(1, false, |_| {});
    bench.take(1, &[0]);
    bench.take(2, &[1]);
    bench.write.close(bench.now, 1_000 * MS);
    bench.settle();
    assert_eq!((bench.requests.len(), bench.append(3, &[2]).unwrap_err().code), (2, ErrorCode::Closed));
    bench.answer(0, Ok(0));
    assert!(!bench.write.is_closed());
    assert_eq!(bench.write.next_wake(), Some(1_000 * MS));
    bench.pass(1_000 * MS);
    assert_eq!(bench.fates(), [(1, Ok(Some(0))), (2, Err(true))]);
    assert!(bench.write.is_closed() && !bench.is_empty(), "a request still needs its body");
    bench.write.abandon();
    bench.settle();
    assert!(bench.is_empty());
}

#[test]
fn a_dropped_table_fails_its_rows_and_takes_no_more() {
    let mut bench = Bench::new(1, false, |_| {});
    bench.take(1, &[0]);
    bench.take(2, &[1]);
    let dropped = Error { code: ErrorCode::Other("dropped".into()), retriable: false };
    bench.write.gone(0, 0, &dropped);
    bench.settle();
    let mut fates = bench.fates();
    fates.sort_by_key(|(ticket, _)| *ticket);
    assert_eq!(fates, [(1, Err(true)), (2, Err(false))]);
    assert_eq!(bench.append(3, &[2]), Err(dropped));
}

#[test]
fn flush_is_answered_when_earlier_rows_have_their_fates() {
    let mut bench = Bench::new(1, false, |_| {});
    bench.write.flush(0, 5);
    bench.take(1, &[0]);
    bench.take(2, &[1]);
    bench.write.flush(0, 6);
    bench.settle();
    assert_eq!(bench.requests.len(), 2, "nothing waits any more");
    bench.take(3, &[2]);
    bench.answer(1, Ok(1));
    assert_eq!(bench.events.first(), Some(&Event::Flushed { ticket: 5 }));
    bench.answer(0, Ok(0));
    assert_eq!(bench.events.last(), Some(&Event::Flushed { ticket: 6 }));
    assert_eq!(bench.write.counters().rows_acknowledged, 2);
}

#[test]
fn answers_that_leave_a_bucket_out_or_name_another_do_no_harm() {
    let mut bench = Bench::new(1, false, |_| {});
    bench.take(1, &[0]);
    let strangers = [1, u32::MAX].map(|bucket| bucket_reply(Bucket { partition: None, bucket }, Ok(0))).to_vec();
    bench.reply(bench.requests[0].key, Reply::Answered(strangers));
    bench.answer(0, Ok(0));
    assert_eq!(bench.fates(), [(1, Err(true))]);
    bench.write.encoded(0, 99, WorkOutput::Failed("unknown work".into()));
    bench.settle();
    assert!(bench.is_empty());
}
