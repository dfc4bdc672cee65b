//! What a primary-key table must look like: key, formats, merge engine, deletions, aggregations.

use thalweg_wire::table::{
    ChangelogImage, DataType, DeleteBehavior, KvFormat, LogFormat, MergeEngine, TableDescriptor, TableProperties,
};

use crate::failure::Failure;

/// The newest way of writing keys.
const KV_FORMAT_VERSION: i32 = 2;

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
    if properties.contains_key(MergeEngine::KEY) {
        properties.entry(DeleteBehavior::KEY.to_owned()).or_insert_with(|| "IGNORE".to_owned());
    }
    let version = properties.entry(KvFormat::VERSION_KEY.to_owned()).or_insert_with(|| KV_FORMAT_VERSION.to_string());
    match version.parse::<i32>() {
        Ok(version) if version > KV_FORMAT_VERSION => Err(Failure::invalid_config(format!(
            "Unsupported kv format version {version}. The maximum supported version is {KV_FORMAT_VERSION}."
        ))),
        _ => Ok(()),
    }
}

/// Whether values of this type can be part of a key.
pub(super) fn can_be_key(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::Array(_) | DataType::Map(..) | DataType::Row(_))
}

/// Checks that the key can be one.
pub(super) fn check_key_types(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let schema = &descriptor.schema;
    if !schema.primary_key.is_empty() && descriptor.physical_primary_key().is_empty() {
        let (names, partitions): (Vec<&str>, _) =
            (schema.primary_key_names().collect(), descriptor.partition_keys.join(", "));
        return Err(Failure::invalid_table(format!(
            "Primary Key constraint [{}] should not be same with partition fields [{partitions}].",
            names.join(", ")
        )));
    }
    let mut columns = schema.primary_key.iter().filter_map(|at| schema.columns.get(*at));
    if let Some(column) = columns.find(|column| !can_be_key(&column.column_type.data_type)) {
        return Err(Failure::invalid_table(format!(
            "Primary key column '{}' has unsupported data type {}. Currently, primary key column does not support \
             types: [ARRAY, MAP, ROW].",
            column.name, column.column_type
        )));
    }
    Ok(())
}

/// Checks formats, merge engine and deletions.
pub(super) fn check(descriptor: &TableDescriptor, properties: &TableProperties) -> Result<(), Failure> {
    let has_key = !descriptor.schema.primary_key.is_empty();
    if has_key && properties.kv_format == KvFormat::Compacted && properties.log_format == LogFormat::Indexed {
        let text = "Currently, Primary Key Table supports ARROW or COMPACTED log format when kv format is COMPACTED.";
        return Err(Failure::invalid_config(text));
    }
    if properties.merge_engine.is_some() && !has_key {
        return Err(Failure::invalid_config("Merge engine is only supported in primary key table."));
    }
    match properties.merge_engine {
        Some(MergeEngine::Versioned) => check_versioned(descriptor, properties)?,
        Some(MergeEngine::Aggregation) => check_aggregation(descriptor, properties)?,
        Some(MergeEngine::FirstRow) | None => check_no_aggregation(descriptor)?,
    }
    if properties.delete_behavior.is_some() && !has_key {
        return Err(Failure::invalid_config(
            "The 'table.delete.behavior' configuration is only supported for primary key tables.",
        ));
    }
    if let Some(engine @ (MergeEngine::FirstRow | MergeEngine::Versioned)) = properties.merge_engine
        && properties.delete_behavior == Some(DeleteBehavior::Allow)
    {
        return Err(Failure::invalid_config(format!(
            "Table with '{}' merge engine does not support delete operations. The 'table.delete.behavior' config must \
             be set to 'ignore' or 'disable', but got 'allow'.",
            engine.name()
        )));
    }
    Ok(())
}

fn check_versioned(descriptor: &TableDescriptor, properties: &TableProperties) -> Result<(), Failure> {
    let name = properties.version_column.as_ref().ok_or_else(|| {
        Failure::invalid_config(format!(
            "'{}' must be set for versioned merge engine.",
            TableProperties::VERSION_COLUMN
        ))
    })?;
    let column = descriptor.schema.columns.iter().find(|column| column.name == *name).ok_or_else(|| {
        Failure::invalid_config(format!(
            "The version column '{name}' for versioned merge engine doesn't exist in schema."
        ))
    })?;
    match column.column_type.data_type {
        DataType::Int | DataType::BigInt | DataType::Timestamp(_) | DataType::TimestampLtz(_) => Ok(()),
        _ => Err(Failure::invalid_config(format!(
            "The version column '{name}' for versioned merge engine must be one type of [INT, BIGINT, TIMESTAMP, \
             TIMESTAMP_LTZ], but got {}.",
            column.column_type
        ))),
    }
}

fn check_no_aggregation(descriptor: &TableDescriptor) -> Result<(), Failure> {
    match descriptor.schema.columns.iter().find(|column| column.aggregation.is_some()) {
        None => Ok(()),
        Some(column) => Err(Failure::invalid_config(format!(
            "Aggregation function is only supported for aggregation merge engine table, but column '{}' has one.",
            column.name
        ))),
    }
}

fn check_aggregation(descriptor: &TableDescriptor, properties: &TableProperties) -> Result<(), Failure> {
    if properties.changelog_image == ChangelogImage::Wal {
        return Err(Failure::invalid_config(format!(
            "Table with 'AGGREGATION' merge engine does not support 'WAL' changelog image mode. Aggregation merge engine \
             tables require FULL changelog image mode for correct UNDO recovery. Please set '{}' to 'FULL' or remove \
             the setting.",
            ChangelogImage::KEY
        )));
    }
    for (at, column) in descriptor.schema.columns.iter().enumerate() {
        // What the functions are is for `merge` to say, which carries them out.
        if column.aggregation.is_some() && descriptor.schema.primary_key.contains(&at) {
            return Err(Failure::invalid_table(format!(
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
