//! The catalogue: databases, tables and the counters of their numbers, in memory and in one file.
//!
//! A change makes a new state, puts it on the disk, and only then shows it. Reading never waits for a change.

mod partitions;
mod state;

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

use thalweg_wire::message::ServerErrorCode;
use thalweg_wire::table::{DEFAULT_DATABASE, DatabaseDescriptor, TableDescriptor, TablePath, check_name};

pub(crate) use partitions::Turnover;
pub(crate) use state::{Database, State, Table};

use crate::disk::file::write_whole;
use crate::error::NodeError;
use crate::failure::Failure;
use crate::options::Limits;
use crate::runtime::clock;
use crate::runtime::sync::{lock, read, write};
use crate::table::definition::Definition;
use crate::table::descriptor::FIRST_SCHEMA;
use crate::table::{auto_partition, descriptor, properties};

/// Writer numbers taken from the disk at once.
const WRITER_BLOCK: i64 = 1024;
/// Numbers of an auto-increment column taken from the disk at once, at least.
const ROW_BLOCK: i64 = 1024;

/// The catalogue.
#[derive(Debug)]
pub(crate) struct Catalog {
    file: PathBuf,
    flush: bool,
    state: RwLock<Arc<State>>,
    /// Held by who changes it.
    changes: Mutex<Changes>,
}

#[derive(Debug)]
struct Changes {
    next_writer: i64,
    /// Of tables with an auto-increment column, by their number: up to which number ranges were given out.
    numbered: HashMap<i64, i64>,
    /// Whether the node has stopped, so that the file is not ours any more.
    closed: bool,
}

impl Catalog {
    /// Reads the catalogue from its file, or begins one. With `flush` changes are on the disk before they are shown.
    pub(crate) fn open(file: PathBuf, flush: bool) -> Result<Self, NodeError> {
        let state = match std::fs::read(&file) {
            Ok(bytes) => {
                let stored: state::Stored = serde_json::from_slice(&bytes)
                    .map_err(|error| NodeError::Damaged { path: file.clone(), why: error.to_string() })?;
                stored.restore().map_err(|why| NodeError::Damaged { path: file.clone(), why })?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::default(),
            Err(source) => return Err(NodeError::storage(&file, source)),
        };
        let changes =
            Mutex::new(Changes { next_writer: state.next_writer_id, numbered: HashMap::new(), closed: false });
        let catalog = Self { file, flush, state: RwLock::new(Arc::new(state)), changes };
        if !catalog.state().databases.contains_key(DEFAULT_DATABASE) {
            let mut state = State::clone(&catalog.state());
            state.databases.insert(DEFAULT_DATABASE.to_owned(), new_database(DatabaseDescriptor::default()));
            catalog.save(state).map_err(|source| NodeError::storage(&catalog.file, source))?;
        }
        Ok(catalog)
    }

    /// What it holds now.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&read(&self.state))
    }

    /// All tables.
    pub(crate) fn tables(&self) -> Vec<Arc<Table>> {
        self.state().tables().cloned().collect()
    }

    fn save(&self, mut state: State) -> std::io::Result<()> {
        let stored = state::Stored::of(&state).map_err(std::io::Error::other)?;
        write_whole(&self.file, &serde_json::to_vec(&stored)?, self.flush)?;
        state.number_tables();
        *write(&self.state) = Arc::new(state);
        Ok(())
    }

