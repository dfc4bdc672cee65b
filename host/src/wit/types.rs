//! The types that modules and the engine share: schemas and rows, lent for a call.

use thalweg_contract::flat::{FlatField, FlatSchema};
use thalweg_wire::column::{self, Values};

use super::types;

pub(crate) use super::module::thalweg::module::types::*;
// The engine's interface names the forms that own what they hold without a suffix.
pub(crate) use super::module::thalweg::module::types::{
    DataTypeResult as DataType, FieldResult as Field, SchemaResult as Schema,
};

/// The columns of a batch, to be borrowed by a `Batch`.
pub(crate) fn lend_columns<'a>(batch: &column::Batch<'a>) -> Vec<ColumnParam<'a>> {
    batch.columns.iter().map(lend_column).collect()
}

fn lend_column<'a>(column: &column::Column<'a>) -> ColumnParam<'a> {
    let values = match column.values {
        Values::Bits(bits) => ValuesParam::Bits(bits),
        Values::Int8(values) => ValuesParam::Int8(values),
        Values::Int16(values) => ValuesParam::Int16(values),
        Values::Int32(values) => ValuesParam::Int32(values),
        Values::Int64(values) => ValuesParam::Int64(values),
        Values::Float32(values) => ValuesParam::Float32(values),
        Values::Float64(values) => ValuesParam::Float64(values),
        Values::Fixed(bytes) => ValuesParam::Fixed(bytes),
        Values::Spans { offsets, bytes } => ValuesParam::Spans(SpansParam { offsets, bytes }),
        Values::Offsets(offsets) => ValuesParam::Offsets(offsets),
        Values::None => ValuesParam::None,
    };
    ColumnParam { validity: column.validity, values }
}

/// The fields of a schema, to be borrowed by `lend_schema`.
pub(crate) fn lend_fields<'a>(schema: &'a FlatSchema<'_>) -> Vec<FieldParam<'a>> {
    let lend = |field: &'a FlatField<'_>| FieldParam {
        name: field.name,
        data_type: thalweg_contract::data_type_wit!(
            into types::DataTypeParam, &field.column_type.data_type, &*field.children
        ),
        nullable: field.column_type.nullable,
    };
    schema.fields.iter().map(lend).collect()
}

/// A schema with its fields.
pub(crate) fn lend_schema<'a>(schema: &'a FlatSchema<'_>, fields: &'a [FieldParam<'a>]) -> SchemaParam<'a> {
    SchemaParam { fields, columns: &schema.columns, primary_key: &schema.primary_key }
}
