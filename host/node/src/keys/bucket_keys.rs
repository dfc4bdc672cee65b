//! The keys of one bucket: their rows, how many there are, and up to which offset they follow the bucket's log.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use fjall::{Readable, Snapshot, UserValue};
use thalweg_wire::record::MAX_KEY_LENGTH;
use thalweg_wire::table::ChangelogImage;

use super::error::StoreError;
use super::recent::{Changes, Recent};
use super::space::Space;
use crate::runtime::sync::lock;
use crate::table::keyed::KeyedTable;

/// The bytes before every key: its bucket.
pub(crate) const PREFIX: usize = 4;
/// The longest key with its prefix: more would make the store panic.
pub(crate) const LONGEST: usize = PREFIX + MAX_KEY_LENGTH;
const _: () = assert!(LONGEST <= u16::MAX as usize);

/// The keys of one bucket. They are changed by the thread that writes the bucket's log only, and read by any.
#[derive(Debug)]
pub(crate) struct BucketKeys {
    /// Their table.
    pub(crate) table: Arc<KeyedTable>,
    space: Arc<Space>,
    bucket: u32,
    rows: AtomicI64,
    applied: AtomicI64,
    /// What they have of the log for sure on the disk, also after a loss of power.
    durable: AtomicI64,
    /// Set when the log has what the keys could not take; only a restart mends that.
    failed: AtomicBool,
    /// What is written to the log and not committed yet.
    staged: Mutex<Staged>,
}

/// Changes that wait for the log, and those before them that are still in memory.
#[derive(Debug)]
pub(super) struct Staged {
    /// The rows.
    changes: Changes,
    /// How many rows more there are.
    rows: i64,
    /// Rows that were written before.
    recent: Recent,
}

/// How far keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    /// They have all changes before this offset of the log.
    pub(crate) applied: i64,
    /// How many there are.
    pub(crate) rows: i64,
}

impl BucketKeys {
    /// The keys of a bucket, as they are on the disk. Blocks.
    pub(super) fn open(table: Arc<KeyedTable>, space: Arc<Space>, bucket: u32) -> Result<Self, fjall::Error> {
        let mark = match space.keyspace() {
            Some(keyspace) => keyspace.get(mark_key(bucket))?.map(|bytes| Mark::decode(&bytes)).unwrap_or_default(),
            None => Mark::default(),
        };
        Ok(Self::at(mark, table, space, bucket))
    }

    /// The keys of a bucket that has none yet.
    pub(super) fn empty(table: Arc<KeyedTable>, space: Arc<Space>, bucket: u32) -> Self {
        Self::at(Mark::default(), table, space, bucket)
    }

    fn at(mark: Mark, table: Arc<KeyedTable>, space: Arc<Space>, bucket: u32) -> Self {
        let staged = Staged { changes: Changes::new(), rows: 0, recent: Recent::new(Arc::clone(space.memory())) };
        Self {
            table,
            space,
            bucket,
            rows: AtomicI64::new(mark.rows),
            applied: AtomicI64::new(mark.applied),
            durable: AtomicI64::new(0),
            failed: AtomicBool::new(false),
            staged: Mutex::new(staged),
        }
    }

    /// How far the keys are.
    pub(crate) fn mark(&self) -> Mark {
        Mark { applied: self.applied.load(Ordering::Acquire), rows: self.rows.load(Ordering::Acquire) }
    }

    /// Up to which offset the keys do not need their log any more, whatever happens.
    pub(crate) fn durable(&self) -> i64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Takes note that the keys are on the disk up to this offset.
    pub(crate) fn note_durable(&self, applied: i64) {
        self.durable.fetch_max(applied, Ordering::AcqRel);
    }

    /// How many rows there are; `None` where they are not counted, since inserts are not told from updates.
    pub(crate) fn rows(&self) -> Option<i64> {
        (self.table.image == ChangelogImage::Full).then(|| self.mark().rows)
    }

