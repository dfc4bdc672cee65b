//! How the fields of rows lie in Arrow's layout: nodes and buffers, depth first.

use std::ops::Range;

use crate::record::RecordError;
use crate::table::{ColumnType, DataType, Schema};

/// What buffers the values of a field have, behind the validity that each has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One bit a value.
    Bits,
    /// This many bytes a value.
    Fixed(u32),
    /// 32-bit offsets, then the bytes; `text` says whether these are UTF-8.
    Spans {
        /// Whether the bytes are UTF-8.
        text: bool,
    },
    /// 32-bit offsets into one child: arrays and maps.
    Lists,
    /// Nothing: the children have a value each. Rows, and the entries of a map.
    Group,
}

impl Shape {
    /// How many buffers there are, with the validity.
    pub fn buffers(self) -> usize {
        match self {
            Shape::Bits | Shape::Fixed(_) | Shape::Lists => 2,
            Shape::Spans { .. } => 3,
            Shape::Group => 1,
        }
    }
}

/// One field: a column, or what lies in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutField {
    /// Its name; behind a dot, of what lies in a column (`element`, `key`, `value` or a field of a row).
    pub name: String,
    /// Its buffers.
    pub shape: Shape,
    /// Its type; `None` for the entries of a map, which Arrow has as a field of their own and `column::Batch` has not.
    pub data_type: Option<DataType>,
    /// Whether a value may be null.
    pub nullable: bool,
    /// One past the last field that lies in it.
    pub end: usize,
    /// Its position in `column::Batch::columns`; of entries, that of their keys.
    pub column: usize,
    /// Its first buffer in the message.
    pub buffer: usize,
}

/// The fields of rows, flattened depth first as an Arrow message has them: a field is followed by its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    fields: Vec<LayoutField>,
    tops: Vec<usize>,
    columns: usize,
    buffers: usize,
}

impl Layout {
    /// The layout of these columns.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, &'a ColumnType)>) -> Self {
        let mut layout = Self { fields: Vec::new(), tops: Vec::new(), columns: 0, buffers: 0 };
        for (name, column_type) in columns {
            layout.tops.push(layout.fields.len());
            layout.add(name.to_owned(), column_type);
        }
        layout
    }

    /// The layout of all columns of a schema.
    pub fn of_schema(schema: &Schema) -> Self {
        Self::new(schema.columns.iter().map(|column| (column.name.as_str(), &column.column_type)))
    }

    /// The layout of some columns of a schema: what a server gives that projects. Positions must rise.
    pub fn projected(schema: &Schema, columns: &[usize]) -> Result<Self, RecordError> {
        if columns.is_empty() || !columns.is_sorted_by(|a, b| a < b) {
            return Err(RecordError::ProjectionOrder);
        }
        let chosen: Vec<_> = columns
            .iter()
            .map(|&position| {
                let missing = RecordError::NoSuchColumn { position, columns: schema.columns.len() };
                schema.columns.get(position).ok_or(missing)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self::new(chosen.into_iter().map(|column| (column.name.as_str(), &column.column_type))))
    }

    /// Every field, depth first.
    pub fn fields(&self) -> &[LayoutField] {
        &self.fields
    }

    /// The positions in `fields` of the top-level columns.
    pub fn tops(&self) -> &[usize] {
        &self.tops
    }

    /// Where a top-level column and what lies in it are in `fields`.
    pub fn column(&self, position: usize) -> Result<Range<usize>, RecordError> {
        let missing = RecordError::NoSuchColumn { position, columns: self.tops.len() };
        let &top = self.tops.get(position).ok_or(missing)?;
        Ok(top..self.fields.get(top).map_or(top, |field| field.end))
    }

    /// A top-level column.
    pub(crate) fn top(&self, position: usize) -> Result<&LayoutField, RecordError> {
        let missing = RecordError::NoSuchColumn { position, columns: self.tops.len() };
        self.tops.get(position).and_then(|top| self.fields.get(*top)).ok_or(missing)
    }

    /// How many columns a `column::Batch` of these fields has.
    pub fn column_count(&self) -> usize {
        self.columns
    }

    /// How many buffers a message of these fields has.
    pub fn buffer_count(&self) -> usize {
        self.buffers
    }

    /// The positions in `fields` of the children of a field.
    pub(crate) fn children(&self, field: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.fields.get(field).map_or(0, |field| field.end);
        let mut next = field + 1;
        std::iter::from_fn(move || {
            let child = next;
            next = self.fields.get(child)?.end;
            (child < end).then_some(child)
        })
    }

    fn add(&mut self, name: String, column_type: &ColumnType) {
        let shape = shape(&column_type.data_type);
        let place = self.open(name.clone(), shape, Some(column_type.data_type.clone()), column_type.nullable);
        self.columns += 1;
        match &column_type.data_type {
            DataType::Array(element) => self.add(format!("{name}.element"), element),
            DataType::Map(key, value) => {
                let entries = self.open(format!("{name}.entries"), Shape::Group, None, false);
                self.add(format!("{name}.key"), &ColumnType { nullable: false, ..(**key).clone() });
                self.add(format!("{name}.value"), value);
                self.close(entries);
            }
            DataType::Row(fields) => {
                for field in fields {
                    self.add(format!("{name}.{}", field.name), &field.column_type);
                }
            }
            _ => {}
        }
        self.close(place);
    }

    /// Everything that lies in this field was added.
    fn close(&mut self, place: usize) {
        let end = self.fields.len();
        if let Some(field) = self.fields.get_mut(place) {
            field.end = end;
        }
    }

    fn open(&mut self, name: String, shape: Shape, data_type: Option<DataType>, nullable: bool) -> usize {
        let place = self.fields.len();
        let (column, buffer) = (self.columns, self.buffers);
        self.buffers += shape.buffers();
        self.fields.push(LayoutField { name, shape, data_type, nullable, end: place + 1, column, buffer });
        place
    }
}

