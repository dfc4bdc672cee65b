//! Columns of any type, for modules that fit any schema: looked at, copied, and built.

mod assemble;
mod build;
mod check;
mod column_type;
mod gather;

use crate::bindings::thalweg::module::types::{self, Values};
use crate::{Batch, Bits, Column, DataType, Error, Plan, Value, Written};

pub use build::AnyBuilder;
pub(crate) use build::{Nest, Node, Nulls};
pub use column_type::ColumnType;

/// A column of any type that a module reads, found once in `open` by [`Plan::read_any`].
#[derive(Debug, Clone)]
pub struct AnyInput {
    position: usize,
    column_type: ColumnType,
}

impl AnyInput {
    /// What the column holds.
    pub fn column_type(&self) -> &ColumnType {
        &self.column_type
    }
}

/// A column of any type that a module writes, settled once in `open` by [`Plan::write_any`].
#[derive(Debug, Clone)]
pub struct AnyOutput {
    ordinal: usize,
    column_type: ColumnType,
}

impl AnyOutput {
    /// What the column holds.
    pub fn column_type(&self) -> &ColumnType {
        &self.column_type
    }

    /// Starts the column of one batch.
    pub fn builder(&self) -> AnyBuilder {
        AnyBuilder::new(self.ordinal, &self.column_type)
    }

    /// The column made of these rows of another one, in this order, any of them any number of times; `None` gives a null.
    ///
    /// ```
    /// # use thalweg_module::{AnyInput, AnyOutput, Answer, Batch, Error};
    /// # struct Twice { input: AnyInput, output: AnyOutput }
    /// # impl Twice {
    /// fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
    ///     let column = batch.any(&self.input)?;
    ///     let rows: Vec<usize> = (0..batch.rows()).flat_map(|row| [row, row]).collect();
    ///     let written = self.output.gather(column, rows.iter().copied())?;
    ///     Ok(Answer::produced(rows.iter().map(|&row| row as u32).collect(), [written]))
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the other column's type is not this one's, a row is not there, or the copy comes to more than 2 GiB.
    pub fn gather(
        &self,
        column: AnyColumn<'_>,
        rows: impl IntoIterator<Item = impl Into<Option<usize>>>,
    ) -> Result<Written, Error> {
        self.expect(column)?;
        let rows: Vec<Option<usize>> = rows.into_iter().map(Into::into).collect();
        let mut columns = Vec::with_capacity(self.column_type.fields.len());
        gather::gather(column, &rows, &mut columns)?;
        Ok(Written { ordinal: self.ordinal, columns })
    }

    /// The column that is another one as it is: all its rows.
    ///
    /// # Errors
    /// If the other column's type is not this one's.
    pub fn copy(&self, column: AnyColumn<'_>) -> Result<Written, Error> {
        self.expect(column)?;
        Ok(Written { ordinal: self.ordinal, columns: column.columns.to_vec() })
    }

    /// Whether the type fits, but for nulls: these the host checks, row by row.
    fn expect(&self, column: AnyColumn<'_>) -> Result<(), Error> {
        let found = column.column_type();
        let (one, other) = (&found.fields, &self.column_type.fields);
        match one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.data_type == other.data_type) {
            true => Ok(()),
            false => Err(Error::other(format!("a column of {found} is written as {}", self.column_type))),
        }
    }
}

impl Plan {
    /// Reads a column whatever its type, for modules that fit any schema.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn read_any(&mut self, name: &str) -> Result<AnyInput, Error> {
        let column_type = self.input().column_type(name)?;
        let (column, _) = self.input().column(name)?;
        Ok(AnyInput { position: self.position(column), column_type })
    }

    /// Writes a column of any type: the one of this name is replaced, or a new one added at the end.
    ///
    /// ```
    /// use thalweg_module::{Plan, Schema};
    /// let mut plan = Plan::new(&Schema::parse("id BIGINT, tags ARRAY<STRING>")?);
    /// let tags = plan.read_any("tags")?;
    /// let tag = plan.write_any("tag", tags.column_type().element().unwrap())?;
    /// assert_eq!(tag.column_type().to_string(), "STRING");
    /// # Ok::<(), thalweg_module::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a column is written twice.
    pub fn write_any(&mut self, name: &str, column_type: ColumnType) -> Result<AnyOutput, Error> {
        let ordinal = self.write_fields(column_type.clone().named(name))?;
        Ok(AnyOutput { ordinal, column_type })
    }
}

impl Batch {
    /// A column that the plan reads, whatever its type.
    ///
    /// # Errors
    /// If the host sent something else than the plan asked for.
    pub fn any<'a>(&'a self, input: &'a AnyInput) -> Result<AnyColumn<'a>, Error> {
        let fields = &input.column_type.fields;
        AnyColumn::new(fields, self.fields(input.position, fields.len())?, self.rows())
    }
}

