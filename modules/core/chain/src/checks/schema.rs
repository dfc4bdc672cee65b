//! Schemas rebuilt from the fields that a module gave.

use thalweg_wire::table::{ColumnType, DataType, Field, MAX_FIELDS, Schema};

use crate::given::{self, FieldType};

/// The schema that a module gives out. The error says what is wrong with it.
pub(super) fn read_schema(schema: given::Schema) -> Result<Schema, String> {
    let count = schema.fields.len();
    if count > MAX_FIELDS {
        return Err(format!("its schema has {count} fields, more than {MAX_FIELDS}"));
    }
    // A row without fields would be a column whose length nothing bounds.
    let empty = |field: &given::Field| matches!(&field.data_type, FieldType::Row(fields) if fields.is_empty());
    if schema.fields.iter().any(empty) {
        return Err("its schema has a ROW without fields".into());
    }
    schema.into_tree().map_err(|malformed| malformed.to_string())
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
