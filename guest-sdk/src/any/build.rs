//! Builds a column of a type that is known only when the module runs.

use crate::bindings::thalweg::module::types::{Column, Field, Values};
use crate::builder::Cells;
use crate::{Bitmap, ColumnType, DataType, Date, Decimal, Time, Timestamp, TimestampLtz, Value, Written};

/// Builds a written column of any type, row by row. Made by [`AnyOutput::builder`](crate::AnyOutput::builder).
///
/// ```
/// # use thalweg_module::{AnyOutput, Refusals, Written};
/// fn parsed(output: &AnyOutput, texts: &[Option<&str>], refusals: &mut Refusals) -> Written {
///     let mut builder = output.builder();
///     for (row, text) in texts.iter().enumerate() {
///         match text {
///             Some(json) => builder.push_json(json).unwrap_or_else(|error| refusals.push(row, error)),
///             None => builder.push_null(),
///         }
///     }
///     builder.finish()
/// }
/// ```
pub struct AnyBuilder {
    ordinal: usize,
    pub(crate) node: Node,
}

impl AnyBuilder {
    pub(super) fn new(ordinal: usize, column_type: &ColumnType) -> Self {
        Self { ordinal, node: Node::of(column_type) }
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        self.node.push_null();
    }

    /// Adds a row that nobody will read, because the answer refuses it or leaves it out.
    pub fn skip(&mut self) {
        self.node.skip();
    }

    /// The column.
    pub fn finish(self) -> Written {
        let mut columns = Vec::new();
        self.node.finish(&mut columns);
        Written { ordinal: self.ordinal, columns }
    }
}

/// A column, or what is nested in one, as far as it is built.
pub(crate) struct Node {
    /// Whether a value may be null.
    pub(crate) is_nullable: bool,
    pub(crate) data_type: DataType,
    pub(crate) cells: Nest,
}

/// The values of a node, and its children.
pub(crate) enum Nest {
    Boolean(Cells<bool>),
    Tinyint(Cells<i8>),
    Smallint(Cells<i16>),
    Int(Cells<i32>),
    Bigint(Cells<i64>),
    Float(Cells<f32>),
    Double(Cells<f64>),
    Decimal(Cells<Decimal>),
    Text(Cells<str>),
    Bytes(Cells<[u8]>),
    Date(Cells<Date>),
    Time(Cells<Time>),
    Timestamp(Cells<Timestamp>),
    TimestampLtz(Cells<TimestampLtz>),
    Array(Nulls, Vec<i32>, Box<Node>),
    Map(Nulls, Vec<i32>, Box<[Node; 2]>),
    Row(Nulls, Vec<(String, Node)>),
    /// A type that this version knows no values of.
    Other(Nulls),
}

/// How many rows there are, and which of them are null.
#[derive(Default)]
pub(crate) struct Nulls {
    rows: usize,
    validity: Option<Bitmap>,
}

impl Nulls {
    pub(crate) fn push(&mut self, is_valid: bool) {
        let rows = self.rows;
        if !is_valid {
            self.validity.get_or_insert_with(|| Bitmap::filled(rows, true));
        }
        if let Some(validity) = &mut self.validity {
            validity.push(is_valid);
        }
        self.rows += 1;
    }

    fn column(self, values: Values) -> Column {
        Column { validity: self.validity.map(Bitmap::into_bytes), values }
    }
}

/// Does the same with the cells of any flat type, and something else with each nested one.
macro_rules! each {
    ($nest:expr, $cells:ident => $flat:expr, $($nested:tt)*) => {
        match $nest {
            Nest::Boolean($cells) => $flat,
            Nest::Tinyint($cells) => $flat,
            Nest::Smallint($cells) => $flat,
            Nest::Int($cells) => $flat,
            Nest::Bigint($cells) => $flat,
            Nest::Float($cells) => $flat,
            Nest::Double($cells) => $flat,
            Nest::Decimal($cells) => $flat,
            Nest::Text($cells) => $flat,
            Nest::Bytes($cells) => $flat,
            Nest::Date($cells) => $flat,
            Nest::Time($cells) => $flat,
            Nest::Timestamp($cells) => $flat,
            Nest::TimestampLtz($cells) => $flat,
            $($nested)*
        }
    };
}

