//! Where columns of every type lie, and what is lent of them: the same rows as in Arrow, and hostile ones refused.

#[expect(dead_code, reason = "some of it is for the tests of thalweg-wire")]
#[path = "../../wire/tests/common/mod.rs"]
mod common;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use common::{
    Random, borrow, every_type, of, random_batch,
    read::{layout, read_plain},
    schema,
};
use proptest::prelude::*;
use thalweg_contract::{ColumnParts, Part};
use thalweg_shell::columns::{LentError, lend, parts};
use thalweg_wire::{
    column::Batch,
    record::{ColumnsBuilder, Layout, PlainMessage, message_of},
    table::{ColumnType, DataType, Field},
};

fn message(layout: &Layout, batch: &Batch<'_>) -> PlainMessage {
    let mut builder = ColumnsBuilder::new(layout.clone());
    builder.append_range(batch, 0, batch.rows).expect("they fit");
    message_of(&mut builder)
}

/// What a host reads that has Arrow.
fn arrow(layout: &Layout, batch: &Batch<'_>, schema: &SchemaRef) -> RecordBatch {
    read_plain(&message(layout, batch), schema).expect("rows that arrow-rs takes")
}

/// A type of any depth up to four, with any children.
fn any_type(random: &mut Random, depth: usize) -> ColumnType {
    let types = every_type();
    let nullable = random.below(2) == 0;
    let nested = if depth < 4 { random.below(6) } else { 9 };
    let data_type = match nested {
        0 => DataType::Array(any_type(random, depth + 1).into()),
        1 => {
            let key = ColumnType { nullable: false, ..any_type(random, depth + 1) };
            DataType::Map(key.into(), any_type(random, depth + 1).into())
        }
        2 => {
            let field =
                |at: usize, column_type| Field { id: None, name: format!("f{at}"), column_type, description: None };
            DataType::Row((0..=random.below(3)).map(|at| field(at, any_type(random, depth + 1))).collect())
        }
        _ => types[random.below(types.len())].data_type.clone(),
    };
    of(data_type, nullable)
}

/// Lends some rows of a batch from its message, and reads them as Arrow does.
fn lent(types: &[ColumnType], batch: &RecordBatch, first: usize, count: usize) -> RecordBatch {
    let (schema, layout) = (schema(types), layout(types));
    let message = message(&layout, &borrow(batch));
    let columns = parts(&message.metadata, &layout).expect("metadata of these columns");
    assert_eq!(columns.len(), layout.column_count());
    for column in &columns {
        for part in [column.validity, column.offsets, column.values].into_iter().flatten() {
            assert!(part.offset % 8 == 0 && (part.offset + part.length) as usize <= message.body.len());
        }
    }
    let lent = lend(&layout, &columns, &message.body, first..first + count).expect("sound rows");
    arrow(&layout, &lent.batch(), &schema)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn rows_of_every_type_are_those_of_arrow(seed: u64, rows in 0usize..40, a: prop::sample::Index, b: prop::sample::Index) {
        let types = every_type();
        let batch = random_batch(&schema(&types), rows, &mut Random(seed));
        let first = a.index(rows + 1);
        let count = b.index(rows - first + 1);
        prop_assert_eq!(lent(&types, &batch, first, count), batch.slice(first, count));
    }

    #[test]
    fn rows_of_nested_types_are_those_of_arrow(seed: u64, columns in 1usize..5, rows in 0usize..12, first in 0usize..12) {
        let mut random = Random(seed);
        let types: Vec<ColumnType> = (0..columns).map(|_| any_type(&mut random, 0)).collect();
        let batch = random_batch(&schema(&types), rows, &mut random);
        let first = first.min(rows);
        prop_assert_eq!(lent(&types, &batch, first, rows - first), batch.slice(first, rows - first));
    }

    #[test]
    fn parts_that_lie_anywhere_are_lent_or_refused(
        seed: u64,
        body in prop::collection::vec(any::<u8>(), 0..300),
        found in prop::collection::vec((0u32..40, option(), option(), option()), 40),
        first in 0usize..40,
        count in 0usize..40,
    ) {
        let mut random = Random(seed);
        let types: Vec<ColumnType> = (0..=random.below(2)).map(|_| any_type(&mut random, 2)).collect();
        let layout = layout(&types);
        let column = |(rows, validity, offsets, values)| ColumnParts { rows, validity, offsets, values };
        let columns: Vec<ColumnParts> = found.into_iter().cycle().map(column).take(layout.column_count()).collect();
        if let Ok(lent) = lend(&layout, &columns, &body, first..first + count) {
            prop_assert!(layout.check(&lent.batch()).is_ok());
        }
    }

    #[test]
    fn any_metadata_has_parts_or_is_refused(metadata in prop::collection::vec(any::<u8>(), 0..200), seed: u64) {
        let types = every_type();
        let (schema, layout) = (schema(&types), layout(&types));
        prop_assert!(parts(&metadata, &layout).is_err());
        // And what was sound but for a few bytes.
        let mut sound = message(&layout, &borrow(&random_batch(&schema, 2, &mut Random(seed)))).metadata;
        for byte in metadata.iter().take(3) {
            let at = (seed as usize).wrapping_mul(*byte as usize + 1) % sound.len();
            sound[at] ^= byte;
        }
        if let Ok(columns) = parts(&sound, &layout) {
            let _ = lend(&layout, &columns, &[0; 64], 0..2);
        }
    }
}

