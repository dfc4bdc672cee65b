//! Partitions that come and go with time (`table.auto-partition.*`), by the rules of Fluss's `AutoPartitionManager`.

use std::collections::BTreeMap;

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::table::{DataType, PARTITION_SEPARATOR, TableDescriptor};

use super::calendar::Calendar;
use super::descriptor::invalid;
use super::properties;
use crate::failure::Failure;

const ENABLED: &str = "table.auto-partition.enabled";
const KEY: &str = "table.auto-partition.key";
const TIME_UNIT: &str = "table.auto-partition.time-unit";
const TIME_ZONE: &str = "table.auto-partition.time-zone";
const PRECREATE: &str = "table.auto-partition.num-precreate";
const RETENTION: &str = "table.auto-partition.num-retention";
const DEFAULT_PRECREATE: i32 = 2;
const DEFAULT_RETENTION: i32 = 7;

/// How a table's partitions follow the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AutoPartition {
    calendar: Calendar,
    /// How many partitions are made, that of now first.
    precreate: i32,
    /// How many partitions before that of now are kept; below 0: all.
    retention: i32,
    /// Which of the values in a partition's name is the time.
    position: usize,
}

/// What becomes of a table's partitions at a time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The names of those that are too old, in order.
    pub(super) drop: Vec<String>,
    /// The names of those that are missing, in order; at most as many as were asked for.
    pub(super) create: Vec<String>,
}

/// Puts in what Fluss adds: with several partition keys nothing is made ahead.
pub(super) fn complete(descriptor: &mut TableDescriptor) {
    if descriptor.partition_keys.len() > 1 && properties::is_on(&descriptor.properties, ENABLED) {
        descriptor.properties.entry(PRECREATE.to_owned()).or_insert_with(|| "0".to_owned());
    }
}

/// Checks the partition keys and the properties that say how partitions follow the time.
pub(super) fn check(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let keys = &descriptor.partition_keys;
    let enabled = properties::is_on(&descriptor.properties, ENABLED);
    if enabled && keys.is_empty() {
        let text = format!(
            "Currently, auto partition is only supported for partitioned table, please set table property '{ENABLED}' to \
             false."
        );
        return Err(bad_config(text));
    }
    for column in descriptor.schema.columns.iter().filter(|column| keys.contains(&column.name)) {
        if matches!(
            column.column_type.data_type,
            DataType::Decimal { .. } | DataType::Array(_) | DataType::Map(..) | DataType::Row(_)
        ) {
            return Err(invalid(format!(
                "Currently, partitioned table supported partition key type are [CHAR, STRING, BOOLEAN, BINARY, BYTES, \
                 TINYINT, SMALLINT, INTEGER, DATE, TIME_WITHOUT_TIME_ZONE, BIGINT, FLOAT, DOUBLE, \
                 TIMESTAMP_WITHOUT_TIME_ZONE, TIMESTAMP_WITH_LOCAL_TIME_ZONE], but got partition key '{}' with data \
                 type {}.",
                column.name, column.column_type
            )));
        }
    }
    if enabled && keys.len() > 1 {
        check_key(descriptor)?;
    }
    let zone = descriptor.properties.get(TIME_ZONE);
    if let Some(zone) = zone.filter(|zone| Calendar::parse(None, Some(zone)).is_none()) {
        let text = format!(
            "Invalid value for config '{TIME_ZONE}'. Reason: '{zone}' is no time zone: name one of the tz database, as \
             Europe/Berlin, or a distance, as GMT+08:00."
        );
        return Err(bad_config(text));
    }
    Ok(())
}

fn bad_config(text: String) -> Failure {
    Failure::new(ServerErrorCode::INVALID_CONFIG, text)
}

fn check_key(descriptor: &TableDescriptor) -> Result<(), Failure> {
    let keys = &descriptor.partition_keys;
    let key = descriptor.properties.get(KEY).map(String::as_str).unwrap_or_default();
    if key.trim().is_empty() {
        return Err(invalid(format!(
            "Currently, auto partitioned table must set one auto partition key when it has multiple partition keys. \
             Please set table property '{KEY}'."
        )));
    }
    if !keys.iter().any(|name| name == key) {
        return Err(invalid(format!(
            "The specified key for auto partitioned table is not a partition key. Your key '{key}' is not in key list \
             [{}]",
            keys.join(", ")
        )));
    }
    let precreate = integer(descriptor, PRECREATE, DEFAULT_PRECREATE);
    if precreate > 0 {
        return Err(invalid(format!(
            "For a partitioned table with multiple partition keys, auto pre-create is unsupported and this value must \
             be set to 0, but is {precreate}"
        )));
    }
    Ok(())
}

fn integer(descriptor: &TableDescriptor, key: &str, default: i32) -> i32 {
    descriptor.properties.get(key).and_then(|value| value.trim().parse().ok()).unwrap_or(default)
}

