//! The buckets of all tables.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::thread::ScopedJoinHandle;

use super::{Bucket, recovery};
use crate::disk::folder::{bucket_folder, table_folder};
use crate::error::NodeError;
use crate::ids::{BucketId, PhysicalTable};
use crate::keys::{BucketKeys, Store, StoreError};
use crate::log::{self, Log, LogSettings};
use crate::runtime::sync::{read, write};
use crate::table::keyed::KeyedTable;

/// Threads that open logs, at most.
const OPENERS: usize = 8;

/// What the buckets of a table or partition need to know of it.
#[derive(Debug, Clone)]
pub(crate) struct TableBuckets {
    /// Which table or partition.
    pub(crate) id: PhysicalTable,
    /// How many buckets it has.
    pub(crate) count: u32,
    /// What its keys need to know; `None`: the table has no primary key.
    pub(crate) keyed: Option<Arc<KeyedTable>>,
}

/// The buckets of all tables.
#[derive(Debug)]
pub(crate) struct Buckets {
    folder: PathBuf,
    settings: Arc<LogSettings>,
    store: Store,
    tables: RwLock<HashMap<PhysicalTable, Arc<[Arc<Bucket>]>>>,
}

impl Buckets {
    /// Opens the buckets of these tables and partitions, with their logs under `folder` and their keys in `keys`, which
    /// take about so many bytes of memory, and brings the keys up to the logs. Blocks.
    pub(crate) fn open(
        folder: PathBuf,
        keys: (&Path, usize),
        settings: LogSettings,
        tables: &[TableBuckets],
    ) -> Result<Self, NodeError> {
        let settings = Arc::new(settings);
        let live: HashSet<PhysicalTable> = tables.iter().map(|table| table.id).collect();
        let (logs, store) = std::thread::scope(|scope| {
            let store = scope.spawn(|| Store::open(keys.0, keys.1, &live));
            (open_logs(&folder, &settings, tables), joined(store))
        });
        let (logs, store) = (logs?, store?);
        let mut opened = HashMap::with_capacity(tables.len());
        for (table, logs) in tables.iter().zip(logs) {
            opened.insert(table.id, with_keys(&folder, &store, table, logs)?);
        }
        Ok(Self { folder, settings, store, tables: RwLock::new(opened) })
    }

    /// Adds a new table or partition. Nothing is on the disk before something is written.
    pub(crate) fn add(&self, table: &TableBuckets) {
        let log = |bucket| {
            let id = table.id.bucket(bucket);
            Arc::new(Log::empty(id, bucket_folder(&self.folder, id), Arc::clone(&self.settings)))
        };
        let logs: Vec<_> = numbers(table.count).map(log).collect();
        let keys = table.keyed.as_ref().map(|keyed| self.store.new_buckets(table.id, keyed, table.count));
        keys.iter().flatten().zip(&logs).for_each(|(keys, log)| bind(keys, log));
        let buckets = buckets(logs.into_iter(), keys);
        write(&self.tables).insert(table.id, buckets);
    }

    /// Takes a dropped table or partition out; its buckets' files and keys are still there.
    pub(crate) fn remove(&self, table: PhysicalTable) -> Option<Arc<[Arc<Bucket>]>> {
        write(&self.tables).remove(&table)
    }

