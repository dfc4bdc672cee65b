//! Keyed tables: upserts, deletions and updates of some columns, each in its turn and with its fate.

use thalweg_wire::column::{Column, Values};

use super::super::model::key_batch;
use super::*;

const ONLY: Bucket = Bucket { partition: None, bucket: 0 };

/// A table of one bucket: `k`, its key, and two values that may be null; all are BIGINT.
fn keyed() -> Table {
    let mut info = info("k BIGINT NOT NULL, v BIGINT, w BIGINT", &[], &[]);
    info.descriptor.schema.primary_key = vec![0];
    info.descriptor.bucket_count = Some(1);
    Table { handle: 0, info: Arc::new(info), leaders: vec![Some(0)] }
}

fn columns<'a>(columns: &[&'a [i64]]) -> Rows<'a> {
    let column = |ids: &&'a [i64]| Column { validity: None, values: Values::Int64(ids) };
    Rows { rows: columns[0].len(), columns: columns.iter().map(column).collect() }
}

fn upsert(bench: &mut Bench, ticket: Ticket, ids: &[i64]) {
    bench.put(ticket, &Change::Upsert(None), &columns(&[ids, ids, ids]));
}

fn delete(bench: &mut Bench, ticket: Ticket, ids: &[i64]) {
    bench.put(ticket, &Change::Delete, &columns(&[ids]));
}

/// Of a request for one bucket: the columns that it names, the sequence of its batch, and its keys with whether each has
/// a row.
fn sent(bench: &Bench, request: usize) -> (Vec<i32>, i32, Vec<(i64, bool)>) {
    let records = bench.host.records(&bench.requests[request]);
    let (writer, sequence, changes) = key_batch(&records[0].1);
    assert_eq!((records.len(), writer), (1, bench.writers));
    let columns = bench.requests[request].columns.as_deref().expect("a PutKv request");
    (columns.to_vec(), sequence, changes)
}

#[test]
fn upserts_and_deletions_share_batches_in_the_order_in_which_they_came() {
    let mut bench = Bench::of(&keyed(), |_| {});
    upsert(&mut bench, 1, &[7]);
    delete(&mut bench, 2, &[7]);
    upsert(&mut bench, 3, &[7, 8]);
    assert_eq!((bench.requests.len(), sent(&bench, 0)), (1, (vec![], 0, vec![(7, true)])));
    bench.answer(0, Ok(1));
    assert_eq!(sent(&bench, 1), (vec![], 1, vec![(7, false), (7, true), (8, true)]));
    bench.answer(1, Ok(5));
    let placed = |end| Ok((ONLY, end));
    assert_eq!(bench.outcomes(), [(1, vec![0], placed(1)), (2, vec![0], placed(5)), (3, vec![0, 1], placed(5))]);
    assert!(bench.is_empty());
}

#[test]
fn the_fate_of_a_change_has_the_end_of_the_log_and_no_offset() {
    let mut bench = Bench::of(&keyed(), |_| {});
    upsert(&mut bench, 1, &[7]);
    bench.answer(0, Ok(12));
    let fate = Fate::Acknowledged { bucket: ONLY, first: None, end: 12 };
    assert_eq!(bench.events, [Event::Settled { ticket: 1, fates: vec![(RowSelection::Rows(vec![0]), fate)] }]);
}

#[test]
fn other_columns_go_in_requests_of_their_own_in_order_also_again() {
    let mut bench = Bench::of(&keyed(), |_| {});
    upsert(&mut bench, 1, &[7]);
    let some = |columns: &[u32]| Change::Upsert(Some(columns.to_vec()));
    bench.put(2, &some(&[2, 0]), &columns(&[&[70], &[7]]));
    bench.put(3, &some(&[0, 1]), &columns(&[&[7], &[71]]));
    delete(&mut bench, 4, &[7]);
    upsert(&mut bench, 5, &[7]);
    bench.pass(100 * MS);
    let all: Vec<_> = (0..bench.requests.len()).map(|request| sent(&bench, request)).collect();
    let expected = [
        (vec![], 0, vec![(7, true)]),
        (vec![2, 0], 1, vec![(7, true)]),
        (vec![0, 1], 2, vec![(7, true)]),
        (vec![], 3, vec![(7, false), (7, true)]),
    ];
    assert_eq!(all, expected);
    bench.answer(0, Ok(1));
    bench.lose(1, true);
    bench.answer(2, Err(31));
    bench.answer(3, Err(31));
    bench.pass(100 * MS);
    let again: Vec<_> = (4..bench.requests.len()).map(|request| sent(&bench, request)).collect();
    assert_eq!(again, expected[1..]);
    // The server had the one that was lost.
    bench.answer(4, Err(32));
    bench.answer(5, Ok(4));
    bench.answer(6, Ok(6));
    let fates: Vec<_> = bench.outcomes().into_iter().map(|(ticket, _, result)| (ticket, result.is_ok())).collect();
    assert_eq!(fates, (1..=5).map(|ticket| (ticket, true)).collect::<Vec<_>>());
    assert!(bench.is_empty());
}

