//! Columns there and back, in slices, and columns that lie.

use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{DataType, Field, TimeUnit};
use proptest::prelude::*;
use thalweg_wire::column::{Batch, Values};

use super::samples::arrays;
use super::*;

fn owned(batch: &Batch<'_>) -> Vec<OwnedColumn> {
    batch.columns.iter().map(OwnedColumn::from).collect()
}

#[test]
fn every_type_comes_back_from_any_slice() {
    for array in arrays() {
        for (begin, length) in [(0, 40), (0, 0), (3, 20), (8, 32), (40, 0), (9, 1)] {
            let slice = array.slice(begin, length);
            let flat = flatten_arrays(length, [&slice]).expect("a type of tables");
            let columns = owned(&flat.batch());
            let back = to_arrow(slice.data_type(), length, &mut columns.into_iter()).expect("columns just made");
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
        let error = to_arrow(&data_type, 2, &mut [column].into_iter()).expect_err("it lies").to_string();
        assert!(error.contains(expected), "{data_type}: {error}");
    }
    let short = OwnedColumn { validity: Some(vec![]), values: OwnedValues::Int32(vec![1, 2]) };
    to_arrow(&DataType::Int32, 2, &mut [short].into_iter()).expect_err("its validity is too short");
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
    fn any_columns_give_an_array_or_an_error(
        columns in prop::collection::vec((prop::option::of(prop::collection::vec(any::<u8>(), 0..2)), any_values()), 0..5),
        rows in 0..5usize,
        kind in 0..23usize,
    ) {
        let data_type = arrays()[kind].data_type().clone();
        let columns = columns.into_iter().map(|(validity, values)| OwnedColumn { validity, values });
        if let Ok(array) = to_arrow(&data_type, rows, &mut columns.into_iter()) {
            prop_assert_eq!(array.len(), rows);
            array.to_data().validate_full().expect("what was made is valid");
        }
    }
}
