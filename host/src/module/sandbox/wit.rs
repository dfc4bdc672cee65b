//! What is said between host and module: the words of `thalweg_chain::given` into those of the bindings, and back.

use thalweg_chain::given::{
    self, Answer, Context, Field, FieldType, FlatField, FlatSchema, Operation, Outcome, Plan, Production, Refusal,
    Refusals, Reply, Selection, Source,
};
use thalweg_wire::column::{Batch, Column, Values};
use thalweg_wire::table::DataType;

use super::bindings::exports::thalweg::module::transform;
use super::bindings::thalweg::module::types::{
    ColumnParam, ColumnResult, DataTypeParam, DataTypeResult, FieldParam, FieldResult, SchemaParam, SchemaResult,
    SpansParam, SpansResult, ValuesParam, ValuesResult,
};
use crate::columns::{OwnedColumn, OwnedValues};

/// Hands `call` a context in WIT's words.
pub(super) fn with_context<T>(context: &Context<'_>, call: impl FnOnce(transform::Context<'_>) -> T) -> T {
    let table = context.table.to_string();
    let flat = FlatSchema::new(context.input);
    let fields: Vec<FieldParam<'_>> = flat.fields.iter().map(field_into_wit).collect();
    let input = SchemaParam { fields: &fields, columns: &flat.columns, primary_key: &flat.primary_key };
    let operation = match context.operation {
        Operation::Append => transform::Operation::Append,
        Operation::Upsert => transform::Operation::Upsert,
        Operation::Delete => transform::Operation::Delete,
        Operation::Scan => transform::Operation::Scan,
        Operation::Changelog => transform::Operation::Changelog,
    };
    call(transform::Context { table: &table, operation, input, config: context.config })
}

fn field_into_wit<'a>(field: &'a FlatField<'_>) -> FieldParam<'a> {
    let column_type = field.column_type;
    let data_type = match (&column_type.data_type, field.children.as_slice()) {
        (DataType::Boolean, _) => DataTypeParam::Boolean,
        (DataType::TinyInt, _) => DataTypeParam::Tinyint,
        (DataType::SmallInt, _) => DataTypeParam::Smallint,
        (DataType::Int, _) => DataTypeParam::Int,
        (DataType::BigInt, _) => DataTypeParam::Bigint,
        (DataType::Float, _) => DataTypeParam::Float,
        (DataType::Double, _) => DataTypeParam::Double,
        (DataType::Decimal { precision, scale }, _) => DataTypeParam::Decimal((*precision, *scale)),
        (DataType::Char(length), _) => DataTypeParam::FixedText(*length),
        (DataType::String, _) => DataTypeParam::Text,
        (DataType::Binary(length), _) => DataTypeParam::FixedBytes(*length),
        (DataType::Bytes, _) => DataTypeParam::Bytes,
        (DataType::Date, _) => DataTypeParam::Date,
        (DataType::Time(precision), _) => DataTypeParam::Time(*precision),
        (DataType::Timestamp(precision), _) => DataTypeParam::Timestamp(*precision),
        (DataType::TimestampLtz(precision), _) => DataTypeParam::TimestampLtz(*precision),
        (DataType::Array(_), [element]) => DataTypeParam::Array(*element),
        (DataType::Map(..), [key, value]) => DataTypeParam::Dictionary((*key, *value)),
        // A `FlatSchema` gives an array one child and a map two.
        (DataType::Row(_) | DataType::Array(_) | DataType::Map(..), children) => DataTypeParam::Row(children),
    };
    FieldParam { name: field.name, data_type, nullable: column_type.nullable }
}

/// The plan that a module gave.
pub(super) fn plan_from_wit(plan: transform::Plan) -> Plan {
    let source = |source| match source {
        transform::Source::Input(at) => Source::Input(at),
        transform::Source::Written => Source::Written,
    };
    let output =
        plan.output.map(|(schema, sources)| (schema_from_wit(schema), sources.into_iter().map(source).collect()));
    Plan { reads: plan.reads, output, one_instance: matches!(plan.instances, transform::Instances::One) }
}

fn schema_from_wit(schema: SchemaResult) -> given::Schema {
    let fields = schema.fields.into_iter().map(field_from_wit).collect();
    given::Schema { fields, columns: schema.columns, primary_key: schema.primary_key }
}

