//! Rows of every type in both formats: there and back, and hostile ones.

#[expect(dead_code, reason = "some of it is for the other tests")]
mod common;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use common::read::{layout, read_plain};
use common::{Random, borrow, every_type, of, random_batch, schema};
use proptest::prelude::*;
use thalweg_wire::column::{Batch, Column, Values};
use thalweg_wire::record::{
    ColumnsBuilder, KeyEncoder, Layout, RecordError, RowDecoder, RowEncoder, RowFields, RowFormat, message_of,
};
use thalweg_wire::table::DataType;

fn formats() -> impl Strategy<Value = RowFormat> {
    prop_oneof![Just(RowFormat::Compacted), Just(RowFormat::Indexed)]
}

/// What was decoded, as a host reads it.
fn arrow(builder: &mut ColumnsBuilder, schema: &SchemaRef) -> RecordBatch {
    read_plain(&message_of(builder), schema).expect("columns that arrow-rs takes")
}

fn encoded(layout: &Layout, format: RowFormat, batch: &RecordBatch) -> Vec<Vec<u8>> {
    let encoder = RowEncoder::new(layout, None, format).expect("all columns");
    let rows = (0..batch.num_rows()).map(|row| {
        let mut out = Vec::new();
        encoder.encode(&borrow(batch), row, &mut out).expect("a row that fits");
        out
    });
    rows.collect()
}

proptest! {
    #[test]
    fn rows_come_back(seed: u64, rows in 0usize..6, format in formats()) {
        let types = every_type();
        let (schema, layout) = (schema(&types), layout(&types));
        let batch = random_batch(&schema, rows, &mut Random(seed));
        let decoder = RowDecoder::new(&layout, format).unwrap();
        let mut builder = ColumnsBuilder::new(layout.clone());
        for row in encoded(&layout, format, &batch) {
            decoder.append(&row, &mut builder).unwrap();
            let fields = RowFields::parse_as(&layout, format, &row).unwrap();
            let mut again = Vec::new();
            RowFields::write_as(&layout, format, fields.fields(), &mut again);
            prop_assert_eq!(again, row);
        }
        prop_assert_eq!(builder.rows(), rows);
        prop_assert_eq!(arrow(&mut builder, &schema), batch);
    }

    #[test]
    fn some_columns_come_back(seed: u64, format in formats(), chosen in proptest::collection::btree_set(0usize..58, 1..9)) {
        let types = every_type();
        let columns: Vec<usize> = chosen.into_iter().collect();
        let (all, layout_of_all) = (schema(&types), layout(&types));
        let batch = random_batch(&all, 3, &mut Random(seed));
        let wanted = batch.project(&columns).unwrap();
        let names: Vec<String> = columns.iter().map(|at| format!("c{at}")).collect();
        let projected = Layout::new(names.iter().map(String::as_str).zip(columns.iter().map(|at| &types[*at])));
        let decoder = RowDecoder::projected(&layout_of_all, &columns, format).unwrap();
        let mut builder = ColumnsBuilder::new(projected);
        for row in encoded(&layout_of_all, format, &batch) {
            decoder.append(&row, &mut builder).unwrap();
        }
        prop_assert_eq!(arrow(&mut builder, &wanted.schema()), wanted);
    }

    #[test]
    fn any_bytes_give_a_row_or_an_error(
        seed: u64, format in formats(), at: proptest::sample::Index, with: [u8; 4], width in 1usize..5, cut: bool,
        random: Vec<u8>,
    ) {
        let types = every_type();
        let layout = layout(&types);
        let batch = random_batch(&schema(&types), 1, &mut Random(seed));
        let mut row = encoded(&layout, format, &batch).swap_remove(0);
        let at = at.index(row.len());
        if cut { row.truncate(at) } else { row.iter_mut().skip(at).zip(&with[..width]).for_each(|(byte, with)| *byte = *with) }
        let decoder = RowDecoder::new(&layout, format).unwrap();
        let mut builder = ColumnsBuilder::new(layout.clone());
        let decoded = decoder.append(&row, &mut builder);
        prop_assert!(!cut || decoded.is_err());
        if decoded.is_ok() {
            arrow(&mut builder, &schema(&types));
        }
        let _ = decoder.append(&random, &mut ColumnsBuilder::new(layout.clone()));
        let _ = RowFields::parse_as(&layout, format, &row);
        let _ = RowFields::parse_as(&layout, format, &random);
    }
}

