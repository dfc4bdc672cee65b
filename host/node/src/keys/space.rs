//! Where the keys of one table or partition lie in the store: a keyspace, which is made when they are first written to.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use fjall::config::{FilterPolicy, HashRatioPolicy, PinningPolicy, RestartIntervalPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use crate::ids::PhysicalTable;

/// Rows held in memory for the disk, of one keyspace, in bytes.
const MEMTABLE: u64 = 16 << 20;

/// Where the keys of one table or partition lie.
pub(super) struct Space {
    name: String,
    database: Database,
    /// Set once something was written.
    keyspace: OnceLock<Keyspace>,
    memory: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Space").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Space {
    /// The keys under this name, of which none is known to be on the disk.
    pub(super) fn new(name: String, database: Database, memory: Arc<AtomicUsize>) -> Self {
        Self { name, database, keyspace: OnceLock::new(), memory }
    }

    /// Opens what was written before, if anything was. Blocks.
    pub(super) fn open(&self) -> Result<(), fjall::Error> {
        if self.database.keyspace_exists(&self.name) {
            let _ = self.keyspace.set(self.database.keyspace(&self.name, options)?);
        }
        Ok(())
    }

    /// The database that it is part of.
    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// The bytes of rows that all buckets of the node keep in memory.
    pub(super) fn memory(&self) -> &Arc<AtomicUsize> {
        &self.memory
    }

    /// The keys, if something was ever written.
    pub(super) fn keyspace(&self) -> Option<&Keyspace> {
        self.keyspace.get()
    }

    /// The keys, which are about to be written.
    pub(super) fn keyspace_to_write(&self) -> Result<&Keyspace, fjall::Error> {
        if let Some(keyspace) = self.keyspace.get() {
            return Ok(keyspace);
        }
        let keyspace = self.database.keyspace(&self.name, options)?;
        Ok(self.keyspace.get_or_init(|| keyspace))
    }
}

/// The name of the keyspace of a table or partition.
pub(super) fn name(id: PhysicalTable) -> String {
    let table = id.table;
    match id.partition {
        Some(partition) => format!("t{table}p{partition}"),
        None => format!("t{table}"),
    }
}

/// Every upsert looks for the row before it, so what speeds up looking is worth its memory.
pub(super) fn options() -> KeyspaceCreateOptions {
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
