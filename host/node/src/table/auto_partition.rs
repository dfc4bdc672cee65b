//! Partitions that come and go with time (`table.auto-partition.*`), by the rules of Fluss's `AutoPartitionManager`.

use std::collections::BTreeMap;

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::table::{AutoPartition, DataType, PARTITION_SEPARATOR, TableDescriptor};

use super::calendar::Calendar;
use super::properties::wrong;
use crate::failure::Failure;

const DEFAULT_PRECREATE: i32 = 2;

/// How a table's partitions follow the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule<'a> {
    rules: &'a AutoPartition,
    keys: &'a [String],
    calendar: Calendar,
    /// Which of the values in a partition's name is the time.
    position: usize,
}

/// What becomes of a table's partitions at a time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The names of those that are too old, in order.
    pub(crate) drop: Vec<String>,
    /// The names of those that are missing, in order; at most as many as were asked for.
    pub(crate) create: Vec<String>,
}

/// Puts in what Fluss adds: with several partition keys nothing is made ahead.
pub(crate) fn complete(descriptor: &mut TableDescriptor) -> Result<(), Failure> {
    if descriptor.partition_keys.len() > 1 && descriptor.auto_partition().map_err(wrong)?.enabled {
        descriptor.properties.entry(AutoPartition::PRECREATE.to_owned()).or_insert_with(|| "0".to_owned());
    }
    Ok(())
}

/// Checks the partition keys and the properties that say how partitions follow the time.
pub(crate) fn check(descriptor: &TableDescriptor, rules: &AutoPartition) -> Result<(), Failure> {
    let keys = &descriptor.partition_keys;
    if rules.enabled && keys.is_empty() {
        let text = format!(
            "Currently, auto partition is only supported for partitioned table, please set table property '{}' to \
             false.",
            AutoPartition::ENABLED
        );
        return Err(Failure::invalid_config(text));
    }
    for column in descriptor.schema.columns.iter().filter(|column| keys.contains(&column.name)) {
        if matches!(
            column.column_type.data_type,
            DataType::Decimal { .. } | DataType::Array(_) | DataType::Map(..) | DataType::Row(_)
        ) {
            return Err(Failure::invalid_table(format!(
                "Currently, partitioned table supported partition key type are [CHAR, STRING, BOOLEAN, BINARY, BYTES, \
                 TINYINT, SMALLINT, INTEGER, DATE, TIME_WITHOUT_TIME_ZONE, BIGINT, FLOAT, DOUBLE, \
                 TIMESTAMP_WITHOUT_TIME_ZONE, TIMESTAMP_WITH_LOCAL_TIME_ZONE], but got partition key '{}' with data \
                 type {}.",
                column.name, column.column_type
            )));
        }
    }
    if rules.enabled && keys.len() > 1 {
        check_key(keys, rules)?;
    }
    match &rules.zone {
        Some(zone) if Calendar::new(rules.unit, Some(zone)).is_none() => Err(Failure::invalid_config(format!(
            "Invalid value for config '{}'. Reason: '{zone}' is no time zone: name one of the tz database, as \
             Europe/Berlin, or a distance, as GMT+08:00.",
            AutoPartition::TIME_ZONE
        ))),
        _ => Ok(()),
    }
}

fn check_key(keys: &[String], rules: &AutoPartition) -> Result<(), Failure> {
    let key = rules.key.as_deref().unwrap_or_default();
    if key.trim().is_empty() {
        return Err(Failure::invalid_table(format!(
            "Currently, auto partitioned table must set one auto partition key when it has multiple partition keys. \
             Please set table property '{}'.",
            AutoPartition::KEY
        )));
    }
    if !keys.iter().any(|name| name == key) {
        return Err(Failure::invalid_table(format!(
            "The specified key for auto partitioned table is not a partition key. Your key '{key}' is not in key list \
             [{}]",
            keys.join(", ")
        )));
    }
    let precreate = rules.precreate.unwrap_or(DEFAULT_PRECREATE);
    if precreate > 0 {
        return Err(Failure::invalid_table(format!(
            "For a partitioned table with multiple partition keys, auto pre-create is unsupported and this value must \
             be set to 0, but is {precreate}"
        )));
    }
    Ok(())
}

impl<'a> Schedule<'a> {
    /// As a table that was checked has it; `None` if its partitions do not follow the time.
    pub(crate) fn of(descriptor: &'a TableDescriptor, rules: &'a AutoPartition) -> Option<Self> {
        let keys = &descriptor.partition_keys;
        let position = rules.position(keys)?;
        Some(Self { rules, keys, calendar: Calendar::new(rules.unit, rules.zone.as_deref())?, position })
    }

    /// Checks the name of a partition that is to be made at `now`, as Fluss does from 1.0 on.
    pub(crate) fn check(&self, name: &str, now: i64) -> Result<(), Failure> {
        let checked = self.calendar.check(self.rules, self.keys, name, now);
        checked.map_err(|error| Failure::new(ServerErrorCode::PARTITION_SPEC_INVALID, error.to_string()))
    }

