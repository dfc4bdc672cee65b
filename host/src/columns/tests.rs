//! Rows in the types of a table, and nested ones as columns and back.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn nested_rows_cross_into_columns_and_back(seed in any::<[u8; 32]>(), rows in 0..40_usize) {
        let mut rng = samples::chance(&seed);
        let nested = samples::batch(&samples::schema(samples::NESTED), rows, &mut rng);
        let begin = rows / 3;
        let part = nested.slice(begin, rows - begin);
        for column in part.columns() {
            let flat = flatten_arrays(part.num_rows(), [column]).expect("a type of tables");
            let owned: Vec<_> = flat.batch().columns.iter().map(OwnedColumn::from).collect();
            let back = to_arrow(column.data_type(), part.num_rows(), &mut owned.into_iter()).expect("just made");
            prop_assert_eq!(&back, column);
        }
    }

    #[test]
    fn the_size_of_rows_is_known_before_they_are_flattened(seed in any::<[u8; 32]>(), rows in 0..40_usize) {
        let mut rng = samples::chance(&seed);
        let types: Vec<&str> = samples::FLAT.iter().chain(samples::NESTED).copied().collect();
        let batch = samples::batch(&samples::schema(&types), rows, &mut rng);
        for begin in [0, rows / 3, rows.min(8), rows] {
            let part = batch.slice(begin, rows - begin);
            prop_assert_eq!(flattened_bytes(&part), flatten(&part).expect("types of tables").bytes());
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
