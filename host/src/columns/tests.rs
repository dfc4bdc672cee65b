//! Columns there and back, in slices, and columns that lie.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use proptest::prelude::*;
use thalweg_wire::column::{Batch, Column, Values};

use super::*;

fn owned(batch: &Batch<'_>) -> Vec<OwnedColumn> {
    let values = |column: &Column<'_>| match column.values {
        Values::Bits(bits) => OwnedValues::Bits(bits.to_vec()),
        Values::Int8(values) => OwnedValues::Int8(values.to_vec()),
        Values::Int16(values) => OwnedValues::Int16(values.to_vec()),
        Values::Int32(values) => OwnedValues::Int32(values.to_vec()),
        Values::Int64(values) => OwnedValues::Int64(values.to_vec()),
        Values::Float32(values) => OwnedValues::Float32(values.to_vec()),
        Values::Float64(values) => OwnedValues::Float64(values.to_vec()),
        Values::Fixed(bytes) => OwnedValues::Fixed(bytes.to_vec()),
        Values::Spans { offsets, bytes } => OwnedValues::Spans(offsets.to_vec(), bytes.to_vec()),
        Values::Offsets(offsets) => OwnedValues::Offsets(offsets.to_vec()),
        Values::None => OwnedValues::None,
    };
    let column =
        |column: &Column<'_>| OwnedColumn { validity: column.validity.map(<[u8]>::to_vec), values: values(column) };
    batch.columns.iter().map(column).collect()
}

/// 40 rows of every type, each third one null.
fn arrays() -> Vec<ArrayRef> {
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

#[test]
fn every_type_comes_back_from_any_slice() {
    for array in arrays() {
        for (begin, length) in [(0, 40), (0, 0), (3, 20), (8, 32), (40, 0), (9, 1)] {
            let slice = array.slice(begin, length);
            let flat = flatten_arrays(length, [&slice]).expect("a type of tables");
            let columns = owned(&flat.batch());
            let back = raise(slice.data_type(), length, &mut columns.into_iter()).expect("columns just made");
            assert_eq!(&back, &slice, "{} at {begin}..+{length}", slice.data_type());
        }
    }
}

#[test]
fn aligned_buffers_are_lent_not_copied() {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
    let flat = flatten_arrays(50, [&array.slice(16, 50)]).expect("a type of tables");
    let Values::Int64(values) = flat.batch().columns[0].values else { panic!("another kind") };
    let whole = array.as_any().downcast_ref::<Int64Array>().expect("made above").values();
    assert_eq!(values.as_ptr(), whole[16..].as_ptr());
}

#[test]
fn columns_that_lie_are_refused() {
    let spans = |offsets: &[i32], bytes: &[u8]| OwnedValues::Spans(offsets.to_vec(), bytes.to_vec());
    let list = DataType::List(Arc::new(Field::new("item", DataType::Int32, false)));
    let cases = [
        (DataType::Int32, OwnedValues::Int32(vec![1]), "2 are needed"),
        (DataType::Int32, OwnedValues::Int64(vec![1, 2]), "values.int64"),
        (DataType::Boolean, OwnedValues::Bits(vec![]), "bitmap"),
        (DataType::Utf8, spans(&[0, 1], b"ab"), "3 are needed"),
        (DataType::Utf8, spans(&[0, 3, 2], b"ab"), "offsets"),
        (DataType::Utf8, spans(&[1, 1, 2], b"ab"), "offsets"),
        (DataType::Utf8, spans(&[0, 1, 9], b"ab"), "offsets"),
        (DataType::Utf8, spans(&[0, -1, 2], b"ab"), "offsets"),
        (DataType::Utf8, spans(&[0, 1, 2], b"\xff\xff"), "not valid"),
        (DataType::Utf8, spans(&[0, 1, 2], "ä".as_bytes()), "not valid"),
        (DataType::FixedSizeBinary(3), OwnedValues::Fixed(vec![0; 5]), "6 are needed"),
        (DataType::Decimal128(5, 0), OwnedValues::Fixed(vec![0; 31]), "32 are needed"),
        (list, OwnedValues::Offsets(vec![0, 1, 2]), "missing"),
        (DataType::Timestamp(TimeUnit::Second, None), OwnedValues::Int32(vec![1, 2]), "values.int32"),
    ];
    for (data_type, values, expected) in cases {
        let column = OwnedColumn { validity: None, values };
        let error = raise(&data_type, 2, &mut [column].into_iter()).expect_err("it lies").to_string();
        assert!(error.contains(expected), "{data_type}: {error}");
    }
    let short = OwnedColumn { validity: Some(vec![]), values: OwnedValues::Int32(vec![1, 2]) };
    raise(&DataType::Int32, 2, &mut [short].into_iter()).expect_err("its validity is too short");
}

fn any_values() -> impl Strategy<Value = OwnedValues> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40).prop_map(OwnedValues::Bits),
        prop::collection::vec(any::<i32>(), 0..5).prop_map(OwnedValues::Int32),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(OwnedValues::Fixed),
        (prop::collection::vec(-1..6i32, 0..5), prop::collection::vec(any::<u8>(), 0..6))
            .prop_map(|(offsets, bytes)| OwnedValues::Spans(offsets, bytes)),
        prop::collection::vec(-1..6i32, 0..5).prop_map(OwnedValues::Offsets),
        Just(OwnedValues::None),
    ]
}