/// A part near or past the end of what there is, or none.
fn option() -> impl Strategy<Value = Option<Part>> {
    let part = prop_oneof![
        4 => (0u32..40, 0u32..40).prop_map(|(offset, length)| Part { offset: offset * 8, length }),
        1 => (any::<u32>(), any::<u32>()).prop_map(|(offset, length)| Part { offset, length }),
    ];
    prop::option::weighted(0.8, part)
}

#[test]
fn a_map_has_no_entries_and_columns_without_nulls_no_validity() {
    let map = DataType::Map(of(DataType::Int, false).into(), of(DataType::String, true).into());
    let types = [of(map, true), of(DataType::Boolean, false)];
    let (schema, layout) = (schema(&types), layout(&types));
    let batch = (0..100).map(|seed| random_batch(&schema, 9, &mut Random(seed))).find(|batch| {
        let [map, _] = batch.columns() else { return false };
        map.null_count() == 0
    });
    let batch = batch.expect("one without a null");
    let columns = parts(&message(&layout, &borrow(&batch)).metadata, &layout).expect("metadata of these columns");
    let [map, keys, values, booleans] = &columns[..] else { panic!("{columns:?}") };
    assert_eq!((map.rows, map.validity, map.values), (9, None, None));
    assert_eq!(map.offsets.map(|part| part.length), Some(40));
    assert_eq!((keys.rows, keys.validity, keys.offsets), (values.rows, None, None));
    assert_eq!(keys.values.map(|part| part.length), Some(keys.rows * 4));
    assert_eq!((booleans.rows, booleans.validity), (9, None));
    assert_eq!(booleans.values.map(|part| part.length), Some(2));
}

#[test]
fn what_cannot_be_lent_is_refused_with_its_column() {
    let types = [of(DataType::Int, false)];
    let layout = layout(&types);
    let column = |offset, length| {
        let values = Some(Part { offset, length });
        [ColumnParts { rows: 2, validity: None, offsets: None, values }]
    };
    let body = [0u8; 24];
    assert!(lend(&layout, &column(8, 8), &body, 0..2).is_ok());
    let misaligned = lend(&layout, &column(9, 8), &body, 0..2).map(drop);
    assert_eq!(misaligned, Err(LentError::Misaligned { column: "c0".into() }));
    let short = Err(LentError::Short { column: "c0".into() });
    for (columns, rows) in [(column(8, 7), 0..2), (column(20, 8), 0..2), (column(8, 8), 1..3), (column(8, 4), 0..2)] {
        assert_eq!(lend(&layout, &columns, &body, rows).map(drop), short);
    }
    assert_eq!(lend(&layout, &[], &body, 0..2).map(drop), Err(LentError::Columns { expected: 1, found: 0 }));
}
