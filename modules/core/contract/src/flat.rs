//! Schemas as they cross a boundary: all fields in one list, depth first, a field followed by its children.
//!
//! The WIT has no place for the numbers of columns, comments of nested fields and auto-increment; they are left out.

pub use thalweg_wire::table::DataType;
use thalweg_wire::table::{self, ColumnType, MAX_TYPE_DEPTH};

use crate::error::Malformed;

/// A schema that goes out, borrowed from the one that it is made of.
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
    pub fn new(schema: &'a table::Schema) -> FlatSchema<'a> {
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

/// A schema that came in, as it was given.
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

impl Schema {
    /// The same with the columns of its primary key NOT NULL, as Fluss makes them when it creates a table.
    pub fn with_key_not_null(mut self) -> Self {
        for &key in &self.primary_key {
            if let Some(field) = self.fields.get_mut(key as usize) {
                field.nullable = false;
            }
        }
        self
    }

    /// The schema as a tree, its columns numbered as those of a new table. Fails where the fields make no tree that
    /// stands depth first, and where `Schema::check` of the tree fails.
    pub fn into_tree(self) -> Result<table::Schema, Malformed> {
        let Schema { fields, columns, primary_key } = self;
        let mut reader = Reader { fields, next: 0 };
        let mut read = Vec::with_capacity(columns.len());
        for &column in &columns {
            let field = reader.field(column, 1)?;
            read.push((field.name, field.column_type, None));
        }
        if reader.next != reader.fields.len() {
            return malformed(format!("field {} of its schema is neither a column nor a child of one", reader.next));
        }
        let invalid = |error| Malformed(format!("its schema is not valid: {error}"));
        let mut schema = table::Schema::new(read).map_err(invalid)?;
        let position = |key: u32| columns.iter().position(|&column| column == key);
        let keys = primary_key.into_iter().map(position).collect::<Option<_>>();
        let Some(keys) = keys else { return malformed("its primary key points at what is no column".to_owned()) };
        schema.primary_key = keys;
        schema.check().map_err(invalid)?;
        Ok(schema)
    }
}

/// Reads fields in their order: depth first, each exactly once.
struct Reader {
    fields: Vec<Field>,
    next: usize,
}

impl Reader {
    fn field(&mut self, at: u32, depth: usize) -> Result<table::Field, Malformed> {
        let expected = self.next;
        if at as usize != expected {
            return malformed(format!(
                "field {at} of its schema stands where field {expected} must stand (depth first)"
            ));
        }
        if depth > MAX_TYPE_DEPTH {
            return malformed(format!("its schema is nested deeper than {MAX_TYPE_DEPTH} levels"));
        }
        let Some(field) = self.fields.get_mut(expected) else {
            return malformed(format!("its schema has no field {at}"));
        };
        let (name, nullable) = (std::mem::take(&mut field.name), field.nullable);
        let data_type = std::mem::replace(&mut field.data_type, FieldType::Row(Vec::new()));
        self.next += 1;
        let column_type = ColumnType { data_type: self.data_type(data_type, depth)?, nullable };
        Ok(table::Field { id: None, name, column_type, description: None })
    }

    fn child(&mut self, at: u32, depth: usize) -> Result<Box<ColumnType>, Malformed> {
        Ok(Box::new(self.field(at, depth + 1)?.column_type))
    }

    fn data_type(&mut self, data_type: FieldType, depth: usize) -> Result<DataType, Malformed> {
        Ok(match data_type {
            FieldType::Scalar(DataType::Array(_) | DataType::Map(..) | DataType::Row(_)) => {
                return malformed("its schema has a nested type without fields for what is in it".to_owned());
            }
            FieldType::Scalar(data_type) => data_type,
            FieldType::Array(element) => DataType::Array(self.child(element, depth)?),
            FieldType::Map(key, value) => DataType::Map(self.child(key, depth)?, self.child(value, depth)?),
            FieldType::Row(fields) => {
                DataType::Row(fields.into_iter().map(|field| self.field(field, depth + 1)).collect::<Result<_, _>>()?)
            }
            FieldType::Other(name) => {
                return malformed(format!("its schema has a column of the unknown type {name:?}"));
            }
        })
    }
}

/// What a column has beside its type: a function that aggregates its values, with its parameters.
type Aggregation = (String, Vec<(String, String)>);

/// Gives each column its comment and its aggregation; fails where there are not as many of them as columns.
pub fn with_columns(
    mut schema: table::Schema,
    comments: Vec<Option<String>>,
    aggregations: Vec<Option<Aggregation>>,
) -> Result<table::Schema, Malformed> {
    let columns = schema.columns.len();
    for (given, what) in [(comments.len(), "comments"), (aggregations.len(), "aggregations")] {
        if columns != given {
            return malformed(format!("the schema has {columns} columns, and there are {given} {what}"));
        }
    }
    for (column, (comment, aggregation)) in schema.columns.iter_mut().zip(comments.into_iter().zip(aggregations)) {
        column.comment = comment;
        column.aggregation = aggregation;
    }
    Ok(schema)
}

fn malformed<T>(text: String) -> Result<T, Malformed> {
    Err(Malformed(text))
}