impl Node {
    pub(crate) fn of(column_type: &ColumnType) -> Self {
        Self::at(&column_type.fields, 0)
    }

    fn at(fields: &[Field], at: usize) -> Self {
        let Field { data_type, nullable, .. } = &fields[at];
        let child = |child: u32| Self::at(fields, child as usize);
        let cells = match data_type {
            DataType::Boolean => Nest::Boolean(cells(data_type)),
            DataType::Tinyint => Nest::Tinyint(cells(data_type)),
            DataType::Smallint => Nest::Smallint(cells(data_type)),
            DataType::Int => Nest::Int(cells(data_type)),
            DataType::Bigint => Nest::Bigint(cells(data_type)),
            DataType::Float => Nest::Float(cells(data_type)),
            DataType::Double => Nest::Double(cells(data_type)),
            DataType::Decimal(_) => Nest::Decimal(cells(data_type)),
            DataType::Text | DataType::FixedText(_) => Nest::Text(cells(data_type)),
            DataType::Bytes | DataType::FixedBytes(_) => Nest::Bytes(cells(data_type)),
            DataType::Date => Nest::Date(cells(data_type)),
            DataType::Time(_) => Nest::Time(cells(data_type)),
            DataType::Timestamp(_) => Nest::Timestamp(cells(data_type)),
            DataType::TimestampLtz(_) => Nest::TimestampLtz(cells(data_type)),
            DataType::Array(element) => Nest::Array(Nulls::default(), vec![0], Box::new(child(*element))),
            DataType::Dictionary((key, value)) => {
                Nest::Map(Nulls::default(), vec![0], Box::new([child(*key), child(*value)]))
            }
            DataType::Row(children) => {
                let field = |&at: &u32| (fields[at as usize].name.clone(), child(at));
                Nest::Row(Nulls::default(), children.iter().map(field).collect())
            }
            DataType::Other(_) => Nest::Other(Nulls::default()),
        };
        Self { is_nullable: *nullable, data_type: data_type.clone(), cells }
    }

    pub(crate) fn push_null(&mut self) {
        each!(&mut self.cells, cells => cells.push_null(), nested => nested.gap(false));
    }

    pub(crate) fn skip(&mut self) {
        each!(&mut self.cells, cells => cells.skip(), nested => nested.gap(true));
    }

    /// The column, and then its children.
    pub(crate) fn finish(self, columns: &mut Vec<Column>) {
        each!(
            self.cells,
            cells => cells.finish(columns),
            Nest::Array(nulls, offsets, element) => {
                columns.push(nulls.column(Values::Offsets(offsets)));
                element.finish(columns);
            }
            Nest::Map(nulls, offsets, entries) => {
                columns.push(nulls.column(Values::Offsets(offsets)));
                entries.into_iter().for_each(|part| part.finish(columns));
            }
            Nest::Row(nulls, fields) => {
                columns.push(nulls.column(Values::None));
                fields.into_iter().for_each(|(_, field)| field.finish(columns));
            }
            Nest::Other(nulls) => columns.push(nulls.column(Values::None))
        );
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        each!(
            &self.cells,
            cells => cells.len(),
            Nest::Array(nulls, ..) | Nest::Map(nulls, ..) | Nest::Row(nulls, _) | Nest::Other(nulls) => nulls.rows
        )
    }
}

impl Nest {
    /// Adds a nested row without values.
    fn gap(&mut self, is_valid: bool) {
        match self {
            Self::Array(nulls, offsets, _) | Self::Map(nulls, offsets, _) => {
                nulls.push(is_valid);
                offsets.extend(offsets.last().copied());
            }
            Self::Row(nulls, fields) => {
                nulls.push(is_valid);
                fields.iter_mut().for_each(|(_, field)| field.skip());
            }
            Self::Other(nulls) => nulls.push(is_valid),
            _ => {}
        }
    }
}

/// Cells for a type whose case was matched.
fn cells<T: Value + ?Sized>(data_type: &DataType) -> Cells<T> {
    Cells::new(0, T::writable(data_type).unwrap_or_default())
}
