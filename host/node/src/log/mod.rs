//! The logs of all buckets: segments of batches exactly as they came, with offset and time put in.
//!
//! A bucket's log is written by one thread of the `commit` module only, and read by any.

mod append;
pub(crate) mod batch;
pub(crate) mod bucket;
mod checkpoint;
mod file;
mod index;
mod recovery;
mod retention;
mod segment;
#[cfg(test)]
mod tests;
mod writers;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

pub(crate) use append::AppendError;
pub(crate) use bucket::{Bucket, LogSettings, ReadError};
pub(crate) use retention::Policy;

use crate::disk::folder::partition_folder;
use crate::error::NodeError;
use crate::ids::{BucketId, PhysicalTable};
use crate::runtime::sync::{read, write};

/// The buckets of one table or partition, by number.
pub(crate) type Buckets = Arc<[Arc<Bucket>]>;

/// The logs of all tables.
#[derive(Debug)]
pub(crate) struct Logs {
    folder: PathBuf,
    settings: Arc<LogSettings>,
    tables: RwLock<HashMap<PhysicalTable, Buckets>>,
}

impl Logs {
    /// Opens the logs of these tables and partitions, given with the number of their buckets, under `folder`.
    pub(crate) fn open(
        folder: PathBuf,
        settings: LogSettings,
        tables: &[(PhysicalTable, u32)],
    ) -> Result<Self, NodeError> {
        let settings = Arc::new(settings);
        let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get()).min(8);
        let share = tables.len().div_ceil(threads).max(1);
        let opened = std::thread::scope(|scope| {
            let (folder, settings) = (&folder, &settings);
            let workers: Vec<_> = tables
                .chunks(share)
                .map(|tables| {
                    scope.spawn(move || -> Result<Vec<(PhysicalTable, Buckets)>, NodeError> {
                        tables.iter().map(|(id, count)| Ok((*id, open_table(folder, settings, *id, *count)?))).collect()
                    })
                })
                .collect();
            let mut opened = HashMap::with_capacity(tables.len());
            for worker in workers {
                match worker.join() {
                    Ok(tables) => opened.extend(tables?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok::<_, NodeError>(opened)
        })?;
        Ok(Self { folder, settings, tables: RwLock::new(opened) })
    }

    /// Adds a new table or partition. Nothing is on the disk before something is appended.
    pub(crate) fn add(&self, table: PhysicalTable, buckets: u32) {
        let empty = |bucket| {
            let id = table.bucket(bucket);
            Arc::new(Bucket::empty(id, bucket_folder(&self.folder, id), Arc::clone(&self.settings)))
        };
        write(&self.tables).insert(table, numbers(buckets).map(empty).collect());
    }

    /// Takes a dropped table or partition out; its buckets' files are still there.
    pub(crate) fn remove(&self, table: PhysicalTable) -> Option<Buckets> {
        write(&self.tables).remove(&table)
    }

    /// Deletes the files of a partition that was taken out, or of a table with all its partitions.
    pub(crate) fn delete_files(&self, table: PhysicalTable) -> io::Result<()> {
        match std::fs::remove_dir_all(table_folder(&self.folder, table)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The buckets of a table or partition.
    pub(crate) fn table(&self, table: PhysicalTable) -> Option<Buckets> {
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
}

fn numbers(buckets: u32) -> std::ops::Range<i32> {
    0..i32::try_from(buckets).unwrap_or(i32::MAX)
}

fn open_table(
    folder: &Path,
    settings: &Arc<LogSettings>,
    table: PhysicalTable,
    buckets: u32,
) -> Result<Buckets, NodeError> {
    let open = |bucket| {
        let id = table.bucket(bucket);
        recovery::open(id, &bucket_folder(folder, id), settings).map(Arc::new)
    };
    numbers(buckets).map(open).collect()
}

fn bucket_folder(tables: &Path, id: BucketId) -> PathBuf {
    table_folder(tables, id.physical()).join(id.bucket.to_string())
}

fn table_folder(tables: &Path, id: PhysicalTable) -> PathBuf {
    let table = tables.join(id.table.to_string());
    id.partition.map_or(table.clone(), |partition| table.join(partition_folder(partition)))
}

/// Opens one bucket's log in a folder of its own.
#[cfg(test)]
pub(crate) fn open_bucket(id: BucketId, folder: &Path, settings: LogSettings) -> Result<Bucket, NodeError> {
    recovery::open(id, folder, &Arc::new(settings))
}