    /// What is to be done at `now` (milliseconds since 1970-01-01T00:00:00Z) with these partitions, of which there may
    /// be `most`. As in Fluss, partitions are compared by their names as texts, so one that is no time may be old too.
    pub(crate) fn plan(&self, partitions: &BTreeMap<String, i64>, now: i64, most: usize) -> Plan {
        let oldest = self.calendar.oldest(self.rules, now);
        let time = |name: &str| name.split(PARTITION_SEPARATOR).nth(self.position).map(str::to_owned);
        let is_old = |name: &&String| oldest.as_ref().zip(time(name)).is_some_and(|(oldest, time)| time < *oldest);
        let drop: Vec<String> = partitions.keys().filter(is_old).cloned().collect();
        let room = most.saturating_sub(partitions.len() - drop.len());
        let precreate = i64::from(self.rules.precreate.unwrap_or(DEFAULT_PRECREATE));
        let ahead = (0..precreate).map_while(|distance| self.calendar.name(now, distance));
        let create = ahead.filter(|name| !partitions.contains_key(name)).take(room).collect();
        Plan { drop, create }
    }
}

#[cfg(test)]
mod tests {
    use thalweg_wire::table::TableProperties;

    use super::super::descriptor::tests::table;
    use super::*;

    const ENABLED: &str = AutoPartition::ENABLED;
    const KEY: &str = AutoPartition::KEY;
    const TIME_ZONE: &str = AutoPartition::TIME_ZONE;
    const PRECREATE: &str = AutoPartition::PRECREATE;
    const RETENTION: &str = AutoPartition::RETENTION;

    fn parsed(descriptor: &TableDescriptor) -> TableProperties {
        TableProperties::parse(&descriptor.properties).unwrap()
    }

    /// 2026-01-31T23:30:00Z.
    const NOW: i64 = 1_769_902_200_000;

    /// A table of these partition keys, and its rules.
    fn auto(keys: &[&str], properties: &[(&str, &str)]) -> (TableDescriptor, AutoPartition) {
        let mut descriptor = table("a STRING, b STRING", &[], keys, properties);
        descriptor.properties.insert(ENABLED.to_owned(), "true".to_owned());
        complete(&mut descriptor).unwrap();
        let rules = parsed(&descriptor).auto_partition;
        (descriptor, rules)
    }

    fn plan((table, rules): &(TableDescriptor, AutoPartition), there: &BTreeMap<String, i64>, most: usize) -> Plan {
        Schedule::of(table, rules).unwrap().plan(there, NOW, most)
    }

    #[test]
    fn old_partitions_go_and_new_ones_come() {
        let numbered = |names: &[&str]| names.iter().zip(0..).map(|(name, id)| ((*name).to_owned(), id)).collect();
        let days = [(TIME_ZONE, "UTC"), (RETENTION, "2"), (PRECREATE, "3")];
        let one = auto(&["a"], &days);
        let partitions: BTreeMap<_, _> = numbered(&["20260128", "20260129", "20260131", "other", "1"]);
        let expected = Plan {
            drop: vec!["1".to_owned(), "20260128".to_owned()],
            create: vec!["20260201".to_owned(), "20260202".to_owned()],
        };
        assert_eq!(plan(&one, &partitions, 1000), expected);
        assert_eq!(plan(&one, &partitions, 4).create, ["20260201"]);

        let many = auto(&["a", "b"], &[(TIME_ZONE, "UTC"), (RETENTION, "2"), (KEY, "b")]);
        let partitions = numbered(&["1$20260128", "1$20260129", "20250101$20260130", "2$x"]);
        assert_eq!(plan(&many, &partitions, 1000), Plan { drop: vec!["1$20260128".to_owned()], create: vec![] });

        let keep = auto(&["a"], &[(RETENTION, "-1"), (PRECREATE, "0")]);
        assert_eq!(plan(&keep, &numbered(&["1"]), 1000), Plan::default());
        let endless = auto(&["a"], &[(RETENTION, "2147483647"), (PRECREATE, "2147483647")]);
        assert_eq!(plan(&endless, &numbered(&["1"]), 10).create.len(), 9);
    }

    #[test]
    fn what_fluss_refuses_is_refused() {
        let refused = |keys: &[&str], properties: &[(&str, &str)]| {
            let table = table("a STRING, b STRING", &[], keys, properties);
            check(&table, &parsed(&table).auto_partition).unwrap_err().code.code()
        };
        let on = (ENABLED, "true");
        assert_eq!(refused(&[], &[on]), 39);
        assert_eq!(refused(&["a", "b"], &[on]), 15);
        assert_eq!(refused(&["a", "b"], &[on, (KEY, "c")]), 15);
        assert_eq!(refused(&["a", "b"], &[on, (KEY, "a"), (PRECREATE, "1")]), 15);
        for zone in ["Mars/Base", "GMT+", "GMT+1:2:3:4", "GMT+99", "GMT+10:60", "+08:00", " UTC"] {
            assert_eq!(refused(&["a"], &[(TIME_ZONE, zone)]), 39, "{zone}");
        }
    }
}
