//! Rows of every type in both formats: there and back, and hostile ones.

#[expect(dead_code, reason = "some of it is for the other tests")]
mod common;

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_schema::SchemaRef;
use common::read::layout;
use common::{Random, borrow, every_type, random_batch, schema};
use proptest::prelude::*;
use thalweg_wire::record::{
    ColumnsBuilder, Layout, RecordError, RowDecoder, RowEncoder, RowFields, RowFormat, message_of,
};

fn formats() -> impl Strategy<Value = RowFormat> {
    prop_oneof![Just(RowFormat::Compacted), Just(RowFormat::Indexed)]
}

/// Reads what was decoded with arrow-rs, as a host does.
fn arrow(builder: &mut ColumnsBuilder, schema: &SchemaRef) -> RecordBatch {
    let message = message_of(builder);
    let read = arrow_ipc::root_as_message(&message.metadata).expect("a message");
    assert_eq!(read.bodyLength(), message.body.len() as i64);
    let header = read.header_as_record_batch().expect("a record batch");
    let body = Buffer::from(message.body.as_slice());
    arrow_ipc::reader::read_record_batch(&body, header, schema.clone(), &HashMap::new(), None, &read.version())
        .expect("columns that arrow-rs takes")
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

#[test]
fn a_layout_for_other_columns_is_refused() {
    let types = every_type();
    let decoder = RowDecoder::new(&layout(&types), RowFormat::Compacted).expect("all columns");
    let mut builder = ColumnsBuilder::new(layout(&types[..2]));
    assert!(matches!(decoder.append(&[0], &mut builder), Err(RecordError::ColumnCount { .. })));
}
