//! Batches of logs, of Arrow messages and of rows, and what clients and servers make of them.

use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use thalweg_wire::record::{
    Adaptation, AdaptedMessage, ChangeType, CheckedMessage, Layout, LogBatch, LogBatches, LogRowsBuilder, PlainMessage,
    RowFormat, project, stamp,
};
use thalweg_wire::table::{ArrowColumn as _, Column, ColumnType, Schema};

use crate::common::borrow;
use crate::common::read::{LIMIT, read_plain};
use crate::machine::Target;
use crate::rows::{check_row, chosen, seeds};
use crate::samples::Table;

/// What servers gave, with the table that it is of.
const CAPTURES: [(u8, &[u8]); 5] = [
    (0, include_bytes!("../vectors/log-zstd.bin")),
    (0, include_bytes!("../vectors/log-lz4_frame.bin")),
    (1, include_bytes!("../vectors/changes-zstd.bin")),
    (1, include_bytes!("../vectors/changes-none.bin")),
    (2, include_bytes!("../vectors/changes-lz4_frame-projected.bin")),
];

/// One of each.
const CHANGES: [ChangeType; 5] =
    [ChangeType::Insert, ChangeType::UpdateBefore, ChangeType::UpdateAfter, ChangeType::Delete, ChangeType::Append];

/// Columns that were added to a table later.
const LATE: [(&str, &str); 2] = [("late", "DECIMAL(20, 2)"), ("later", "ARRAY<ROW<a INT>>")];

/// The same columns, and two more that rows written before do not have.
fn altered(schema: &Schema) -> Schema {
    let added = LATE.iter().map(|(name, sql)| ((*name).to_owned(), sql.parse().expect("a type"), None));
    let kept = schema.columns.iter().map(|column| (column.name.clone(), column.column_type.clone(), None));
    let mut all = Schema::new(kept.chain(added)).expect("columns");
    let first_id = all.highest_field_id;
    all.columns.iter_mut().zip(&schema.columns).for_each(|(new, old)| *new = old.clone());
    let late = all.columns.iter_mut().skip(schema.columns.len());
    late.enumerate().for_each(|(at, column): (usize, &mut Column)| column.id = first_id + 10 + at as i32);
    all
}

#[test]
fn log_batches() {
    let tables = Table::all();
    let adaptations: Vec<Adaptation> = tables
        .iter()
        .map(|table| Adaptation::new(&table.schema, None, &altered(&table.schema), None).expect("columns were added"))
        .collect();
    let mut all = seeds(&tables, |table, format, random| {
        let rows = table.rows(5, random);
        let batch = table.log_batch(&rows, None);
        let changes = table.log_batch(&rows, Some(&CHANGES));
        vec![[&batch[..], &changes].concat(), changes, batch, table.row_batch(format, &rows)]
    });
    all.extend(CAPTURES.iter().map(|(table, bytes)| [&[*table, 0][..], bytes].concat()));
    // What is wanted and missing takes up to 24 bytes a row, of which eight may lie in one byte of booleans.
    let target = Target { name: "log_batches", seeds: all, words: &[], memory: (400, 1 << 17), seconds: 3.0 };
    target.run(|input| {
        let Some((table, format, bytes)) = chosen(&tables, input) else { return };
        let adaptation = &adaptations[usize::from(input[0]) % tables.len()];
        for (at, batch) in LogBatches::new(bytes).flatten() {
            assert_eq!(&bytes[at..at + batch.bytes().len()], batch.bytes());
            check_head(&batch);
            check_beginning(table, &batch);
            check_rows(table, format, &batch);
            check_message(table, &batch, adaptation);
        }
    });
}

fn check_head(batch: &LogBatch<'_>) {
    let _ = (
        batch.checksum_is_right(),
        batch.end_offset(),
        batch.statistics_range(),
        batch.changes(0..batch.records as usize),
    );
    let mut stamped = batch.bytes().to_vec();
    stamp(&mut stamped, 10, 20, 30).expect("a whole batch");
    if let Ok(read) = LogBatch::parse(&stamped) {
        assert_eq!((read.base_offset, read.commit_timestamp), (10, 20));
        assert_eq!(read.checksum_is_right(), batch.checksum_is_right());
    }
}

