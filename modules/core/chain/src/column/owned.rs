//! Columns that somebody wrote, as they came back: the owned form of `thalweg_wire::column`.

use thalweg_wire::column::{Column, Values};

/// One field's values, owned: `wit/module/types.wit`, `column`.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedColumn {
    /// One bit a row: set is a value. `None`: no nulls.
    pub validity: Option<Vec<u8>>,
    /// The values.
    pub values: OwnedValues,
}

/// Values in Arrow's layout, owned: `wit/module/types.wit`, `values`.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedValues {
    /// One bit a row.
    Bits(Vec<u8>),
    /// One a row.
    Int8(Vec<i8>),
    /// One a row.
    Int16(Vec<i16>),
    /// One a row.
    Int32(Vec<i32>),
    /// One a row.
    Int64(Vec<i64>),
    /// One a row.
    Float32(Vec<f32>),
    /// One a row.
    Float64(Vec<f64>),
    /// The same number of bytes for each row.
    Fixed(Vec<u8>),
    /// Texts and bytes: offsets, then the values one after the other.
    Spans(Vec<i32>, Vec<u8>),
    /// Arrays and maps: where the children of each row begin and end.
    Offsets(Vec<i32>),
    /// Rows: the children hold the values.
    None,
}

impl From<&Column<'_>> for OwnedColumn {
    fn from(column: &Column<'_>) -> Self {
        let values = match column.values {
            Values::Bits(bits) => OwnedValues::Bits(bits.to_vec()),
            Values::Int8(values) => OwnedValues::Int8(values.to_vec()),
            Values::Int16(values) => OwnedValues::Int16(values.to_vec()),
            Values::Int32(values) => OwnedValues::Int32(values.to_vec()),
            Values::Int64(values) => OwnedValues::Int64(values.to_vec()),
            Values::Float32(values) => OwnedValues::Float32(values.to_vec()),
            Values::Float64(values) => OwnedValues::Float64(values.to_vec()),
            Values::Fixed(bytes) => OwnedValues::Fixed(bytes.to_vec()),
            Values::Spans { offsets, bytes } => OwnedValues::Spans(offsets.to_vec(), bytes.to_vec()),
            Values::Offsets(offsets) => OwnedValues::Offsets(offsets.to_vec()),
            Values::None => OwnedValues::None,
        };
        OwnedColumn { validity: column.validity.map(<[u8]>::to_vec), values }
    }
}
