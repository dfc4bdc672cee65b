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
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use fjall::config::{FilterPolicy, HashRatioPolicy, PinningPolicy, RestartIntervalPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::disk::folder::flush_folder;
use crate::error::NodeError;

/// Rows held in memory for the disk, of one keyspace, in bytes.
const MEMTABLE: u64 = 16 << 20;
/// The most that a start has to read of what was not yet sorted into files, in bytes.
const JOURNAL: u64 = 64 << 20;
/// Memory for blocks that were read, in bytes.
const CACHE: u64 = 128 << 20;
/// Files that are kept open.
const OPEN_FILES: usize = 128;
/// How long a node that is stopping is waited for, and how long it takes to stop at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// A file that says that the journals say nothing new.
const SORTED: &str = "sorted";
/// Threads that sort and merge files.
const WORKERS: usize = 1;

/// The keys of the node.
pub(crate) struct Store {
    folder: PathBuf,
    database: Database,
    memory: Arc<AtomicUsize>,
}

/// Which table or partition.
pub(crate) type SpaceId = (i64, Option<i64>);

/// Where the keys of one table or partition lie.
pub(crate) struct Space {
    name: String,
    database: Database,
    /// Set once something was written.
    keyspace: OnceLock<Keyspace>,
    memory: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Space").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the keys in `folder`, and deletes those of tables and partitions that are not among `live`.
    pub(crate) fn open(folder: &Path, live: &HashSet<SpaceId>) -> Result<Self, NodeError> {
        let failed = |error| failed_to_open(folder, error);
        forget_sorted(folder).map_err(|source| NodeError::storage(folder, source))?;
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

    /// The place of a table's or partition's keys, which need not be there yet.
    pub(crate) fn space(&self, id: SpaceId) -> Result<Space, fjall::Error> {
        let name = name(id);
        let keyspace = OnceLock::new();
        if self.database.keyspace_exists(&name) {
            let _ = keyspace.set(self.database.keyspace(&name, options)?);
        }
        Ok(Space { name, database: self.database.clone(), keyspace, memory: Arc::clone(&self.memory) })
    }

    /// Deletes the keys of a table or partition; its files go when nobody reads them any more.
    pub(crate) fn delete(&self, id: SpaceId) -> Result<(), fjall::Error> {
        let name = name(id);
        if self.database.keyspace_exists(&name) { self.delete_named(&name) } else { Ok(()) }
    }

    fn delete_named(&self, name: &str) -> Result<(), fjall::Error> {
        let keyspace = self.database.keyspace(name, options)?;
        self.database.delete_keyspace(keyspace)
    }

    /// Sorts everything into files, so that the next start has nothing to read. Blocks.
    pub(crate) fn close(&self) -> Result<(), fjall::Error> {
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
        self.flush()?;
        if keyspaces.iter().all(|keyspace| keyspace.sealed_memtable_count() == 0) {
            std::fs::write(self.folder.join(SORTED), "")?;
        }
        Ok(())
    }

    /// Fails if a thread of the store has ended, or a write to its journal has failed.
    pub(crate) fn check(&self) -> Result<(), fjall::Error> {
        self.database.persist(PersistMode::Buffer)
    }

    /// Brings everything to the disk. Blocks.
    pub(crate) fn flush(&self) -> Result<(), fjall::Error> {
        self.database.persist(PersistMode::SyncAll)
    }
}

impl Space {
    /// The database that it is part of.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The bytes of rows that all buckets of the node keep in memory.
    pub(crate) fn memory(&self) -> &Arc<AtomicUsize> {
        &self.memory
    }

    /// The keys, if something was ever written.
    pub(crate) fn keyspace(&self) -> Option<&Keyspace> {
        self.keyspace.get()
    }

    /// The keys, which are about to be written.
    pub(crate) fn keyspace_to_write(&self) -> Result<&Keyspace, fjall::Error> {
        if let Some(keyspace) = self.keyspace.get() {
            return Ok(keyspace);
        }
        let keyspace = self.database.keyspace(&self.name, options)?;
        Ok(self.keyspace.get_or_init(|| keyspace))
    }
}

fn name((table, partition): SpaceId) -> String {
    match partition {
        Some(partition) => format!("t{table}p{partition}"),
        None => format!("t{table}"),
    }
}

/// Every upsert looks for the row before it, so what speeds up looking is worth its memory.
fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE)
        .filter_policy(FilterPolicy::all(fjall::config::FilterPolicyEntry::Bloom(
            fjall::config::BloomConstructionPolicy::BitsPerKey(12.0),
        )))
        .filter_block_pinning_policy(PinningPolicy::all(true))
        .index_block_pinning_policy(PinningPolicy::all(true))
        .data_block_restart_interval_policy(RestartIntervalPolicy::all(8))
        .data_block_hash_ratio_policy(HashRatioPolicy::all(0.75))
}

/// After an orderly end all that the journals say is in files already; reading them again would take most of the start.
/// They are emptied, not deleted: without any the store would count its writes from the beginning again.
fn forget_sorted(folder: &Path) -> std::io::Result<()> {
    let sorted = folder.join(SORTED);
    if !sorted.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            std::fs::OpenOptions::new().write(true).open(path)?.set_len(0)?;
        }
    }
    std::fs::remove_file(sorted)?;
    flush_folder(folder)
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
