//! Columns that a module writes.

use crate::bindings::thalweg::module::types;
use crate::value::Shape;
use crate::{Bitmap, Numeric, Output, Unfit, Value};

/// A column that a module wrote, ready for [`Answer::replaced`](crate::Answer::replaced).
#[derive(Debug)]
pub struct Written {
    pub(crate) ordinal: usize,
    /// The column's own values, then those of its children.
    pub(crate) columns: Vec<types::Column>,
}

/// Builds one written column, row by row. Made by [`Output::builder`].
///
/// ```
/// # use thalweg_module::{Output, Written};
/// fn lengths(output: Output<i32>, texts: &[Option<&str>]) -> Written {
///     let mut builder = output.builder(texts.len());
///     for text in texts {
///         match text {
///             // An INT holds any i32: this cannot fail.
///             Some(text) => builder.push(text.len() as i32).expect("fits"),
///             None => builder.push_null(),
///         }
///     }
///     builder.finish()
/// }
/// ```
pub struct Builder<T: Value + ?Sized> {
    ordinal: usize,
    cells: Cells<T>,
}

impl<T: Value + ?Sized> Builder<T> {
    /// Adds a value.
    ///
    /// # Errors
    /// If the column's type cannot hold it. The row then stands there [without a value](Builder::skip): refuse it.
    #[inline]
    pub fn push(&mut self, item: T::Item<'_>) -> Result<(), Unfit> {
        self.cells.push(item)
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        self.cells.push_null();
    }

    /// Adds a row that nobody will read, because the answer refuses it or leaves it out.
    pub fn skip(&mut self) {
        self.cells.skip();
    }

    /// How many rows there are so far.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is no row yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes the rows that are clear in `present`, which has a bit for each row, null: faster than [`push_null`] for each
    /// where the nulls are known. Those rows are [skipped](Builder::skip) before.
    ///
    /// [`push_null`]: Builder::push_null
    #[must_use]
    pub fn with_nulls(mut self, present: Option<Bitmap>) -> Self {
        self.cells.validity = Bitmap::both(self.cells.validity.take(), present);
        self
    }

    /// The column.
    pub fn finish(self) -> Written {
        let mut columns = Vec::with_capacity(1);
        self.cells.finish(&mut columns);
        Written { ordinal: self.ordinal, columns }
    }
}

/// Values and nulls one after the other.
pub(crate) struct Cells<T: Value + ?Sized> {
    shape: Shape,
    buffer: T::Buffer,
    rows: usize,
    validity: Option<Bitmap>,
}

impl<T: Value + ?Sized> Cells<T> {
    pub(crate) fn new(rows: usize, shape: Shape) -> Self {
        Self { shape, buffer: T::buffer(rows, shape), rows: 0, validity: None }
    }

    #[inline]
    pub(crate) fn push(&mut self, item: T::Item<'_>) -> Result<(), Unfit> {
        let done = T::append(&mut self.buffer, item, self.shape);
        if done.is_err() {
            T::append_gap(&mut self.buffer, self.shape);
        }
        self.rows += 1;
        if let Some(validity) = &mut self.validity {
            validity.push(true);
        }
        done
    }

    pub(crate) fn push_null(&mut self) {
        T::append_gap(&mut self.buffer, self.shape);
        let rows = self.rows;
        self.validity.get_or_insert_with(|| Bitmap::filled(rows, true)).push(false);
        self.rows += 1;
    }

    pub(crate) fn skip(&mut self) {
        T::append_gap(&mut self.buffer, self.shape);
        if let Some(validity) = &mut self.validity {
            validity.push(true);
        }
        self.rows += 1;
    }

    /// How many values there are, nulls included.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    pub(crate) fn finish(self, columns: &mut Vec<types::Column>) {
        let values = T::finish(self.buffer, self.shape);
        columns.push(types::Column { validity: self.validity.map(Bitmap::into_bytes), values });
    }
}

impl<T: Value + ?Sized> Output<T> {
    /// Starts the column of one batch of so many rows.
    pub fn builder(self, rows: usize) -> Builder<T> {
        Builder { ordinal: self.ordinal, cells: Cells::new(rows, self.shape) }
    }
}

impl<T: Numeric> Output<T> {
    /// The column of one batch, made elsewhere; a clear bit of `validity` is a null.
    pub fn column(self, values: Vec<T>, validity: Option<Bitmap>) -> Written {
        let column = types::Column { validity: validity.map(Bitmap::into_bytes), values: T::wrap(values) };
        Written { ordinal: self.ordinal, columns: vec![column] }
    }
}