/// Values of two columns, for keys.
fn key_columns() -> impl Strategy<Value = Vec<(i32, String)>> {
    proptest::collection::vec((prop_oneof![0i32..4, any::<i32>()], "[a-c\u{e9}]{0,3}"), 1..12)
}

proptest! {
    /// What lookups by a prefix rest on: in the order of the bytes of keys, those with equal first columns stand
    /// together, and they are just those that begin with these columns' bytes. And no key begins another.
    #[test]
    fn keys_with_one_prefix_stand_together(rows in key_columns(), text_first: bool) {
        let (numbers, texts): (Vec<i32>, Vec<String>) = rows.iter().cloned().unzip();
        let offsets: Vec<i32> = std::iter::once(0)
            .chain(texts.iter().scan(0, |end, text| { *end += text.len() as i32; Some(*end) }))
            .collect();
        let bytes = texts.concat().into_bytes();
        let plain = |values| Column { validity: None, values };
        let columns = vec![plain(Values::Int32(&numbers)), plain(Values::Spans { offsets: &offsets, bytes: &bytes })];
        let batch = Batch { rows: rows.len(), columns };
        let layout = layout(&[of(DataType::Int, false), of(DataType::String, false)]);
        let order = if text_first { [1, 0] } else { [0, 1] };
        let (key, prefix) = (KeyEncoder::new(&layout, &order).unwrap(), KeyEncoder::new(&layout, &order[..1]).unwrap());
        let encode = |encoder: &KeyEncoder, row| {
            let mut out = Vec::new();
            encoder.encode(&batch, row, &mut out).unwrap();
            out
        };
        let keys: Vec<Vec<u8>> = (0..rows.len()).map(|row| encode(&key, row)).collect();
        let equal = |a: usize, b: usize| if text_first { texts[a] == texts[b] } else { numbers[a] == numbers[b] };
        for a in 0..rows.len() {
            let first = encode(&prefix, a);
            for b in 0..rows.len() {
                prop_assert_eq!(keys[b].starts_with(&first), equal(a, b));
                prop_assert_eq!(keys[b].starts_with(&keys[a]), rows[a] == rows[b]);
            }
        }
        let mut sorted: Vec<usize> = (0..rows.len()).collect();
        sorted.sort_by(|a, b| keys[*a].cmp(&keys[*b]));
        let runs = sorted.chunk_by(|a, b| equal(*a, *b)).count();
        let distinct = (0..rows.len()).filter(|row| !(0..*row).any(|earlier| equal(*row, earlier))).count();
        prop_assert_eq!(runs, distinct);
    }

    #[test]
    fn keys_come_back(seed: u64, rows in 1usize..4) {
        let mut types = every_type();
        types.retain(|column| !column.nullable && KeyEncoder::new(&layout(std::slice::from_ref(column)), &[0]).is_ok());
        let (schema, layout) = (schema(&types), layout(&types));
        let batch = random_batch(&schema, rows, &mut Random(seed));
        let keys: Vec<usize> = (0..types.len()).collect();
        let encoder = KeyEncoder::new(&layout, &keys).unwrap();
        let decoder = RowDecoder::new(&layout, RowFormat::Compacted).unwrap();
        let mut builder = ColumnsBuilder::new(layout.clone());
        for row in 0..rows {
            // A compact row without null bits.
            let mut key = vec![0; types.len().div_ceil(8)];
            encoder.encode(&borrow(&batch), row, &mut key).unwrap();
            decoder.append(&key, &mut builder).unwrap();
        }
        prop_assert_eq!(arrow(&mut builder, &schema), batch);
    }
}

#[test]
fn a_layout_for_other_columns_is_refused() {
    let types = every_type();
    let decoder = RowDecoder::new(&layout(&types), RowFormat::Compacted).expect("all columns");
    let mut builder = ColumnsBuilder::new(layout(&types[..2]));
    assert!(matches!(decoder.append(&[0], &mut builder), Err(RecordError::ColumnCount { .. })));
}
