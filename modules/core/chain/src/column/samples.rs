//! Arrays of every type, for tests.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::*;
use arrow_schema::{DataType, Field};

/// 40 rows of every type, each third one null.
pub(crate) fn arrays() -> Vec<ArrayRef> {
    let some = |row: i64| (row % 3 != 1).then_some(row);
    let rows = || (0..40).map(some);
    let texts = || rows().map(|row| row.map(|row| "ä".repeat(row as usize % 4)));
    let mut lists = ListBuilder::new(Int32Builder::new());
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for row in rows() {
        for item in 0..row.unwrap_or(0) as i32 % 4 {
            lists.values().append_option((item != 1).then_some(item));
            maps.keys().append_value(item.to_string());
            maps.values().append_value(item);
        }
        lists.append(row.is_some());
        maps.append(row.is_some()).expect("keys and values are as many");
    }
    let ints = Int32Array::from_iter(rows().map(|row| row.map(|row| row as i32)));
    vec![
        Arc::new(BooleanArray::from_iter(rows().map(|row| row.map(|row| row % 2 == 0)))),
        Arc::new(Int8Array::from_iter(rows().map(|row| row.map(|row| row as i8)))),
        Arc::new(Int16Array::from_iter(rows().map(|row| row.map(|row| row as i16)))),
        Arc::new(ints.clone()),
        Arc::new(Int64Array::from_iter(rows())),
        Arc::new(Float32Array::from_iter(rows().map(|row| row.map(|row| row as f32)))),
        Arc::new(Float64Array::from_iter(rows().map(|row| row.map(|row| row as f64)))),
        Arc::new(
            Decimal128Array::from_iter(rows().map(|row| row.map(i128::from)))
                .with_precision_and_scale(10, 2)
                .expect("a precision that there is"),
        ),
        Arc::new(StringArray::from_iter(texts())),
        Arc::new(BinaryArray::from_iter(texts())),
        Arc::new(
            FixedSizeBinaryArray::try_from_sparse_iter_with_size(rows().map(|row| row.map(|row| [row as u8; 3])), 3)
                .expect("three bytes each"),
        ),
        Arc::new(Date32Array::from_iter(rows().map(|row| row.map(|row| row as i32)))),
        Arc::new(Time32SecondArray::from_iter(rows().map(|row| row.map(|row| row as i32)))),
        Arc::new(Time32MillisecondArray::from_iter(rows().map(|row| row.map(|row| row as i32)))),
        Arc::new(Time64MicrosecondArray::from_iter(rows())),
        Arc::new(Time64NanosecondArray::from_iter(rows())),
        Arc::new(TimestampSecondArray::from_iter(rows())),
        Arc::new(TimestampMillisecondArray::from_iter(rows()).with_timezone("UTC")),
        Arc::new(TimestampMicrosecondArray::from_iter(rows())),
        Arc::new(TimestampNanosecondArray::from_iter(rows()).with_timezone("UTC")),
        Arc::new(lists.finish()),
        Arc::new(maps.finish()),
        Arc::new(StructArray::from(vec![(
            Arc::new(Field::new("inner", DataType::Int32, true)),
            Arc::new(ints) as ArrayRef,
        )])),
    ]
}