#[test]
fn what_does_not_fit_is_refused_whole_with_its_column_and_row() {
    let mut bench = Bench::of(&keyed(), |_| {});
    let ids: &[i64] = &[1, 2];
    let mut null_key = columns(&[ids, ids, ids]);
    null_key.columns[0].validity = Some(&[0b01]);
    let mut null_gone = columns(&[ids]);
    null_gone.columns[0].validity = Some(&[0b10]);
    let mut typed = columns(&[ids, ids, ids]);
    typed.columns[1].values = Values::Int32(&[1, 2]);
    let missing = "its whole primary key in each row; 'k' is missing";
    for (change, rows, reason) in [
        (Change::Upsert(None), null_key, "column k may not be null but row 1 is"),
        (Change::Delete, null_gone, "column k may not be null but row 0 is"),
        (Change::Upsert(None), typed, "column v does not fit"),
        (Change::Upsert(None), columns(&[ids]), "1 columns were given but the fields, nested ones included, are 3"),
        (Change::Upsert(Some(vec![1])), columns(&[ids]), missing),
        (Change::Append, columns(&[ids, ids, ids]), "has a primary key; upsert rows into it"),
    ] {
        let error = bench.write.take(0, 9, 0, &change, &rows).expect_err(reason);
        let text = error.to_string();
        assert!(text.contains("table db.t") && text.contains(reason) && !error.is_retriable(), "{text}");
    }
    assert!(bench.is_empty() && bench.write.counters().rows_taken == 0);
    upsert(&mut bench, 1, ids);
    assert_eq!(sent(&bench, 0).2, [(1, true), (2, true)]);
}

#[test]
fn a_batch_has_no_more_keys_than_a_server_takes() {
    let mut bench = Bench::of(&keyed(), |settings| {
        settings.write.batch_rows = 1 << 20;
        settings.write.batch_bytes = 64 << 20;
    });
    delete(&mut bench, 1, &(0..131_073).collect::<Vec<_>>());
    bench.pass(100 * MS);
    let lengths: Vec<_> = (0..bench.requests.len()).map(|request| sent(&bench, request).2.len()).collect();
    assert_eq!(lengths, [65_000, 65_000, 1_073]);
}

#[test]
fn a_refusal_before_anything_changed_makes_room_for_what_follows() {
    // Not a keyed table, no such target columns, deletion disabled.
    for code in [20, 35, 57] {
        let mut bench = Bench::of(&keyed(), |settings| settings.write.batch_rows = 1);
        upsert(&mut bench, 1, &[1, 2, 3]);
        bench.answer(0, Ok(1));
        bench.answer(1, Err(code));
        bench.answer(2, Err(31));
        assert_eq!(sent(&bench, 3), (vec![], 1, vec![(3, true)]), "{code}: the writer stays");
        bench.answer(3, Ok(2));
        assert_eq!(bench.fates(), [(1, Ok(None)), (1, Err(false)), (1, Ok(None))], "{code}");
    }
}

#[test]
fn rows_and_deletions_go_to_the_bucket_of_their_key() {
    // `fluss.md` 2.11, as in `assign`.
    let ids = [300, 127, 1000, 128, 16384, 300];
    let expected = [(1, vec![300, 300]), (2, vec![127, 128, 16384]), (3, vec![1000])];
    let mut table = keyed();
    Arc::make_mut(&mut table.info).descriptor.bucket_count = Some(4);
    table.leaders = vec![Some(0); 4];
    for change in [Change::Upsert(None), Change::Upsert(Some(vec![0])), Change::Delete] {
        let mut bench = Bench::of(&table, |_| {});
        let rows = if change == Change::Upsert(None) { columns(&[&ids, &ids, &ids]) } else { columns(&[&ids]) };
        bench.put(1, &change, &rows);
        let records = bench.host.records(&bench.requests[0]);
        let keys = |records: &[u8]| key_batch(records).2.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        let found: Vec<_> = records.iter().map(|(bucket, records)| (bucket.bucket, keys(records))).collect();
        assert_eq!(found, expected, "{change:?}");
    }
}

#[test]
fn a_key_that_is_too_long_fails_its_row_and_no_other() {
    let mut info = info("k STRING NOT NULL, v BIGINT", &[], &[]);
    info.descriptor.schema.primary_key = vec![0];
    info.descriptor.bucket_count = Some(1);
    let mut bench = Bench::of(&Table { handle: 0, info: Arc::new(info), leaders: vec![Some(0)] }, |_| {});
    // A text of this length has a length of three bytes before it.
    let most = thalweg_wire::record::MAX_KEY_LENGTH as i32 - 3;
    let offsets = [0, 1, most + 2, 2 * most + 2, 2 * most + 3];
    let bytes: Vec<u8> = (0..offsets[4]).map(|at| b'a' + (at % 7) as u8).collect();
    let key = Column { validity: None, values: Values::Spans { offsets: &offsets, bytes: &bytes } };
    let value = Column { validity: None, values: Values::Int64(&[1, 2, 3, 4]) };
    for (ticket, change, columns) in [(1, Change::Upsert(None), vec![key, value]), (2, Change::Delete, vec![key])] {
        bench.put(ticket, &change, &Rows { rows: 4, columns });
        let outcomes = bench.outcomes();
        let [(_, rows, Err(text))] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert_eq!(rows, &[1]);
        assert!(text.contains("table db.t: the key has 65532 bytes") && text.ends_with("(false)"), "{text}");
        bench.pass(100 * MS);
        bench.answer(ticket as usize - 1, Ok(3));
        assert_eq!(bench.outcomes(), [(ticket, vec![0, 2, 3], Ok((ONLY, 3)))]);
    }
    assert!(bench.is_empty());
}