    /// The key with its prefix, in place of what is in `out`.
    pub(crate) fn full_key(&self, key: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.bucket.to_be_bytes());
        out.extend_from_slice(key);
    }

    /// As `get`, if that needs neither the disk nor a wait: the row was written not long ago, and nobody writes now.
    pub(crate) fn get_recent(&self, full_key: &[u8]) -> Option<Option<UserValue>> {
        self.staged.try_lock().ok()?.recent.get(full_key).cloned()
    }

    /// The value of a key, given with its prefix: schema id and row. Blocks.
    pub(crate) fn get(&self, full_key: &[u8]) -> Result<Option<UserValue>, StoreError> {
        match self.space.keyspace() {
            Some(keyspace) => Ok(keyspace.get(full_key)?),
            None => Ok(None),
        }
    }

    /// The keys as they are now, with their mark. `None`: nothing was ever written.
    pub(crate) fn snapshot(&self) -> Result<Option<(Snapshot, Mark)>, StoreError> {
        let Some(keyspace) = self.space.keyspace() else { return Ok(None) };
        let snapshot = self.space.database().snapshot();
        let mark = snapshot.get(keyspace, mark_key(self.bucket))?;
        Ok(Some((snapshot, mark.map(|bytes| Mark::decode(&bytes)).unwrap_or_default())))
    }

    /// The values of the rows whose key begins so, in the order of their keys. Blocks.
    pub(crate) fn values(
        &self,
        snapshot: &Snapshot,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<UserValue, StoreError>> {
        self.scan(snapshot, prefix).into_iter().flatten().map(|row| Ok(row.value()?))
    }

    /// The rows whose key begins so, in the order of their keys.
    pub(super) fn scan(&self, snapshot: &Snapshot, prefix: &[u8]) -> Option<fjall::Iter> {
        let keyspace = self.space.keyspace()?;
        let mut from = Vec::with_capacity(PREFIX + prefix.len());
        self.full_key(prefix, &mut from);
        Some(snapshot.prefix(keyspace, from))
    }

    /// The keys may lack what the log has, or have what it has not.
    pub(crate) fn break_down(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Fails if the keys lack what the log has.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(StoreError("they could not be written before".to_owned()));
        }
        Ok(())
    }

    /// The value of a key as it will be once the log is committed.
    pub(super) fn latest(&self, staged: &Staged, full_key: &[u8]) -> Result<Option<UserValue>, StoreError> {
        match staged.changes.get(full_key).or_else(|| staged.recent.get(full_key)) {
            Some(value) => Ok(value.clone()),
            None => self.get(full_key),
        }
    }

    pub(super) fn staged(&self) -> &Mutex<Staged> {
        &self.staged
    }

    /// Keeps changes until the log is committed that has them.
    pub(crate) fn stage(&self, changes: Changes, rows: i64) {
        let mut staged = lock(&self.staged);
        staged.rows += rows;
        if staged.changes.is_empty() {
            staged.changes = changes;
        } else {
            staged.changes.extend(changes);
        }
    }

    /// Forgets what the log took back.
    pub(crate) fn discard(&self) {
        let mut staged = lock(&self.staged);
        staged.changes = Changes::new();
        staged.rows = 0;
    }

    /// Forgets rows that are kept in memory only to be found sooner.
    pub(crate) fn forget_recent(&self) {
        lock(&self.staged).recent.clear();
    }

    /// Makes the staged changes part of the keys, which follow the log up to `end` then: all at once or not at all.
    pub(crate) fn apply(&self, end: i64) -> Result<(), StoreError> {
        let mut staged = lock(&self.staged);
        let changes = std::mem::take(&mut staged.changes);
        // The mark must not pass changes that were lost before.
        self.check()?;
        let mark = Mark { applied: end, rows: self.mark().rows + std::mem::take(&mut staged.rows) };
        let written = self.write(&changes, mark);
        staged.recent.note(changes);
        drop(staged);
        if let Err(error) = &written {
            self.failed.store(true, Ordering::Release);
            tracing::error!(space = ?self.space, bucket = self.bucket, %error, "the keys lack changes of their log until the node is started again");
        }
        written
    }

    /// Writes changes and the mark that goes with them. Blocks.
    pub(super) fn write(&self, changes: &Changes, mark: Mark) -> Result<(), StoreError> {
        let keyspace = self.space.keyspace_to_write()?;
        let database = self.space.database();
        let mut batch = fjall::OwnedWriteBatch::with_capacity(database.clone(), changes.len() + 1);
        // In order, each key finds its place in the store near the one before it.
        let mut sorted: Vec<_> = changes.iter().collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in sorted {
            match value {
                Some(value) => batch.insert(keyspace, key.clone(), value.clone()),
                None => batch.remove(keyspace, key.clone()),
            }
        }
        batch.insert(keyspace, mark_key(self.bucket), mark.encode());
        batch.commit()?;
        self.rows.store(mark.rows, Ordering::Release);
        self.applied.store(mark.applied, Ordering::Release);
        Ok(())
    }

    /// Has the keys follow their log from another offset on, with the rows that they have. Blocks.
    pub(crate) fn set_mark(&self, mark: Mark) -> Result<(), StoreError> {
        self.write(&Changes::new(), mark)
    }

    /// Deletes all rows, to have them made anew from the log. Blocks.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        const AT_ONCE: usize = 10_000;
        while let Some((snapshot, _)) = self.snapshot()? {
            let Some(rows) = self.scan(&snapshot, &[]) else { break };
            let mut changes = Changes::new();
            for row in rows.take(AT_ONCE) {
                changes.insert(row.key()?, None);
            }
            let last = changes.len() < AT_ONCE;
            self.write(&changes, Mark::default())?;
            if last {
                break;
            }
        }
        Ok(())
    }
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
