//! What the catalogue holds, and its form on the disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thalweg_wire::table::{DatabaseDescriptor, Schema, TableDescriptor, TablePath};

use crate::ids::PhysicalTable;
use crate::table::definition::Definition;
use crate::table::properties;

/// Databases, tables and counters. Changed by making another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// The number of the next table; numbers are never used again.
    pub(crate) next_table_id: i64,
    /// The number of the next partition, of any table.
    pub(crate) next_partition_id: i64,
    /// Writers have had numbers below this one at most.
    pub(crate) next_writer_id: i64,
    /// By name.
    pub(crate) databases: BTreeMap<String, Database>,
    /// The tables of all databases, by number.
    by_id: HashMap<i64, Arc<Table>>,
    /// The tables and names of all partitions, by the partition's number.
    by_partition: HashMap<i64, (Arc<Table>, String)>,
}

impl State {
    /// A table by its name.
    pub(crate) fn table(&self, path: &TablePath) -> Option<&Arc<Table>> {
        self.databases.get(&path.database)?.tables.get(&path.table)
    }

    /// A table by its number.
    pub(crate) fn table_of_id(&self, id: i64) -> Option<&Arc<Table>> {
        self.by_id.get(&id)
    }

    /// A partition by its number: its table and its name.
    pub(crate) fn partition_of_id(&self, id: i64) -> Option<(&Arc<Table>, &str)> {
        self.by_partition.get(&id).map(|(table, name)| (table, name.as_str()))
    }

    /// Whether there is such a table or partition.
    pub(crate) fn has(&self, id: PhysicalTable) -> bool {
        match id.partition {
            None => self.by_id.contains_key(&id.table),
            Some(partition) => self.by_partition.contains_key(&partition),
        }
    }

    /// How many buckets there are.
    pub(crate) fn buckets(&self) -> u64 {
        self.tables().map(|table| table.all_buckets()).sum()
    }

    /// The names of all tables.
    pub(super) fn paths(&self) -> Vec<TablePath> {
        let tables = |(database, held): (&String, &Database)| {
            let path = |table: &String| TablePath { database: database.clone(), table: table.clone() };
            held.tables.keys().map(path).collect::<Vec<_>>()
        };
        self.databases.iter().flat_map(tables).collect()
    }

    /// Puts a changed table in place of the one that there is.
    pub(super) fn replace(&mut self, path: &TablePath, table: Table) {
        if let Some(database) = self.databases.get_mut(&path.database) {
            database.tables.insert(path.table.clone(), Arc::new(table));
        }
    }

    /// The name of a table by its number.
    pub(super) fn path_of_id(&self, id: i64) -> Option<TablePath> {
        let named = |database: &String, table: &String| TablePath { database: database.clone(), table: table.clone() };
        let mut databases = self.databases.iter();
        databases.find_map(|(database, held)| {
            held.tables.iter().find(|(_, table)| table.id == id).map(|(name, _)| named(database, name))
        })
    }

    /// All tables.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.databases.values().flat_map(|database| database.tables.values())
    }

    /// Brings the look-ups by number up to date after a change.
    pub(super) fn number_tables(&mut self) {
        self.by_id = self.tables().map(|table| (table.id, Arc::clone(table))).collect();
        let partitions = self.tables().flat_map(|table| table.partitions.iter().map(move |one| (table, one)));
        self.by_partition = partitions.map(|(table, (name, id))| (*id, (Arc::clone(table), name.clone()))).collect();
    }
}

/// A database.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    /// Its comment and properties.
    pub(crate) descriptor: DatabaseDescriptor,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) created: i64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) modified: i64,
    /// By name.
    pub(crate) tables: BTreeMap<String, Arc<Table>>,
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Its number.
    pub(crate) id: i64,
    /// The version of its schema.
    pub(crate) schema_id: i32,
    /// The versions before it.
    pub(crate) earlier: BTreeMap<i32, Schema>,
    /// What it is.
    pub(crate) definition: Arc<Definition>,
    /// Its partitions: their names and numbers.
    pub(crate) partitions: BTreeMap<String, i64>,
    /// Rows have had numbers of the auto-increment column up to this one at most.
    pub(super) numbered: i64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) created: i64,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) modified: i64,
}

impl Table {
    /// A table that was created just now.
    pub(super) fn new(id: i64, schema_id: i32, definition: Definition, created: i64) -> Self {
        let definition = Arc::new(definition);
        let (earlier, partitions) = (BTreeMap::new(), BTreeMap::new());
        Self { id, schema_id, earlier, definition, partitions, numbered: 0, created, modified: created }
    }

    /// A version of its schema.
    pub(crate) fn schema(&self, id: i32) -> Option<&Schema> {
        if id == self.schema_id { Some(&self.definition.descriptor.schema) } else { self.earlier.get(&id) }
    }

    /// Whether its rows lie in partitions.
    pub(crate) fn is_partitioned(&self) -> bool {
        !self.definition.descriptor.partition_keys.is_empty()
    }

    /// What has buckets: the table itself, or each of its partitions.
    pub(crate) fn physical(&self) -> Vec<PhysicalTable> {
        let table = self.id;
        match self.is_partitioned() {
            false => vec![PhysicalTable { table, partition: None }],
            true => self.partitions.values().map(|id| PhysicalTable { table, partition: Some(*id) }).collect(),
        }
    }

