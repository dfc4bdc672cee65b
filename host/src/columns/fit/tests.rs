//! What fits and what does not: one list of types for tables made of files and rows put into them, and one rule of
//! exactness.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int16Type, Int64Type, UInt32Type};
use arrow_array::*;
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{TimeUnit, UnionFields, UnionMode};

use super::*;

fn field(name: &str, data_type: &DataType) -> Arc<Field> {
    Arc::new(Field::new(name, data_type.clone(), true))
}

/// Arrays of two values and a null, or what a cast of them gives, of every type without children.
fn scalars() -> Vec<ArrayRef> {
    use DataType::*;
    let zone = Some("+02:00".into());
    let units = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
    let mut types = vec![
        Boolean,
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Utf8,
        LargeUtf8,
        Utf8View,
        Binary,
        LargeBinary,
        BinaryView,
        FixedSizeBinary(1),
        Date32,
        Date64,
        Decimal32(9, 2),
        Decimal64(18, 0),
        Decimal128(38, 10),
        Decimal256(38, 3),
        Time32(TimeUnit::Second),
        Time32(TimeUnit::Millisecond),
        Time64(TimeUnit::Microsecond),
        Time64(TimeUnit::Nanosecond),
    ];
    types.extend(units.iter().flat_map(|unit| [Timestamp(*unit, None), Timestamp(*unit, zone.clone())]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(7)]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("1"), None, Some("7")]));
    let made = |to: &DataType| match to {
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView => arrow_cast::cast(&texts, to),
        FixedSizeBinary(_) => arrow_cast::cast(&arrow_cast::cast(&texts, &Binary).expect("bytes"), to),
        Date32 | Time32(_) => arrow_cast::cast(&arrow_cast::cast(&numbers, &Int32).expect("numbers"), to),
        Timestamp(unit, Some(_)) => {
            let instants = arrow_cast::cast(&numbers, &Timestamp(*unit, None)).expect("times");
            Ok(make_array(instants.to_data().into_builder().data_type(to.clone()).build().expect("a label")))
        }
        _ => arrow_cast::cast(&numbers, to),
    };
    types.iter().map(|to| made(to).unwrap_or_else(|error| panic!("{to}: {error}"))).collect()
}

/// The array in everything that can hold it, one value a row.
fn wrapped(array: &ArrayRef) -> Vec<ArrayRef> {
    let rows = array.len();
    let item = field("item", array.data_type());
    let lengths = || std::iter::repeat_n(1, rows);
    let starts: Vec<i32> = (0..rows as i32).collect();
    let ends: Vec<i32> = (1..=rows as i32).collect();
    let long_starts: ScalarBuffer<i64> = (0..rows as i64).collect();
    let key = Arc::new(Field::new("any name", DataType::Int32, false));
    let keys: ArrayRef = Arc::new(Int32Array::from(starts.clone()));
    let entries = StructArray::from(vec![(key, keys), (field("another", array.data_type()), Arc::clone(array))]);
    let entry = Arc::new(Field::new("pairs", entries.data_type().clone(), false));
    let backwards = ScalarBuffer::from(starts.iter().rev().copied().collect::<Vec<_>>());
    let sizes = ScalarBuffer::from(vec![1; rows]);
    let reversed = (0..rows).rev().map(|at| array.slice(at, 1)).collect::<Vec<_>>();
    let reversed: Vec<&dyn Array> = reversed.iter().map(AsRef::as_ref).collect();
    let reversed = arrow_select::concat::concat(&reversed).expect("one type");
    vec![
        Arc::new(ListArray::new(item.clone(), OffsetBuffer::from_lengths(lengths()), array.clone(), None)),
        Arc::new(LargeListArray::new(item.clone(), OffsetBuffer::from_lengths(lengths()), array.clone(), None)),
        Arc::new(FixedSizeListArray::new(item.clone(), 1, array.clone(), None)),
        Arc::new(ListViewArray::new(item.clone(), backwards, sizes, reversed, None)),
        Arc::new(LargeListViewArray::new(item, long_starts, ScalarBuffer::from(vec![1; rows]), array.clone(), None)),
        Arc::new(MapArray::new(entry, OffsetBuffer::from_lengths(lengths()), entries, None, false)),
        Arc::new(StructArray::from(vec![(field("inner", array.data_type()), array.clone())])),
        Arc::new(DictionaryArray::<Int8Type>::new(Int8Array::from_iter_values(0..rows as i8), array.clone())),
        Arc::new(DictionaryArray::<UInt32Type>::new(UInt32Array::from_iter_values(0..rows as u32), array.clone())),
        Arc::new(RunArray::try_new(&Int32Array::from(ends), array).expect("runs of one")),
    ]
}

/// The innermost values of what was wrapped.
fn leaf(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::List(_) => leaf(array.as_list::<i32>().values()),
        DataType::Map(..) => leaf(array.as_map().values()),
        DataType::Struct(_) => leaf(array.as_struct().column(0)),
        _ => Arc::clone(array),
    }
}

