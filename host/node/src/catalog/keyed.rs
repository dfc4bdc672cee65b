//! What a primary-key table must look like: key, formats, merge engine, deletions, aggregations.

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::table::{DataType, KvFormat, TableDescriptor};

use super::descriptor::{can_be_key, invalid};
use super::properties;
use crate::failure::Failure;

const MERGE_ENGINE: &str = "table.merge-engine";
const VERSION_COLUMN: &str = "table.merge-engine.versioned.ver-column";
const DELETE_BEHAVIOR: &str = "table.delete.behavior";
const CHANGELOG_IMAGE: &str = "table.changelog.image";
/// The newest way of writing keys.
const KV_FORMAT_VERSION: i32 = 2;

fn bad_config(text: impl Into<String>) -> Failure {
    Failure::new(ServerErrorCode::INVALID_CONFIG, text)
}

/// Puts in what Fluss adds to a table with a primary key.
pub(super) fn complete(descriptor: &mut TableDescriptor) -> Result<(), Failure> {
    if descriptor.schema.primary_key.is_empty() {
        return Ok(());
    }
    if descriptor.bucket_keys.is_empty() {
        let columns = &descriptor.schema.columns;
        let names = descriptor.physical_primary_key().into_iter().filter_map(|at| columns.get(at));
        descriptor.bucket_keys = names.map(|column| column.name.clone()).collect();
    }
    let properties = &mut descriptor.properties;
    if properties.contains_key(MERGE_ENGINE) {
        properties.entry(DELETE_BEHAVIOR.to_owned()).or_insert_with(|| "IGNORE".to_owned());
    }
    let version = properties.entry(KvFormat::VERSION_KEY.to_owned()).or_insert_with(|| KV_FORMAT_VERSION.to_string());
    match version.trim().parse::<i32>() {
        Ok(version) if version > KV_FORMAT_VERSION => Err(bad_config(format!(
            "Unsupported kv format version {version}. The maximum supported version is {KV_FORMAT_VERSION}."
        ))),
        _ => Ok(()),
    }
}

/// Checks that the key can be one.
pub(super) fn check_key_types(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let schema = &descriptor.schema;
    if !schema.primary_key.is_empty() && descriptor.physical_primary_key().is_empty() {
        let (names, partitions): (Vec<&str>, _) =
            (schema.primary_key_names().collect(), descriptor.partition_keys.join(", "));
        return Err(invalid(format!(
            "Primary Key constraint [{}] should not be same with partition fields [{partitions}].",
            names.join(", ")
        )));
    }
    let mut columns = schema.primary_key.iter().filter_map(|at| schema.columns.get(*at));
    if let Some(column) = columns.find(|column| !can_be_key(&column.column_type.data_type)) {
        return Err(invalid(format!(
            "Primary key column '{}' has unsupported data type {}. Currently, primary key column does not support \
             types: [ARRAY, MAP, ROW].",
            column.name, column.column_type
        )));
    }
    Ok(())
}

/// Checks formats, merge engine and deletions.
pub(super) fn check(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let value = |key: &str| properties::upper(&descriptor.properties, key);
    let has_key = !descriptor.schema.primary_key.is_empty();
    let rows_compacted = value("table.kv.format").is_none_or(|format| format == "COMPACTED");
    if has_key && rows_compacted && value("table.log.format").is_some_and(|format| format == "INDEXED") {
        let text = "Currently, Primary Key Table supports ARROW or COMPACTED log format when kv format is COMPACTED.";
        return Err(bad_config(text));
    }
    let engine = value(MERGE_ENGINE);
    if engine.is_some() && !has_key {
        return Err(bad_config("Merge engine is only supported in primary key table."));
    }
    match engine.as_deref() {
        Some("VERSIONED") => check_versioned(descriptor)?,
        Some("AGGREGATION") => check_aggregation(descriptor)?,
        _ => check_no_aggregation(descriptor)?,
    }
    let deletes = value(DELETE_BEHAVIOR);
    if deletes.is_some() && !has_key {
        return Err(bad_config("The 'table.delete.behavior' configuration is only supported for primary key tables."));
    }
    if let Some(engine @ ("FIRST_ROW" | "VERSIONED")) = engine.as_deref()
        && deletes.as_deref() == Some("ALLOW")
    {
        return Err(bad_config(format!(
            "Table with '{}' merge engine does not support delete operations. The 'table.delete.behavior' config must \
             be set to 'ignore' or 'disable', but got 'allow'.",
            engine
        )));
    }
    Ok(())
}

