//! The write stage step by step: one case after the other, with a leader that answers as it is told.

use std::time::Duration;

use thalweg_wire::record::LogBatch;

use super::{
    Change, Output, Produce, Reply, Write,
    model::{Host, bucket_reply, outputs, rows, table},
};
use crate::api::{
    Acks, Assignment, Bucket, Error, ErrorCode, Event, Fate, Instant, RowSelection, Settings, Ticket, WorkOutput,
};

const MS: Instant = 1_000;

/// A stage with one table, and what it wanted.
struct Bench {
    write: Write,
    host: Host,
    now: Instant,
    requests: Vec<Produce>,
    events: Vec<Event>,
    writers: i64,
    refreshes: usize,
}

impl Bench {
    fn new(buckets: u32, hashed: bool, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(vec![]);
        change(&mut settings);
        let mut write = Write::new(&settings, 1);
        write.open(0, &table(0, buckets, hashed, vec![Some(0); buckets as usize]));
        let (requests, events) = (vec![], vec![]);
        Self { write, host: Host::default(), now: 0, requests, events, writers: 6, refreshes: 0 }
    }

    fn append(&mut self, ticket: Ticket, ids: &[i64]) -> Result<(), Error> {
        self.write.take(self.now, ticket, 0, &Change::Append, &rows(ids))
    }

    /// Appends, and does all that follows.
    fn take(&mut self, ticket: Ticket, ids: &[i64]) {
        self.append(ticket, ids).expect("room");
        self.settle();
    }

    /// Carries everything out but requests, which are kept.
    fn settle(&mut self) {
        loop {
            let outputs = outputs(&mut self.write);
            if outputs.is_empty() {
                return;
            }
            for output in outputs {
                match output {
                    Output::Work { key, work } => {
                        let output = self.host.work(&work);
                        self.write.encoded(self.now, key, output);
                    }
                    Output::InitWriter { .. } => {
                        self.writers += 1;
                        self.write.writer_given(self.now, Ok(self.writers));
                    }
                    Output::Produce(request) => self.requests.push(request),
                    Output::Refresh { .. } => self.refreshes += 1,
                    Output::Seek { .. } | Output::CreatePartition { .. } => panic!("the table has no partitions"),
                    Output::Release(buffer) => self.host.release(buffer),
                    Output::Event(event) => self.events.push(event),
                }
            }
        }
    }

    fn pass(&mut self, micros: Instant) {
        self.now += micros;
        self.write.tick(self.now);
        self.settle();
    }

    /// Writer id, sequence and rows of the batch of a request.
    fn stamp(&self, request: usize) -> (i64, i32, u32) {
        let records = self.host.records(&self.requests[request]);
        let batch = LogBatch::parse(&records[0].1).expect("a batch");
        (batch.writer_id, batch.sequence, batch.records)
    }

    fn answer(&mut self, request: usize, result: Result<u64, i32>) {
        let request = &self.requests[request];
        let replies = request.batches.iter().map(|batch| bucket_reply(batch.bucket, result)).collect();
        self.reply(request.key, Reply::Answered(replies));
    }

    fn reply(&mut self, key: u64, reply: Reply) {
        self.write.replied(self.now, key, reply);
        self.settle();
    }

    fn lose(&mut self, request: usize, sent: bool) {
        let error = Error { code: ErrorCode::Unavailable("gone".into()), retriable: true };
        self.reply(self.requests[request].key, Reply::Lost { error, sent });
    }

    /// The fate of each ticket that has one: its first offset, or whether the rows may have been written.
    fn fates(&mut self) -> Vec<(Ticket, Result<Option<u64>, bool>)> {
        let events = std::mem::take(&mut self.events);
        let fates = events.into_iter().filter_map(|event| match event {
            Event::Settled { ticket, fates } => Some(fates.into_iter().map(move |(_, fate)| {
                let fate = match fate {
                    Fate::Acknowledged { first, .. } => Ok(first),
                    Fate::Failed { may_have_been_written, .. } => Err(may_have_been_written),
                };
                (ticket, fate)
            })),
            _ => None,
        });
        fates.flatten().collect()
    }

