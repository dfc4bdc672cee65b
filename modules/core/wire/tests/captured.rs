//! Batches as real servers gave them: `vectors/README.md` says where they come from.

#[expect(dead_code, reason = "the random batches are for the other test")]
mod common;

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder, MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType as ArrowType, Field as ArrowField};
use common::read::{layout, read};
use common::{of, schema};
use thalweg_wire::record::{ChangeType, LogBatch, LogBatches};
use thalweg_wire::table::{ArrowValues as _, ColumnType, DataType, Field};

/// The columns of the tables that the `log-` captures come from.
fn log_types() -> Vec<ColumnType> {
    let nullable = |data_type| of(data_type, true);
    let field = |name: &str, data_type| Field {
        id: None,
        name: name.into(),
        column_type: nullable(data_type),
        description: None,
    };
    vec![
        nullable(DataType::Int),
        nullable(DataType::String),
        nullable(DataType::Boolean),
        nullable(DataType::Decimal { precision: 10, scale: 2 }),
        nullable(DataType::Timestamp(6)),
        nullable(DataType::Array(nullable(DataType::String).into())),
        nullable(DataType::Map(of(DataType::String, false).into(), nullable(DataType::BigInt).into())),
        nullable(DataType::Row(vec![field("x", DataType::Double), field("label", DataType::String)])),
    ]
}

/// What was written: every value follows from the number of the row.
fn log_rows(rows: std::ops::Range<i32>) -> RecordBatch {
    let all = || rows.clone();
    let mut tags = ListBuilder::new(StringBuilder::new()).with_field(ArrowField::new("element", ArrowType::Utf8, true));
    let names = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    let mut attributes = MapBuilder::new(Some(names), StringBuilder::new(), Int64Builder::new());
    for row in all() {
        (0..row % 4).filter(|_| row % 7 != 6).for_each(|tag| tags.values().append_value(format!("t{tag}")));
        tags.append(row % 7 != 6);
        if row % 9 != 8 && row % 2 == 1 {
            attributes.keys().append_value("k");
            attributes.values().append_value(row.into());
        }
        attributes.append(row % 9 != 8).expect("as many keys as values");
    }
    let name = |row: i32| (row % 5 != 0).then(|| format!("name-{row}-abcabcabcabc"));
    let there = |row: i32| row % 8 != 7;
    let x: Float64Array = all().map(|row| there(row).then(|| f64::from(row) / 2.0)).collect();
    let label: StringArray = all().map(|row| (there(row) && row % 3 != 1).then_some("here")).collect();
    let place = DataType::to_arrow(&log_types()[7].data_type);
    let ArrowType::Struct(fields) = place else { panic!("a row is a struct") };
    let nulls = NullBuffer::from_iter(all().map(there));
    let price: Decimal128Array = all().map(|row| (row % 4 != 3).then_some(i128::from(row) * 101)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(all())),
        Arc::new(all().map(name).collect::<StringArray>()),
        Arc::new(all().map(|row| (row % 6 != 5).then_some(row % 3 == 0)).collect::<BooleanArray>()),
        Arc::new(price.with_precision_and_scale(10, 2).expect("small decimals")),
        Arc::new(TimestampMicrosecondArray::from_iter_values(
            all().map(|row| (1_767_225_600 + i64::from(row)) * 1_000_000 + i64::from(row)),
        )),
        Arc::new(tags.finish()),
        Arc::new(attributes.finish()),
        Arc::new(StructArray::new(fields, vec![Arc::new(x), Arc::new(label)], Some(nulls))),
    ];
    RecordBatch::try_new(schema(&log_types()), columns).expect("columns of the schema")
}

fn batches(bytes: &[u8]) -> Vec<LogBatch<'_>> {
    let mut batches = LogBatches::new(bytes);
    let all = batches.by_ref().map(|batch| batch.expect("a server's batch").1).collect();
    assert_eq!(batches.remaining(), 0);
    all
}

#[test]
fn what_fluss_rs_wrote_is_read() {
    let captures: [(&str, &[u8], usize); 2] =
        [("zstd", include_bytes!("vectors/log-zstd.bin"), 2), ("lz4", include_bytes!("vectors/log-lz4_frame.bin"), 1)];
    for (what, bytes, count) in captures {
        let batches = batches(bytes);
        assert_eq!(batches.len(), count, "{what}");
        for batch in batches {
            assert!(batch.checksum_is_right() && batch.append_only && batch.commit_timestamp > 0, "{what}");
            let rows = batch.base_offset as i32..batch.end_offset() as i32;
            let found = read(batch.bytes(), &layout(&log_types()), &schema(&log_types()));
            assert_eq!(found.expect(what), log_rows(rows), "{what}");
        }
    }
}

