//! Values that do not fit: refused with the row at fault, or rounded.

use super::*;

fn decimals(values: Vec<i128>, precision: u8, scale: i8) -> ArrayRef {
    Arc::new(Decimal128Array::from(values).with_precision_and_scale(precision, scale).expect("a precision"))
}

/// An array, a type, why it is refused, and the values that it is rounded to; `None`: also refused.
type Case = (ArrayRef, DataType, &'static str, Option<ArrayRef>);

fn inexact() -> Vec<Case> {
    let millis = DataType::Timestamp(TimeUnit::Millisecond, None);
    let (finer, day) = ("finer resolution than", 86_400_000);
    let floats = |values: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
    vec![
        (decimals(vec![100, 1005], 10, 3), DataType::Decimal128(10, 2), finer, Some(decimals(vec![10, 101], 10, 2))),
        (decimals(vec![100, -1005], 10, 3), DataType::Decimal128(10, 2), finer, Some(decimals(vec![10, -101], 10, 2))),
        (decimals(vec![10, -25], 10, 1), DataType::Int32, finer, Some(Arc::new(Int32Array::from(vec![1, -3])))),
        (decimals(vec![1, 99_999], 5, 0), DataType::Decimal128(4, 0), "does not fit in DECIMAL(4, 0)", None),
        (floats(vec![5.0, 2.5]), DataType::Int64, finer, Some(Arc::new(Int64Array::from(vec![5, 3])))),
        (floats(vec![5.0, f64::NAN]), DataType::Int64, "NaN is out of the range of BIGINT", None),
        (floats(vec![5.0, 9_223_372_036_854_775_808.0]), DataType::Int64, "out of the range of BIGINT", None),
        (floats(vec![5.0, 300.0]), DataType::Int8, "does not fit in TINYINT", None),
        (floats(vec![0.5, 0.1]), DataType::Float32, finer, Some(Arc::new(Float32Array::from(vec![0.5, 0.1])))),
        (floats(vec![0.5, 1e300]), DataType::Float32, "out of the range of FLOAT", None),
        (floats(vec![0.1, 1.005]), DataType::Decimal128(10, 2), finer, Some(decimals(vec![10, 101], 10, 2))),
        (floats(vec![0.1, 1e9]), DataType::Decimal128(10, 2), "out of the range of DECIMAL(10, 2)", None),
        (
            Arc::new(Int64Array::from(vec![1, 9_007_199_254_740_993])),
            DataType::Float64,
            finer,
            Some(floats(vec![1.0, 9_007_199_254_740_992.0])),
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![1000, -1500])),
            millis.clone(),
            finer,
            Some(Arc::new(TimestampMillisecondArray::from(vec![1, -2]))),
        ),
        (Arc::new(TimestampSecondArray::from(vec![0, i64::MAX])), millis, "out of the range of TIMESTAMP(3)", None),
        (
            Arc::new(Date64Array::from(vec![day, day + 1])),
            DataType::Date32,
            finer,
            Some(Arc::new(Date32Array::from(vec![1, 1]))),
        ),
        (
            Arc::new(Time64NanosecondArray::from(vec![0, 1_000_001])),
            DataType::Time32(TimeUnit::Millisecond),
            finer,
            Some(Arc::new(Time32MillisecondArray::from(vec![0, 1]))),
        ),
        (Arc::new(Int32Array::from(vec![1, 300])), DataType::Int8, "does not fit in TINYINT", None),
        (Arc::new(UInt64Array::from(vec![1, u64::MAX])), DataType::Int64, "does not fit in BIGINT", None),
    ]
}

#[test]
fn what_does_not_come_back_is_refused_by_row_unless_it_is_rounded() {
    for (array, to, problem, expected) in inexact() {
        let what = format!("{} as {to}", array.data_type());
        let error = fitted(&array, &to).expect_err(&what);
        assert!(error.row() == Some(1) && error.to_string().contains(problem), "{what}: {error}");
        match (rounded(&array, &to), expected) {
            (Ok(found), Some(expected)) => assert_eq!(&found, &expected, "{what}"),
            (Err(error), None) => assert_eq!(error.row(), Some(1), "{what}: {error}"),
            (found, _) => panic!("{what}: {found:?}"),
        }
        // The first value alone is exact.
        let first = fitted(&array.slice(0, 1), &to).expect(&what);
        assert_eq!(first.data_type(), &to);
    }
}

#[test]
fn a_fault_within_rows_arrays_and_maps_names_the_row_of_the_table() {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 400]));
    let item = field("item", &DataType::Int64);
    // [1, 2], null (beneath which is 3), [400]
    let nulls = NullBuffer::from(vec![true, false, true]);
    let offsets = || OffsetBuffer::<i32>::from_lengths([2, 1, 1]);
    let list: ArrayRef = Arc::new(ListArray::new(item, offsets(), Arc::clone(&numbers), Some(nulls.clone())));
    let rows: ArrayRef = Arc::new(StructArray::from(vec![(field("l", list.data_type()), Arc::clone(&list))]));
    let small = DataType::List(field("element", &DataType::Int8));
    let row = DataType::Struct(vec![field("l", &small)].into());
    for (array, to) in [(&list, &small), (&rows, &row)] {
        let error = fitted(array, to).expect_err("400 is no TINYINT");
        assert_eq!(error.row(), Some(2), "{error}");
        assert!(fitted(&array.slice(0, 2), to).is_ok());
    }
    // What lies beneath a null does not count, be it out of range or null where none may be.
    let hidden: ArrayRef = Arc::new(ListArray::new(
        field("item", &DataType::Int64),
        OffsetBuffer::from_lengths([1, 1, 2]),
        Arc::new(Int64Array::from(vec![Some(1), Some(400), Some(3), Some(4)])),
        Some(nulls),
    ));
    let found = fitted(&hidden, &small).expect("400 is hidden");
    assert_eq!(leaf(&found).as_ref(), &Int8Array::from(vec![1, 3, 4]) as &dyn Array);
    let inner: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(400)]));
    let fields = vec![field("f", &DataType::Int64)];
    let masked = StructArray::new(fields.into(), vec![inner], Some(NullBuffer::from(vec![true, false, false])));
    let masked: ArrayRef = Arc::new(masked);
    let strict = DataType::Struct(vec![Field::new("f", DataType::Int8, false)].into());
    assert!(fitted(&masked, &strict).is_ok());
    let error = fitted(&masked.slice(0, 1), &DataType::Struct(vec![Field::new("g", DataType::Int8, false)].into()));
    assert!(error.expect_err("no field g").to_string().contains("ROW<"));
}

#[test]
fn the_row_at_fault_is_found_among_many_at_once() {
    let mut values: Vec<i64> = (0..1_000_000).map(|value| value % 100).collect();
    values[765_432] = 1000;
    let begun = std::time::Instant::now();
    let array: ArrayRef = Arc::new(Int64Array::from(values));
    assert_eq!(fitted(&array, &DataType::Int8).expect_err("1000").row(), Some(765_432));
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}