/// What is read of a batch by its beginning is what is read of all of it.
fn check_beginning(table: &Table, whole: &LogBatch<'_>) {
    let bytes = whole.bytes();
    let mut there = 0;
    while let Ok(needed) = LogBatch::needed(&bytes[..there])
        && needed > there
    {
        there = needed;
    }
    let beginning = LogBatch::parse_beginning(&bytes[..there]).expect("its header is sound");
    assert_eq!((beginning.length(), beginning.rows_range()), (bytes.len(), whole.rows_range()));
    let mut prefix = |at: usize| bytes.get(at..)?.first_chunk().copied();
    let read = CheckedMessage::of_beginning(&beginning, &table.layout, LIMIT, &mut prefix);
    assert_eq!(read, CheckedMessage::of_batch(whole, &table.layout, LIMIT));
}

fn check_rows(table: &Table, format: RowFormat, batch: &LogBatch<'_>) {
    let rows: Vec<_> = batch.log_rows().collect();
    let Ok(rows) = rows.into_iter().collect::<Result<Vec<_>, _>>() else { return };
    let mut builder = LogRowsBuilder::new();
    for row in &rows {
        check_row(table, format, row.row);
        builder.push(row.change, row.row).expect("it is short");
    }
    assert_eq!(builder.into_bytes(), batch.bytes()[batch.header_length() + batch.statistics_range().len()..]);
}

fn check_message(table: &Table, batch: &LogBatch<'_>, adaptation: &Adaptation) {
    let Ok(message) = CheckedMessage::of_batch(batch, &table.layout, LIMIT) else { return };
    let bytes = batch.bytes();
    assert!(message.buffers.iter().all(|buffer| bytes.get(buffer.range.clone()).is_some()));
    let columns = table.schema.columns.len();
    let wanted: Vec<usize> = if columns > 2 { vec![0, columns - 1] } else { vec![0] };
    let mut projected = Vec::new();
    if project(batch, &table.layout, &wanted, &mut projected).is_ok() {
        let layout = Layout::projected(&table.schema, &wanted).expect("columns");
        let read = LogBatch::parse(&projected).expect("a whole batch");
        let again = CheckedMessage::of_batch(&read, &layout, LIMIT).expect("what was projected is sound");
        assert_eq!((again.rows, again.compression), (message.rows, message.compression));
    }
    let adapted = adaptation.message(&message, LIMIT);
    if !message.is_plain() {
        assert!(message.to_decode().all(|(range, _)| bytes.get(range).is_some()));
        return;
    }
    let plain = PlainMessage { metadata: message.plain_metadata(), body: bytes[message.body.clone()].to_vec() };
    let Ok(rows) = read_plain(&plain, &table.arrow) else { return };
    if let Ok(adapted) = adapted {
        check_adapted(adapted, bytes, &rows);
    }
    if table.layout.check(&borrow(&rows)).is_ok() {
        let changes = batch.changes(0..batch.records as usize).expect("they were checked");
        let again = table.log_batch(&rows, changes.as_deref());
        let read = crate::common::read::read(&again, &table.layout, &table.arrow);
        assert_eq!(read.expect("what was encoded decodes"), rows);
    }
}

/// The columns that were there are the same.
fn check_adapted(adapted: AdaptedMessage, bytes: &[u8], rows: &RecordBatch) {
    let mut body = Vec::new();
    for (range, length) in adapted.parts {
        match range {
            Some(range) => body.extend_from_slice(&bytes[range]),
            None => body.resize(body.len() + length as usize, 0),
        }
        body.resize(body.len().next_multiple_of(64), 0);
    }
    let types = rows.schema();
    let kept = types.fields().iter().map(|field| field.as_ref().clone());
    let late = LATE.iter().map(|(name, sql)| sql.parse::<ColumnType>().expect("a type").to_arrow(name));
    let schema = Arc::new(arrow_schema::Schema::new(kept.chain(late).collect::<Vec<_>>()));
    let read = read_plain(&PlainMessage { metadata: adapted.metadata, body }, &schema).expect("sound columns");
    assert_eq!(read.columns()[..rows.num_columns()], *rows.columns());
    assert!(read.columns()[rows.num_columns()..].iter().all(|column| column.null_count() == rows.num_rows()));
}