fn check_versioned(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let name = descriptor
        .properties
        .get(VERSION_COLUMN)
        .ok_or_else(|| bad_config(format!("'{VERSION_COLUMN}' must be set for versioned merge engine.")))?;
    let column = descriptor.schema.columns.iter().find(|column| column.name == *name).ok_or_else(|| {
        bad_config(format!("The version column '{name}' for versioned merge engine doesn't exist in schema."))
    })?;
    match column.column_type.data_type {
        DataType::Int | DataType::BigInt | DataType::Timestamp(_) | DataType::TimestampLtz(_) => Ok(()),
        _ => Err(bad_config(format!(
            "The version column '{name}' for versioned merge engine must be one type of [INT, BIGINT, TIMESTAMP, \
             TIMESTAMP_LTZ], but got {}.",
            column.column_type
        ))),
    }
}

fn check_no_aggregation(descriptor: &TableDescriptor) -> Result<(), Failure> {
    match descriptor.schema.columns.iter().find(|column| column.aggregation.is_some()) {
        None => Ok(()),
        Some(column) => Err(bad_config(format!(
            "Aggregation function is only supported for aggregation merge engine table, but column '{}' has one.",
            column.name
        ))),
    }
}

fn check_aggregation(descriptor: &TableDescriptor) -> Result<(), Failure> {
    if properties::upper(&descriptor.properties, CHANGELOG_IMAGE).as_deref() == Some("WAL") {
        return Err(bad_config(format!(
            "Table with 'AGGREGATION' merge engine does not support 'WAL' changelog image mode. Aggregation merge engine \
             tables require FULL changelog image mode for correct UNDO recovery. Please set '{CHANGELOG_IMAGE}' to \
             'FULL' or remove the setting."
        )));
    }
    for (at, column) in descriptor.schema.columns.iter().enumerate() {
        // What the functions are is for `kv` to say, which carries them out.
        if column.aggregation.is_some() && descriptor.schema.primary_key.contains(&at) {
            return Err(invalid(format!(
                "Cannot set aggregation function for primary key column '{}'. Primary key columns automatically use \
                 'primary-key' aggregation.",
                column.name
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::descriptor::{complete, tests::table};

    #[test]
    fn merge_engines_are_checked() {
        let versioned = |column| {
            let properties = [("table.merge-engine", "versioned"), ("table.merge-engine.versioned.ver-column", column)];
            complete(table("k INT, v BIGINT, s STRING", &["k"], &[], &properties), 10).map(drop)
        };
        versioned("v").unwrap();
        assert_eq!(versioned("s").unwrap_err().code.code(), 39);
        assert_eq!(versioned("x").unwrap_err().code.code(), 39);
        for engine in ["FIRST_ROW", "versioned"] {
            let properties = [
                ("table.merge-engine", engine),
                ("table.merge-engine.versioned.ver-column", "v"),
                ("table.delete.behavior", "allow"),
            ];
            let failure = complete(table("k INT, v BIGINT", &["k"], &[], &properties), 10).unwrap_err();
            assert!(
                failure.text.contains(&format!("'{}' merge engine does not support delete", engine.to_uppercase())),
                "{failure:?}"
            );
        }
    }

    #[test]
    fn aggregations_are_checked() {
        let with = |engine: &str, function: &str, parameters: &[(&str, &str)]| {
            let engine = [("table.merge-engine", engine)];
            let engine = if engine[0].1.is_empty() { &[][..] } else { &engine[..] };
            let mut descriptor = table("k INT, v STRING", &["k"], &[], engine);
            let parameters = parameters.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
            descriptor.schema.columns[1].aggregation = Some((function.to_owned(), parameters));
            complete(descriptor, 10).map(drop).map_err(|failure| failure.code.code())
        };
        assert_eq!(with("aggregation", "listagg", &[("delimiter", ";")]), Ok(()));
        assert_eq!(with("AGGREGATION", "LAST-VALUE", &[]), Ok(()));
        assert_eq!(with("aggregation", "listagg", &[("delimiter", "")]), Err(39));
        assert_eq!(with("aggregation", "max", &[("delimiter", ";")]), Err(39));
        assert_eq!(with("aggregation", "sum", &[]), Err(39));
        assert_eq!(with("aggregation", "median", &[]), Err(39));
        assert_eq!(with("", "max", &[]), Err(39));
        let wal = [("table.merge-engine", "aggregation"), ("table.changelog.image", "wal")];
        assert_eq!(complete(table("k INT", &["k"], &[], &wal), 10).unwrap_err().code.code(), 39);
    }
}