    fn is_empty(&self) -> bool {
        self.write.counters().buffered == 0 && self.host.buffers.is_empty()
    }
}

#[test]
fn a_lone_append_leaves_at_once_and_is_told_where_it_is() {
    let mut bench = Bench::new(1, false, |_| {});
    bench.take(9, &[4, 5]);
    assert_eq!(bench.requests.len(), 1, "it did not wait");
    assert_eq!(bench.stamp(0), (7, 0, 2));
    assert_eq!((bench.requests[0].acks, bench.requests[0].table_id, bench.requests[0].timeout_ms), (-1, 100, 22_500));
    bench.answer(0, Ok(40));
    let bucket = Bucket { partition: None, bucket: 0 };
    let fate = (RowSelection::Span { first: 0, count: 2 }, Fate::Acknowledged { bucket, first: Some(40), end: 42 });
    assert_eq!(bench.events, [Event::Settled { ticket: 9, fates: vec![fate] }]);
    assert!(bench.is_empty());
    assert_eq!(bench.write.next_wake(), None);
}

#[test]
fn appends_gather_while_a_request_is_under_way() {
    let mut bench = Bench::new(1, false, |_| {});
    for ticket in 0..10 {
        bench.take(ticket, &[ticket as i64]);
    }
    assert_eq!(bench.requests.len(), 1);
    bench.answer(0, Ok(0));
    assert_eq!((bench.requests.len(), bench.stamp(1)), (2, (7, 1, 9)));
    bench.take(10, &[10]);
    assert_eq!(bench.requests.len(), 2);
    assert_eq!(bench.write.next_wake(), Some(100 * MS));
    bench.pass(100 * MS);
    assert_eq!((bench.requests.len(), bench.stamp(2)), (3, (7, 2, 1)), "the linger is over");
    bench.answer(2, Ok(10));
    bench.answer(1, Ok(1));
    let all: Vec<_> = bench.fates().into_iter().map(|(ticket, fate)| (ticket as i64, fate)).collect();
    assert_eq!(all[1], (10, Ok(Some(10))));
    assert!(all[2..].iter().all(|(ticket, fate)| *fate == Ok(Some(*ticket as u64))), "{all:?}");
}

#[test]
fn what_does_not_fit_the_budget_is_refused_whole() {
    let mut bench = Bench::new(1, false, |settings| settings.write.buffer_limit = 2_000);
    let error = bench.append(1, &[0; 1000]).unwrap_err();
    assert!(matches!(&error.code, ErrorCode::Invalid(text) if text.contains("raise buffer-limit")), "{error}");
    bench.take(2, &[1; 100]);
    let error = bench.append(3, &[2; 100]).unwrap_err();
    assert!(error.retriable && matches!(error.code, ErrorCode::Full { needed } if needed > 0 && needed < 2_000));
    assert_eq!(bench.write.counters().rows_taken, 100);
    bench.answer(0, Ok(0));
    assert_eq!(bench.events.pop(), Some(Event::Writable));
    bench.take(3, &[2; 100]);
    assert_eq!(bench.requests.len(), 2);
}

#[test]
fn rows_that_do_not_fit_are_refused_with_their_column() {
    let mut bench = Bench::new(1, false, |_| {});
    let ids = [1, 2];
    let mut nulls = rows(&ids);
    nulls.columns[0].validity = Some(&[0b01]);
    let error = bench.write.take(0, 1, 0, &Change::Append, &nulls).unwrap_err();
    assert!(error.to_string().contains("id may not be null but row 1 is"), "{error}");
    nulls.columns.clear();
    assert!(matches!(bench.write.take(0, 1, 0, &Change::Append, &nulls).unwrap_err().code, ErrorCode::Invalid(_)));
    assert!(matches!(bench.write.take(0, 1, 5, &Change::Append, &nulls).unwrap_err().code, ErrorCode::Invalid(_)));
    assert!(bench.is_empty() && bench.write.counters().rows_taken == 0);
}

