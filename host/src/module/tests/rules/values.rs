//! Schemas, rows and what came of them, as wasmtime's untyped values: what a host without types for the WIT sees.

use arrow_array::RecordBatch;
use thalweg_chain::column::flatten;
use thalweg_contract::flat::{FlatField, FlatSchema};
use thalweg_wire::column::{Batch, Column, Values};
use thalweg_wire::table::{DataType, Schema};
use wasmtime::component::Val;

use crate::module::{Applied, Exception, ExceptionKind, Policy, Tally};

pub(super) fn record<const N: usize>(fields: [(&str, Val); N]) -> Val {
    Val::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(super) fn case(name: &str, payload: Option<Val>) -> Val {
    Val::Variant(name.to_owned(), payload.map(Box::new))
}

pub(super) fn option(value: Option<Val>) -> Val {
    Val::Option(value.map(Box::new))
}

pub(super) fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn list<T>(values: impl IntoIterator<Item = T>, value: impl Fn(T) -> Val) -> Val {
    Val::List(values.into_iter().map(value).collect())
}

pub(super) fn numbers(values: &[u32]) -> Val {
    list(values.iter().copied(), Val::U32)
}

/// The field of a record.
pub(super) fn field<'a>(value: &'a Val, name: &str) -> &'a Val {
    let Val::Record(fields) = value else { panic!("no record: {value:?}") };
    fields.iter().find(|(field, _)| field == name).map_or_else(|| panic!("no field {name}"), |(_, value)| value)
}

pub(super) fn schema(schema: &Schema) -> Val {
    let FlatSchema { fields, columns, primary_key } = FlatSchema::new(schema);
    record([
        ("fields", list(&fields, field_of)),
        ("columns", numbers(&columns)),
        ("primary-key", numbers(&primary_key)),
    ])
}

fn field_of(field: &FlatField<'_>) -> Val {
    let data_type = match (&field.column_type.data_type, field.children.as_slice()) {
        (DataType::Boolean, _) => case("boolean", None),
        (DataType::TinyInt, _) => case("tinyint", None),
        (DataType::SmallInt, _) => case("smallint", None),
        (DataType::Int, _) => case("int", None),
        (DataType::BigInt, _) => case("bigint", None),
        (DataType::Float, _) => case("float", None),
        (DataType::Double, _) => case("double", None),
        (DataType::Decimal { precision, scale }, _) => {
            case("decimal", Some(Val::Tuple(vec![Val::U8(*precision), Val::U8(*scale)])))
        }
        (DataType::Char(length), _) => case("fixed-text", Some(Val::U32(*length))),
        (DataType::String, _) => case("text", None),
        (DataType::Binary(length), _) => case("fixed-bytes", Some(Val::U32(*length))),
        (DataType::Bytes, _) => case("bytes", None),
        (DataType::Date, _) => case("date", None),
        (DataType::Time(precision), _) => case("time", Some(Val::U8(*precision))),
        (DataType::Timestamp(precision), _) => case("timestamp", Some(Val::U8(*precision))),
        (DataType::TimestampLtz(precision), _) => case("timestamp-ltz", Some(Val::U8(*precision))),
        (DataType::Array(_), [element]) => case("array", Some(Val::U32(*element))),
        (DataType::Map(..), [key, value]) => {
            case("dictionary", Some(Val::Tuple(vec![Val::U32(*key), Val::U32(*value)])))
        }
        (_, children) => case("row", Some(numbers(children))),
    };
    let nullable = Val::Bool(field.column_type.nullable);
    record([("name", text(field.name)), ("data-type", data_type), ("nullable", nullable)])
}

pub(super) fn rows(batch: &RecordBatch) -> Val {
    columns(&flatten(batch).expect("types of tables").batch())
}

fn columns(batch: &Batch<'_>) -> Val {
    record([("rows", Val::U32(batch.rows as u32)), ("columns", list(&batch.columns, column))])
}

fn column(column: &Column<'_>) -> Val {
    let bytes = |bytes: &[u8]| list(bytes.iter().copied(), Val::U8);
    let offsets = |offsets: &[i32]| list(offsets.iter().copied(), Val::S32);
    let values = match column.values {
        Values::Bits(bits) => case("bits", Some(bytes(bits))),
        Values::Int8(values) => case("int8", Some(list(values.iter().copied(), Val::S8))),
        Values::Int16(values) => case("int16", Some(list(values.iter().copied(), Val::S16))),
        Values::Int32(values) => case("int32", Some(list(values.iter().copied(), Val::S32))),
        Values::Int64(values) => case("int64", Some(list(values.iter().copied(), Val::S64))),
        Values::Float32(values) => case("float32", Some(list(values.iter().copied(), Val::Float32))),
        Values::Float64(values) => case("float64", Some(list(values.iter().copied(), Val::Float64))),
        Values::Fixed(fixed) => case("fixed", Some(bytes(fixed))),
        Values::Spans { offsets: at, bytes: values } => {
            case("spans", Some(record([("offsets", offsets(at)), ("bytes", bytes(values))])))
        }
        Values::Offsets(at) => case("offsets", Some(offsets(at))),
        Values::None => case("none", None),
    };
    record([("validity", option(column.validity.map(bytes))), ("values", values)])
}

pub(super) fn policy(policy: &Policy) -> Val {
    match policy {
        Policy::DeadLetter(table) => case("dead-letter", Some(text(table))),
        other => case(other.name(), None),
    }
}

/// What a chain whose modules have these names made of rows.
pub(super) fn outcome(applied: &Applied, names: &[String]) -> Val {
    let tally = |tally: &Tally| {
        record([
            ("filtered", Val::U64(tally.filtered)),
            ("dropped", Val::U64(tally.dropped)),
            ("dead-lettered", Val::U64(tally.dead_lettered)),
        ])
    };
    record([
        ("rows", rows(&applied.batch)),
        ("origins", option(applied.origins.as_deref().map(numbers))),
        ("tallies", list(&applied.tallies, tally)),
        ("exceptions", list(&applied.exceptions, |one| exception(one, names))),
    ])
}

fn exception(exception: &Exception, names: &[String]) -> Val {
    let stage = names.iter().position(|name| *name == exception.module).expect("a module of the chain");
    let kind = match exception.kind {
        ExceptionKind::Refused => "refused",
        ExceptionKind::Failed => "failed",
    };
    record([
        ("stage", Val::U32(stage as u32)),
        ("kind", Val::Enum(kind.to_owned())),
        ("policy", policy(&exception.policy)),
        ("rows", numbers(&exception.rows)),
        ("causes", numbers(&exception.causes)),
        ("messages", list(&exception.messages, |message| text(message))),
        ("dead-letters", option(exception.dead_letters.as_ref().map(rows))),
    ])
}