/// A column of any type, or what is nested in one, with its values.
///
/// ```
/// # use thalweg_module::{AnyColumn, DataType, Error};
/// fn longest(column: AnyColumn<'_>) -> Result<usize, Error> {
///     Ok(match column.data_type() {
///         DataType::Text => column.typed::<str>()?.iter().flatten().map(str::len).max().unwrap_or(0),
///         DataType::Array(_) => longest(column.elements().unwrap().1)?,
///         _ => 0,
///     })
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct AnyColumn<'a> {
    /// Its field, then those of its children.
    fields: &'a [types::Field],
    /// The position of `fields[0]` by which the fields name each other.
    begin: usize,
    /// Parallel to `fields`.
    columns: &'a [types::Column],
    rows: usize,
}

impl<'a> AnyColumn<'a> {
    /// A column of these fields, which name each other by position in this list.
    pub(crate) fn new(
        fields: &'a [types::Field],
        columns: &'a [types::Column],
        rows: usize,
    ) -> Result<AnyColumn<'a>, Error> {
        if fields.is_empty() || fields.len() != columns.len() {
            return Err(Error::contract("a column is missing"));
        }
        let column = AnyColumn { fields, begin: 0, columns, rows };
        check::check(column)?;
        Ok(column)
    }

    /// How many values there are, nulls included.
    pub fn len(self) -> usize {
        self.rows
    }

    /// Whether there is no value.
    pub fn is_empty(self) -> bool {
        self.rows == 0
    }

    /// The name: that of the column or of a row's field; what it is for elements, keys and values is the host's affair.
    pub fn name(self) -> &'a str {
        &self.fields[0].name
    }

    /// The type. What is nested is found by [`elements`](Self::elements), [`entries`](Self::entries) and
    /// [`row`](Self::row), not by the positions in it.
    pub fn data_type(self) -> &'a DataType {
        &self.fields[0].data_type
    }

    /// The type with all that is nested in it.
    pub fn column_type(self) -> ColumnType {
        ColumnType { fields: self.fields.iter().map(|field| field.moved(self.begin as u32, 0)).collect() }
    }

    /// A set bit is a value, a clear one a null; `None` if there are no nulls.
    pub fn validity(self) -> Option<Bits<'a>> {
        self.columns[0].validity.as_ref().and_then(|bytes| Bits::new(bytes, self.rows))
    }

    /// Whether there is no value in this row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn is_null(self, row: usize) -> bool {
        self.validity().is_some_and(|validity| !validity.at(row))
    }

    /// The values as a type of Rust: `column.typed::<str>()`.
    ///
    /// # Errors
    /// If they have another type.
    pub fn typed<T: Value + ?Sized>(self) -> Result<Column<'a, T>, Error> {
        let shape = T::readable(self.data_type()).ok_or_else(|| {
            Error::input(format!("`{}` is {}, but {} is expected", self.name(), self.data_type(), T::EXPECTED))
        })?;
        Column::new(&self.columns[0], self.rows, shape)
    }

    /// The elements of all arrays one after the other, and where they begin: those of row `i` are
    /// `offsets[i]..offsets[i + 1]`. `None` if this is no array.
    pub fn elements(self) -> Option<(&'a [i32], AnyColumn<'a>)> {
        let DataType::Array(element) = *self.data_type() else { return None };
        let (offsets, rows) = self.offsets()?;
        Some((offsets, self.child(element, rows)))
    }

    /// The keys and the values of all maps, and where they begin, as for [`elements`](Self::elements). `None` if this is
    /// no map.
    pub fn entries(self) -> Option<(&'a [i32], AnyColumn<'a>, AnyColumn<'a>)> {
        let DataType::Dictionary((key, value)) = *self.data_type() else { return None };
        let (offsets, rows) = self.offsets()?;
        Some((offsets, self.child(key, rows), self.child(value, rows)))
    }

    /// The fields of a row, each with as many values as there are rows; `None` if this is no row.
    pub fn row(self) -> Option<impl ExactSizeIterator<Item = AnyColumn<'a>>> {
        let DataType::Row(children) = self.data_type() else { return None };
        Some(children.iter().map(move |&child| self.child(child, self.rows)))
    }

    fn child(self, field: u32, rows: usize) -> AnyColumn<'a> {
        let at = field as usize - self.begin;
        let end = self.after(at);
        AnyColumn { fields: &self.fields[at..end], begin: field as usize, columns: &self.columns[at..end], rows }
    }

    /// The field behind one and all that is nested in it, counted from this column's own.
    fn after(self, at: usize) -> usize {
        match &self.fields[at].data_type {
            DataType::Array(last) | DataType::Dictionary((_, last)) => self.after(*last as usize - self.begin),
            DataType::Row(children) => children.last().map_or(at + 1, |&last| self.after(last as usize - self.begin)),
            _ => at + 1,
        }
    }

    /// The offsets, and how many children there are.
    fn offsets(self) -> Option<(&'a [i32], usize)> {
        match &self.columns[0].values {
            Values::Offsets(offsets) if offsets.is_empty() => Some((&[0], 0)),
            Values::Offsets(offsets) => {
                let offsets = offsets.get(..=self.rows)?;
                Some((offsets, offsets[self.rows] as usize))
            }
            _ => None,
        }
    }
}
