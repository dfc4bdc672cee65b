//! Where the keys of one table or partition lie: the newest of each bucket in memory, the others in the files of a keyspace
//! of the store, which is made when rows are first sorted into it.
//!
//! Nothing is written to the journal of the store: rows go from memory into its files, sorted, and the mark of each bucket
//! goes with them. What memory has when a node ends badly, the logs have too.
//!
//! ```text
//! all   the tables and partitions that there are
//! ```

mod all;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use fjall::config::{FilterPolicy, HashRatioPolicy, PartitioningPolicy, PinningPolicy, RestartIntervalPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};

pub(super) use self::all::Spaces;
use super::error::StoreError;
use super::memory::{Filter, Full, Hash, Held, Layers, Mark, Memory, Part, Rows, Run};
use crate::ids::PhysicalTable;
use crate::runtime::allocator;
use crate::runtime::sync::{lock, write};

/// The bytes before every key: its bucket.
pub(super) const PREFIX: usize = 4;
/// Files that are not merged yet, and that each reading looks into, before no more are made.
const UNMERGED: usize = 20;
/// How long that is waited for.
const MERGING: Duration = Duration::from_secs(30);
/// Bytes of rows sorted into files, from which on the allocator is asked to give back what is free then.
const MUCH: usize = 4 << 20;

/// What all tables and partitions of a node have in common.
#[derive(Clone)]
pub(super) struct Shared {
    /// Their files.
    pub(super) database: Database,
    /// Their memory.
    pub(super) memory: Arc<Memory>,
    /// All that there are.
    pub(super) spaces: Arc<Spaces>,
}

/// Where the keys of one table or partition lie.
pub(super) struct Space {
    name: String,
    database: Database,
    /// Set once something was sorted into files.
    keyspace: OnceLock<Keyspace>,
    parts: Vec<Arc<Part>>,
    memory: Arc<Memory>,
    /// Those with which it shares the memory.
    spaces: Arc<Spaces>,
    held: Held,
    /// Which keys the files may have: all that were sorted into them while this runs.
    filter: Filter,
    /// Held by who sorts.
    turn: Mutex<()>,
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Space").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Space {
    /// The keys of so many buckets of a table or partition, of which none is on the disk.
    pub(super) fn empty(id: PhysicalTable, shared: &Shared, buckets: u32) -> Self {
        Self::with(id, shared, (0..buckets).map(|_| Mark::default()), OnceLock::new())
    }

