//! Columns as the bindings have them.

use thalweg_wire::column::{Batch, Column, Values};

use crate::columns::{OwnedColumn, OwnedValues};

use super::super::sandbox::bindings::thalweg::module::types::{
    ColumnParam, ColumnResult, SpansParam, SpansResult, ValuesParam, ValuesResult,
};

/// Columns for a call, borrowed.
pub(in super::super) fn lend<'a>(batch: &Batch<'a>) -> Vec<ColumnParam<'a>> {
    batch.columns.iter().map(column).collect()
}

fn column<'a>(column: &Column<'a>) -> ColumnParam<'a> {
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

/// A column that came back.
pub(in super::super) fn own(column: ColumnResult) -> OwnedColumn {
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
}