proptest! {
    #[test]
    fn nested_rows_cross_into_columns_and_back(seed in any::<[u8; 32]>(), rows in 0..40_usize) {
        let mut rng = samples::chance(&seed);
        let nested = samples::batch(&samples::schema(samples::NESTED), rows, &mut rng);
        let begin = rows / 3;
        let part = nested.slice(begin, rows - begin);
        for column in part.columns() {
            let flat = flatten_arrays(part.num_rows(), [column]).expect("a type of tables");
            let owned = owned(&flat.batch());
            let back = raise(column.data_type(), part.num_rows(), &mut owned.into_iter()).expect("just made");
            prop_assert_eq!(&back, column);
        }
    }

    #[test]
    fn any_columns_give_an_array_or_an_error(
        columns in prop::collection::vec((prop::option::of(prop::collection::vec(any::<u8>(), 0..2)), any_values()), 0..5),
        rows in 0..5usize,
        kind in 0..23usize,
    ) {
        let data_type = arrays()[kind].data_type().clone();
        let columns = columns.into_iter().map(|(validity, values)| OwnedColumn { validity, values });
        if let Ok(array) = raise(&data_type, rows, &mut columns.into_iter()) {
            prop_assert_eq!(array.len(), rows);
            array.to_data().validate_full().expect("what was raised is valid");
        }
    }
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

#[test]
fn rows_are_fitted_by_name_and_cast_where_nothing_is_lost() {
    let table = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("at", DataType::Timestamp(TimeUnit::Millisecond, None), true),
    ]));
    let names: DictionaryArray<Int32Type> = [Some("a"), None, Some("a")].into_iter().collect();
    let rows = batch(vec![
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![1000, 2000, -3000]).with_timezone("UTC")) as ArrayRef),
        ("name", Arc::new(names)),
        ("id", Arc::new(UInt16Array::from(vec![1, 2, 3]))),
    ]);
    let fitted = fit(&rows, &table).expect("it fits");
    assert_eq!(fitted.schema(), table);
    assert_eq!(fitted.column(0).as_ref(), &Int64Array::from(vec![1, 2, 3]) as &dyn Array);
    assert_eq!(fitted.column(1).as_ref(), &StringArray::from(vec![Some("a"), None, Some("a")]) as &dyn Array);
    assert_eq!(fitted.column(2).as_ref(), &TimestampMillisecondArray::from(vec![1, 2, -3]) as &dyn Array);
}

#[test]
fn a_column_that_is_not_there_is_null() {
    let fields = vec![Field::new("a", DataType::Int32, false), Field::new("b", DataType::Utf8, true)];
    let fitted = fit(&batch(vec![("a", Arc::new(Int32Array::from(vec![1, 2])))]), &Arc::new(Schema::new(fields)));
    let fitted = fitted.expect("it fits");
    assert_eq!((fitted.num_rows(), fitted.column(1).null_count()), (2, 2));
}

#[test]
fn rows_that_do_not_fit_are_refused_by_name() {
    let table = |data_type| Arc::new(Schema::new(vec![Field::new("c", data_type, false)]));
    let millis = DataType::Timestamp(TimeUnit::Millisecond, None);
    let ints = || Arc::new(Int32Array::from(vec![1, 300])) as ArrayRef;
    type Columns = Vec<(&'static str, ArrayRef)>;
    let cases: Vec<(Columns, DataType, &str)> = vec![
        (vec![("d", ints())], DataType::Int32, "column \"c\" is missing, and NOT NULL"),
        (vec![("c", ints()), ("d", ints())], DataType::Int32, "no column \"d\""),
        (vec![("c", ints()), ("c", ints())], DataType::Int32, "twice"),
        (vec![("c", ints())], DataType::Utf8, "column \"c\" is STRING in the table, and INT here"),
        (vec![("c", ints())], DataType::Int8, "column \"c\", row 1: a value does not fit in TINYINT"),
        (
            vec![("c", Arc::new(Decimal128Array::from(vec![1, 10_000]).with_data_type(DataType::Decimal128(9, 0))))],
            DataType::Decimal128(4, 0),
            "column \"c\", row 1: a value does not fit in DECIMAL(4, 0)",
        ),
        (vec![("c", Arc::new(Int32Array::from(vec![Some(1), None])))], DataType::Int32, "row 1: null"),
        (vec![("c", Arc::new(NullArray::new(2)))], DataType::Int32, "row 0: null"),
        (vec![("c", Arc::new(TimestampMicrosecondArray::from(vec![1000, 1001])))], millis.clone(), "row 1: the value"),
        (
            vec![("c", Arc::new(TimestampMillisecondArray::from(vec![1, 2]).with_timezone("+02:00")))],
            millis,
            "TIMESTAMP(3) in the table, and TIMESTAMP_LTZ(3) here",
        ),
    ];
    for (columns, data_type, expected) in cases {
        let error = fit(&batch(columns), &table(data_type)).expect_err("it does not fit");
        assert!(error.to_string().contains(expected), "{error}");
        // Who says where the row stands need not say its number in the batch.
        assert!(!error.reason().contains("row ") && error.reason().contains("column"), "{}", error.reason());
    }
}
