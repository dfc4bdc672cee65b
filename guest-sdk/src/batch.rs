//! One batch, and typed views of its columns.

use crate::bindings::thalweg::module::types;
use crate::value::Shape;
use crate::{Bitmap, Bits, Error, Input, Numeric, Value};

/// The rows of one call: the columns that the plan reads.
#[derive(Debug)]
pub struct Batch {
    rows: usize,
    columns: Vec<types::Column>,
}

impl Batch {
    pub(crate) fn new(inner: types::Batch) -> Self {
        Self { rows: inner.rows as usize, columns: inner.columns }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A column that the plan reads.
    ///
    /// # Errors
    /// If the host sent something else than the plan asked for, or the column was [taken](Batch::take).
    pub fn column<T: Value + ?Sized>(&self, input: Input<T>) -> Result<Column<'_, T>, Error> {
        let column = self.columns.get(input.position).ok_or_else(|| Error::contract("a column is missing"))?;
        Column::new(column, self.rows, input.shape)
    }

    /// A column's own values and those of its children.
    pub(crate) fn fields(&self, position: usize, fields: usize) -> Result<&[types::Column], Error> {
        let columns = self.columns.get(position..).and_then(|columns| columns.get(..fields));
        columns.ok_or_else(|| Error::contract("a column is missing"))
    }

    /// The values of a column as they came over the boundary, to be changed in place, and which of them are no nulls.
    ///
    /// ```
    /// # use thalweg_module::{Answer, Batch, Error, Input, Output, Selection};
    /// # struct Doubled { input: Input<i64>, output: Output<i64> }
    /// # impl Doubled {
    /// fn apply(&mut self, mut batch: Batch) -> Result<Answer, Error> {
    ///     let (mut values, validity) = batch.take(self.input)?;
    ///     values.iter_mut().for_each(|value| *value = value.wrapping_mul(2));
    ///     Ok(Answer::replaced(Selection::All, [self.output.column(values, validity)]))
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`column`](Batch::column).
    pub fn take<T: Numeric>(&mut self, input: Input<T>) -> Result<(Vec<T>, Option<Bitmap>), Error> {
        let validity = self.column(input)?.validity().map(Bits::to_bitmap);
        let column = std::mem::replace(
            &mut self.columns[input.position],
            types::Column { validity: None, values: types::Values::None },
        );
        let mut values = T::unwrap(column.values).ok_or_else(|| Error::contract("a column has another type"))?;
        values.truncate(self.rows);
        Ok((values, validity))
    }
}

/// One column of a batch.
///
/// What stands in a null's place is any value of the type; ask [`is_null`](Column::is_null), or use
/// [`get`](Column::get) and [`iter`](Column::iter).
#[derive(Debug)]
pub struct Column<'a, T: Value + ?Sized> {
    validity: Option<Bits<'a>>,
    values: T::Values<'a>,
    rows: usize,
}

impl<T: Value + ?Sized> Clone for Column<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Value + ?Sized> Copy for Column<'_, T> {}

impl<'a, T: Value + ?Sized> Column<'a, T> {
    pub(crate) fn new(column: &'a types::Column, rows: usize, shape: Shape) -> Result<Self, Error> {
        let values = T::view(&column.values, rows, shape)
            .ok_or_else(|| Error::contract(&format!("a column is not {} of {rows} rows", T::EXPECTED)))?;
        let validity = match &column.validity {
            Some(bytes) => Some(Bits::new(bytes, rows).ok_or_else(|| Error::contract("a validity is too short"))?),
            None => None,
        };
        Ok(Self { validity, values, rows })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A set bit is a value, a clear one a null; `None` if there are no nulls.
    pub fn validity(&self) -> Option<Bits<'a>> {
        self.validity
    }

    /// All values, nulls' places included: `&[i32]` for `i32`, and so on.
    pub fn values(&self) -> T::Values<'a> {
        self.values
    }

    /// Whether the row has no value.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        self.validity.is_some_and(|validity| !validity.at(row))
    }

    /// The value of a row that is not null.
    ///
    /// # Panics
    /// If there is no such row. The value of a null's place may be anything, but for texts and bytes asking for it may panic too.
    #[inline]
    pub fn value(&self, row: usize) -> T::Item<'a> {
        T::at(self.values, row)
    }

    /// The value of a row; `None` is null.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<T::Item<'a>> {
        if self.is_null(row) { None } else { Some(self.value(row)) }
    }

    /// The values in order; `None` is null.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<T::Item<'a>>> + '_ {
        (0..self.rows).map(|row| self.get(row))
    }
}

/// The rows where none of these columns is null; `None` if that is all of them.
#[doc(hidden)]
pub fn masks<const N: usize>(rows: usize, columns: [Option<Bits<'_>>; N]) -> Option<Bitmap> {
    columns.into_iter().flatten().fold(None, |mask: Option<Bitmap>, validity| {
        let mut mask = mask.unwrap_or_else(|| Bitmap::filled(rows, true));
        mask.and_bits(validity);
        Some(mask)
    })
}

/// A number for each row that is set in `present`, and 0 for the others.
#[doc(hidden)]
#[inline]
pub fn numbers<T: Numeric + Default>(rows: usize, present: Option<&Bitmap>, mut f: impl FnMut(usize) -> T) -> Vec<T> {
    match present {
        None => (0..rows).map(f).collect(),
        Some(present) => {
            let mut values = vec![T::default(); rows];
            present.for_each_one(|row| values[row] = f(row));
            values
        }
    }
}
