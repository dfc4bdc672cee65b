//! Partitions of tables: made, dropped, found by their specs, and following the time.

use std::sync::Arc;

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::table::{
    MAX_NAME_LENGTH, TablePath, check_new_partition_value, check_partition_value, partition_name, qualified_partition,
};

use super::state::{State, Table};
use super::{Catalog, no_table};
use crate::failure::Failure;
use crate::ids::PhysicalTable;
use crate::options::Limits;
use crate::table::auto_partition::{Plan, Schedule};

/// The values of a partition by the names of their keys, as a client gives them.
pub(crate) type Spec = [(String, String)];

/// Partitions that have come and gone.
#[derive(Debug, Default)]
pub(crate) struct Turnover {
    /// Those whose buckets are to be added.
    pub(crate) created: Vec<PhysicalTable>,
    /// Those whose rows can go.
    pub(crate) dropped: Vec<PhysicalTable>,
}

impl Catalog {
    /// Creates a partition at `now`, milliseconds since 1970-01-01T00:00:00Z. Returns it, or `None` when it is there and
    /// `ignore_if_exists`.
    pub(crate) fn create_partition(
        &self,
        path: &TablePath,
        spec: &Spec,
        ignore_if_exists: bool,
        limits: &Limits,
        now: i64,
    ) -> Result<Option<PhysicalTable>, Failure> {
        // Most clients ask for a partition that is there: that takes no turn at the file.
        let found = self.state().table(path).map(|table| check_new(path, table, spec, limits, now));
        match found.unwrap_or_else(|| Err(no_table(path))) {
            Err(failure) if ignore_if_exists && failure.code == ServerErrorCode::PARTITION_ALREADY_EXISTS => {
                return Ok(None);
            }
            checked => checked.map(drop)?,
        }
        self.change(|state| {
            let table = state.table(path).ok_or_else(|| no_table(path))?;
            let name = check_new(path, table, spec, limits, now)?;
            check_room(state, u64::from(table.buckets()), limits)?;
            let mut changed = Table::clone(table);
            let id = add(state, &mut changed, name);
            let created = PhysicalTable { table: changed.id, partition: Some(id) };
            state.replace(path, changed);
            Ok(Some(created))
        })
        .or_else(|failure| {
            match ignore_if_exists && failure.code == ServerErrorCode::PARTITION_ALREADY_EXISTS {
                true => Ok(None),
                false => Err(failure),
            }
        })
    }

    /// Drops a partition. Returns it, or `None` when it is not there and `ignore_if_missing`.
    pub(crate) fn drop_partition(
        &self,
        path: &TablePath,
        spec: &Spec,
        ignore_if_missing: bool,
    ) -> Result<Option<PhysicalTable>, Failure> {
        self.change(|state| {
            let table = state.table(path).ok_or_else(|| no_table(path))?;
            if !table.is_partitioned() {
                return Err(not_partitioned("Only partitioned table support drop partition."));
            }
            let values = resolve(path, table, spec, false)?;
            let mut changed = Table::clone(table);
            let Some(id) = changed.partitions.remove(&partition_name(&values)) else {
                let name = qualified_partition(&table.definition.descriptor.partition_keys, &values);
                let text = format!("Partition '{name}' does not exist for table {path}");
                return Err(Failure::new(ServerErrorCode::PARTITION_NOT_EXISTS, text));
            };
            let dropped = PhysicalTable { table: changed.id, partition: Some(id) };
            state.replace(path, changed);
            Ok(Some(dropped))
        })
        .or_else(|failure| match ignore_if_missing && failure.code == ServerErrorCode::PARTITION_NOT_EXISTS {
            true => Ok(None),
            false => Err(failure),
        })
    }

