//! Rows as columns: borrowed from what crossed the boundary.

use thalweg_wire::column::{Batch, Column, Values};

use crate::types;

/// Rows, borrowed from what the caller handed over.
pub fn batch_from_wit(batch: &types::Batch) -> Batch<'_> {
    let columns = batch
        .columns
        .iter()
        .map(|column| Column { validity: column.validity.as_deref(), values: values(&column.values) });
    Batch { rows: batch.rows as usize, columns: columns.collect() }
}

fn values(values: &types::Values) -> Values<'_> {
    match values {
        types::Values::Bits(bits) => Values::Bits(bits),
        types::Values::Int8(numbers) => Values::Int8(numbers),
        types::Values::Int16(numbers) => Values::Int16(numbers),
        types::Values::Int32(numbers) => Values::Int32(numbers),
        types::Values::Int64(numbers) => Values::Int64(numbers),
        types::Values::Float32(numbers) => Values::Float32(numbers),
        types::Values::Float64(numbers) => Values::Float64(numbers),
        types::Values::Fixed(bytes) => Values::Fixed(bytes),
        types::Values::Spans(spans) => Values::Spans { offsets: &spans.offsets, bytes: &spans.bytes },
        types::Values::Offsets(offsets) => Values::Offsets(offsets),
        types::Values::None => Values::None,
    }
}
