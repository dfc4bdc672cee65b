//! Copies chosen rows of a column of any type.

use super::AnyColumn;
use super::check::width;
use crate::bindings::thalweg::module::types::{self, Spans, Values};
use crate::{Bitmap, Bits, DataType, Error};

/// Copies rows, a column and then its children; `None` is a null.
pub(super) fn gather(column: AnyColumn<'_>, rows: &[Option<usize>], out: &mut Vec<types::Column>) -> Result<(), Error> {
    if let Some(&row) = rows.iter().flatten().find(|&&row| row >= column.rows) {
        return Err(Error::other(format!("there is no row {row} among {}", column.rows)));
    }
    let validity = column.validity();
    let is_valid = |row: &Option<usize>| row.is_some_and(|row| validity.is_none_or(|validity| validity.at(row)));
    let present = (validity.is_some() || rows.contains(&None))
        .then(|| Bitmap::from_fn(rows.len(), |at| is_valid(&rows[at])).into_bytes());
    let place = out.len();
    out.push(types::Column { validity: present, values: Values::None });
    let values = match &column.columns[0].values {
        Values::Bits(bytes) => {
            let bits = Bits::new(bytes, column.rows);
            let bit = |at: usize| rows[at].is_some_and(|row| bits.is_some_and(|bits| bits.at(row)));
            Values::Bits(Bitmap::from_fn(rows.len(), bit).into_bytes())
        }
        Values::Int8(values) => Values::Int8(numbers(values, rows)),
        Values::Int16(values) => Values::Int16(numbers(values, rows)),
        Values::Int32(values) => Values::Int32(numbers(values, rows)),
        Values::Int64(values) => Values::Int64(numbers(values, rows)),
        Values::Float32(values) => Values::Float32(numbers(values, rows)),
        Values::Float64(values) => Values::Float64(numbers(values, rows)),
        Values::Fixed(bytes) => Values::Fixed(fixed(bytes, width(column.data_type()), rows)),
        Values::Spans(spans) => Values::Spans(texts(spans, rows)?),
        Values::Offsets(offsets) => Values::Offsets(children(column, offsets, rows, out)?),
        Values::None => {
            let fields = column
                .row()
                .ok_or_else(|| Error::input(format!("no value of {} can be copied", column.data_type())))?;
            fields.into_iter().try_for_each(|field| gather(field, rows, out))?;
            Values::None
        }
    };
    out[place].values = values;
    Ok(())
}

fn numbers<T: Copy + Default>(values: &[T], rows: &[Option<usize>]) -> Vec<T> {
    rows.iter().map(|row| row.map_or_else(T::default, |row| values[row])).collect()
}

fn fixed(bytes: &[u8], width: usize, rows: &[Option<usize>]) -> Vec<u8> {
    let mut copied = Vec::with_capacity(rows.len() * width);
    for row in rows {
        match row {
            Some(row) => copied.extend_from_slice(&bytes[row * width..(row + 1) * width]),
            None => copied.resize(copied.len() + width, 0),
        }
    }
    copied
}

fn texts(spans: &Spans, rows: &[Option<usize>]) -> Result<Spans, Error> {
    let span = |row: usize| spans.offsets[row] as usize..spans.offsets[row + 1] as usize;
    let size: usize = rows.iter().flatten().map(|&row| span(row).len()).sum();
    i32::try_from(size).map_err(|_| too_long())?;
    let (mut offsets, mut bytes) = (Vec::with_capacity(rows.len() + 1), Vec::with_capacity(size));
    offsets.push(0);
    for row in rows {
        if let Some(row) = *row {
            bytes.extend_from_slice(&spans.bytes[span(row)]);
        }
        // No more than `size`.
        offsets.push(bytes.len() as i32);
    }
    Ok(Spans { offsets, bytes })
}

/// Copies the children of arrays or maps, and gives their offsets.
fn children(
    column: AnyColumn<'_>,
    offsets: &[i32],
    rows: &[Option<usize>],
    out: &mut Vec<types::Column>,
) -> Result<Vec<i32>, Error> {
    let mut copied = Vec::with_capacity(rows.len() + 1);
    let mut places: Vec<Option<usize>> = Vec::new();
    copied.push(0);
    for row in rows {
        if let Some(row) = *row {
            places.extend((offsets[row] as usize..offsets[row + 1] as usize).map(Some));
        }
        copied.push(i32::try_from(places.len()).map_err(|_| too_long())?);
    }
    match column.data_type() {
        DataType::Dictionary(_) => {
            let (_, keys, values) = column.entries().ok_or_else(|| Error::contract("a map has no entries"))?;
            gather(keys, &places, out)?;
            gather(values, &places, out)?;
        }
        _ => {
            let (_, elements) = column.elements().ok_or_else(|| Error::contract("an array has no elements"))?;
            gather(elements, &places, out)?;
        }
    }
    Ok(copied)
}

fn too_long() -> Error {
    Error::other("the copied rows of a column come to more than 2 GiB")
}