/// `fluss.md` 2.6.
fn shape(data_type: &DataType) -> Shape {
    match data_type {
        DataType::Boolean => Shape::Bits,
        DataType::TinyInt => Shape::Fixed(1),
        DataType::SmallInt => Shape::Fixed(2),
        DataType::Int | DataType::Float | DataType::Date | DataType::Time(0..=3) => Shape::Fixed(4),
        DataType::BigInt
        | DataType::Double
        | DataType::Time(_)
        | DataType::Timestamp(_)
        | DataType::TimestampLtz(_) => Shape::Fixed(8),
        DataType::Decimal { .. } => Shape::Fixed(16),
        DataType::Binary(length) => Shape::Fixed(*length),
        DataType::Char(_) | DataType::String => Shape::Spans { text: true },
        DataType::Bytes => Shape::Spans { text: false },
        DataType::Array(_) | DataType::Map(..) => Shape::Lists,
        DataType::Row(_) => Shape::Group,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nullable(data_type: DataType) -> ColumnType {
        ColumnType { data_type, nullable: true }
    }

    #[test]
    fn a_map_has_entries_that_batches_have_not() {
        let map = DataType::Map(nullable(DataType::String).into(), nullable(DataType::Int).into());
        let columns = [("m", nullable(map)), ("b", nullable(DataType::Boolean))];
        let layout = Layout::new(columns.iter().map(|(name, column_type)| (*name, column_type)));
        let seen: Vec<_> = layout.fields().iter().map(|f| (&f.name[..], f.column, f.buffer, f.end)).collect();
        let expected =
            [("m", 0, 0, 4), ("m.entries", 1, 2, 4), ("m.key", 1, 3, 3), ("m.value", 2, 6, 4), ("b", 3, 8, 5)];
        assert_eq!(seen, expected);
        assert!(!layout.fields()[2].nullable);
        assert_eq!((layout.tops(), layout.column_count(), layout.buffer_count()), (&[0, 4][..], 4, 10));
        assert_eq!(layout.children(0).collect::<Vec<_>>(), [1]);
        assert_eq!(layout.children(1).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(layout.children(4).count(), 0);
    }
}
