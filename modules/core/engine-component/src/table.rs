//! Schemas and descriptors, both ways: trees in the engine, fields by index in the WIT.
//!
//! The WIT has no place for column numbers, comments of nested fields and auto-increment; they are left out.

use thalweg_contract::{Error, ErrorCode};
use thalweg_wire::table::{ColumnType, DataType, Field, Schema, TableDescriptor};

use crate::{
    bindings::{catalog, types},
    lift::properties,
};

/// Deeper than this no type is nested that a server would take.
const DEPTH: usize = 64;

/// A description of a table that comes in. Fails on one whose fields make no tree.
pub(crate) fn lower(descriptor: catalog::TableDescriptor) -> Result<TableDescriptor, Error> {
    let pairs = |properties: Vec<catalog::Property>| {
        properties.into_iter().map(|property| (property.key, property.value)).collect()
    };
    let mut schema = lower_schema(&descriptor.schema, descriptor.column_comments)?;
    aggregate(&mut schema, descriptor.aggregations)?;
    Ok(TableDescriptor {
        schema,
        comment: descriptor.comment,
        partition_keys: descriptor.partition_keys,
        bucket_keys: descriptor.bucket_keys,
        bucket_count: descriptor.bucket_count,
        properties: pairs(descriptor.properties),
        custom_properties: pairs(descriptor.custom_properties),
    })
}

fn aggregate(schema: &mut Schema, aggregations: Vec<Option<catalog::Aggregation>>) -> Result<(), Error> {
    let (columns, given) = (schema.columns.len(), aggregations.len());
    if columns != given {
        return Err(invalid(format!("the schema has {columns} columns, and there are {given} aggregations")));
    }
    for (column, aggregation) in schema.columns.iter_mut().zip(aggregations) {
        let pair = |parameter: catalog::Property| (parameter.key, parameter.value);
        column.aggregation = aggregation.map(|a| (a.function, a.parameters.into_iter().map(pair).collect()));
    }
    Ok(())
}

fn lower_schema(schema: &types::Schema, comments: Vec<Option<String>>) -> Result<Schema, Error> {
    let (columns, given) = (schema.columns.len(), comments.len());
    if columns != given {
        return Err(invalid(format!("the schema has {columns} columns, and there are {given} comments")));
    }
    let columns = schema.columns.iter().zip(comments).map(|(&at, comment)| {
        let field = field(schema, at)?;
        Ok((field.name.clone(), column_type(schema, at, 0)?, comment))
    });
    let columns: Vec<(String, ColumnType, Option<String>)> = columns.collect::<Result<_, Error>>()?;
    let keys = schema.primary_key.iter().map(|&at| Ok(field(schema, at)?.name.as_str()));
    let keys: Vec<&str> = keys.collect::<Result<_, Error>>()?;
    let made = Schema::new(columns).map_err(|error| invalid(error.to_string()))?;
    if keys.is_empty() {
        return Ok(made);
    }
    made.with_primary_key(&keys).map_err(|error| invalid(error.to_string()))
}

fn field(schema: &types::Schema, at: u32) -> Result<&types::Field, Error> {
    let missing = || invalid(format!("the schema has {} fields; there is none at {at}", schema.fields.len()));
    schema.fields.get(at as usize).ok_or_else(missing)
}

fn column_type(schema: &types::Schema, at: u32, depth: usize) -> Result<ColumnType, Error> {
    let field = field(schema, at)?;
    if depth > DEPTH {
        return Err(invalid(format!("the field {} is nested too deeply", field.name)));
    }
    let child = |child: u32| match child > at {
        true => column_type(schema, child, depth + 1),
        false => Err(invalid(format!("a child of the field {} stands before it", field.name))),
    };
    let data_type = match &field.data_type {
        types::DataType::Boolean => DataType::Boolean,
        types::DataType::Tinyint => DataType::TinyInt,
        types::DataType::Smallint => DataType::SmallInt,
        types::DataType::Int => DataType::Int,
        types::DataType::Bigint => DataType::BigInt,
        types::DataType::Float => DataType::Float,
        types::DataType::Double => DataType::Double,
        types::DataType::Decimal((precision, scale)) => DataType::Decimal { precision: *precision, scale: *scale },
        types::DataType::FixedText(length) => DataType::Char(*length),
        types::DataType::Text => DataType::String,
        types::DataType::FixedBytes(length) => DataType::Binary(*length),
        types::DataType::Bytes => DataType::Bytes,
        types::DataType::Date => DataType::Date,
        types::DataType::Time(precision) => DataType::Time(*precision),
        types::DataType::Timestamp(precision) => DataType::Timestamp(*precision),
        types::DataType::TimestampLtz(precision) => DataType::TimestampLtz(*precision),
        types::DataType::Array(element) => DataType::Array(Box::new(child(*element)?)),
        types::DataType::Dictionary((key, value)) => DataType::Map(Box::new(child(*key)?), Box::new(child(*value)?)),
        types::DataType::Row(fields) => DataType::Row(
            fields
                .iter()
                .map(|&at| {
                    let name = self::field(schema, at)?.name.clone();
                    Ok(Field { id: None, name, column_type: child(at)?, description: None })
                })
                .collect::<Result<_, Error>>()?,
        ),
        types::DataType::Other(name) => {
            return Err(invalid(format!("the field {} has the type {name}, which is not known", field.name)));
        }
    };
    Ok(ColumnType { data_type, nullable: field.nullable })
}

