//! What a new table must look like, and what the node adds to it (`fluss.md` 3.2). Checks come in the order of Fluss's
//! `TableDescriptorValidation`, so that the same one fails first.

use std::collections::BTreeMap;

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::table::{TableDescriptor, TableProperties};

use super::definition::Definition;
use super::{auto_partition, primary_key, properties};
use crate::failure::Failure;

/// Columns that clients add of themselves.
const SYSTEM_COLUMNS: &[&str] =
    &["__offset", "__timestamp", "__bucket", "_change_type", "_log_offset", "_commit_timestamp"];

/// The version of a new table's schema.
pub(crate) const FIRST_SCHEMA: i32 = 1;

/// Checks what a descriptor that makes sense has in particular, and completes it as Fluss does.
pub(crate) fn complete(mut descriptor: TableDescriptor, most_buckets: u32) -> Result<Definition, Failure> {
    descriptor.bucket_count.get_or_insert(1);
    let replicas = descriptor.properties.entry(TableProperties::REPLICATION_FACTOR.to_owned());
    replicas.or_insert_with(|| "1".to_owned());
    auto_partition::complete(&mut descriptor)?;
    primary_key::complete(&mut descriptor)?;
    let properties = properties::parse(&descriptor.properties)?;
    if properties.lake_enabled {
        return Err(Failure::invalid_table(format!(
            "'{}' is enabled for the table, but the Fluss cluster doesn't enable datalake tables.",
            TableProperties::LAKE_ENABLED
        )));
    }
    check_distribution(&descriptor, most_buckets)?;
    check(&descriptor)?;
    check_columns(&descriptor)?;
    Definition::new(descriptor, properties, FIRST_SCHEMA, &BTreeMap::new())
}

/// Checks everything that may have changed when properties were altered.
pub(crate) fn check(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let properties = properties::parse(&descriptor.properties)?;
    primary_key::check_key_types(descriptor)?;
    properties::check(&properties)?;
    properties::check_custom(&descriptor.custom_properties)?;
    properties::check_statistics(descriptor)?;
    primary_key::check(descriptor, &properties)?;
    auto_partition::check(descriptor, &properties.auto_partition)
}

fn check_distribution(descriptor: &TableDescriptor, most_buckets: u32) -> Result<(), Failure> {
    let buckets = descriptor.bucket_count.unwrap_or(1);
    if buckets > most_buckets {
        let text = format!("Bucket count {buckets} exceeds the maximum limit {most_buckets}.");
        return Err(Failure::new(ServerErrorCode::BUCKET_MAX_NUM, text));
    }
    let mut keys = descriptor.schema.columns.iter().filter(|column| descriptor.bucket_keys.contains(&column.name));
    if let Some(column) = keys.find(|column| !primary_key::can_be_key(&column.column_type.data_type)) {
        return Err(Failure::invalid_table(format!(
            "Bucket key column '{}' has unsupported data type {}. Currently, bucket key column does not support types: \
             [ARRAY, MAP, ROW].",
            column.name, column.column_type
        )));
    }
    Ok(())
}

