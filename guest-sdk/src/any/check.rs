//! Whether a column that came over the boundary has the lengths that its type and its rows ask for.

use super::AnyColumn;
use crate::bindings::thalweg::module::types::{Spans, Values};
use crate::{Bits, DataType, Error};

/// Checks a column and all that is nested in it.
pub(super) fn check(column: AnyColumn<'_>) -> Result<(), Error> {
    let own = &column.columns[0];
    if own.validity.as_ref().is_some_and(|bytes| Bits::new(bytes, column.rows).is_none()) {
        return Err(Error::contract("a validity is too short"));
    }
    let rows = column.rows;
    let is_right = match (&own.values, column.data_type()) {
        (Values::Bits(bytes), DataType::Boolean) => bytes.len() >= rows.div_ceil(8),
        (Values::Int8(values), DataType::Tinyint) => values.len() >= rows,
        (Values::Int16(values), DataType::Smallint) => values.len() >= rows,
        (Values::Int32(values), DataType::Int | DataType::Date | DataType::Time(0..=3)) => values.len() >= rows,
        (
            Values::Int64(values),
            DataType::Bigint | DataType::Time(_) | DataType::Timestamp(_) | DataType::TimestampLtz(_),
        ) => values.len() >= rows,
        (Values::Float32(values), DataType::Float) => values.len() >= rows,
        (Values::Float64(values), DataType::Double) => values.len() >= rows,
        (Values::Fixed(bytes), DataType::Decimal(_) | DataType::FixedBytes(_)) => {
            rows.checked_mul(width(column.data_type())).is_some_and(|size| bytes.len() >= size)
        }
        (Values::Spans(Spans { offsets, bytes }), DataType::Text | DataType::FixedText(_) | DataType::Bytes) => {
            are_offsets(offsets, rows, Some(bytes.len()))
        }
        (Values::Offsets(offsets), DataType::Array(_) | DataType::Dictionary(_)) => are_offsets(offsets, rows, None),
        (Values::None, DataType::Row(_) | DataType::Other(_)) => true,
        _ => false,
    };
    if !is_right {
        return Err(Error::contract(&format!("a column is not {} of {rows} rows", column.data_type())));
    }
    let children = match column.data_type() {
        DataType::Array(_) => column.elements().map(|(_, elements)| vec![elements]),
        DataType::Dictionary(_) => column.entries().map(|(_, keys, values)| vec![keys, values]),
        DataType::Row(_) => column.row().map(Iterator::collect),
        _ => Some(Vec::new()),
    };
    let children = children.ok_or_else(|| Error::contract("a nested column has no offsets"))?;
    children.into_iter().try_for_each(check)
}

/// Bytes of a value of fixed length.
pub(super) fn width(data_type: &DataType) -> usize {
    match data_type {
        DataType::FixedBytes(width) => *width as usize,
        _ => 16,
    }
}

/// Whether offsets are as many as they must be, begin at 0 or later, never fall and end within the values.
fn are_offsets(offsets: &[i32], rows: usize, end: Option<usize>) -> bool {
    if rows == 0 {
        return true;
    }
    let Some(offsets) = offsets.get(..=rows) else { return false };
    let last = usize::try_from(offsets[rows]).ok();
    offsets[0] >= 0 && offsets.is_sorted() && last.is_some_and(|last| end.is_none_or(|end| last <= end))
}