    /// The keys of so many buckets of a table or partition, as they are on the disk. Blocks.
    pub(super) fn open(id: PhysicalTable, shared: &Shared, buckets: u32) -> Result<Self, fjall::Error> {
        let name = name(id);
        if !shared.database.keyspace_exists(&name) {
            return Ok(Self::empty(id, shared, buckets));
        }
        let keyspace = shared.database.keyspace(&name, options)?;
        let mark = |bucket| {
            let stored = keyspace.get(mark_key(bucket))?;
            Ok::<_, fjall::Error>(stored.map(|bytes| Mark::decode(&bytes)).unwrap_or_default())
        };
        let marks = (0..buckets).map(mark).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::with(id, shared, marks.into_iter(), OnceLock::from(keyspace)))
    }

    fn with(
        id: PhysicalTable,
        shared: &Shared,
        marks: impl Iterator<Item = Mark>,
        keyspace: OnceLock<Keyspace>,
    ) -> Self {
        let parts = marks.map(|mark| Arc::new(Part::new(mark))).collect();
        let Shared { database, memory, spaces } = shared.clone();
        let filter = if keyspace.get().is_none() { Filter::empty } else { Filter::given_up }(memory.filters());
        let (held, turn) = (Held::default(), Mutex::default());
        Self { name: name(id), database, keyspace, parts, memory, spaces, held, filter, turn }
    }

    /// What of each bucket is in memory, by bucket.
    pub(super) fn parts(&self) -> &[Arc<Part>] {
        &self.parts
    }

    /// The database that it is part of.
    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// What its rows in memory take.
    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    /// The files, if there are some.
    pub(super) fn keyspace(&self) -> Option<&Keyspace> {
        self.keyspace.get()
    }

    /// The files, if they may have a key that is not in memory.
    pub(super) fn keyspace_of(&self, hash: Hash) -> Option<&Keyspace> {
        self.keyspace.get().filter(|_| self.filter.may_have(hash))
    }

    /// Which keys the files may have, but for those that are in memory now; `None`: nobody knows.
    pub(super) fn filter(&self) -> Option<Layers> {
        self.filter.layers()
    }

    /// Waits until there is room for more rows. Blocks.
    pub(super) fn wait_for_room(&self) -> Result<(), StoreError> {
        // The thread that sorts may be at it for long.
        if self.memory.is_crowded() {
            self.spaces.forget_clean();
        }
        self.memory.wait_for_room()
    }

    /// Takes changes of a bucket, and how far its keys are with them.
    pub(super) fn take(&self, part: &Part, changes: Rows, mark: Mark) -> Result<(), Full> {
        let mut buffer = write(part.buffer());
        let before = buffer.fresh().memory();
        let taken = if buffer.fresh().is_empty() {
            *buffer.fresh() = changes;
            Ok(())
        } else {
            buffer.fresh().extend(&changes)
        };
        if taken.is_ok() {
            buffer.set_mark(mark);
        }
        let now = buffer.fresh().memory();
        // Before anybody else has them, so that nobody takes off the books what is not in them yet.
        self.memory.note(&self.held, |held| &held.dirty, before, now);
        taken
    }

    /// Sorts all rows in memory that files have not into files, with the marks of their buckets, all or none. Blocks.
    pub(super) fn sort(&self) -> Result<(), StoreError> {
        let _turn = lock(&self.turn);
        let buckets = (0u32..).zip(&self.parts);
        let runs: Vec<(&Part, Run)> =
            buckets.filter_map(|(bucket, part)| part.seal(bucket).map(|run| (&**part, run))).collect();
        if runs.is_empty() {
            return Ok(());
        }
        for (part, run) in &runs {
            let failed = |error| StoreError(format!("the log of bucket {} cannot be flushed: {error}", run.bucket));
            part.settle().map_err(failed)?;
        }
        let keyspace = self.keyspace_to_write()?;
        self.ingest(keyspace, &runs)?;
        let mut sorted = 0;
        for (part, run) in &runs {
            let bytes = run.rows.memory();
            sorted += bytes;
            let keep = !run.rows.is_empty() && self.memory.has_room();
            part.sorted(run, keep, |before, now| {
                self.memory.note(&self.held, |held| &held.dirty, bytes, 0);
                self.memory.note(&self.held, |held| &held.clean, before, now);
            });
        }
        drop(runs);
        if sorted >= MUCH {
            allocator::give_back();
        }
        let begun = Instant::now();
        while keyspace.l0_table_count() > UNMERGED && begun.elapsed() < MERGING {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Writes runs of different buckets, in the order of these, and then their marks, as new files of a keyspace.
    fn ingest(&self, keyspace: &Keyspace, runs: &[(&Part, Run)]) -> Result<(), StoreError> {
        let mut files = keyspace.start_ingestion()?;
        let mut full_key = Vec::new();
        for (_, run) in runs {
            // Before the files count: a key that is there and not in the filter would be taken for a new one.
            let filter = self.filter.room_for(run.rows.keys());
            let _sorting = Sorting::begin(self, run.rows.sorting_memory());
            for row in run.rows.sorted().into_iter().filter_map(|position| run.rows.row(position)) {
                if let Some(filter) = &filter {
                    filter.add(Hash::of(row.key));
                }
                extend_prefix(run.bucket, row.key, &mut full_key);
                match row.value {
                    Some(value) => files.write(full_key.as_slice(), value)?,
                    None => files.write_tombstone(full_key.as_slice())?,
                }
            }
        }
        for (_, run) in runs {
            files.write(mark_key(run.bucket), run.mark.encode())?;
        }
        Ok(files.finish()?)
    }

    /// Forgets the rows in memory that files have too.
    pub(super) fn forget_clean(&self) {
        for part in &self.parts {
            part.forget_clean(|bytes| self.memory.note(&self.held, |held| &held.clean, bytes, 0));
        }
    }

    fn keyspace_to_write(&self) -> Result<&Keyspace, fjall::Error> {
        if let Some(keyspace) = self.keyspace.get() {
            return Ok(keyspace);
        }
        let keyspace = self.database.keyspace(&self.name, options)?;
        Ok(self.keyspace.get_or_init(|| keyspace))
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.memory.note(&self.held, |held| &held.dirty, self.held.dirty(), 0);
        self.memory.note(&self.held, |held| &held.clean, self.held.clean(), 0);
    }
}

/// What sorting takes, in the books while it lasts.
struct Sorting<'a>(&'a Space, usize);

impl<'a> Sorting<'a> {
    fn begin(space: &'a Space, bytes: usize) -> Self {
        space.memory.note(&space.held, |held| &held.dirty, 0, bytes);
        Self(space, bytes)
    }
}

impl Drop for Sorting<'_> {
    fn drop(&mut self) {
        let Self(space, bytes) = self;
        space.memory.note(&space.held, |held| &held.dirty, *bytes, 0);
    }
}

/// The key with its bucket before it, in place of what is in `out`.
pub(super) fn extend_prefix(bucket: u32, key: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&bucket.to_be_bytes());
    out.extend_from_slice(key);
}

impl Mark {
    fn encode(self) -> Vec<u8> {
        [self.applied.to_le_bytes(), self.rows.to_le_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Self {
        let number = |at: usize| bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().map(i64::from_le_bytes);
        Self { applied: number(0).unwrap_or_default(), rows: number(8).unwrap_or_default() }
    }
}

/// Behind the keys of all buckets, whose numbers end at `i32::MAX`.
fn mark_key(bucket: u32) -> [u8; 2 * PREFIX] {
    let mut key = [0xff; 2 * PREFIX];
    key[PREFIX..].copy_from_slice(&bucket.to_be_bytes());
    key
}

/// The name of the keyspace of a table or partition.
pub(super) fn name(id: PhysicalTable) -> String {
    let table = id.table;
    match id.partition {
        Some(partition) => format!("t{table}p{partition}"),
        None => format!("t{table}"),
    }
}

/// Every upsert looks for the row before it, so what speeds up looking is worth its memory. Filters and indexes are in parts,
/// which fit the cache however small it is: those of files that rows are sorted into are never pinned, and a whole filter that
/// the cache does not hold would be read for every key.
pub(super) fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .filter_policy(FilterPolicy::all(fjall::config::FilterPolicyEntry::Bloom(
            fjall::config::BloomConstructionPolicy::BitsPerKey(12.0),
        )))
        .filter_block_pinning_policy(PinningPolicy::all(true))
        .index_block_pinning_policy(PinningPolicy::all(true))
        .filter_block_partitioning_policy(PartitioningPolicy::all(true))
        .index_block_partitioning_policy(PartitioningPolicy::all(true))
        .data_block_restart_interval_policy(RestartIntervalPolicy::all(8))
        .data_block_hash_ratio_policy(HashRatioPolicy::all(0.75))
}