fn field_from_wit(field: FieldResult) -> Field {
    let scalar = FieldType::Scalar;
    let data_type = match field.data_type {
        DataTypeResult::Boolean => scalar(DataType::Boolean),
        DataTypeResult::Tinyint => scalar(DataType::TinyInt),
        DataTypeResult::Smallint => scalar(DataType::SmallInt),
        DataTypeResult::Int => scalar(DataType::Int),
        DataTypeResult::Bigint => scalar(DataType::BigInt),
        DataTypeResult::Float => scalar(DataType::Float),
        DataTypeResult::Double => scalar(DataType::Double),
        DataTypeResult::Decimal((precision, scale)) => scalar(DataType::Decimal { precision, scale }),
        DataTypeResult::FixedText(length) => scalar(DataType::Char(length)),
        DataTypeResult::Text => scalar(DataType::String),
        DataTypeResult::FixedBytes(length) => scalar(DataType::Binary(length)),
        DataTypeResult::Bytes => scalar(DataType::Bytes),
        DataTypeResult::Date => scalar(DataType::Date),
        DataTypeResult::Time(precision) => scalar(DataType::Time(precision)),
        DataTypeResult::Timestamp(precision) => scalar(DataType::Timestamp(precision)),
        DataTypeResult::TimestampLtz(precision) => scalar(DataType::TimestampLtz(precision)),
        DataTypeResult::Array(element) => FieldType::Array(element),
        DataTypeResult::Dictionary((key, value)) => FieldType::Map(key, value),
        DataTypeResult::Row(fields) => FieldType::Row(fields),
        DataTypeResult::Other(name) => FieldType::Other(name),
    };
    Field { name: field.name, data_type, nullable: field.nullable }
}

/// Columns for a call, borrowed.
pub(super) fn columns_into_wit<'a>(batch: &Batch<'a>) -> Vec<ColumnParam<'a>> {
    let column = |column: &Column<'a>| {
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
    };
    batch.columns.iter().map(column).collect()
}

fn columns_from_wit(columns: Vec<ColumnResult>) -> Vec<OwnedColumn> {
    let column = |column: ColumnResult| {
        let values = match column.values {
            ValuesResult::Bits(bits) => OwnedValues::Bits(bits),
            ValuesResult::Int8(values) => OwnedValues::Int8(values),
            ValuesResult::Int16(values) => OwnedValues::Int16(values),
            ValuesResult::Int32(values) => OwnedValues::Int32(values),
            ValuesResult::Int64(values) => OwnedValues::Int64(values),
            ValuesResult::Float32(values) => OwnedValues::Float32(values),
            ValuesResult::Float64(values) => OwnedValues::Float64(values),
            ValuesResult::Fixed(bytes) => OwnedValues::Fixed(bytes),
            ValuesResult::Spans(SpansResult { offsets, bytes }) => OwnedValues::Spans(offsets, bytes),
            ValuesResult::Offsets(offsets) => OwnedValues::Offsets(offsets),
            ValuesResult::None => OwnedValues::None,
        };
        OwnedColumn { validity: column.validity, values }
    };
    columns.into_iter().map(column).collect()
}

/// What a module replied to a call.
pub(super) fn reply_from_wit(reply: Result<transform::Answer, transform::ErrorCode>) -> Reply {
    let transform::Answer { outcome, refused } = reply.map_err(refusal_from_wit)?;
    let outcome = match outcome {
        transform::Outcome::Kept(selection) => Outcome::Kept(selection_from_wit(selection)),
        transform::Outcome::Replaced((selection, written)) => {
            Outcome::Replaced(selection_from_wit(selection), columns_from_wit(written))
        }
        transform::Outcome::Produced(transform::Production { rows, origins, written }) => {
            Outcome::Produced(Production { rows, origins, written: columns_from_wit(written) })
        }
    };
    let refusals = |transform::Refusals { rows, causes, messages }| Refusals { rows, causes, messages };
    Ok(Answer { outcome, refused: refused.map(refusals) })
}

fn selection_from_wit(selection: transform::Selection) -> Selection {
    match selection {
        transform::Selection::All => Selection::All,
        transform::Selection::Nothing => Selection::Nothing,
        transform::Selection::Rows(bits) => Selection::Rows(bits),
    }
}

/// Why a module refuses to be opened, or a call.
pub(super) fn refusal_from_wit(code: transform::ErrorCode) -> Refusal {
    match code {
        transform::ErrorCode::InvalidConfig((key, expected)) => Refusal::InvalidConfig { key, expected },
        transform::ErrorCode::UnsuitableInput(reason) => Refusal::UnsuitableInput(reason),
        transform::ErrorCode::Other(reason) => Refusal::Other(reason),
    }
}
