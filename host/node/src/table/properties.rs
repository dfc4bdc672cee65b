//! The properties of Fluss's own that a table can have, `table.*`: which there are, which can be changed later, and what a
//! node with one server demands of them (`fluss.md` 3.2). What they mean is for `thalweg_wire` to say.

use std::collections::BTreeMap;

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::table::{
    AutoPartition, ChangelogImage, DataType, DeleteBehavior, KvFormat, LakeFormat, LogCompression, LogFormat,
    MergeEngine, PropertyError, TableDescriptor, TableProperties,
};

use crate::failure::Failure;

/// A custom property of ours: the least bytes that a bucket keeps when it forgets its oldest segments.
pub(crate) const RETENTION_BYTES: &str = "thalweg.log.retention-bytes";

/// Of which columns batches tell the least and the greatest value (Fluss from 1.0): their names, or `*`.
pub(crate) const STATISTICS: &str = "table.statistics.columns";

/// Those that cannot be changed later.
const FIXED: &[&str] = &[
    TableProperties::REPLICATION_FACTOR,
    LogFormat::KEY,
    LogCompression::TYPE_KEY,
    LogCompression::ZSTD_LEVEL_KEY,
    KvFormat::KEY,
    KvFormat::VERSION_KEY,
    AutoPartition::KEY,
    AutoPartition::TIME_UNIT,
    AutoPartition::TIME_ZONE,
    LakeFormat::KEY,
    TableProperties::LAKE_EXPIRY,
    MergeEngine::KEY,
    TableProperties::VERSION_COLUMN,
    DeleteBehavior::KEY,
    TableProperties::AUTO_INCREMENT_CACHE,
    ChangelogImage::KEY,
];

/// Those that can.
const ALTERABLE: &[&str] = &[
    AutoPartition::ENABLED,
    AutoPartition::PRECREATE,
    AutoPartition::RETENTION,
    TableProperties::LOG_TTL,
    TableProperties::LOCAL_SEGMENTS,
    TableProperties::LAKE_ENABLED,
    TableProperties::LAKE_FRESHNESS,
    TableProperties::LAKE_COMPACTION,
    STATISTICS,
];

/// A property has a value that it cannot have.
pub(crate) fn wrong(error: PropertyError) -> Failure {
    let PropertyError { key, value, expected } = error;
    Failure::invalid_config(format!(
        "Invalid value for config '{key}'. Reason: Could not parse value '{value}' for key '{key}': it must be {expected}."
    ))
}

/// Reads the properties of a table. Fails on one that is not known, and on a value that one cannot have.
pub(crate) fn parse(properties: &BTreeMap<String, String>) -> Result<TableProperties, Failure> {
    let known = |key: &str| FIXED.contains(&key) || ALTERABLE.contains(&key);
    if let Some(key) = properties.keys().find(|key| !known(key)) {
        return Err(unknown(key));
    }
    TableProperties::parse(properties).map_err(wrong)
}

/// Checks what any table's properties must be, beyond what `parse` does.
pub(crate) fn check(properties: &TableProperties) -> Result<(), Failure> {
    if let Some(factor) = properties.replication_factor {
        if factor <= 0 {
            return Err(Failure::invalid_config(format!(
                "'{}' must be greater than 0.",
                TableProperties::REPLICATION_FACTOR
            )));
        }
        if factor > 1 {
            let text = format!("Replication factor: {factor} larger than available tablet servers: 1.");
            return Err(Failure::new(ServerErrorCode::INVALID_REPLICATION_FACTOR, text));
        }
    }
    if let Some(level) = properties.zstd_level.filter(|level| !(1..=22).contains(level)) {
        let text = format!("Invalid ZSTD compression level: {level}. Expected a value between 1 and 22.");
        return Err(Failure::invalid_config(text));
    }
    if properties.local_segments.is_some_and(|segments| segments <= 0) {
        return Err(Failure::invalid_config(format!("'{}' must be greater than 0.", TableProperties::LOCAL_SEGMENTS)));
    }
    Ok(())
}

fn unknown(key: &str) -> Failure {
    Failure::invalid_config(if key.starts_with("table.") {
        format!(
            "'{key}' is not a recognized Fluss table property in the current cluster version. You may be using an \
             older Fluss cluster that does not support this property."
        )
    } else {
        format!("'{key}' is not a Fluss table property. Please use '.customProperty(..)' to set custom properties.")
    })
}

/// Whether a property of Fluss's own may be changed on an existing table.
pub(crate) fn is_alterable(key: &str) -> bool {
    ALTERABLE.contains(&key)
}

/// The properties as an earlier version may have stored them, which took words and numbers with spaces around them.
pub(crate) fn of_earlier_version(properties: &mut BTreeMap<String, String>) -> Result<TableProperties, Failure> {
    if let Ok(parsed) = TableProperties::parse(properties) {
        return Ok(parsed);
    }
    let texts = [AutoPartition::KEY, TableProperties::VERSION_COLUMN];
    for (_, value) in properties.iter_mut().filter(|(key, _)| !texts.contains(&key.as_str())) {
        *value = value.trim().to_owned();
    }
    TableProperties::parse(properties).map_err(wrong)
}

/// The least bytes that a bucket of a table with these custom properties keeps.
pub(crate) fn retention_bytes(custom: &BTreeMap<String, String>) -> Option<u64> {
    custom.get(RETENTION_BYTES)?.trim().parse().ok()
}