    /// Changes the catalogue: all of `change` or nothing.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> Result<T, Failure>) -> Result<T, Failure> {
        let changes = lock(&self.changes);
        if changes.closed {
            return Err(Failure::stopping());
        }
        let mut state = State::clone(&self.state());
        let result = change(&mut state)?;
        self.save(state).map_err(unsaved)?;
        Ok(result)
    }

    /// Takes no more changes.
    pub(crate) fn close(&self) {
        lock(&self.changes).closed = true;
    }

    /// Creates a database; nothing happens when it is there and `ignore_if_exists`.
    pub(crate) fn create_database(
        &self,
        name: &str,
        descriptor: DatabaseDescriptor,
        ignore_if_exists: bool,
    ) -> Result<(), Failure> {
        check_name("database", name)
            .map_err(|error| Failure::new(ServerErrorCode::INVALID_DATABASE, error.to_string()))?;
        if ignore_if_exists && self.state().databases.contains_key(name) {
            return Ok(());
        }
        self.change(|state| {
            if state.databases.contains_key(name) {
                let text = format!("Database {name} already exists.");
                return Err(Failure::new(ServerErrorCode::DATABASE_ALREADY_EXIST, text));
            }
            state.databases.insert(name.to_owned(), new_database(descriptor));
            Ok(())
        })
    }

    /// Changes the comment and the properties of a database by `change`; nothing happens when it is not there and
    /// `ignore_if_missing`.
    pub(crate) fn alter_database(
        &self,
        name: &str,
        ignore_if_missing: bool,
        change: impl FnOnce(&mut DatabaseDescriptor) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if ignore_if_missing && !self.state().databases.contains_key(name) {
            return Ok(());
        }
        self.change(|state| {
            let database = state.databases.get_mut(name).ok_or_else(|| no_database(name))?;
            change(&mut database.descriptor)?;
            database.modified = clock::now();
            Ok(())
        })
    }

    /// Drops a database. Returns the tables that went with it.
    pub(crate) fn drop_database(
        &self,
        name: &str,
        ignore_if_missing: bool,
        cascade: bool,
    ) -> Result<Vec<Arc<Table>>, Failure> {
        if name == DEFAULT_DATABASE {
            let text = format!("The database {DEFAULT_DATABASE} is always there and cannot be dropped.");
            return Err(Failure::new(ServerErrorCode::INVALID_DATABASE, text));
        }
        let missing = !self.state().databases.contains_key(name);
        if missing && ignore_if_missing {
            return Ok(Vec::new());
        }
        self.change(|state| {
            let Some(database) = state.databases.remove(name) else { return Err(no_database(name)) };
            if !cascade && !database.tables.is_empty() {
                let text = format!("Database {name} is not empty.");
                return Err(Failure::new(ServerErrorCode::DATABASE_NOT_EMPTY, text));
            }
            Ok(database.tables.into_values().collect())
        })
    }

    /// Creates a table from its JSON at `now`, milliseconds since 1970-01-01T00:00:00Z. Returns it, or `None` when it is
    /// there and `ignore_if_exists`.
    pub(crate) fn create_table(
        &self,
        path: &TablePath,
        json: &[u8],
        ignore_if_exists: bool,
        limits: &Limits,
        now: i64,
    ) -> Result<Option<Arc<Table>>, Failure> {
        check_name("database", &path.database)
            .and_then(|()| check_name("table", &path.table))
            .map_err(|error| Failure::invalid_table(error.to_string()))?;
        let descriptor = TableDescriptor::from_json(json)
            .map_err(|error| Failure::invalid_table(format!("Failed to parse table descriptor: {error}")))?;
        let definition = descriptor::complete(descriptor, limits.buckets)?;
        if ignore_if_exists && self.state().table(path).is_some() {
            return Ok(None);
        }
        self.change(|state| {
            let tables = state.tables().count();
            let Some(database) = state.databases.get(&path.database) else {
                return Err(no_database(&path.database));
            };
            if database.tables.contains_key(&path.table) {
                let text = format!("Table {}.{} already exists.", path.database, path.table);
                return Err(Failure::new(ServerErrorCode::TABLE_ALREADY_EXIST, text));
            }
            if tables >= limits.tables {
                return Err(Failure::invalid_table(format!(
                    "This node has as many tables as it takes, {tables}: drop some first."
                )));
            }
            let mut table = Table::new(state.next_table_id, FIRST_SCHEMA, definition, now);
            state.next_table_id += 1;
            partitions::begin(state, &mut table, now, limits);
            partitions::check_room(state, table.all_buckets(), limits)?;
            state.replace(path, table);
            Ok(state.table(path).cloned())
        })
    }

    /// Drops a table. Returns it, or `None` when it is not there and `ignore_if_missing`.
    pub(crate) fn drop_table(&self, path: &TablePath, ignore_if_missing: bool) -> Result<Option<Arc<Table>>, Failure> {
        if ignore_if_missing && self.state().table(path).is_none() {
            return Ok(None);
        }
        self.change(|state| {
            let dropped = state.databases.get_mut(&path.database).and_then(|tables| tables.tables.remove(&path.table));
            dropped.map(Some).ok_or_else(|| {
                let text = format!("Table {}.{} does not exist.", path.database, path.table);
                Failure::new(ServerErrorCode::TABLE_NOT_EXIST, text)
            })
        })
    }

    /// Changes a table's properties, and adds columns, by `change`: with new columns its schema has a new version. Gives the
    /// table as it is then.
    pub(crate) fn alter_table(
        &self,
        path: &TablePath,
        change: impl FnOnce(&mut TableDescriptor) -> Result<(), Failure>,
    ) -> Result<Arc<Table>, Failure> {
        self.change(|state| {
            let table = state.databases.get_mut(&path.database).and_then(|tables| tables.tables.get_mut(&path.table));
            let Some(table) = table else { return Err(no_table(path)) };
            let mut descriptor = table.definition.descriptor.clone();
            change(&mut descriptor)?;
            auto_partition::complete(&mut descriptor)?;
            descriptor::check(&descriptor)?;
            let properties = properties::parse(&descriptor.properties)?;
            let mut altered = Table::clone(table);
            let before = &table.definition.descriptor.schema;
            if *before != descriptor.schema {
                descriptor::check_columns(&descriptor)?;
                altered.earlier.insert(table.schema_id, before.clone());
                altered.schema_id += 1;
            }
            let definition = Definition::new(descriptor, properties, altered.schema_id, &altered.earlier)?;
            *table = Arc::new(Table { definition: Arc::new(definition), modified: clock::now(), ..altered });
            Ok(Arc::clone(table))
        })
    }

    /// A number that no writer has had before.
    pub(crate) fn new_writer(&self) -> Result<i64, Failure> {
        let mut changes = lock(&self.changes);
        if changes.closed {
            return Err(Failure::stopping());
        }
        let state = self.state();
        if changes.next_writer >= state.next_writer_id {
            let mut next = State::clone(&state);
            next.next_writer_id = changes.next_writer + WRITER_BLOCK;
            self.save(next).map_err(unsaved)?;
        }
        changes.next_writer += 1;
        Ok(changes.next_writer - 1)
    }

    /// So many numbers of a table's auto-increment column, from 1 on, that no row had before and none will have; fewer where
    /// the last there are is among them. They are on the disk as taken when this returns.
    pub(crate) fn take_numbers(&self, table: i64, count: i64) -> Result<Range<i64>, Failure> {
        let mut changes = lock(&self.changes);
        if changes.closed {
            return Err(Failure::stopping());
        }
        let state = self.state();
        let gone = || Failure::new(ServerErrorCode::TABLE_NOT_EXIST, format!("There is no table with the id {table}."));
        let durable = state.table_of_id(table).ok_or_else(gone)?.numbered;
        let given = *changes.numbered.get(&table).unwrap_or(&durable);
        let last = given.saturating_add(count);
        if last > durable {
            let path = state.path_of_id(table).ok_or_else(gone)?;
            let mut next = State::clone(&state);
            let numbered = given.saturating_add(count.max(ROW_BLOCK));
            let before = next.table(&path).ok_or_else(gone)?;
            let altered = Table { numbered, ..Table::clone(before) };
            next.replace(&path, altered);
            self.save(next).map_err(unsaved)?;
        }
        changes.numbered.insert(table, last);
        Ok(given.saturating_add(1)..last.saturating_add(1))
    }
}

fn new_database(descriptor: DatabaseDescriptor) -> Database {
    let now = clock::now();
    Database { descriptor, created: now, modified: now, tables: std::collections::BTreeMap::new() }
}

fn no_database(name: &str) -> Failure {
    Failure::new(ServerErrorCode::DATABASE_NOT_EXIST, format!("Database {name} does not exist."))
}

/// A table that is asked for is not there.
pub(crate) fn no_table(path: &TablePath) -> Failure {
    let text = format!("Table '{}.{}' does not exist.", path.database, path.table);
    Failure::new(ServerErrorCode::TABLE_NOT_EXIST, text)
}

fn unsaved(error: std::io::Error) -> Failure {
    let text = format!("The node cannot write its catalogue ({error}); nothing was changed.");
    Failure::new(ServerErrorCode::STORAGE_EXCEPTION, text)
}
