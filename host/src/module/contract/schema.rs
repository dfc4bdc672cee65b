//! Schemas: flattened for a module, and rebuilt from what one gives out.

use thalweg_wire::table::{ColumnType, DataType, Field, MAX_FIELDS, MAX_TYPE_DEPTH, Schema};

use super::super::sandbox::bindings::thalweg::module::types::{
    DataTypeParam, DataTypeResult, FieldParam, FieldResult, SchemaParam, SchemaResult,
};

/// A schema's fields by position, and what a WIT schema borrows.
pub(in super::super) struct FlatSchema<'a> {
    fields: Vec<(&'a str, &'a ColumnType)>,
    children: Vec<Vec<u32>>,
    columns: Vec<u32>,
    primary_key: Vec<u32>,
}

impl<'a> FlatSchema<'a> {
    pub(in super::super) fn new(schema: &'a Schema) -> FlatSchema<'a> {
        let fields: Vec<_> = schema.fields();
        let mut columns = Vec::with_capacity(schema.columns.len());
        let mut next = 0;
        for column in &schema.columns {
            columns.push(next);
            next += position(column.column_type.flat_len());
        }
        let primary_key = schema.primary_key.iter().filter_map(|&at| columns.get(at).copied()).collect();
        let children = fields.iter().enumerate().map(|(at, field)| {
            let mut child = position(at) + 1;
            let begin = |(_, column_type): (&str, &ColumnType)| {
                let begin = child;
                child += position(column_type.flat_len());
                begin
            };
            field.column_type.children().map(begin).collect()
        });
        FlatSchema {
            children: children.collect(),
            fields: fields.iter().map(|field| (field.name, field.column_type)).collect(),
            columns,
            primary_key,
        }
    }

    /// The fields, to be borrowed by `lend`.
    pub(in super::super) fn fields(&self) -> Vec<FieldParam<'_>> {
        let mut fields = Vec::with_capacity(self.fields.len());
        for ((name, column_type), children) in self.fields.iter().zip(&self.children) {
            let data_type = data_type(&column_type.data_type, children);
            fields.push(FieldParam { name, data_type, nullable: column_type.nullable });
        }
        fields
    }

    pub(in super::super) fn lend<'b>(&'b self, fields: &'b [FieldParam<'b>]) -> SchemaParam<'b> {
        SchemaParam { fields, columns: &self.columns, primary_key: &self.primary_key }
    }
}

/// A schema has at most `MAX_FIELDS` fields.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn data_type<'a>(data_type: &DataType, children: &'a [u32]) -> DataTypeParam<'a> {
    match (data_type, children) {
        (DataType::Boolean, _) => DataTypeParam::Boolean,
        (DataType::TinyInt, _) => DataTypeParam::Tinyint,
        (DataType::SmallInt, _) => DataTypeParam::Smallint,
        (DataType::Int, _) => DataTypeParam::Int,
        (DataType::BigInt, _) => DataTypeParam::Bigint,
        (DataType::Float, _) => DataTypeParam::Float,
        (DataType::Double, _) => DataTypeParam::Double,
        (DataType::Decimal { precision, scale }, _) => DataTypeParam::Decimal((*precision, *scale)),
        (DataType::Char(length), _) => DataTypeParam::FixedText(*length),
        (DataType::String, _) => DataTypeParam::Text,
        (DataType::Binary(length), _) => DataTypeParam::FixedBytes(*length),
        (DataType::Bytes, _) => DataTypeParam::Bytes,
        (DataType::Date, _) => DataTypeParam::Date,
        (DataType::Time(precision), _) => DataTypeParam::Time(*precision),
        (DataType::Timestamp(precision), _) => DataTypeParam::Timestamp(*precision),
        (DataType::TimestampLtz(precision), _) => DataTypeParam::TimestampLtz(*precision),
        (DataType::Array(_), [element]) => DataTypeParam::Array(*element),
        (DataType::Map(..), [key, value]) => DataTypeParam::Dictionary((*key, *value)),
        // `FlatSchema` gives an array one child and a map two.
        (DataType::Row(_) | DataType::Array(_) | DataType::Map(..), children) => DataTypeParam::Row(children),
    }
}

