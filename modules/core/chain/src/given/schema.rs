//! Schemas as they cross the boundary: all fields in one list, depth first, a field followed by its children.

use thalweg_wire::table::{ColumnType, DataType};

/// A schema for a module, borrowed from the one that it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct FlatSchema<'a> {
    /// All fields.
    pub fields: Vec<FlatField<'a>>,
    /// The top-level fields, by their positions in `fields`.
    pub columns: Vec<u32>,
    /// The primary key, by positions in `fields`.
    pub primary_key: Vec<u32>,
}

/// One field of a `FlatSchema`.
#[derive(Debug, Clone, PartialEq)]
pub struct FlatField<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub column_type: &'a ColumnType,
    /// Its children, by their positions: one of an ARRAY, two of a MAP, any number of a ROW.
    pub children: Vec<u32>,
}

impl<'a> FlatSchema<'a> {
    /// Lists the fields of a schema.
    pub fn new(schema: &'a thalweg_wire::table::Schema) -> FlatSchema<'a> {
        let mut columns = Vec::with_capacity(schema.columns.len());
        let mut next = 0;
        for column in &schema.columns {
            columns.push(next);
            next += position(column.column_type.flat_len());
        }
        let primary_key = schema.primary_key.iter().filter_map(|&at| columns.get(at).copied()).collect();
        let fields = schema.fields().into_iter().zip(1..).map(|(field, mut child)| {
            let begin = |(_, column_type): (&str, &ColumnType)| {
                let begin = child;
                child += position(column_type.flat_len());
                begin
            };
            let children = field.column_type.children().map(begin).collect();
            FlatField { name: field.name, column_type: field.column_type, children }
        });
        FlatSchema { fields: fields.collect(), columns, primary_key }
    }
}

/// A schema has at most `MAX_FIELDS` fields.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A schema as a module gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// All fields.
    pub fields: Vec<Field>,
    /// The top-level fields, by their positions in `fields`.
    pub columns: Vec<u32>,
    /// The primary key, by positions in `fields`.
    pub primary_key: Vec<u32>,
}

/// One field of a `Schema`.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub data_type: FieldType,
    /// Whether a value may be null.
    pub nullable: bool,
}

/// The type of a `Field`: nested ones name their children by position in `Schema::fields`.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldType {
    /// A type without children.
    Scalar(DataType),
    /// The field of the elements.
    Array(u32),
    /// The fields of the keys and of the values.
    Map(u32, u32),
    /// The fields of a ROW.
    Row(Vec<u32>),
    /// A type that this version does not know, by its name.
    Other(String),
}
