//! Nested columns put together from their children, which are written alone.

use super::AnyOutput;
use crate::bindings::thalweg::module::types::{Column, Values};
use crate::{Bitmap, ColumnType, DataType, Error, Output, Value, Written};

/// Nested columns, put together from columns that were written for what is nested in them.
///
/// ```
/// use thalweg_module::{AnyOutput, Error, Output, Written};
///
/// struct Words {
///     words: AnyOutput,
///     word: Output<str>,
/// }
///
/// impl Words {
///     fn open(words: AnyOutput) -> Result<Self, Error> {
///         let word = words.element()?.typed()?;
///         Ok(Self { words, word })
///     }
///
///     fn split(&self, texts: &[&str]) -> Result<Written, Error> {
///         let (mut offsets, mut builder) = (vec![0], self.word.builder(texts.len()));
///         for text in texts {
///             for word in text.split(' ') {
///                 builder.push(word).map_err(|unfit| Error::other(unfit.to_string()))?;
///             }
///             offsets.push(builder.len() as i32);
///         }
///         self.words.array(offsets, None, builder.finish())
///     }
/// }
/// ```
impl AnyOutput {
    /// The elements of this array, to be written alone.
    ///
    /// # Errors
    /// If this is no array.
    pub fn element(&self) -> Result<Self, Error> {
        Ok(self.child(self.column_type.element().ok_or_else(|| self.is_no("ARRAY"))?))
    }

    /// The keys and the values of this map, to be written alone.
    ///
    /// # Errors
    /// If this is no map.
    pub fn entries(&self) -> Result<(Self, Self), Error> {
        let (key, value) = self.column_type.entries().ok_or_else(|| self.is_no("MAP"))?;
        Ok((self.child(key), self.child(value)))
    }

    /// The fields of this row, to be written alone.
    ///
    /// # Errors
    /// If this is no row.
    pub fn fields(&self) -> Result<Vec<Self>, Error> {
        let fields = self.column_type.row().ok_or_else(|| self.is_no("ROW"))?;
        Ok(fields.into_iter().map(|(_, field)| self.child(field)).collect())
    }

    /// The same column, written from a type of Rust.
    ///
    /// # Errors
    /// If `T` cannot be written as its type.
    pub fn typed<T: Value + ?Sized>(&self) -> Result<Output<T>, Error> {
        let shape = T::writable(self.column_type.data_type());
        let shape =
            shape.ok_or_else(|| Error::other(format!("{} is written from {}", self.column_type, T::EXPECTED)))?;
        Ok(Output::new(self.ordinal, shape))
    }

    /// The column of arrays whose elements are these: those of row `i` are `offsets[i]..offsets[i + 1]`. There is one offset
    /// more than rows; a clear bit of `validity` is a null.
    ///
    /// # Errors
    /// If this is no array, or the offsets do not begin at 0 and rise.
    pub fn array(&self, offsets: Vec<i32>, validity: Option<Bitmap>, elements: Written) -> Result<Written, Error> {
        match self.column_type.data_type() {
            DataType::Array(_) => self.assemble(values(offsets)?, validity, [elements]),
            _ => Err(self.is_no("ARRAY")),
        }
    }

    /// The column of maps whose entries are these, as for [`array`](Self::array). A key must not be null.
    ///
    /// # Errors
    /// If this is no map, or the offsets do not begin at 0 and rise.
    pub fn map(
        &self,
        offsets: Vec<i32>,
        validity: Option<Bitmap>,
        keys: Written,
        values_of_keys: Written,
    ) -> Result<Written, Error> {
        match self.column_type.data_type() {
            DataType::Dictionary(_) => self.assemble(values(offsets)?, validity, [keys, values_of_keys]),
            _ => Err(self.is_no("MAP")),
        }
    }

    /// The column of rows whose fields are these, each with as many values as there are rows.
    ///
    /// # Errors
    /// If this is no row.
    pub fn row(&self, validity: Option<Bitmap>, fields: impl IntoIterator<Item = Written>) -> Result<Written, Error> {
        match self.column_type.data_type() {
            DataType::Row(_) => self.assemble(Values::None, validity, fields),
            _ => Err(self.is_no("ROW")),
        }
    }

    fn assemble(
        &self,
        values: Values,
        validity: Option<Bitmap>,
        children: impl IntoIterator<Item = Written>,
    ) -> Result<Written, Error> {
        let mut columns = vec![Column { validity: validity.map(Bitmap::into_bytes), values }];
        columns.extend(children.into_iter().flat_map(|child| child.columns));
        match columns.len() == self.column_type.fields.len() {
            true => Ok(Written { ordinal: self.ordinal, columns }),
            false => Err(Error::other(format!("{} is put together from other children than it has", self.column_type))),
        }
    }

    fn child(&self, column_type: ColumnType) -> Self {
        Self { ordinal: self.ordinal, column_type }
    }

    fn is_no(&self, expected: &str) -> Error {
        Error::other(format!("{} is no {expected}", self.column_type))
    }
}

fn values(offsets: Vec<i32>) -> Result<Values, Error> {
    if offsets.first() == Some(&0) && offsets.is_sorted() {
        Ok(Values::Offsets(offsets))
    } else {
        Err(Error::other("offsets do not begin at 0 and rise"))
    }
}