    /// Has the partitions of all tables that want it follow the time; `now` is in milliseconds since
    /// 1970-01-01T00:00:00Z.
    pub(crate) fn follow_time(&self, now: i64, limits: &Limits) -> Result<Turnover, Failure> {
        if self.state().tables().all(|table| plan(table, now, limits) == Plan::default()) {
            return Ok(Turnover::default());
        }
        self.change(|state| {
            let mut turnover = Turnover::default();
            for path in state.paths() {
                let Some(table) = state.table(&path) else { continue };
                let plan = plan(table, now, limits);
                if plan == Plan::default() {
                    continue;
                }
                let room = limits.all_buckets.saturating_sub(state.buckets() - table.all_buckets());
                let mut changed = Table::clone(table);
                let physical = |id| PhysicalTable { table: table.id, partition: Some(id) };
                let dropped = plan.drop.iter().filter_map(|name| changed.partitions.remove(name));
                turnover.dropped.extend(dropped.map(physical));
                let buckets = changed.buckets();
                for name in plan.create {
                    if changed.all_buckets() + u64::from(buckets) > room {
                        tracing::warn!(table = %path, partition = name, "there is no room for the buckets of a partition");
                        break;
                    }
                    let id = add(state, &mut changed, name);
                    turnover.created.push(PhysicalTable { table: changed.id, partition: Some(id) });
                }
                state.replace(&path, changed);
            }
            Ok(turnover)
        })
    }
}

/// Makes the first partitions of a new table that wants its partitions to follow the time.
pub(super) fn begin(state: &mut State, table: &mut Table, now: i64, limits: &Limits) {
    for name in plan(table, now, limits).create {
        add(state, table, name);
    }
}

/// Whether there is room for so many more buckets.
pub(super) fn check_room(state: &State, more: u64, limits: &Limits) -> Result<(), Failure> {
    let (there, most) = (state.buckets(), limits.all_buckets);
    if there.saturating_add(more) <= most {
        return Ok(());
    }
    let text = format!(
        "This node has {there} buckets and takes {most} at most, so there is no room for {more} more: drop tables or \
         partitions first."
    );
    Err(Failure::new(ServerErrorCode::BUCKET_MAX_NUM, text))
}

fn plan(table: &Table, now: i64, limits: &Limits) -> Plan {
    let by_buckets = usize::try_from(limits.buckets / table.buckets().max(1)).unwrap_or(usize::MAX);
    let most = limits.partitions.min(by_buckets);
    schedule(table).map_or_else(Plan::default, |schedule| schedule.plan(&table.partitions, now, most))
}

/// How the partitions of a table follow the time, if they do.
fn schedule(table: &Table) -> Option<Schedule<'_>> {
    Schedule::of(&table.definition.descriptor, &table.definition.properties.auto_partition)
}

fn add(state: &mut State, table: &mut Table, name: String) -> i64 {
    let id = state.next_partition_id;
    state.next_partition_id += 1;
    table.partitions.insert(name, id);
    id
}

/// The name of a partition that can be created.
fn check_new(path: &TablePath, table: &Arc<Table>, spec: &Spec, limits: &Limits, now: i64) -> Result<String, Failure> {
    if !table.is_partitioned() {
        return Err(not_partitioned("Only partitioned table support create partition."));
    }
    let values = resolve(path, table, spec, true)?;
    let name = partition_name(&values);
    if let Some(schedule) = schedule(table) {
        schedule.check(&name, now)?;
    }
    if table.partitions.contains_key(&name) {
        let name = qualified_partition(&table.definition.descriptor.partition_keys, &values);
        let text = format!("Partition '{name}' already exists for table {path}");
        return Err(Failure::new(ServerErrorCode::PARTITION_ALREADY_EXISTS, text));
    }
    let (count, most) = (table.partitions.len() + 1, limits.partitions);
    if count > most {
        let text = format!("Exceed the maximum number of partitions for table {path}, only allow {most} partitions.");
        return Err(Failure::new(ServerErrorCode::PARTITION_MAX_NUM, text));
    }
    let (buckets, most) = (u64::from(table.buckets()).saturating_mul(count as u64), limits.buckets);
    if buckets > u64::from(most) {
        let text = format!(
            "Adding partition '{name}' would result in {buckets} total buckets for table {path}, exceeding the maximum \
             of {most} buckets."
        );
        return Err(Failure::new(ServerErrorCode::BUCKET_MAX_NUM, text));
    }
    Ok(name)
}

fn not_partitioned(text: &str) -> Failure {
    Failure::new(ServerErrorCode::TABLE_NOT_PARTITIONED, text)
}