/// A description of a table that goes out.
pub(crate) fn lift(descriptor: TableDescriptor) -> catalog::TableDescriptor {
    let schema = lift_schema(&descriptor.schema);
    let columns = descriptor.schema.columns.into_iter().map(|column| (column.comment, column.aggregation));
    let (column_comments, aggregations): (Vec<_>, Vec<_>) = columns.unzip();
    let aggregation = |(function, parameters)| catalog::Aggregation { function, parameters: properties(parameters) };
    catalog::TableDescriptor {
        schema,
        column_comments,
        aggregations: aggregations.into_iter().map(|given| given.map(aggregation)).collect(),
        comment: descriptor.comment,
        partition_keys: descriptor.partition_keys,
        bucket_keys: descriptor.bucket_keys,
        bucket_count: descriptor.bucket_count,
        properties: properties(descriptor.properties),
        custom_properties: properties(descriptor.custom_properties),
    }
}

fn lift_schema(schema: &Schema) -> types::Schema {
    let mut fields = Vec::new();
    let columns = schema.columns.iter().map(|column| add(&mut fields, &column.name, &column.column_type));
    let columns: Vec<u32> = columns.collect();
    let primary_key = schema.primary_key.iter().filter_map(|&at| columns.get(at).copied()).collect();
    types::Schema { fields, columns, primary_key }
}

/// Adds a field and what lies in it; gives its place.
fn add(fields: &mut Vec<types::Field>, name: &str, column_type: &ColumnType) -> u32 {
    let place = fields.len();
    let nullable = column_type.nullable;
    fields.push(types::Field { name: name.to_owned(), data_type: types::DataType::Boolean, nullable });
    let data_type = match &column_type.data_type {
        DataType::Boolean => types::DataType::Boolean,
        DataType::TinyInt => types::DataType::Tinyint,
        DataType::SmallInt => types::DataType::Smallint,
        DataType::Int => types::DataType::Int,
        DataType::BigInt => types::DataType::Bigint,
        DataType::Float => types::DataType::Float,
        DataType::Double => types::DataType::Double,
        DataType::Decimal { precision, scale } => types::DataType::Decimal((*precision, *scale)),
        DataType::Char(length) => types::DataType::FixedText(*length),
        DataType::String => types::DataType::Text,
        DataType::Binary(length) => types::DataType::FixedBytes(*length),
        DataType::Bytes => types::DataType::Bytes,
        DataType::Date => types::DataType::Date,
        DataType::Time(precision) => types::DataType::Time(*precision),
        DataType::Timestamp(precision) => types::DataType::Timestamp(*precision),
        DataType::TimestampLtz(precision) => types::DataType::TimestampLtz(*precision),
        DataType::Array(element) => types::DataType::Array(add(fields, "element", element)),
        DataType::Map(key, value) => {
            let key = add(fields, "key", key);
            types::DataType::Dictionary((key, add(fields, "value", value)))
        }
        DataType::Row(row) => {
            let children = row.iter().map(|field| add(fields, &field.name, &field.column_type));
            types::DataType::Row(children.collect())
        }
    };
    if let Some(field) = fields.get_mut(place) {
        field.data_type = data_type;
    }
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn invalid(text: String) -> Error {
    Error { code: ErrorCode::Invalid(text), retriable: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nullable(data_type: DataType) -> ColumnType {
        ColumnType { data_type, nullable: true }
    }

    #[test]
    fn a_nested_schema_comes_back() {
        let key = ColumnType { data_type: DataType::String, nullable: false };
        let inner =
            DataType::Map(Box::new(key), Box::new(nullable(DataType::Array(Box::new(nullable(DataType::Int))))));
        let field = |name: &str, data_type| Field {
            id: None,
            name: name.into(),
            column_type: nullable(data_type),
            description: None,
        };
        let row = DataType::Row(vec![field("m", inner), field("d", DataType::Decimal { precision: 20, scale: 3 })]);
        let id = ColumnType { data_type: DataType::BigInt, nullable: false };
        let columns = [("id".to_owned(), id, Some("the key".to_owned())), ("row".to_owned(), nullable(row), None)];
        let mut schema = Schema::new(columns).and_then(|schema| schema.with_primary_key(&["id"])).expect("a schema");
        let delimiter = ("delimiter".to_owned(), ";".to_owned());
        schema.columns[1].aggregation = Some(("listagg".to_owned(), vec![delimiter]));
        let there = lift(TableDescriptor::new(schema.clone()));
        assert_eq!(there.column_comments, [Some("the key".to_owned()), None]);
        let back = lower(there.clone()).expect("it is a tree");
        assert_eq!(back.schema, schema);
        let there = there.schema;
        assert_eq!((there.fields.len(), &there.columns[..], &there.primary_key[..]), (7, &[0, 1][..], &[0][..]));
        assert!(matches!(lower_schema(&there, vec![None]), Err(Error { code: ErrorCode::Invalid(_), .. })));
    }

    #[test]
    fn fields_that_make_no_tree_are_refused() {
        let field = |data_type| types::Field { name: "a".into(), data_type, nullable: true };
        for fields in [
            vec![field(types::DataType::Array(0))],
            vec![field(types::DataType::Array(7))],
            vec![field(types::DataType::Row(vec![1])), field(types::DataType::Row(vec![0]))],
            vec![field(types::DataType::Other("VECTOR".into()))],
            Vec::new(),
        ] {
            let schema = types::Schema { fields, columns: vec![0], primary_key: Vec::new() };
            assert!(matches!(lower_schema(&schema, vec![None]), Err(Error { code: ErrorCode::Invalid(_), .. })));
        }
    }
}