/// Checks the names of columns, and that there are some.
pub(crate) fn check_columns(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let columns = &descriptor.schema.columns;
    if columns.is_empty() {
        return Err(Failure::invalid_table("A table needs at least one column."));
    }
    let system: Vec<&str> =
        columns.iter().map(|column| column.name.as_str()).filter(|name| SYSTEM_COLUMNS.contains(name)).collect();
    if !system.is_empty() {
        return Err(Failure::invalid_table(format!(
            "{} cannot be used as column names, because they are reserved system columns in Fluss. Please use other \
             names for these columns. The reserved system columns are: {}",
            system.join(", "),
            SYSTEM_COLUMNS.join(", ")
        )));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use thalweg_wire::table::Schema;

    use super::*;

    /// A table of these columns; `key`, `partitions` and `properties` as lists.
    pub(crate) fn table(
        columns: &str,
        key: &[&str],
        partitions: &[&str],
        properties: &[(&str, &str)],
    ) -> TableDescriptor {
        let mut schema = Schema::parse_sql(columns).unwrap();
        if !key.is_empty() {
            schema = schema.with_primary_key(key).unwrap();
        }
        let mut descriptor = TableDescriptor::new(schema);
        descriptor.partition_keys = partitions.iter().map(|name| (*name).to_owned()).collect();
        descriptor.properties = properties.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        descriptor
    }

    /// The properties and bucket keys that a table has once it is completed.
    fn stamped(descriptor: TableDescriptor) -> (BTreeMap<String, String>, Vec<String>) {
        let done = complete(descriptor, 10).unwrap().descriptor;
        (done.properties, done.bucket_keys)
    }

    fn pairs(properties: &[(&str, &str)]) -> BTreeMap<String, String> {
        properties.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    #[test]
    fn what_is_missing_is_put_in() {
        let done = complete(table("id INT, r ROW<a INT>", &[], &[], &[]), 10).unwrap().descriptor;
        assert_eq!(done.bucket_count, Some(1));
        assert_eq!(done.properties.get("table.replication.factor").map(String::as_str), Some("1"));
        let json = done.to_json();
        assert!(json.contains("bucket_key") && json.contains("bucket_count"), "{json}");

        let keyed = stamped(table("a INT, b INT, c STRING", &["c", "b", "a"], &["b"], &[]));
        let both = [("table.kv.format-version", "2"), ("table.replication.factor", "1")];
        assert_eq!(keyed, (pairs(&both), vec!["c".to_owned(), "a".to_owned()]));

        let first = stamped(table("a INT", &["a"], &[], &[("table.merge-engine", "first_row")]));
        let mut all = vec![("table.delete.behavior", "IGNORE"), ("table.merge-engine", "first_row")];
        all.extend(both);
        assert_eq!(first.0, pairs(&all));

        let auto = [("table.auto-partition.enabled", "true"), ("table.auto-partition.key", "b")];
        let many = stamped(table("a STRING, b STRING", &[], &["a", "b"], &auto));
        assert_eq!(many.0.get("table.auto-partition.num-precreate").map(String::as_str), Some("0"));
        let one = stamped(table("a STRING, b STRING", &[], &["a"], &auto));
        assert_eq!(one.0.get("table.auto-partition.num-precreate"), None);
    }

    #[test]
    fn what_makes_no_table_is_refused() {
        let with = |change: fn(&mut TableDescriptor)| {
            let mut descriptor = table("id INT NOT NULL, list ARRAY<INT>", &[], &[], &[]);
            change(&mut descriptor);
            complete(descriptor, 10).unwrap_err().code.code()
        };
        assert_eq!(with(|table| table.schema.primary_key = vec![1]), 15);
        assert_eq!(with(|table| table.partition_keys = vec!["list".to_owned()]), 15);
        assert_eq!(with(|table| table.bucket_keys = vec!["list".to_owned()]), 15);
        assert_eq!(with(|table| table.bucket_count = Some(11)), 49);
        assert_eq!(with(|table| table.schema.columns[0].name = "__offset".to_owned()), 15);
        assert_eq!(with(|table| table.schema.columns.clear()), 15);
    }

    /// Numbers that have no meaning: some only to a table with a primary key, some only to one of an earlier version.
    #[test]
    fn numbers_without_a_meaning_are_refused_where_they_are_used() {
        for number in ["0", "-1", "01"] {
            let property = [("table.kv.format-version", number)];
            let failure = complete(table("a INT", &["a"], &[], &property), 10).unwrap_err();
            let text = format!("table property 'table.kv.format-version' is '{number}', but must be 1 or 2");
            assert_eq!((failure.code.code(), failure.text), (15, text));
            complete(table("a INT", &[], &[], &property), 10).unwrap();
        }
        let stored = table("a INT", &["a"], &[], &[("table.log.arrow.compression.zstd.level", "23")]);
        let properties = TableProperties::parse(&stored.properties).unwrap();
        let failure = Definition::new(stored, properties, FIRST_SCHEMA, &BTreeMap::new()).unwrap_err();
        let text = "table property 'table.log.arrow.compression.zstd.level' is '23', but must be 1 to 22";
        assert_eq!((failure.code.code(), failure.text.as_str()), (15, text));
    }

    /// Facts of Fluss's `TableDescriptorValidation` and `CoordinatorService.applySystemDefaults`.
    #[test]
    fn what_fluss_refuses_is_refused() {
        type Case = (&'static str, &'static [&'static str], &'static [&'static str], (&'static str, &'static str), i32);
        let cases: &[Case] = &[
            ("a INT", &["a"], &["a"], ("", ""), 15),
            ("a INT, m MAP<INT, INT>", &["m"], &[], ("", ""), 15),
            ("a INT, d DECIMAL(5, 2)", &[], &["d"], ("", ""), 15),
            ("a INT", &["a"], &[], ("table.kv.format-version", "3"), 39),
            ("a INT", &["a"], &[], ("table.log.format", "INDEXED"), 39),
            ("a INT", &[], &[], ("table.delete.behavior", "IGNORE"), 39),
            ("a INT", &[], &[], ("table.merge-engine", "FIRST_ROW"), 39),
            ("a INT", &["a"], &[], ("table.merge-engine", "VERSIONED"), 39),
            ("a INT", &["a"], &[], ("table.merge-engine", "LAST"), 39),
            ("a INT", &[], &[], ("table.datalake.enabled", "true"), 15),
            ("a INT", &[], &[], ("table.datalake.format", "DELTA"), 39),
            ("a INT", &[], &[], ("table.auto-partition.enabled", "true"), 39),
            ("a INT, b INT", &[], &["a", "b"], ("table.auto-partition.enabled", "true"), 15),
        ];
        for (columns, key, partitions, property, code) in cases {
            let properties = if property.0.is_empty() { &[][..] } else { std::slice::from_ref(property) };
            let failure = complete(table(columns, key, partitions, properties), 10).unwrap_err();
            assert_eq!(failure.code.code(), *code, "{property:?}: {}", failure.text);
        }
        for property in [
            ("table.kv.format", "INDEXED"),
            ("table.log.format", "compacted"),
            ("table.changelog.image", "WAL"),
            ("table.delete.behavior", "DISABLE"),
            ("table.datalake.format", "paimon"),
            ("table.kv.format-version", "1"),
        ] {
            complete(table("a INT", &["a"], &[], &[property]), 10).unwrap();
        }
    }
}
