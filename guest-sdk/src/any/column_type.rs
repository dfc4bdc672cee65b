//! A column's type with all that is nested in it.

use std::fmt;

use thalweg_types::Identifier;

use crate::schema::sql;
use crate::{DataType, Error, Field, Schema};

/// A column's type, with all that is nested in it.
///
/// ```
/// use thalweg_module::{ColumnType, DataType};
/// let tags: ColumnType = "ARRAY<STRING NOT NULL>".parse()?;
/// let element = tags.element().unwrap();
/// assert_eq!(element.data_type(), &DataType::Text);
/// assert!(!element.is_nullable());
/// assert_eq!(tags.to_string(), "ARRAY<STRING NOT NULL>");
/// # Ok::<(), thalweg_module::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ColumnType {
    /// Its own field, then its children; they name each other by position in this list.
    pub(crate) fields: Vec<Field>,
}

impl ColumnType {
    /// The type itself. The positions in a nested one are of no use outside of this type: see
    /// [`element`](Self::element), [`entries`](Self::entries) and [`row`](Self::row).
    pub fn data_type(&self) -> &DataType {
        &self.fields[0].data_type
    }

    /// Whether a value may be null.
    pub fn is_nullable(&self) -> bool {
        self.fields[0].nullable
    }

    /// The same type, whose values may be null or may not.
    #[must_use]
    pub fn nullable(mut self, nullable: bool) -> Self {
        self.fields[0].nullable = nullable;
        self
    }

    /// The type of an array's elements; `None` if this is no array.
    pub fn element(&self) -> Option<Self> {
        match *self.data_type() {
            DataType::Array(element) => Some(self.child(element)),
            _ => None,
        }
    }

    /// The types of a map's keys and values; `None` if this is no map.
    pub fn entries(&self) -> Option<(Self, Self)> {
        match *self.data_type() {
            DataType::Dictionary((key, value)) => Some((self.child(key), self.child(value))),
            _ => None,
        }
    }

    /// The names and types of a row's fields; `None` if this is no row.
    pub fn row(&self) -> Option<Vec<(&str, Self)>> {
        let DataType::Row(children) = self.data_type() else { return None };
        Some(children.iter().map(|&at| (self.fields[at as usize].name.as_str(), self.child(at))).collect())
    }

    /// The fields as those of a column of this name.
    pub(crate) fn named(mut self, name: &str) -> Vec<Field> {
        name.clone_into(&mut self.fields[0].name);
        self.fields
    }

    /// Fields from `begin` on, which name each other by position in a longer list.
    pub(crate) fn cut(fields: &[Field], begin: usize, end: usize) -> Self {
        let fields = fields[begin..end].iter().map(|field| field.moved(begin as u32, 0));
        Self { fields: fields.collect() }
    }

    fn child(&self, at: u32) -> Self {
        let end = after(&self.fields, at as usize);
        Self::cut(&self.fields, at as usize, end)
    }
}

/// The field behind a field and all that is nested in it.
pub(crate) fn after(fields: &[Field], at: usize) -> usize {
    match &fields[at].data_type {
        DataType::Array(last) | DataType::Dictionary((_, last)) => after(fields, *last as usize),
        DataType::Row(children) => children.last().map_or(at + 1, |&last| after(fields, last as usize)),
        _ => at + 1,
    }
}

impl Schema {
    /// The type of a column, with all that is nested in it.
    ///
    /// # Errors
    /// Lists the columns that there are.
    pub fn column_type(&self, name: &str) -> Result<ColumnType, Error> {
        let (column, _) = self.column(name)?;
        let span = self.span(column);
        if span.is_empty() || span.end > self.fields.len() {
            return Err(Error::contract("the fields of the schema are not in order"));
        }
        Ok(ColumnType::cut(&self.fields, span.start, span.end))
    }
}

impl From<DataType> for ColumnType {
    /// A type without children, whose values may be null.
    ///
    /// # Panics
    /// If it is an array, a map or a row: parse these.
    fn from(data_type: DataType) -> Self {
        let is_nested = matches!(data_type, DataType::Array(_) | DataType::Dictionary(_) | DataType::Row(_));
        assert!(!is_nested, "a nested type is made with its children, by `parse`");
        Self { fields: vec![Field { name: String::new(), data_type, nullable: true }] }
    }
}

impl PartialEq for ColumnType {
    /// The name of the column does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.is_nullable() == other.is_nullable()
            && self.data_type() == other.data_type()
            && self.fields[1..] == other.fields[1..]
    }
}

impl std::str::FromStr for ColumnType {
    type Err = Error;

    /// Reads a Fluss SQL type, as `MAP<STRING, ROW<x DOUBLE, y DOUBLE>> NOT NULL`.
    fn from_str(sql: &str) -> Result<Self, Error> {
        Ok(Self { fields: sql::column("", sql)? })
    }
}

impl fmt::Display for ColumnType {
    /// The Fluss SQL type with all that is nested in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.fields, 0)
    }
}

fn write(f: &mut fmt::Formatter<'_>, fields: &[Field], at: usize) -> fmt::Result {
    let field = &fields[at];
    match &field.data_type {
        DataType::Array(element) => {
            f.write_str("ARRAY<")?;
            write(f, fields, *element as usize)?;
            f.write_str(">")?;
        }
        DataType::Dictionary((key, value)) => {
            f.write_str("MAP<")?;
            write(f, fields, *key as usize)?;
            f.write_str(", ")?;
            write(f, fields, *value as usize)?;
            f.write_str(">")?;
        }
        DataType::Row(children) => {
            f.write_str("ROW<")?;
            for (index, &child) in children.iter().enumerate() {
                let (comma, name) = (if index > 0 { ", " } else { "" }, &fields[child as usize].name);
                write!(f, "{comma}{} ", Identifier(name))?;
                write(f, fields, child as usize)?;
            }
            f.write_str(">")?;
        }
        flat => write!(f, "{flat}")?,
    }
    if field.nullable { Ok(()) } else { f.write_str(" NOT NULL") }
}
