//! What modules are given and what they say, for whoever goes by the rules of a chain.

use thalweg_chain::column::OwnedColumn;
use thalweg_contract::wit::FromWit as _;
use thalweg_wire::column::{Batch, Values};

use crate::{transform, types};

thalweg_chain::transform_from_wit!(transform, types::{Column, Values, Spans});

/// The columns of rows that crossed the boundary, as they are.
pub fn columns_from_wit(columns: Vec<types::Column>) -> Vec<OwnedColumn> {
    columns.into_iter().map(OwnedColumn::from_wit).collect()
}

/// Rows that cross the boundary: copied.
pub fn batch_into_wit(batch: &Batch<'_>) -> types::Batch {
    let columns = batch.columns.iter().map(|column| types::Column {
        validity: column.validity.map(<[u8]>::to_vec),
        values: match column.values {
            Values::Bits(bits) => types::Values::Bits(bits.to_vec()),
            Values::Int8(values) => types::Values::Int8(values.to_vec()),
            Values::Int16(values) => types::Values::Int16(values.to_vec()),
            Values::Int32(values) => types::Values::Int32(values.to_vec()),
            Values::Int64(values) => types::Values::Int64(values.to_vec()),
            Values::Float32(values) => types::Values::Float32(values.to_vec()),
            Values::Float64(values) => types::Values::Float64(values.to_vec()),
            Values::Fixed(bytes) => types::Values::Fixed(bytes.to_vec()),
            Values::Spans { offsets, bytes } => {
                types::Values::Spans(types::Spans { offsets: offsets.to_vec(), bytes: bytes.to_vec() })
            }
            Values::Offsets(offsets) => types::Values::Offsets(offsets.to_vec()),
            Values::None => types::Values::None,
        },
    });
    // A batch has at most u32::MAX rows.
    types::Batch { rows: u32::try_from(batch.rows).unwrap_or(u32::MAX), columns: columns.collect() }
}
