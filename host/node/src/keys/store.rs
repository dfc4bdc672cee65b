//! The keys of all primary-key tables on the disk: one LSM store for the node, with a keyspace for each table or
//! partition that keys were written to. So opening costs by the tables in use, not by their buckets, and what was
//! dropped goes away as a whole.
//!
//! ```text
//! {bucket, u32 big-endian} {key}              {schema id, i16 little-endian} {row}
//! 0xFFFFFFFF {bucket, u32 big-endian}         {applied offset, i64} {rows, i64}, little-endian
//! ```
//!
//! A bucket's rows and the offset up to which they follow its log change in one write. Both lie in one keyspace, so
//! that whatever of it survives a loss of power still fits together.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use fjall::{Database, Keyspace, PersistMode};

use super::bucket_keys::BucketKeys;
use super::error::StoreError;
use super::space::{Space, name, options};
use crate::disk::file::flush_folder;
use crate::error::NodeError;
use crate::ids::PhysicalTable;
use crate::table::keyed::KeyedTable;

/// The most that a start has to read of what was written last, in bytes. The store begins a new journal only where one is
/// full (fjall 3.1, `worker_pool.rs`, `WorkerMessage::Flush`) and offers no way to begin one when it is closed. So a start
/// after an orderly end reads it too, about a microsecond a key (0.9 s for 830,000 small rows), but takes nothing from it:
/// `close` sorts everything into files before.
const JOURNAL: u64 = 64 << 20;
/// Memory for blocks that were read, in bytes.
const CACHE: u64 = 128 << 20;
/// Files that are kept open.
const OPEN_FILES: usize = 128;
/// How long a node that is stopping is waited for, and how long one that stops sorts.
const PATIENCE: Duration = Duration::from_secs(5);
/// A file that earlier versions left behind.
const EMPTY_JOURNALS: &str = "sorted";
/// Threads that sort and merge files.
const WORKERS: usize = 1;

/// The keys of the node.
pub(crate) struct Store {
    folder: PathBuf,
    database: Database,
    memory: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the keys in `folder`, and deletes those of tables and partitions that are not among `live`. Blocks.
    pub(crate) fn open(folder: &Path, live: &HashSet<PhysicalTable>) -> Result<Self, NodeError> {
        let failed = |error| failed_to_open(folder, error);
        forget_mark(folder).map_err(|source| NodeError::storage(folder, source))?;
        let database = open_database(folder).map_err(failed)?;
        let store = Self { folder: folder.to_path_buf(), database, memory: Arc::default() };
        let live: HashSet<String> = live.iter().map(|id| name(*id)).collect();
        for name in store.database.list_keyspace_names() {
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
        let space = self.space(id);
        space.open()?;
        let space = Arc::new(space);
        let open = |bucket| Ok(BucketKeys::open(Arc::clone(table), Arc::clone(&space), bucket)?);
        (0..buckets).map(open).collect()
    }

    /// The keys of the buckets of a new table or partition. Nothing is on the disk before something is written.
    pub(crate) fn new_buckets(&self, id: PhysicalTable, table: &Arc<KeyedTable>, buckets: u32) -> Vec<BucketKeys> {
        let space = Arc::new(self.space(id));
        (0..buckets).map(|bucket| BucketKeys::empty(Arc::clone(table), Arc::clone(&space), bucket)).collect()
    }

    fn space(&self, id: PhysicalTable) -> Space {
        Space::new(name(id), self.database.clone(), Arc::clone(&self.memory))
    }

    /// Deletes the keys of a dropped table or partition, whose buckets take no more batches; its files go when nobody
    /// reads them any more. Blocks.
    pub(crate) fn delete(&self, id: PhysicalTable) -> Result<(), StoreError> {
        let name = name(id);
        if self.database.keyspace_exists(&name) { Ok(self.delete_named(&name)?) } else { Ok(()) }
    }

    fn delete_named(&self, name: &str) -> Result<(), fjall::Error> {
        let keyspace = self.database.keyspace(name, options)?;
        self.database.delete_keyspace(keyspace)
    }

    /// Fails if a thread of the store has ended, or a write to its journal has failed.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        Ok(self.database.persist(PersistMode::Buffer)?)
    }

    /// Brings everything to the disk. Blocks.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }

    /// Brings everything to the disk, sorted into files, so that the next start reads past it in the journal. What is
    /// not sorted in time is in the journal all the same. Blocks.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        let names = self.database.list_keyspace_names();
        let keyspaces = names.iter().map(|name| self.database.keyspace(name, options));
        let keyspaces: Vec<Keyspace> = keyspaces.collect::<Result<_, _>>()?;
        for keyspace in &keyspaces {
            keyspace.rotate_memtable()?;
        }
        let begun = Instant::now();
        while keyspaces.iter().any(|keyspace| keyspace.sealed_memtable_count() > 0) && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.flush()
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
fn open_database(folder: &Path) -> Result<Database, fjall::Error> {
    let begun = Instant::now();
    loop {
        let opened = Database::builder(folder)
            .cache_size(CACHE)
            .max_journaling_size(JOURNAL)
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
