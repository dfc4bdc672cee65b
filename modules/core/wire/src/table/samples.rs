//! Any types and schemas, for tests.

use proptest::prelude::*;

use super::{ColumnType, DataType, Field, Schema};

fn scalar() -> impl Strategy<Value = DataType> {
    let fixed = [
        DataType::Boolean,
        DataType::TinyInt,
        DataType::SmallInt,
        DataType::Int,
        DataType::BigInt,
        DataType::Float,
        DataType::Double,
        DataType::String,
        DataType::Bytes,
        DataType::Date,
    ];
    prop_oneof![
        proptest::sample::select(fixed.to_vec()),
        (1u8..=38)
            .prop_flat_map(|precision| (Just(precision), 0..=precision))
            .prop_map(|(precision, scale)| DataType::Decimal { precision, scale }),
        (1..=i32::MAX as u32).prop_map(DataType::Char),
        (1..=i32::MAX as u32).prop_map(DataType::Binary),
        (0u8..=9).prop_map(DataType::Time),
        (0u8..=9).prop_map(DataType::Timestamp),
        (0u8..=9).prop_map(DataType::TimestampLtz),
    ]
}

/// A name of any text that is not blank.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,8}", ".{1,8}"].prop_filter("not blank", |name| !name.trim().is_empty())
}

fn with_nullability(data_type: impl Strategy<Value = DataType>) -> impl Strategy<Value = ColumnType> {
    (data_type, any::<bool>()).prop_map(|(data_type, nullable)| ColumnType { data_type, nullable })
}

/// Any type; the fields of its rows have no numbers.
pub(crate) fn column_type() -> impl Strategy<Value = ColumnType> {
    with_nullability(scalar()).prop_recursive(3, 12, 3, |inner| {
        let field = (inner.clone(), proptest::option::of(".*"));
        let nested = prop_oneof![
            inner.clone().prop_map(|element| DataType::Array(Box::new(element))),
            (inner.clone(), inner).prop_map(|(key, value)| {
                DataType::Map(Box::new(ColumnType { nullable: false, ..key }), Box::new(value))
            }),
            proptest::collection::btree_map(name(), field, 0..3).prop_map(|fields| {
                let field = |(name, (column_type, description))| Field { id: None, name, column_type, description };
                DataType::Row(fields.into_iter().map(field).collect())
            }),
        ];
        with_nullability(nested)
    })
}

/// Any schema; its first column may be the primary key.
pub(crate) fn schema() -> impl Strategy<Value = Schema> {
    let columns = proptest::collection::btree_map(name(), (column_type(), proptest::option::of(".*")), 1..5);
    (columns, any::<bool>()).prop_map(|(columns, keyed)| {
        let columns = columns.into_iter().map(|(name, (column_type, comment))| (name, column_type, comment));
        let schema = Schema::new(columns).unwrap();
        let first = schema.columns[0].name.clone();
        if keyed { schema.with_primary_key(&[first]).unwrap() } else { schema }
    })
}
