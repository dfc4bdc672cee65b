//! Answers of the catalogue that come out of the engine component: tables, schemas, buckets.

use std::collections::BTreeMap;

use thalweg_contract::{Answer, Bucket, BucketOffsets, DatabaseInfo, PartitionInfo, TableInfo};
use thalweg_wire::table::{ColumnType, DataType, Field, Schema, TableDescriptor, TablePath};

use super::{
    super::instance::Trap,
    bindings::thalweg::{client::catalog, module::types},
};

/// How deep types may be nested.
const DEPTH: usize = 64;

/// An answer of the catalogue.
pub(super) fn answer(answer: catalog::Answer) -> Result<Answer, Trap> {
    Ok(match answer {
        catalog::Answer::Done => Answer::Done,
        catalog::Answer::Names(names) => Answer::Names(names),
        catalog::Answer::Database(info) => Answer::Database(DatabaseInfo {
            name: info.name,
            comment: info.comment,
            custom_properties: pairs(info.custom_properties),
            created: info.created,
            modified: info.modified,
        }),
        catalog::Answer::Table(info) => Answer::Table(Box::new(table_info(info)?)),
        catalog::Answer::Offsets(offsets) => Answer::Offsets(
            offsets
                .into_iter()
                .map(|at| BucketOffsets {
                    bucket: bucket(at.bucket),
                    earliest: at.earliest,
                    latest: at.latest,
                    rows: at.rows,
                })
                .collect(),
        ),
        catalog::Answer::Partitions(partitions) => Answer::Partitions(
            partitions
                .into_iter()
                .map(|info| PartitionInfo { partition_id: info.partition_id, name: info.name, spec: pairs(info.spec) })
                .collect(),
        ),
    })
}

/// A bucket.
pub(super) fn bucket(bucket: catalog::Bucket) -> Bucket {
    Bucket { partition: bucket.partition, bucket: bucket.bucket }
}

/// A table.
pub(super) fn table_info(info: catalog::TableInfo) -> Result<TableInfo, Trap> {
    let descriptor = info.descriptor;
    let mut schema = schema(&descriptor.schema, descriptor.column_comments)?;
    for (column, aggregation) in schema.columns.iter_mut().zip(descriptor.aggregations) {
        let pair = |parameter: catalog::Property| (parameter.key, parameter.value);
        column.aggregation = aggregation.map(|a| (a.function, a.parameters.into_iter().map(pair).collect()));
    }
    Ok(TableInfo {
        path: TablePath { database: info.path.database, table: info.path.table },
        table_id: info.table_id,
        schema_id: info.schema_id,
        descriptor: TableDescriptor {
            schema,
            comment: descriptor.comment,
            partition_keys: descriptor.partition_keys,
            bucket_keys: descriptor.bucket_keys,
            bucket_count: descriptor.bucket_count,
            properties: map(descriptor.properties),
            custom_properties: map(descriptor.custom_properties),
        },
        created: info.created,
        modified: info.modified,
    })
}

fn pairs(properties: Vec<catalog::Property>) -> Vec<(String, String)> {
    properties.into_iter().map(|property| (property.key, property.value)).collect()
}

fn map(properties: Vec<catalog::Property>) -> BTreeMap<String, String> {
    properties.into_iter().map(|property| (property.key, property.value)).collect()
}

/// A schema. The interface knows no column ids: they are given anew, as for a table that was never altered.
fn schema(schema: &types::Schema, comments: Vec<Option<String>>) -> Result<Schema, Trap> {
    let (count, given) = (schema.columns.len(), comments.len());
    if count != given {
        return Err(Trap(format!("the engine gives {given} comments for {count} columns")));
    }
    let columns = schema.columns.iter().zip(comments).map(|(&position, comment)| {
        Ok((field(schema, position)?.name.clone(), column_type(schema, position, DEPTH)?, comment))
    });
    let column_of = |position: &u32| {
        let found = schema.columns.iter().position(|column| column == position);
        found.ok_or_else(|| Trap(format!("the engine names field {position} as a key, which is no column")))
    };
    let primary_key = schema.primary_key.iter().map(column_of).collect::<Result<_, _>>()?;
    let columns: Vec<_> = columns.collect::<Result<_, Trap>>()?;
    let numbered = Schema::new(columns).map_err(|error| Trap(format!("the engine gives no schema: {error}")))?;
    Ok(Schema { primary_key, ..numbered })
}

fn field(schema: &types::Schema, position: u32) -> Result<&types::Field, Trap> {
    let field = schema.fields.get(position as usize);
    field.ok_or_else(|| Trap(format!("the engine names field {position} of a schema that has none such")))
}

fn column_type(schema: &types::Schema, position: u32, depth: usize) -> Result<ColumnType, Trap> {
    use types::DataType as In;
    let field = field(schema, position)?;
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Trap(format!("the engine nests column `{}` deeper than {DEPTH} types", field.name)));
    };
    let child = |position: u32| column_type(schema, position, depth);
    let data_type = match &field.data_type {
        In::Boolean => DataType::Boolean,
        In::Tinyint => DataType::TinyInt,
        In::Smallint => DataType::SmallInt,
        In::Int => DataType::Int,
        In::Bigint => DataType::BigInt,
        In::Float => DataType::Float,
        In::Double => DataType::Double,
        In::Decimal((precision, scale)) => DataType::Decimal { precision: *precision, scale: *scale },
        In::FixedText(length) => DataType::Char(*length),
        In::Text => DataType::String,
        In::FixedBytes(length) => DataType::Binary(*length),
        In::Bytes => DataType::Bytes,
        In::Date => DataType::Date,
        In::Time(precision) => DataType::Time(*precision),
        In::Timestamp(precision) => DataType::Timestamp(*precision),
        In::TimestampLtz(precision) => DataType::TimestampLtz(*precision),
        In::Array(element) => DataType::Array(Box::new(child(*element)?)),
        In::Dictionary((key, value)) => DataType::Map(Box::new(child(*key)?), Box::new(child(*value)?)),
        In::Row(children) => {
            DataType::Row(children.iter().map(|at| row_field(schema, *at, depth)).collect::<Result<_, _>>()?)
        }
        In::Other(name) => {
            return Err(Trap(format!("the engine gives column `{}` the unknown type {name}", field.name)));
        }
    };
    Ok(ColumnType { data_type, nullable: field.nullable })
}

fn row_field(schema: &types::Schema, position: u32, depth: usize) -> Result<Field, Trap> {
    Ok(Field {
        id: None,
        name: field(schema, position)?.name.clone(),
        column_type: column_type(schema, position, depth)?,
        description: None,
    })
}
