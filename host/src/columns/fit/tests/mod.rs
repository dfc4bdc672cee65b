//! What fits and what does not: one list of types for tables made of files and rows put into them, and one rule of
//! exactness.

mod faults;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int16Type, Int64Type, UInt32Type};
use arrow_array::*;
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{TimeUnit, UnionFields, UnionMode};
use thalweg_wire::table::ArrowValues as _;

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
