//! The keys of all primary-key tables on the disk: one LSM store for the node, with a keyspace for each table or
//! partition of which rows were sorted into files. So opening costs by the tables in use, not by their buckets, and what
//! was dropped goes away as a whole.
//!
//! ```text
//! {bucket, u32 big-endian} {key}              {schema id, i16 little-endian} {row}
//! 0xFFFFFFFF {bucket, u32 big-endian}         {applied offset, i64} {rows, i64}, little-endian
//! ```
//!
//! A bucket's rows and the offset up to which they follow its log come into the files at once. What is not in files yet is
//! in memory, and in the log: a start reads it there. Versions before wrote the store's own journal too; what they left in
//! it counts, and nothing is added to it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fjall::{Database, KeyspaceCreateOptions, PersistMode};

use super::bucket_keys::BucketKeys;
use super::error::StoreError;
use super::memory::Memory;
use super::sorter::Sorter;
use super::space::{Shared, Space, name};
use crate::disk::file::flush_folder;
use crate::error::NodeError;
use crate::ids::PhysicalTable;
use crate::options::LEAST_MEMORY;
use crate::table::keyed::KeyedTable;

/// The share of the memory for blocks that were read from files; the rest is for rows.
const CACHE: usize = 4;
/// Files that are kept open.
const OPEN_FILES: usize = 128;
/// How long a node that is stopping is waited for, and how long one that stops sorts.
const PATIENCE: Duration = Duration::from_secs(5);
/// A file that earlier versions left behind.
const EMPTY_JOURNALS: &str = "sorted";
/// Threads that merge files.
const WORKERS: usize = 1;

/// The keys of the node.
pub(crate) struct Store {
    folder: PathBuf,
    // The thread ends before what it works on.
    sorter: Sorter,
    shared: Shared,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the keys in `folder`, to take about `memory` bytes, and deletes those of tables and partitions that are not
    /// among `live`. Blocks.
    pub(crate) fn open(folder: &Path, memory: usize, live: &HashSet<PhysicalTable>) -> Result<Self, NodeError> {
        let failed = |error| failed_to_open(folder, error);
        forget_mark(folder).map_err(|source| NodeError::storage(folder, source))?;
        let memory = memory.max(LEAST_MEMORY);
        let cache = memory / CACHE;
        let database = open_database(folder, cache).map_err(failed)?;
        let shared = Shared { database, memory: Arc::new(Memory::new(memory - cache)), spaces: Arc::default() };
        let sorter = Sorter::start(&shared.spaces, &shared.memory)?;
        let store = Self { folder: folder.to_path_buf(), sorter, shared };
        let live: HashSet<String> = live.iter().map(|id| name(*id)).collect();
        for name in store.shared.database.list_keyspace_names() {
            if !live.contains(&*name) {
                store.delete_named(&name).map_err(failed)?;
            }
        }
        Ok(store)
    }

    /// The keys of the buckets of a table or partition, which may have rows already. They follow their logs as far as
    /// their marks say. Blocks.
    pub(crate) fn buckets(
        &self,
        id: PhysicalTable,
        table: &Arc<KeyedTable>,
        buckets: u32,
    ) -> Result<Vec<BucketKeys>, StoreError> {
        let space = Space::open(id, &self.shared, buckets)?;
        Ok(self.keys_of(space, table))
    }

    /// The keys of the buckets of a new table or partition. Nothing is on the disk before something is written.
    pub(crate) fn new_buckets(&self, id: PhysicalTable, table: &Arc<KeyedTable>, buckets: u32) -> Vec<BucketKeys> {
        let space = Space::empty(id, &self.shared, buckets);
        self.keys_of(space, table)
    }

    fn keys_of(&self, space: Space, table: &Arc<KeyedTable>) -> Vec<BucketKeys> {
        let space = Arc::new(space);
        self.shared.spaces.add(&space);
        let parts = (0..).zip(space.parts());
        parts.map(|(bucket, part)| BucketKeys::new(Arc::clone(table), Arc::clone(&space), bucket, part)).collect()
    }

    /// Deletes the keys of a dropped table or partition, whose buckets take no more batches; its files go when nobody
    /// reads them any more. Blocks.
    pub(crate) fn delete(&self, id: PhysicalTable) -> Result<(), StoreError> {
        let name = name(id);
        if self.shared.database.keyspace_exists(&name) { Ok(self.delete_named(&name)?) } else { Ok(()) }
    }

    /// What rows take, and may take.
    #[cfg(test)]
    pub(super) fn memory(&self) -> Arc<Memory> {
        Arc::clone(&self.shared.memory)
    }

    fn delete_named(&self, name: &str) -> Result<(), fjall::Error> {
        let keyspace = self.shared.database.keyspace(name, KeyspaceCreateOptions::default)?;
        self.shared.database.delete_keyspace(keyspace)
    }

    /// Fails if a thread of the store has ended, or a write of it has failed for good.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.sorter.check()?;
        Ok(self.shared.database.persist(PersistMode::Buffer)?)
    }

    /// Brings everything to the disk, sorted into files. Blocks.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.shared.spaces.all().iter().try_for_each(|space| space.sort())
    }

    /// Brings everything to the disk, sorted into files, so that the next start has nothing to read from the logs. What is
    /// not sorted in time is in the logs all the same. Blocks.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.sorter.stop();
        let begun = Instant::now();
        let mut spaces = self.shared.spaces.all();
        spaces.sort_by_key(|space| std::cmp::Reverse(space.held().dirty()));
        spaces.iter().take_while(|_| begun.elapsed() < PATIENCE).try_for_each(|space| space.sort())
    }
}

/// Earlier versions emptied the journals when they found this file; what has been written since would go with it.
fn forget_mark(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(folder.join(EMPTY_JOURNALS)) {
        Ok(()) => flush_folder(folder),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A node of this process that was stopped may have a request that still ends, and hold the files for a moment; other
/// processes are kept out by the lock of the data folder.
fn open_database(folder: &Path, cache: usize) -> Result<Database, fjall::Error> {
    let begun = Instant::now();
    loop {
        let opened = Database::builder(folder)
            .cache_size(cache as u64)
            .max_cached_files(Some(OPEN_FILES))
            .worker_threads(WORKERS)
            .open();
        match opened {
            Err(fjall::Error::Locked) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(10)),
            other => return other,
        }
    }
}

fn failed_to_open(folder: &Path, error: fjall::Error) -> NodeError {
    match error {
        fjall::Error::Io(source) => NodeError::storage(folder, source),
        other => NodeError::Damaged { path: folder.to_path_buf(), why: other.to_string() },
    }
}