/// Checks that a table can have the statistics that it asks for, in the words of Fluss's `StatisticsConfigUtils`.
pub(crate) fn check_statistics(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let Some(columns) = descriptor.properties.get(STATISTICS) else { return Ok(()) };
    if !descriptor.schema.primary_key.is_empty() {
        return Err(Failure::invalid_config(format!(
            "Statistics columns are not supported for primary key tables. Please remove the '{STATISTICS}' property."
        )));
    }
    if columns.trim() == "*" {
        return Ok(());
    }
    let names: Vec<&str> = columns.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        let text = "Statistics columns configuration cannot be empty. Use '*' to collect statistics for all supported \
                    columns, or remove the property to disable statistics collection.";
        return Err(Failure::invalid_config(text));
    }
    for name in names {
        let Some(column) = descriptor.schema.columns.iter().find(|column| column.name == name) else {
            let text = format!("Column '{name}' specified in statistics collection does not exist in table schema");
            return Err(Failure::invalid_config(text));
        };
        let kind = &column.column_type.data_type;
        let nested = matches!(kind, DataType::Array(_) | DataType::Map(..) | DataType::Row(_));
        if nested || matches!(kind, DataType::Binary(_) | DataType::Bytes) {
            return Err(Failure::invalid_config(format!(
                "Column '{name}' of type '{}' is not supported for statistics collection. Supported types are: BOOLEAN, \
                 TINYINT, SMALLINT, INTEGER, BIGINT, FLOAT, DOUBLE, STRING, CHAR, DECIMAL, DATE, TIME, TIMESTAMP, and \
                 TIMESTAMP_LTZ.",
                column.column_type
            )));
        }
    }
    Ok(())
}

/// Checks the custom properties that mean something here.
pub(crate) fn check_custom(custom: &BTreeMap<String, String>) -> Result<(), Failure> {
    match custom.get(RETENTION_BYTES) {
        Some(value) if value.trim().parse::<u64>().is_err() => Err(Failure::invalid_config(format!(
            "Invalid value '{value}' for '{RETENTION_BYTES}': it must be a number of bytes."
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_fluss_refuses_is_refused() {
        let cases: &[(&[(&str, &str)], i32)] = &[
            (&[("table.no.such", "1")], 39),
            (&[("connector", "x")], 39),
            (&[("table.log.ttl", "soon")], 39),
            (&[("table.log.tiered.local-segments", "0")], 39),
            (&[("table.replication.factor", "100")], 17),
            (&[("table.log.format", "ROWS")], 39),
            (&[("table.auto-partition.num-retention", "2147483648")], 39),
            (&[("table.log.arrow.compression.zstd.level", "23")], 39),
            (&[("table.delete.behavior", " disable ")], 39),
            (&[("table.changelog.image", " WAL ")], 39),
            (&[("table.replication.factor", " 1")], 39),
            (&[("table.auto-partition.enabled", "true ")], 39),
        ];
        for (properties, code) in cases {
            let failure = parse(&map(properties)).and_then(|parsed| check(&parsed)).unwrap_err();
            assert_eq!(failure.code.code(), *code, "{properties:?}");
        }
        let properties = map(&[("table.log.ttl", " 1 h "), ("table.log.arrow.compression.type", "zstd")]);
        parse(&properties).and_then(|parsed| check(&parsed)).unwrap();
        let text = parse(&map(&[("table.delete.behavior", " disable ")])).unwrap_err().text;
        assert!(text.contains("' disable '") && text.contains("ALLOW, IGNORE or DISABLE"), "{text}");
    }

    #[test]
    fn statistics_are_of_columns_that_can_have_them() {
        use thalweg_wire::table::Schema;
        let table = |columns: &str, key: &[usize]| {
            let mut schema = Schema::parse_sql("a INT NOT NULL, s STRING, b BYTES, r ROW<x INT>").unwrap();
            schema.primary_key = key.to_vec();
            let mut descriptor = TableDescriptor::new(schema);
            descriptor.properties = map(&[(STATISTICS, columns)]);
            check_statistics(&descriptor)
        };
        for fine in ["*", " * ", "a", "s , a"] {
            table(fine, &[]).unwrap();
        }
        for (wrong, key, text) in [
            ("*", &[0][..], "not supported for primary key tables"),
            ("", &[], "cannot be empty"),
            (" , ", &[], "cannot be empty"),
            ("a,none", &[], "Column 'none' specified in statistics collection does not exist"),
            ("b", &[], "Column 'b' of type 'BYTES' is not supported"),
            ("r", &[], "Column 'r' of type 'ROW"),
        ] {
            let failure = table(wrong, key).unwrap_err();
            assert!(failure.code.code() == 39 && failure.text.contains(text), "{wrong}: {failure:?}");
        }
    }

    #[test]
    fn a_table_of_an_earlier_version_means_what_it_says() {
        let mut stored = map(&[("table.delete.behavior", " disable "), ("table.auto-partition.key", " a ")]);
        let parsed = of_earlier_version(&mut stored).unwrap();
        assert_eq!(parsed.delete_behavior, Some(DeleteBehavior::Disable));
        assert_eq!(parsed.auto_partition.key.as_deref(), Some(" a "));
        assert!(of_earlier_version(&mut map(&[("table.delete.behavior", "never")])).is_err());
    }
}