/// The values of a spec in the order of the table's partition keys, as Fluss's `PartitionUtils` checks them.
fn resolve<'a>(path: &TablePath, table: &Table, spec: &'a Spec, new: bool) -> Result<Vec<&'a str>, Failure> {
    let invalid = |text: String| Failure::new(ServerErrorCode::PARTITION_SPEC_INVALID, text);
    let keys = &table.definition.descriptor.partition_keys;
    if spec.len() != keys.len() {
        return Err(invalid(format!(
            "PartitionSpec size is not equal to partition keys size for partitioned table {path}."
        )));
    }
    let value = |key: &String| {
        let value = spec.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        value.ok_or_else(|| {
            let pairs: Vec<String> = spec.iter().map(|(key, value)| format!("{key}={value}")).collect();
            invalid(format!(
                "PartitionSpec PartitionSpec{{{{{}}}}} does not contain partition key '{key}' for partitioned table \
                 {path}.",
                pairs.join(", ")
            ))
        })
    };
    let values: Vec<&str> = keys.iter().map(value).collect::<Result<_, _>>()?;
    match values.iter().find_map(|value| Some((value, fault(value, new)?))) {
        None => Ok(values),
        Some((value, fault)) => {
            let value: String = value.chars().take(MAX_NAME_LENGTH).collect();
            Err(invalid(format!("The partition value {value} is invalid: {fault}")))
        }
    }
}

/// Why a value cannot be that of a partition, or of a new one, in the words of Fluss's `TablePath`.
fn fault(value: &str, new: bool) -> Option<String> {
    if check_partition_value(value).is_ok() {
        let reserved = "'__' is not allowed as prefix, since it is reserved for internal databases/internal \
                        tables/internal partitions in Fluss server";
        return (new && check_new_partition_value(value).is_err()).then(|| reserved.to_owned());
    }
    Some(match value {
        "" => "the empty string is not allowed".to_owned(),
        "." | ".." => format!("'{value}' is not allowed"),
        _ if value.len() > MAX_NAME_LENGTH => {
            format!("the length of the value is longer than the max allowed length {MAX_NAME_LENGTH}")
        }
        _ => format!("'{value}' contains one or more characters other than ASCII alphanumerics, '_' and '-'"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::descriptor::tests::table;

    const DAY: i64 = 86_400_000;

    #[test]
    fn days_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("catalog.json");
        let catalog = Catalog::open(file.clone(), false).unwrap();
        let path = TablePath::new("fluss", "t").unwrap();
        let properties = [
            ("table.auto-partition.enabled", "true"),
            ("table.auto-partition.time-zone", "UTC"),
            ("table.auto-partition.num-retention", "1"),
        ];
        let json = table("day STRING", &[], &["day"], &properties).to_json();
        let limits = Limits { all_buckets: 4, ..Limits::default() };
        catalog.create_table(&path, json.as_bytes(), false, &limits, 0).unwrap();
        let names = |catalog: &Catalog| {
            let state = catalog.state();
            state.table(&path).unwrap().partitions.clone().into_iter().collect::<Vec<_>>()
        };
        let named = |days: &[(&str, i64)]| days.iter().map(|(day, id)| ((*day).to_owned(), *id)).collect::<Vec<_>>();
        assert_eq!(names(&catalog), named(&[("19700101", 0), ("19700102", 1)]));

        let turnover = catalog.follow_time(DAY / 2, &limits).unwrap();
        assert!(turnover.created.is_empty() && turnover.dropped.is_empty());
        let turnover = catalog.follow_time(2 * DAY, &limits).unwrap();
        let physical = |partition| PhysicalTable { table: 0, partition: Some(partition) };
        assert_eq!(turnover.created, [physical(2), physical(3)]);
        assert_eq!(turnover.dropped, [physical(0)]);
        let days = named(&[("19700102", 1), ("19700103", 2), ("19700104", 3)]);
        assert_eq!(names(&catalog), days);
        assert_eq!(names(&Catalog::open(file, false).unwrap()), days, "it is on the disk");

        let full = Limits { all_buckets: 2, ..limits };
        let turnover = catalog.follow_time(10 * DAY, &full).unwrap();
        assert_eq!((turnover.created.len(), turnover.dropped.len()), (2, 3));
        let turnover = catalog.follow_time(11 * DAY, &full).unwrap();
        assert_eq!((turnover.created.len(), turnover.dropped.len()), (0, 0), "there is no room");
    }
}