#[test]
fn large_appends_are_cut_and_pipelined_up_to_the_window() {
    let mut bench = Bench::new(1, false, |settings| {
        settings.write.batch_rows = 10;
        settings.write.in_flight = 3;
    });
    bench.take(1, &(0..50).collect::<Vec<_>>());
    let stamps: Vec<_> = (0..bench.requests.len()).map(|request| bench.stamp(request)).collect();
    assert_eq!(stamps, [(7, 0, 10), (7, 1, 10), (7, 2, 10)]);
    bench.answer(1, Ok(10));
    assert_eq!(bench.requests.len(), 3, "the oldest still holds the window");
    bench.answer(0, Ok(0));
    assert_eq!((bench.stamp(3), bench.stamp(4)), ((7, 3, 10), (7, 4, 10)));
    for request in 2..5 {
        bench.answer(request, Ok(10 * request as u64));
    }
    assert_eq!(bench.fates().len(), 5);
    assert!(bench.is_empty());
}

#[test]
fn buckets_of_one_leader_share_requests_up_to_their_limit() {
    let mut bench = Bench::new(4, true, |settings| settings.write.request_bytes = 800);
    bench.take(1, &(0..40).collect::<Vec<_>>());
    let sizes: Vec<usize> = bench.requests.iter().map(|request| request.batches.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 4);
    assert!(sizes.len() > 1 && sizes.iter().any(|batches| *batches > 1), "{sizes:?}");
    bench.answer(0, Ok(5));
    let Some(Event::Settled { fates, .. }) = bench.events.first() else { panic!("no fate") };
    let (RowSelection::Rows(rows), Fate::Acknowledged { first: Some(5), end, .. }) = &fates[0] else {
        panic!("{fates:?}")
    };
    assert_eq!(*end, 5 + rows.len() as u64);
    assert!(rows.is_sorted() && !rows.is_empty());
}

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
    assert!(bench.write.is_closed());
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
    assert_eq!((bench.fates(), bench.write.strays()), (vec![(1, Err(true))], 2));
    bench.write.encoded(0, 99, WorkOutput::Failed("unknown work".into()));
    bench.settle();
    assert!(bench.is_empty());
}

#[test]
fn work_that_fails_fails_its_rows() {
    for output in [
        WorkOutput::Failed("no memory".into()),
        WorkOutput::Decoded { buffer: None, checksum: 0 },
        WorkOutput::Encoded { buffer: 3, lengths: vec![8], checksum: 0 },
    ] {
        let mut bench = Bench::new(1, false, |_| {});
        bench.append(1, &[0]).unwrap();
        let Some(Output::Work { key, .. }) = bench.write.poll() else { panic!("no work") };
        bench.host.buffers.insert(3, vec![]);
        bench.write.encoded(0, key, output.clone());
        bench.settle();
        assert_eq!(bench.fates(), [(1, Err(false))]);
        assert_eq!(bench.host.buffers.is_empty(), matches!(output, WorkOutput::Encoded { .. }));
        assert_eq!(bench.write.counters().buffered, 0);
    }
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
fn rows_without_key_go_where_they_can_be_sent() {
    let mut bench = Bench::new(4, false, |_| {});
    bench.write.set_leaders(0, 0, &[Some(0), None, Some(0), None]);
    let mut buckets = vec![];
    for ticket in 0..9 {
        bench.take(ticket, &[0]);
        let Some(request) = bench.requests.pop() else { continue };
        buckets.push(request.batches[0].bucket.bucket);
        bench.reply(request.key, Reply::Answered(vec![bucket_reply(request.batches[0].bucket, Ok(0))]));
    }
    assert!(buckets.len() >= 8 && buckets.windows(2).all(|pair| pair[0] != pair[1]), "{buckets:?}");
    assert!(buckets.iter().all(|bucket| bucket % 2 == 0), "{buckets:?}");
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
