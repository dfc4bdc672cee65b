//! What a new table must look like, and what the node adds to it (`fluss.md` 3.2).

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::table::{DataType, TableDescriptor};

use super::properties;
use crate::failure::Failure;
use crate::kv::KeyedTable;

/// Columns that clients add of themselves.
const SYSTEM_COLUMNS: &[&str] =
    &["__offset", "__timestamp", "__bucket", "_change_type", "_log_offset", "_commit_timestamp"];

fn invalid(text: impl Into<String>) -> Failure {
    Failure::new(ServerErrorCode::INVALID_TABLE, text)
}

/// Checks what a descriptor that makes sense has in particular, and completes it as Fluss does.
pub(crate) fn complete(mut descriptor: TableDescriptor, most_buckets: u32) -> Result<TableDescriptor, Failure> {
    if !descriptor.partition_keys.is_empty() {
        return Err(invalid("This node does not serve partitioned tables yet: create the table without partitions."));
    }
    check_columns(&descriptor)?;
    check_bucket_keys(&descriptor)?;
    let buckets = *descriptor.bucket_count.get_or_insert(1);
    if buckets > most_buckets {
        let text = format!("Bucket count {buckets} exceeds the maximum limit {most_buckets}.");
        return Err(Failure::new(ServerErrorCode::BUCKET_MAX_NUM, text));
    }
    let replicas = descriptor.properties.entry(properties::REPLICATION_FACTOR.to_owned());
    replicas.or_insert_with(|| "1".to_owned());
    properties::check(&descriptor.properties)?;
    properties::check_custom(&descriptor.custom_properties)?;
    if !descriptor.schema.primary_key.is_empty() {
        complete_keyed(&mut descriptor);
        KeyedTable::new(&descriptor, 1)?;
    } else if descriptor.properties.contains_key("table.merge-engine") {
        let text = "Merge engine is only supported in primary key table.";
        return Err(Failure::new(ServerErrorCode::INVALID_CONFIG, text));
    }
    Ok(descriptor)
}

/// What Fluss adds to a primary-key table.
fn complete_keyed(descriptor: &mut TableDescriptor) {
    let TableDescriptor { schema, bucket_keys, partition_keys, properties, .. } = descriptor;
    if bucket_keys.is_empty() {
        let names = schema.primary_key.iter().filter_map(|at| schema.columns.get(*at)).map(|column| &column.name);
        *bucket_keys = names.filter(|name| !partition_keys.contains(name)).cloned().collect();
    }
    properties.entry("table.kv.format-version".to_owned()).or_insert_with(|| "2".to_owned());
    if properties.contains_key("table.merge-engine") {
        properties.entry("table.delete.behavior".to_owned()).or_insert_with(|| "IGNORE".to_owned());
    }
}

fn check_columns(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let columns = &descriptor.schema.columns;
    if columns.is_empty() {
        return Err(invalid("A table needs at least one column."));
    }
    let system: Vec<&str> =
        columns.iter().map(|column| column.name.as_str()).filter(|name| SYSTEM_COLUMNS.contains(name)).collect();
    if !system.is_empty() {
        return Err(invalid(format!(
            "{} cannot be used as column names, because they are reserved system columns in Fluss. Please use other \
             names for these columns. The reserved system columns are: {}",
            system.join(", "),
            SYSTEM_COLUMNS.join(", ")
        )));
    }
    let aggregates = descriptor.properties.get("table.merge-engine");
    let aggregates = aggregates.is_some_and(|engine| engine.eq_ignore_ascii_case("AGGREGATION"));
    if let Some(column) = columns.iter().find(|column| column.aggregation.is_some() && !aggregates) {
        let text = format!(
            "Aggregation function is only supported for aggregation merge engine table, but column '{}' has one.",
            column.name
        );
        return Err(Failure::new(ServerErrorCode::INVALID_CONFIG, text));
    }
    Ok(())
}

fn check_bucket_keys(descriptor: &TableDescriptor) -> Result<(), Failure> {
    for column in descriptor.schema.columns.iter().filter(|column| descriptor.bucket_keys.contains(&column.name)) {
        let nested = match column.column_type.data_type {
            DataType::Array(_) => "ARRAY",
            DataType::Map(..) => "MAP",
            DataType::Row(_) => "ROW",
            _ => continue,
        };
        return Err(invalid(format!(
            "Bucket key column '{}' has unsupported data type {nested}. Currently, bucket key column does not support \
             types: [ARRAY, MAP, ROW].",
            column.name
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use thalweg_wire::table::Schema;

    use super::*;

    fn table(schema: &str) -> TableDescriptor {
        TableDescriptor::new(Schema::parse_sql(schema).unwrap())
    }

    #[test]
    fn what_is_missing_is_put_in() {
        let done = complete(table("id INT, r ROW<a INT>"), 10).unwrap();
        assert_eq!(done.bucket_count, Some(1));
        assert_eq!(done.properties.get("table.replication.factor").map(String::as_str), Some("1"));
        let json = done.to_json();
        assert!(json.contains("bucket_key") && json.contains("bucket_count"), "{json}");
    }

    #[test]
    fn what_the_node_cannot_keep_is_refused() {
        let with = |change: fn(&mut TableDescriptor)| {
            let mut descriptor = table("id INT NOT NULL, list ARRAY<INT>");
            change(&mut descriptor);
            complete(descriptor, 10).unwrap_err().code.code()
        };
        assert_eq!(with(|table| table.schema.primary_key = vec![1]), 15);
        assert_eq!(with(|table| table.partition_keys = vec!["id".to_owned()]), 15);
        assert_eq!(with(|table| table.bucket_keys = vec!["list".to_owned()]), 15);
        assert_eq!(with(|table| table.bucket_count = Some(11)), 49);
        assert_eq!(with(|table| table.schema.columns[0].name = "__offset".to_owned()), 15);
        assert_eq!(with(|table| table.schema.columns.clear()), 15);
    }
}
