//! How the macros read a nested column.

use std::marker::PhantomData;

use super::Nested;
use crate::{AnyInput, Batch, Bits, Error, Plan};

/// A nested column that a module reads, found once in `open`.
pub struct NestedInput<T: ?Sized> {
    any: AnyInput,
    kind: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> NestedInput<T> {
    /// Whether the column may hold nulls.
    pub fn is_nullable(&self) -> bool {
        self.any.column_type().is_nullable()
    }
}

/// The values of a nested column.
pub struct NestedColumn<'a, T: Nested + ?Sized> {
    validity: Option<Bits<'a>>,
    view: T::View<'a>,
}

impl<'a, T: Nested + ?Sized> NestedColumn<'a, T> {
    /// A set bit is a value, a clear one a null; `None` if there are no nulls.
    pub fn validity(&self) -> Option<Bits<'a>> {
        self.validity
    }

    /// The value of a row that is not null.
    #[inline]
    pub fn value(&self, row: usize) -> T::Item<'a> {
        T::value(self.view, row)
    }

    /// The value of a row; `None` is null.
    #[inline]
    pub fn get(&self, row: usize) -> Option<T::Item<'a>> {
        T::get(self.view, row)
    }
}

/// Reads a column, as [`Plan::read`] does.
///
/// # Errors
/// If there is no such column, or it has another type.
pub fn read_nested<T: Nested + ?Sized>(plan: &mut Plan, name: &str) -> Result<NestedInput<T>, Error> {
    let any = plan.read_any(name)?;
    match T::fits(any.column_type()) {
        true => Ok(NestedInput { any, kind: PhantomData }),
        false => {
            let (found, expected) = (any.column_type(), T::expected());
            Err(Error::input(format!("column `{name}` is {found}, but {expected} is expected")))
        }
    }
}

/// A column of a batch, as [`Batch::column`] gives it.
///
/// # Errors
/// If the host sent something else than the plan asked for.
pub fn view_nested<'a, T: Nested + ?Sized>(
    batch: &'a Batch,
    input: &'a NestedInput<T>,
) -> Result<NestedColumn<'a, T>, Error> {
    let column = batch.any(&input.any)?;
    Ok(NestedColumn { validity: column.validity(), view: T::view(column)? })
}
