//! How the macros read a field of a ROW, by the names on the way to it: `address.city`.

use std::marker::PhantomData;

use super::Nested;
use crate::{AnyInput, Batch, Bitmap, Bits, ColumnType, Error, Plan};

/// A field that a module reads, found once in `open`.
pub struct FieldInput<T: ?Sized> {
    any: AnyInput,
    /// Which field of each ROW on the way, from the column on.
    path: Vec<usize>,
    is_nullable: bool,
    kind: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> FieldInput<T> {
    /// Whether the field, or a ROW that it lies in, may be null.
    pub fn is_nullable(&self) -> bool {
        self.is_nullable
    }
}

/// The values of a field.
pub struct FieldColumn<'a, T: Nested + ?Sized> {
    /// Of the field and of all that it lies in.
    validity: Option<Vec<u8>>,
    rows: usize,
    view: T::View<'a>,
}

impl<'a, T: Nested + ?Sized> FieldColumn<'a, T> {
    /// A set bit is a value, a clear one a null; `None` if there are no nulls.
    pub fn validity(&self) -> Option<Bits<'_>> {
        self.validity.as_ref().and_then(|bytes| Bits::new(bytes, self.rows))
    }

    /// The value of a row that is not null.
    #[inline]
    pub fn value(&self, row: usize) -> T::Item<'a> {
        T::value(self.view, row)
    }

    /// The value of a row; `None` is null.
    #[inline]
    pub fn get(&self, row: usize) -> Option<T::Item<'a>> {
        self.validity().is_none_or(|validity| validity.at(row)).then(|| self.value(row))
    }
}

/// Reads a field. A column goes first whose own name takes up the whole name, or most of it.
///
/// # Errors
/// If there is no such column or field, or it has another type.
pub fn read_field<T: Nested + ?Sized>(plan: &mut Plan, name: &str) -> Result<FieldInput<T>, Error> {
    let is_column = |name: &str| plan.input().column(name).is_ok();
    let dots = name.rmatch_indices('.').map(|(at, _)| at);
    let end = std::iter::once(name.len()).chain(dots).find(|&end| is_column(&name[..end]));
    // Without such a column the error is that there is no column of the first name.
    let end = end.unwrap_or_else(|| name.find('.').unwrap_or(name.len()));
    let any = plan.read_any(&name[..end])?;
    let (mut path, mut found) = (Vec::new(), any.column_type().clone());
    let mut is_nullable = found.is_nullable();
    for word in name[end..].split('.').skip(1) {
        let (place, field) = field(&found, &name[..end], word)?;
        is_nullable |= field.is_nullable();
        path.push(place);
        found = field;
    }
    match T::fits(&found) {
        true => Ok(FieldInput { any, path, is_nullable, kind: PhantomData }),
        false => Err(Error::input(format!("`{name}` is {found}, but {} is expected", T::expected()))),
    }
}

/// The field of this name, and its place among the fields.
fn field(row: &ColumnType, column: &str, name: &str) -> Result<(usize, ColumnType), Error> {
    let fields = row
        .row()
        .ok_or_else(|| Error::input(format!("there is no field `{name}` in column `{column}`: {row} has no fields")))?;
    let found = fields.iter().position(|(word, _)| *word == name);
    let names: Vec<_> = fields.iter().map(|(word, _)| format!("`{word}`")).collect();
    let field = found.and_then(|place| Some((place, fields.into_iter().nth(place)?.1)));
    field.ok_or_else(|| {
        Error::input(format!("there is no field `{name}` in column `{column}`; the fields are {}", names.join(", ")))
    })
}

/// A field of the rows of a batch.
///
/// # Errors
/// If the host sent something else than the plan asked for.
pub fn view_field<'a, T: Nested + ?Sized>(
    batch: &'a Batch,
    input: &'a FieldInput<T>,
) -> Result<FieldColumn<'a, T>, Error> {
    let mut column = batch.any(&input.any)?;
    let mut present: Option<Bitmap> = column.validity().map(Bits::to_bitmap);
    for &place in &input.path {
        let field = column.row().and_then(|mut fields| fields.nth(place));
        column = field.ok_or_else(|| Error::contract("a ROW lacks a field"))?;
        present = match (present, column.validity()) {
            (Some(mut present), Some(validity)) => {
                present.and_bits(validity);
                Some(present)
            }
            (present, validity) => present.or_else(|| validity.map(Bits::to_bitmap)),
        };
    }
    Ok(FieldColumn { validity: present.map(Bitmap::into_bytes), rows: batch.rows(), view: T::view(column)? })
}
