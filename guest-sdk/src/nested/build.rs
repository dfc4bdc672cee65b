//! How the macros write a column of arrays.

use std::marker::PhantomData;

use crate::bindings::thalweg::module::types::{self, Values};
use crate::builder::Cells;
use crate::value::Shape;
use crate::{
    Bitmap, ColumnType, DataType, Date, Decimal, Error, Field, Plan, Time, Timestamp, TimestampLtz, Unfit, Value,
    Written,
};

/// What can be an element of a written array.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an element of an array",
    label = "an element is a value of a column, or an `Option` of one"
)]
pub trait Element<T: Value + ?Sized> {
    /// The value; `None` is null.
    fn item(&self) -> Option<T::Item<'_>>;
}

macro_rules! element {
    ($($type:ty),*) => {$(
        impl Element<$type> for $type {
            #[inline]
            fn item(&self) -> Option<$type> {
                Some(*self)
            }
        }
    )*};
}
element!(bool, i8, i16, i32, i64, f32, f64, Decimal, Date, Time, Timestamp, TimestampLtz);

macro_rules! bytes {
    ($($value:ty: $($type:ty),*;)*) => {$($(
        impl Element<$value> for $type {
            #[inline]
            fn item(&self) -> Option<&$value> {
                Some(self)
            }
        }
    )*)*};
}
bytes! {
    str: &str, String;
    [u8]: &[u8], Vec<u8>;
}

impl<T: Value + ?Sized, E: Element<T>> Element<T> for Option<E> {
    #[inline]
    fn item(&self) -> Option<T::Item<'_>> {
        self.as_ref().and_then(E::item)
    }
}

/// A column of arrays that a module writes, settled once in `open`.
pub struct ListOutput<T: ?Sized> {
    ordinal: usize,
    shape: Shape,
    kind: PhantomData<fn() -> Box<T>>,
}

impl<T: Value + ?Sized> ListOutput<T> {
    /// Starts the column of one batch of so many rows.
    pub fn builder(&self, rows: usize) -> ListBuilder<T> {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        ListBuilder { ordinal: self.ordinal, offsets, validity: None, elements: Cells::new(rows, self.shape) }
    }
}

/// Writes a column of arrays; one that is replaced keeps its type if the elements fit it.
///
/// # Errors
/// If the type does not follow from `T`, or a column is written twice.
pub fn write_list<T: Value + ?Sized>(plan: &mut Plan, name: &str, nullable: bool) -> Result<ListOutput<T>, Error> {
    let found = plan.input().column_type(name).ok();
    let kept = found.filter(|found| found.element().is_some_and(|element| T::writable(element.data_type()).is_some()));
    let column_type = match (kept, T::NATURAL) {
        (Some(kept), _) => kept,
        (None, Some(element)) => array_of(element),
        (None, None) => {
            let expected = T::EXPECTED;
            return Err(Error::input(format!(
                "there is no ARRAY<{expected}> column `{name}` whose precision a new one could take"
            )));
        }
    };
    write(plan, name, column_type, nullable)
}

/// As [`write_list`], with the type of the elements.
///
/// # Errors
/// If `T` cannot be written as that type, or a column is written twice.
pub fn write_list_as<T: Value + ?Sized>(
    plan: &mut Plan,
    name: &str,
    element: DataType,
    nullable: bool,
) -> Result<ListOutput<T>, Error> {
    write(plan, name, array_of(element), nullable)
}

fn write<T: Value + ?Sized>(
    plan: &mut Plan,
    name: &str,
    column_type: ColumnType,
    nullable: bool,
) -> Result<ListOutput<T>, Error> {
    let element = column_type.element();
    let shape = element.and_then(|element| T::writable(element.data_type()));
    let shape = shape
        .ok_or_else(|| Error::other(format!("column `{name}` is written as {column_type}, from {}", T::EXPECTED)))?;
    let ordinal = plan.write_fields(column_type.nullable(nullable).named(name))?;
    Ok(ListOutput { ordinal, shape, kind: PhantomData })
}

/// ARRAY of a type without children, whose elements may be null.
fn array_of(element: DataType) -> ColumnType {
    let field = |name: &str, data_type| Field { name: name.to_owned(), data_type, nullable: true };
    ColumnType { fields: vec![field("", DataType::Array(1)), field("element", element)] }
}

/// Builds a column of arrays, row by row.
pub struct ListBuilder<T: Value + ?Sized> {
    ordinal: usize,
    offsets: Vec<i32>,
    validity: Option<Bitmap>,
    elements: Cells<T>,
}

impl<T: Value + ?Sized> ListBuilder<T> {
    /// Adds an array.
    ///
    /// # Errors
    /// If the type of the elements cannot hold one of them. The row then stands there with what came before it: refuse it.
    #[inline]
    pub fn push<E: Element<T>>(&mut self, elements: impl IntoIterator<Item = E>) -> Result<(), Unfit> {
        let done = elements.into_iter().try_for_each(|element| match element.item() {
            Some(item) => self.elements.push(item),
            None => {
                self.elements.push_null();
                Ok(())
            }
        });
        self.end(true);
        let is_short = i32::try_from(self.elements.len()).is_ok();
        if is_short { done } else { Err(Unfit::TooLong) }
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        let rows = self.offsets.len() - 1;
        self.validity.get_or_insert_with(|| Bitmap::filled(rows, true));
        self.end(false);
    }

    /// Adds a row that nobody will read.
    pub fn skip(&mut self) {
        self.end(true);
    }

    fn end(&mut self, is_valid: bool) {
        self.offsets.push(i32::try_from(self.elements.len()).unwrap_or(i32::MAX));
        if let Some(validity) = &mut self.validity {
            validity.push(is_valid);
        }
    }

    /// Makes the rows that are clear in `present` null, as [`Builder::with_nulls`](crate::Builder::with_nulls).
    #[must_use]
    pub fn with_nulls(mut self, present: Option<Bitmap>) -> Self {
        self.validity = Bitmap::both(self.validity, present);
        self
    }

    /// The column.
    pub fn finish(self) -> Written {
        let validity = self.validity.map(Bitmap::into_bytes);
        let mut columns = vec![types::Column { validity, values: Values::Offsets(self.offsets) }];
        self.elements.finish(&mut columns);
        Written { ordinal: self.ordinal, columns }
    }
}
