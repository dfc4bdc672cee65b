//! Rows into batches and requests, and where they are said to be.

use thalweg_wire::record::{ChangeType, ColumnsBuilder, Layout, LogRow, RowDecoder, RowFormat};

use super::*;

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
fn rows_of_logs_without_columns_are_encoded_one_by_one() {
    for (name, format) in [("INDEXED", RowFormat::Indexed), ("COMPACTED", RowFormat::Compacted)] {
        let mut table = table(0, 1, true, vec![Some(0)]);
        let properties = &mut Arc::make_mut(&mut table.info).descriptor.properties;
        properties.insert("table.log.format".into(), name.into());
        let mut bench = Bench::of(&table, |_| {});
        bench.take(1, &[300, -1]);
        assert_eq!((bench.stamp(0), bench.requests[0].columns.as_deref()), ((7, 0, 2), None));
        let records = bench.host.records(&bench.requests[0]);
        let batch = LogBatch::parse(&records[0].1).expect("a batch");
        assert!(batch.checksum_is_right() && batch.append_only);
        let layout = Layout::of_schema(&table.info.descriptor.schema);
        let decoder = RowDecoder::new(&layout, format).expect("a decoder");
        let mut columns = ColumnsBuilder::new(layout);
        for row in batch.log_rows() {
            let LogRow { change, row } = row.expect("a row");
            assert_eq!(change, ChangeType::Append, "added");
            decoder.append(row, &mut columns).expect("it fits");
        }
        let (_, buffers) = columns.finish();
        assert_eq!(buffers[1], [300i64, -1].map(i64::to_le_bytes).concat(), "{name}");
    }
}
