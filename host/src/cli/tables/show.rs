//! A table as `table show` and `table list` show it.

use crate::client::TableInfo;
use crate::table::Schema;
use serde_json::{Value, json};

use crate::text::{escaped, padded, width};

/// A table for programs.
pub(super) fn as_json(info: &TableInfo) -> Value {
    let descriptor = &info.descriptor;
    let schema = &descriptor.schema;
    let columns: Vec<Value> = schema
        .columns
        .iter()
        .map(|c| {
            let mut column = json!({ "name": c.name, "type": c.column_type.to_string(), "comment": c.comment });
            if let Some((function, _)) = &c.aggregation {
                column["aggregation"] = function.as_str().into();
            }
            column
        })
        .collect();
    json!({
        "table": info.path.to_string(), "table_id": info.table_id, "schema_id": info.schema_id, "columns": columns,
        "primary_key": key_names(schema), "auto_increment": auto_increment(schema), "partition_keys": descriptor.partition_keys,
        "bucket_keys": descriptor.bucket_keys, "buckets": descriptor.bucket_count, "comment": descriptor.comment,
        "properties": descriptor.properties, "custom_properties": descriptor.custom_properties,
        "created": info.created, "modified": info.modified,
    })
}

pub(super) fn key_names(schema: &Schema) -> Vec<&str> {
    schema.primary_key_names().collect()
}

fn auto_increment(schema: &Schema) -> Option<&str> {
    schema.auto_increment_names().next()
}

/// A table for people.
pub(super) fn as_text(info: &TableInfo) -> String {
    let descriptor = &info.descriptor;
    let widest = descriptor.schema.columns.iter().map(|c| width(&escaped(&c.name))).max().unwrap_or(0);
    let mut lines = vec![format!("table {} (id {}, schema {})", info.path, info.table_id, info.schema_id)];
    lines.extend(descriptor.comment.iter().map(|comment| format!("  {}", escaped(comment))));
    lines.push("columns".into());
    for column in &descriptor.schema.columns {
        let comment = column.comment.as_ref().map(|c| format!("  -- {}", escaped(c))).unwrap_or_default();
        let aggregation = column.aggregation.as_ref().map(|(name, _)| format!("  ({name})")).unwrap_or_default();
        let (name, kind) = (padded(&escaped(&column.name), widest, false), column.column_type.to_string());
        lines.push(format!("  {name}  {}{aggregation}{comment}", escaped(&kind)));
    }
    let mut list = |name: &str, values: Vec<&str>| {
        if !values.is_empty() {
            lines.push(format!("{name}  {}", escaped(&values.join(", "))));
        }
    };
    list("primary key", key_names(&descriptor.schema));
    list("auto-increment", auto_increment(&descriptor.schema).into_iter().collect());
    list("partitioned by", descriptor.partition_keys.iter().map(String::as_str).collect());
    list("bucket key", descriptor.bucket_keys.iter().map(String::as_str).collect());
    if let Some(buckets) = descriptor.bucket_count {
        lines.push(format!("buckets  {buckets}"));
    }
    let properties: Vec<_> = descriptor.properties.iter().chain(&descriptor.custom_properties).collect();
    if !properties.is_empty() {
        lines.push("properties".into());
        lines.extend(properties.iter().map(|(key, value)| format!("  {} = {}", escaped(key), escaped(value))));
    }
    lines.join("\n") + "\n"
}