#[test]
fn what_the_server_projected_is_read() {
    let captures: [(&str, &[u8], usize); 2] = [
        ("zstd", include_bytes!("vectors/log-zstd-projected.bin"), 2),
        ("none", include_bytes!("vectors/log-none-projected.bin"), 1),
    ];
    let chosen = [1, 5, 7];
    let types: Vec<ColumnType> = chosen.iter().map(|&at| log_types()[at].clone()).collect();
    for (what, bytes, count) in captures {
        let batches = batches(bytes);
        assert_eq!(batches.len(), count, "{what}");
        for batch in batches {
            assert!(!batch.checksum_is_right(), "{what}");
            let expected = log_rows(batch.base_offset as i32..batch.end_offset() as i32);
            let expected = expected.project(&chosen).expect("three of the columns");
            assert_eq!(read(batch.bytes(), &layout(&types), &expected.schema()).expect(what), expected, "{what}");
        }
    }
}

#[test]
fn we_project_as_the_server_does() {
    let (whole, projected) = (include_bytes!("vectors/log-zstd.bin"), include_bytes!("vectors/log-zstd-projected.bin"));
    for (batch, theirs) in batches(whole).iter().zip(batches(projected)) {
        let mut ours = Vec::new();
        thalweg_wire::record::project(batch, &layout(&log_types()), &[1, 5, 7], &mut ours).expect("a sound batch");
        let ours = LogBatch::parse(&ours).expect("a whole batch");
        // Where the message begins, and what stands before it, but for the length.
        assert_eq!(ours.rows_range().start, theirs.rows_range().start);
        assert_eq!(ours.bytes()[12..ours.rows_range().start], theirs.bytes()[12..theirs.rows_range().start]);
        assert!(ours.bytes().len() <= theirs.bytes().len());
    }
}

#[test]
fn an_answer_that_was_cut_short_ends_before_the_cut() {
    let bytes = include_bytes!("vectors/log-zstd.bin");
    let first = batches(bytes)[0].bytes().len();
    let mut cut = LogBatches::new(&bytes[..first + 30]);
    assert_eq!((cut.by_ref().count(), cut.remaining()), (1, 30));
}

#[test]
fn the_changes_that_java_wrote_are_read() {
    let string = || of(DataType::String, true);
    let list = of(DataType::Array(string().into()), true);
    let whole = vec![of(DataType::Int, false), string(), list.clone()];
    let captures: [(&str, &[u8], Vec<ColumnType>); 3] = [
        ("zstd", include_bytes!("vectors/changes-zstd.bin"), whole.clone()),
        ("none", include_bytes!("vectors/changes-none.bin"), whole),
        ("lz4 projected", include_bytes!("vectors/changes-lz4_frame-projected.bin"), vec![string(), list]),
    ];
    for (what, bytes, types) in captures {
        let (mut changes, mut keys, mut names, mut tags) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let batches = batches(bytes);
        for batch in &batches {
            assert_eq!(batch.checksum_is_right(), types.len() == 3 || batch.rows_range().is_empty(), "{what}");
            if batch.rows_range().is_empty() {
                assert_eq!((batch.records, batch.bytes().len()), (0, batch.header_length()), "{what}");
                continue;
            }
            let all = batch.changes(0..batch.records as usize).expect("known changes");
            changes.extend(ChangeType::into_bytes(all.expect("a keyed table's batch")));
            let rows = read(batch.bytes(), &layout(&types), &schema(&types)).expect(what);
            if types.len() == 3 {
                keys.extend_from_slice(rows.column(0).as_primitive::<Int32Type>().values());
            }
            let columns = rows.columns();
            let (name, list) = (columns[types.len() - 2].as_string::<i32>(), columns[types.len() - 1].as_list::<i32>());
            names.extend(name.iter().map(|name| name.map(str::to_owned)));
            tags.extend(list.iter().map(|tags| tags.map(|tags| tags.len())));
        }
        // Twenty inserts; one changed; one deleted; and a delete that hit nothing: only a header, which takes an offset.
        assert_eq!(changes, [&[1; 20][..], &[2, 3, 4]].concat(), "{what}");
        assert_eq!(batches.last().map(LogBatch::end_offset), Some(24), "{what}");
        if types.len() == 3 {
            assert_eq!(keys, (0..20).chain([3, 3, 4]).collect::<Vec<i32>>(), "{what}");
        }
        let name = |row: usize| (!row.is_multiple_of(5)).then(|| "name".repeat(row % 4 + 1));
        let expected: Vec<_> = (0..20).map(name).chain([name(3), Some("changed".into()), name(4)]).collect();
        assert_eq!(names, expected, "{what}");
        let count = |row: usize| (row % 7 != 6).then_some(row % 4);
        assert_eq!(tags, (0..20).map(count).chain([count(3), Some(0), count(4)]).collect::<Vec<_>>(), "{what}");
    }
}