/// The schema that a module gives out. The error says what is wrong with it.
pub(in super::super) fn read_schema(schema: SchemaResult) -> Result<Schema, String> {
    let SchemaResult { fields, columns, primary_key } = schema;
    if fields.len() > MAX_FIELDS {
        return Err(format!("its schema has {} fields, more than {MAX_FIELDS}", fields.len()));
    }
    let mut reader = Reader { fields, next: 0 };
    let mut read = Vec::with_capacity(columns.len());
    for &column in &columns {
        let field = reader.field(column, 1)?;
        read.push((field.name, field.column_type, None));
    }
    if reader.next != reader.fields.len() {
        return Err(format!("field {} of its schema is neither a column nor a child of one", reader.next));
    }
    let mut schema = Schema::new(read).map_err(|error| format!("its schema is not valid: {error}"))?;
    let position = |key: u32| columns.iter().position(|&column| column == key);
    let keys = primary_key.into_iter().map(position).collect::<Option<_>>();
    schema.primary_key = keys.ok_or("its primary key points at what is no column")?;
    schema.check().map_err(|error| format!("its schema is not valid: {error}"))?;
    Ok(schema)
}

/// Reads fields in their order: depth first, each exactly once.
struct Reader {
    fields: Vec<FieldResult>,
    next: usize,
}

impl Reader {
    fn field(&mut self, at: u32, depth: usize) -> Result<Field, String> {
        let expected = self.next;
        if at as usize != expected {
            return Err(format!("field {at} of its schema stands where field {expected} must stand (depth first)"));
        }
        if depth > MAX_TYPE_DEPTH {
            return Err(format!("its schema is nested deeper than {MAX_TYPE_DEPTH} levels"));
        }
        let missing = || format!("its schema has no field {at}");
        let field = self.fields.get_mut(expected).ok_or_else(missing)?;
        let (name, nullable) = (std::mem::take(&mut field.name), field.nullable);
        let data_type = std::mem::replace(&mut field.data_type, DataTypeResult::Boolean);
        self.next += 1;
        let column_type = ColumnType { data_type: self.data_type(data_type, depth)?, nullable };
        Ok(Field { id: None, name, column_type, description: None })
    }

    fn child(&mut self, at: u32, depth: usize) -> Result<Box<ColumnType>, String> {
        Ok(Box::new(self.field(at, depth + 1)?.column_type))
    }

    fn data_type(&mut self, data_type: DataTypeResult, depth: usize) -> Result<DataType, String> {
        Ok(match data_type {
            DataTypeResult::Boolean => DataType::Boolean,
            DataTypeResult::Tinyint => DataType::TinyInt,
            DataTypeResult::Smallint => DataType::SmallInt,
            DataTypeResult::Int => DataType::Int,
            DataTypeResult::Bigint => DataType::BigInt,
            DataTypeResult::Float => DataType::Float,
            DataTypeResult::Double => DataType::Double,
            DataTypeResult::Decimal((precision, scale)) => DataType::Decimal { precision, scale },
            DataTypeResult::FixedText(length) => DataType::Char(length),
            DataTypeResult::Text => DataType::String,
            DataTypeResult::FixedBytes(length) => DataType::Binary(length),
            DataTypeResult::Bytes => DataType::Bytes,
            DataTypeResult::Date => DataType::Date,
            DataTypeResult::Time(precision) => DataType::Time(precision),
            DataTypeResult::Timestamp(precision) => DataType::Timestamp(precision),
            DataTypeResult::TimestampLtz(precision) => DataType::TimestampLtz(precision),
            DataTypeResult::Array(element) => DataType::Array(self.child(element, depth)?),
            DataTypeResult::Dictionary((key, value)) => {
                DataType::Map(self.child(key, depth)?, self.child(value, depth)?)
            }
            // A row without fields would be a column whose length nothing bounds.
            DataTypeResult::Row(fields) if fields.is_empty() => {
                return Err("its schema has a ROW without fields".into());
            }
            DataTypeResult::Row(fields) => {
                DataType::Row(fields.into_iter().map(|field| self.field(field, depth + 1)).collect::<Result<_, _>>()?)
            }
            DataTypeResult::Other(name) => return Err(format!("its schema has a column of the unknown type {name:?}")),
        })
    }
}

/// Whether two types have the same values. The numbers and descriptions of nested fields do not matter.
pub(in super::super) fn same_type(one: &DataType, other: &DataType) -> bool {
    let same = |one: &ColumnType, other: &ColumnType| {
        one.nullable == other.nullable && same_type(&one.data_type, &other.data_type)
    };
    match (one, other) {
        (DataType::Array(one), DataType::Array(other)) => same(one, other),
        (DataType::Map(key, value), DataType::Map(other_key, other_value)) => {
            same(key, other_key) && same(value, other_value)
        }
        (DataType::Row(one), DataType::Row(other)) => {
            let field =
                |(one, other): (&Field, &Field)| one.name == other.name && same(&one.column_type, &other.column_type);
            one.len() == other.len() && one.iter().zip(other).all(field)
        }
        (one, other) => one == other,
    }
}