fn fitted(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, FitError> {
    let rows = RecordBatch::try_from_iter_with_nullable([("c", Arc::clone(array), true)]).expect("a column");
    fit(&rows, &Arc::new(Schema::new(vec![Field::new("c", to.clone(), true)]))).map(|rows| Arc::clone(rows.column(0)))
}

fn rounded(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, FitError> {
    let rows = RecordBatch::try_from_iter_with_nullable([("c", Arc::clone(array), true)]).expect("a column");
    let table = Schema::new(vec![Field::new("c", to.clone(), true)]);
    round(&rows, &Arc::new(table)).map(|rows| Arc::clone(rows.column(0)))
}

/// The type of the column that a table made of the array has.
fn column_of(array: &ArrayRef) -> DataType {
    let column = ColumnType::from_arrow(&Field::new("c", array.data_type().clone(), true));
    column.unwrap_or_else(|error| panic!("{error}")).data_type.to_arrow()
}

#[test]
fn what_a_table_can_be_made_of_fits_into_it_nested_twice() {
    let mut tried = 0;
    for scalar in scalars() {
        let expected = fitted(&scalar, &column_of(&scalar)).unwrap_or_else(|e| panic!("{}: {e}", scalar.data_type()));
        assert_eq!(expected.null_count(), 1, "{}", scalar.data_type());
        for once in wrapped(&scalar) {
            for array in [vec![once.clone()], wrapped(&once)].concat() {
                // Runs within runs, and dictionaries of dictionaries, are nowhere to be found.
                let found = fitted(&array, &column_of(&array)).unwrap_or_else(|e| panic!("{}: {e}", array.data_type()));
                assert_eq!(found.len(), 3);
                assert_eq!(&leaf(&found), &expected, "{}", array.data_type());
                let slice = fitted(&array.slice(2, 1), &column_of(&array)).expect("a part of it");
                assert_eq!(&leaf(&slice), &expected.slice(2, 1), "{}", array.data_type());
                // Nulls of any type are nulls of the column.
                let nulls = new_null_array(array.data_type(), 4);
                assert_eq!(fitted(&nulls, &column_of(&array)).expect("nulls").logical_null_count(), 4);
                tried += 1;
            }
        }
    }
    assert!(tried > 3000, "{tried}");
}

#[test]
fn what_no_table_is_made_of_does_not_fit() {
    let cases = UnionFields::try_new([0], [Field::new("a", DataType::Int32, true)]).expect("one case");
    let types = [
        DataType::Union(cases, UnionMode::Dense),
        DataType::Duration(TimeUnit::Second),
        DataType::Interval(arrow_schema::IntervalUnit::MonthDayNano),
    ];
    for data_type in types {
        let array = new_empty_array(&data_type);
        assert!(ColumnType::from_arrow(&Field::new("c", data_type.clone(), true)).is_err(), "{data_type}");
        for to in [DataType::Int32, DataType::Int64, DataType::Utf8] {
            let error = fitted(&array, &to).expect_err("another kind").to_string();
            assert!(error.contains("in the table, and"), "{error}");
        }
    }
}

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
fn rows_go_by_the_names_of_their_fields_and_maps_by_position() {
    let (a, b): (ArrayRef, ArrayRef) = (Arc::new(Int32Array::from(vec![1])), Arc::new(StringArray::from(vec!["x"])));
    let (int, text) = (DataType::Int32, DataType::Utf8);
    let row: ArrayRef =
        Arc::new(StructArray::from(vec![(field("b", &text), b.clone()), (field("a", &int), a.clone())]));
    let fields = |names: &[(&str, &DataType)]| names.iter().map(|(name, of)| field(name, of)).collect::<Vec<_>>();
    let to = DataType::Struct(fields(&[("a", &int), ("c", &text), ("b", &text)]).into());
    let found = fitted(&row, &to).expect("by name");
    let found = found.as_struct();
    assert_eq!((found.column(0), found.column(2)), (&a, &b));
    assert!(found.column(1).is_null(0));
    let less = DataType::Struct(fields(&[("a", &int)]).into());
    assert!(fitted(&row, &less).is_err());
}

#[test]
fn a_few_values_for_many_rows_are_not_written_out_without_limit() {
    let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1 << 20)]));
    let keys = Int16Array::from(vec![0; 2000]);
    let many: ArrayRef = Arc::new(DictionaryArray::<Int16Type>::new(keys, Arc::clone(&long)));
    let ends = Int64Array::from(vec![2000]);
    let run: ArrayRef = Arc::new(RunArray::<Int64Type>::try_new(&ends, &long).expect("one run"));
    for array in [many, run] {
        let error = fitted(&array, &DataType::Utf8).expect_err("2 GB").to_string();
        assert!(error.contains("take more than"), "{error}");
        assert_eq!(fitted(&array.slice(7, 2), &DataType::Utf8).expect("2 MB").len(), 2);
    }
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
