//! Rows that do not fit: refused by name, and never a panic.

#[expect(dead_code, reason = "some of it is for the other tests")]
mod common;

use std::num::NonZeroU32;

use common::read::layout;
use common::{Random, borrow, every_type, random_batch, schema};
use proptest::prelude::*;
use thalweg_wire::column::{Batch, Column, Values};
use thalweg_wire::record::{BucketRule, ColumnsBuilder, KeyEncoder, RowEncoder, RowFormat, assign};
use thalweg_wire::table::DataType;

fn numbers() -> impl Strategy<Value = Vec<i32>> {
    let small = proptest::collection::vec(-1i32..9, 0..6);
    let sorted = small.clone().prop_map(|mut offsets| {
        offsets.sort_unstable();
        offsets
    });
    prop_oneof![small, sorted, proptest::collection::vec(any::<i32>(), 0..6)]
}

/// Values of some case; `case` says which.
fn values<'a>(case: usize, bytes: &'a [u8], numbers: &'a [i32], longs: &'a [i64]) -> Values<'a> {
    match case {
        0 => Values::Bits(bytes),
        1 => Values::Int32(numbers),
        2 => Values::Int64(longs),
        3 => Values::Fixed(bytes),
        4 => Values::Offsets(numbers),
        5 => Values::None,
        _ => Values::Spans { offsets: numbers, bytes },
    }
}

proptest! {
    #[test]
    fn what_the_check_lets_through_is_gathered_and_nothing_panics(
        rows in 0usize..5, position in 0usize..58, picked in proptest::collection::vec(0u32..5, 0..12),
        range in (0usize..5, 0usize..5),
        parts in proptest::collection::vec(
            (
                0usize..7, proptest::option::of(proptest::collection::vec(any::<u8>(), 0..3)),
                proptest::collection::vec(any::<u8>(), 0..12), numbers(), proptest::collection::vec(any::<i64>(), 0..5),
            ),
            1..8,
        ),
    ) {
        let types = [every_type().swap_remove(position)];
        let layout = layout(&types);
        let columns = parts.iter().cycle().take(layout.column_count()).map(|(case, validity, bytes, numbers, longs)| {
            Column { validity: validity.as_deref(), values: values(*case, bytes, numbers, longs) }
        });
        let batch = Batch { rows, columns: columns.collect() };
        let mut builder = ColumnsBuilder::new(layout.clone());
        let there = picked.iter().all(|row| (*row as usize) < rows);
        let gathered = builder.append_rows(&batch, &picked);
        let ranged = builder.append_range(&batch, range.0, range.1);
        if layout.check(&batch).is_ok() {
            prop_assert_eq!(gathered.is_ok(), there);
            prop_assert_eq!(ranged.is_ok(), range.0 + range.1 <= rows);
        }
        builder.finish();
        for format in [RowFormat::Compacted, RowFormat::Indexed] {
            let encoder = RowEncoder::new(&layout, None, format).unwrap();
            for row in 0..rows + 1 {
                let _ = encoder.encode(&batch, row, &mut Vec::new());
            }
        }
        if let Ok(keys) = KeyEncoder::new(&layout, &[0]) {
            let _ = assign(&batch, &keys, BucketRule::Fluss, NonZeroU32::MIN, &mut Vec::new());
        }
    }
}

#[test]
fn a_batch_that_does_not_fit_names_its_column() {
    let not_null = |data_type| common::of(data_type, false);
    let list = DataType::Array(not_null(DataType::Int).into());
    let map = DataType::Map(not_null(DataType::Int).into(), not_null(DataType::Int).into());
    let plain = |values| Column { validity: None, values };
    let spans = |offsets, bytes| plain(Values::Spans { offsets, bytes });
    let holed = |values| Column { validity: Some(&[0b101]), values };
    let threes = Values::Int32(&[1, 2, 3]);
    let cases: Vec<(DataType, Vec<Column<'_>>, &str)> = vec![
        (DataType::Int, vec![plain(Values::Int32(&[1, 2]))], "c0 does not fit"),
        (DataType::Int, vec![plain(Values::Int64(&[1, 2, 3]))], "its type has 32-bit integers"),
        (DataType::Int, vec![], "0 columns were given"),
        (DataType::Int, vec![holed(threes)], "c0 may not be null but row 1 is"),
        (DataType::Int, vec![Column { validity: Some(&[]), values: threes }], "its validity has 0 bytes"),
        (DataType::Boolean, vec![plain(Values::Bits(&[]))], "exactly 3 values"),
        (DataType::Binary(2), vec![plain(Values::Fixed(&[0; 5]))], "exactly 3 values"),
        (DataType::String, vec![spans(&[0, 1, 1], b"a")], "its offsets are not 4"),
        (DataType::String, vec![spans(&[0, 2, 1, 3], b"abc")], "never fall"),
        (DataType::String, vec![spans(&[1, 1, 1, 3], b"abc")], "begin at 0"),
        (DataType::String, vec![spans(&[0, 1, 1, 2], b"abc")], "end at 2 but its bytes at 3"),
        (DataType::String, vec![spans(&[0, 1, 1, 1], b"\xff")], "not UTF-8"),
        (DataType::String, vec![spans(&[0, 1, 1, 2], "é".as_bytes())], "row 1 begins inside"),
        (list, vec![plain(Values::Offsets(&[0, 1, 3, 3])), holed(threes)], "c0.element may not be null but row 1"),
        (map, vec![plain(Values::Offsets(&[0, 1, 2, 3])), holed(threes), plain(threes)], "c0.key may not be null"),
    ];
    for (data_type, columns, expected) in cases {
        let types = [not_null(data_type)];
        let error = layout(&types).check(&Batch { rows: 3, columns }).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
    }
}

#[test]
fn positions_past_the_rows_are_refused() {
    let types = [common::of(DataType::Int, true)];
    let batch = random_batch(&schema(&types), 5, &mut Random(1));
    assert_eq!(batch.column(0).len(), 5);
    let mut builder = ColumnsBuilder::new(layout(&types));
    assert!(builder.append_range(&borrow(&batch), 3, 3).is_err());
    assert!(builder.append_range(&borrow(&batch), usize::MAX, 2).is_err());
    assert!(builder.append_rows(&borrow(&batch), &[0, 5]).is_err());
    assert_eq!(builder.rows(), 0);
}