    /// How many buckets it has.
    pub(crate) fn buckets(&self) -> u32 {
        self.definition.descriptor.bucket_count.unwrap_or(1)
    }

    /// How many buckets it has, those of all its partitions together.
    pub(super) fn all_buckets(&self) -> u64 {
        let parts = if self.is_partitioned() { self.partitions.len() as u64 } else { 1 };
        parts * u64::from(self.buckets())
    }

    /// How long its rows are kept; `None`: for ever, which is what a duration of nothing means in Fluss.
    pub(crate) fn log_ttl(&self) -> Option<Duration> {
        Some(self.definition.properties.log_ttl).filter(|ttl| !ttl.is_zero())
    }

    /// The least bytes that each of its buckets keeps, if it says.
    pub(crate) fn retention_bytes(&self) -> Option<u64> {
        properties::retention_bytes(&self.definition.descriptor.custom_properties)
    }
}

/// The catalogue's file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    next_table_id: i64,
    #[serde(default)]
    next_partition_id: i64,
    next_writer_id: i64,
    databases: BTreeMap<String, StoredDatabase>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredDatabase {
    descriptor: Box<RawValue>,
    created: i64,
    /// Left out by earlier versions: as it was created.
    #[serde(default)]
    modified: Option<i64>,
    tables: BTreeMap<String, StoredTable>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredTable {
    id: i64,
    schema_id: i32,
    created: i64,
    modified: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    partitions: BTreeMap<String, i64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    numbered: i64,
    /// The versions of the schema before the one of the descriptor.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    earlier: BTreeMap<i32, Box<RawValue>>,
    descriptor: Box<RawValue>,
}

impl Stored {
    /// The form on the disk.
    pub(super) fn of(state: &State) -> Result<Self, String> {
        let database = |(name, database): (&String, &Database)| {
            let tables = database.tables.iter().map(|(name, table)| Ok((name.clone(), StoredTable::of(table)?)));
            let stored = StoredDatabase {
                descriptor: raw(database.descriptor.to_json())?,
                created: database.created,
                modified: Some(database.modified),
                tables: tables.collect::<Result<_, String>>()?,
            };
            Ok((name.clone(), stored))
        };
        Ok(Self {
            next_table_id: state.next_table_id,
            next_partition_id: state.next_partition_id,
            next_writer_id: state.next_writer_id,
            databases: state.databases.iter().map(database).collect::<Result<_, String>>()?,
        })
    }

    /// The catalogue that it stands for.
    pub(super) fn restore(self) -> Result<State, String> {
        let database = |(name, stored): (String, StoredDatabase)| {
            let tables = stored.tables.into_iter().map(|(name, table)| Ok((name, Arc::new(table.restore()?))));
            let tables = tables.collect::<Result<_, String>>()?;
            let json = stored.descriptor.get().as_bytes();
            let descriptor = DatabaseDescriptor::from_json(json).map_err(|error| error.to_string())?;
            let (created, modified) = (stored.created, stored.modified.unwrap_or(stored.created));
            Ok((name, Database { descriptor, created, modified, tables }))
        };
        let mut state = State {
            next_table_id: self.next_table_id,
            next_partition_id: self.next_partition_id,
            next_writer_id: self.next_writer_id,
            databases: self.databases.into_iter().map(database).collect::<Result<_, String>>()?,
            by_id: HashMap::new(),
            by_partition: HashMap::new(),
        };
        state.number_tables();
        Ok(state)
    }
}

impl StoredTable {
    fn of(table: &Table) -> Result<Self, String> {
        let earlier = table.earlier.iter().map(|(id, schema)| Ok((*id, raw(schema.to_json())?)));
        Ok(Self {
            id: table.id,
            schema_id: table.schema_id,
            created: table.created,
            modified: table.modified,
            partitions: table.partitions.clone(),
            numbered: table.numbered,
            earlier: earlier.collect::<Result<_, String>>()?,
            descriptor: raw(table.definition.descriptor.to_json())?,
        })
    }

    fn restore(self) -> Result<Table, String> {
        let mut descriptor =
            TableDescriptor::from_json(self.descriptor.get().as_bytes()).map_err(|error| error.to_string())?;
        let properties = properties::of_earlier_version(&mut descriptor.properties).map_err(|failure| failure.text)?;
        let schema = |(id, json): (i32, Box<RawValue>)| {
            let schema = Schema::from_json(json.get().as_bytes()).map_err(|error| error.to_string())?;
            Ok((id, schema))
        };
        let earlier: BTreeMap<i32, Schema> = self.earlier.into_iter().map(schema).collect::<Result<_, String>>()?;
        let definition =
            Definition::new(descriptor, properties, self.schema_id, &earlier).map_err(|failure| failure.text)?;
        let table = Table::new(self.id, self.schema_id, definition, self.created);
        let Self { modified, partitions, numbered, .. } = self;
        Ok(Table { modified, partitions, numbered, earlier, ..table })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn raw(json: String) -> Result<Box<RawValue>, String> {
    RawValue::from_string(json).map_err(|error| error.to_string())
}