    /// Deletes the keys of a table or partition that was taken out, and the files of its logs: those of a table with all
    /// its partitions. What cannot be deleted now is deleted when the node starts again. Blocks.
    pub(crate) fn delete(&self, table: PhysicalTable) {
        let PhysicalTable { table: id, partition } = table;
        if let Err(error) = self.store.delete(table) {
            tracing::warn!(table = id, partition, error = error.0, "cannot delete the keys of a dropped table yet");
        }
        match std::fs::remove_dir_all(table_folder(&self.folder, table)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(table = id, partition, %error, "cannot delete what was dropped yet");
            }
            _ => {}
        }
    }

    /// The buckets of a table or partition, by number.
    pub(crate) fn table(&self, table: PhysicalTable) -> Option<Arc<[Arc<Bucket>]>> {
        read(&self.tables).get(&table).cloned()
    }

    /// One bucket.
    pub(crate) fn bucket(&self, id: BucketId) -> Option<Arc<Bucket>> {
        let number = usize::try_from(id.bucket).ok()?;
        read(&self.tables).get(&id.physical())?.get(number).cloned()
    }

    /// All buckets of all tables.
    pub(crate) fn all(&self) -> Vec<Arc<Bucket>> {
        read(&self.tables).values().flat_map(|buckets| buckets.iter().cloned()).collect()
    }

    /// Brings all keys to the disk. Blocks.
    pub(crate) fn flush_keys(&self) -> Result<(), StoreError> {
        self.store.flush()
    }

    /// Brings all keys to the disk for the last time, so that the next start is quick. Blocks.
    pub(crate) fn close_keys(&self) -> Result<(), StoreError> {
        self.store.close()
    }

    /// Fails if the store of the keys has broken down. Blocks.
    pub(crate) fn check_keys(&self) -> Result<(), StoreError> {
        self.store.check()
    }
}

fn numbers(buckets: u32) -> std::ops::Range<i32> {
    0..i32::try_from(buckets).unwrap_or(i32::MAX)
}

/// Logs with the keys of the same buckets, if their table has some.
fn buckets(logs: impl Iterator<Item = Arc<Log>>, keys: Option<Vec<BucketKeys>>) -> Arc<[Arc<Bucket>]> {
    let mut keys = keys.map(Vec::into_iter);
    logs.map(|log| Arc::new(Bucket::new(log, keys.as_mut().and_then(Iterator::next)))).collect()
}

/// Has keys go to the disk only behind their log.
pub(super) fn bind(keys: &BucketKeys, log: &Arc<Log>) {
    let log = Arc::clone(log);
    keys.settle_by(Box::new(move || log.settle()));
}

/// Opens the logs of tables, in the order of these.
fn open_logs(folder: &Path, settings: &Arc<LogSettings>, tables: &[TableBuckets]) -> Result<Vec<Vec<Log>>, NodeError> {
    let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get()).min(OPENERS);
    let share = tables.len().div_ceil(threads).max(1);
    let open = |table: &TableBuckets| -> Result<Vec<Log>, NodeError> {
        let log = |bucket| {
            let id = table.id.bucket(bucket);
            log::open(id, &bucket_folder(folder, id), settings)
        };
        numbers(table.count).map(log).collect()
    };
    let open = &open;
    std::thread::scope(|scope| {
        let open_all = |tables: &[TableBuckets]| tables.iter().map(open).collect::<Result<Vec<_>, _>>();
        let workers: Vec<_> = tables.chunks(share).map(|tables| scope.spawn(move || open_all(tables))).collect();
        let mut opened = Vec::with_capacity(tables.len());
        for worker in workers {
            opened.extend(joined(worker)?);
        }
        Ok(opened)
    })
}

/// What a thread gave; its panic goes on here.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Opens the keys of logs, if their table has some, and brings them up to the logs.
fn with_keys(
    folder: &Path,
    store: &Store,
    table: &TableBuckets,
    logs: Vec<Log>,
) -> Result<Arc<[Arc<Bucket>]>, NodeError> {
    let logs: Vec<_> = logs.into_iter().map(Arc::new).collect();
    let Some(keyed) = &table.keyed else { return Ok(buckets(logs.into_iter(), None)) };
    let keys = store
        .buckets(table.id, keyed, table.count)
        .map_err(|error| NodeError::Damaged { path: table_folder(folder, table.id), why: error.to_string() })?;
    keys.iter().zip(&logs).try_for_each(|(keys, log)| {
        bind(keys, log);
        recovery::recover(keys, log)
    })?;
    Ok(buckets(logs.into_iter(), Some(keys)))
}