impl AutoPartition {
    /// As a table that was checked has it; `None` if its partitions do not follow the time.
    pub(super) fn of(descriptor: &TableDescriptor) -> Option<Self> {
        if descriptor.partition_keys.is_empty() || !properties::is_on(&descriptor.properties, ENABLED) {
            return None;
        }
        let key = descriptor.properties.get(KEY);
        let position = match descriptor.partition_keys.len() {
            1 => 0,
            _ => descriptor.partition_keys.iter().position(|name| Some(name) == key)?,
        };
        Some(Self {
            calendar: Calendar::parse(
                properties::upper(&descriptor.properties, TIME_UNIT).as_deref(),
                descriptor.properties.get(TIME_ZONE).map(String::as_str),
            )?,
            precreate: integer(descriptor, PRECREATE, DEFAULT_PRECREATE),
            retention: integer(descriptor, RETENTION, DEFAULT_RETENTION),
            position,
        })
    }

    /// What is to be done at `now` (milliseconds since 1970-01-01T00:00:00Z) with these partitions, of which there may
    /// be `most`. As in Fluss, partitions are compared by their names as texts, so one that is no time may be old too.
    pub(super) fn plan(&self, partitions: &BTreeMap<String, i64>, now: i64, most: usize) -> Plan {
        let oldest = if self.retention < 0 { None } else { self.calendar.name(now, -i64::from(self.retention)) };
        let time = |name: &str| name.split(PARTITION_SEPARATOR).nth(self.position).map(str::to_owned);
        let is_old = |name: &&String| oldest.as_ref().zip(time(name)).is_some_and(|(oldest, time)| time < *oldest);
        let drop: Vec<String> = partitions.keys().filter(is_old).cloned().collect();
        let room = most.saturating_sub(partitions.len() - drop.len());
        let ahead = (0..i64::from(self.precreate)).map_while(|distance| self.calendar.name(now, distance));
        let create = ahead.filter(|name| !partitions.contains_key(name)).take(room).collect();
        Plan { drop, create }
    }
}

#[cfg(test)]
mod tests {
    use super::super::descriptor::tests::table;
    use super::*;

    /// 2026-01-31T23:30:00Z.
    const NOW: i64 = 1_769_902_200_000;

    fn auto(keys: &[&str], properties: &[(&str, &str)]) -> Option<AutoPartition> {
        let mut descriptor = table("a STRING, b STRING", &[], keys, properties);
        descriptor.properties.insert(ENABLED.to_owned(), "true".to_owned());
        complete(&mut descriptor);
        AutoPartition::of(&descriptor)
    }

    #[test]
    fn old_partitions_go_and_new_ones_come() {
        let numbered = |names: &[&str]| names.iter().zip(0..).map(|(name, id)| ((*name).to_owned(), id)).collect();
        let days = [(TIME_ZONE, "UTC"), (RETENTION, "2"), (PRECREATE, "3")];
        let one = auto(&["a"], &days).unwrap();
        let partitions: BTreeMap<_, _> = numbered(&["20260128", "20260129", "20260131", "other", "1"]);
        let plan = Plan {
            drop: vec!["1".to_owned(), "20260128".to_owned()],
            create: vec!["20260201".to_owned(), "20260202".to_owned()],
        };
        assert_eq!(one.plan(&partitions, NOW, 1000), plan);
        assert_eq!(one.plan(&partitions, NOW, 4).create, ["20260201"]);

        let many = auto(&["a", "b"], &[(TIME_ZONE, "UTC"), (RETENTION, "2"), (KEY, "b")]).unwrap();
        let partitions = numbered(&["1$20260128", "1$20260129", "20250101$20260130", "2$x"]);
        assert_eq!(many.plan(&partitions, NOW, 1000), Plan { drop: vec!["1$20260128".to_owned()], create: vec![] });

        let keep = auto(&["a"], &[(RETENTION, "-1"), (PRECREATE, "0")]).unwrap();
        assert_eq!(keep.plan(&numbered(&["1"]), NOW, 1000), Plan::default());
        let endless = auto(&["a"], &[(RETENTION, "2147483647"), (PRECREATE, "2147483647")]).unwrap();
        assert_eq!(endless.plan(&numbered(&["1"]), NOW, 10).create.len(), 9);
    }

    #[test]
    fn what_fluss_refuses_is_refused() {
        let refused = |keys: &[&str], properties: &[(&str, &str)]| {
            check(&table("a STRING, b STRING", &[], keys, properties)).unwrap_err().code.code()
        };
        let on = (ENABLED, "true");
        assert_eq!(refused(&[], &[on]), 39);
        assert_eq!(refused(&["a", "b"], &[on]), 15);
        assert_eq!(refused(&["a", "b"], &[on, (KEY, "c")]), 15);
        assert_eq!(refused(&["a", "b"], &[on, (KEY, "a"), (PRECREATE, "1")]), 15);
        for zone in ["Mars/Base", "GMT+", "GMT+1:2:3:4", "GMT+99", "GMT+10:60", "+08:00"] {
            assert_eq!(refused(&["a"], &[(TIME_ZONE, zone)]), 39, "{zone}");
        }
    }
}
