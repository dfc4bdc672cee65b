//! Schemas rebuilt from the fields that a module gave.

use thalweg_wire::table::{ColumnType, DataType, Field, MAX_FIELDS, MAX_TYPE_DEPTH, Schema};

use crate::given::{self, FieldType};

/// The schema that a module gives out. The error says what is wrong with it.
pub(super) fn read_schema(schema: given::Schema) -> Result<Schema, String> {
    let given::Schema { fields, columns, primary_key } = schema;
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
    fields: Vec<given::Field>,
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
        let data_type = std::mem::replace(&mut field.data_type, FieldType::Row(Vec::new()));
        self.next += 1;
        let column_type = ColumnType { data_type: self.data_type(data_type, depth)?, nullable };
        Ok(Field { id: None, name, column_type, description: None })
    }

    fn child(&mut self, at: u32, depth: usize) -> Result<Box<ColumnType>, String> {
        Ok(Box::new(self.field(at, depth + 1)?.column_type))
    }

    fn data_type(&mut self, data_type: FieldType, depth: usize) -> Result<DataType, String> {
        Ok(match data_type {
            FieldType::Scalar(DataType::Array(_) | DataType::Map(..) | DataType::Row(_)) => {
                return Err("its schema has a nested type without fields for what is in it".into());
            }
            FieldType::Scalar(data_type) => data_type,
            FieldType::Array(element) => DataType::Array(self.child(element, depth)?),
            FieldType::Map(key, value) => DataType::Map(self.child(key, depth)?, self.child(value, depth)?),
            // A row without fields would be a column whose length nothing bounds.
            FieldType::Row(fields) if fields.is_empty() => {
                return Err("its schema has a ROW without fields".into());
            }
            FieldType::Row(fields) => {
                DataType::Row(fields.into_iter().map(|field| self.field(field, depth + 1)).collect::<Result<_, _>>()?)
            }
            FieldType::Other(name) => return Err(format!("its schema has a column of the unknown type {name:?}")),
        })
    }
}

/// Whether two types have the same values. The numbers and descriptions of nested fields do not matter.
pub(crate) fn same_type(one: &DataType, other: &DataType) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::FlatSchema;

    fn schema() -> Schema {
        let text = "id BIGINT NOT NULL, a ARRAY<ROW<x DECIMAL(9, 2), y MAP<STRING, TIME(3)> NOT NULL>>, z CHAR(4)";
        Schema { primary_key: vec![0], ..Schema::parse_sql(text).unwrap() }
    }

    /// A schema as a module would give it that was given it.
    fn echoed(schema: &Schema) -> given::Schema {
        let FlatSchema { fields, columns, primary_key } = FlatSchema::new(schema);
        let field = |field: given::FlatField<'_>| {
            let data_type = match (&field.column_type.data_type, field.children.as_slice()) {
                (DataType::Array(_), [element]) => FieldType::Array(*element),
                (DataType::Map(..), [key, value]) => FieldType::Map(*key, *value),
                (DataType::Row(_), children) => FieldType::Row(children.to_vec()),
                (scalar, _) => FieldType::Scalar(scalar.clone()),
            };
            given::Field { name: field.name.to_owned(), data_type, nullable: field.column_type.nullable }
        };
        given::Schema { fields: fields.into_iter().map(field).collect(), columns, primary_key }
    }

    #[test]
    fn a_schema_comes_back_as_it_went() {
        let schema = schema();
        let back = read_schema(echoed(&schema)).unwrap();
        assert_eq!(back.primary_key, schema.primary_key);
        assert_eq!(back.columns.len(), 3);
        for (one, other) in schema.columns.iter().zip(&back.columns) {
            assert_eq!((&one.name, one.column_type.nullable), (&other.name, other.column_type.nullable));
            assert!(same_type(&one.column_type.data_type, &other.column_type.data_type), "{}", one.name);
        }
    }

    #[test]
    fn schemas_that_break_the_contract_are_refused() {
        let text = DataType::String;
        let nested = FieldType::Scalar(DataType::Array(Box::new(ColumnType { data_type: text, nullable: true })));
        type Spoil = fn(&mut given::Schema);
        let cases: [(Spoil, &str); 5] = [
            (|schema| schema.columns.truncate(1), "field 1 of its schema is neither a column nor a child of one"),
            (|schema| schema.columns.swap(0, 1), "field 1 of its schema stands where field 0 must stand (depth first)"),
            (|schema| schema.fields.truncate(7), "its schema has no field 7"),
            (|schema| schema.primary_key = vec![2], "its primary key points at what is no column"),
            (|schema| schema.fields[2].data_type = FieldType::Row(vec![]), "its schema has a ROW without fields"),
        ];
        let schema = schema();
        for (spoil, expected) in cases {
            let mut given = echoed(&schema);
            spoil(&mut given);
            assert_eq!(read_schema(given).unwrap_err(), expected);
        }
        let mut given = echoed(&schema);
        given.fields[7].data_type = nested;
        assert!(read_schema(given).unwrap_err().contains("without fields for what is in it"));
    }
}
