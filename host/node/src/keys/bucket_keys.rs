//! The keys of one bucket: their rows, how many there are, and up to which offset they follow the bucket's log.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, TryLockError};

use bytes::Bytes;
use fjall::Readable;
use thalweg_wire::record::MAX_KEY_LENGTH;
use thalweg_wire::table::ChangelogImage;

use super::error::StoreError;
use super::memory::{Buffer, Hash, Layers, Mark, Part, Row, Rows, Settle};
use super::space::{PREFIX, Space, extend_prefix};
use super::view::View;
use crate::runtime::sync::{lock, read, write};
use crate::table::keyed::KeyedTable;

/// The longest key with its bucket before it: more would make the store panic.
const _: () = assert!(PREFIX + MAX_KEY_LENGTH <= u16::MAX as usize);
/// Bytes of a value from which on it is passed on without a copy.
const LARGE: usize = 16 << 10;
/// Bytes of rows in memory that a scan may copy; where there are more they are sorted into files first.
const COPIED: usize = 4 << 20;

/// The keys of one bucket. They are changed by the thread that writes the bucket's log only, and read by any.
#[derive(Debug)]
pub(crate) struct BucketKeys {
    /// Their table, by the latest version of its schema.
    table: RwLock<Arc<KeyedTable>>,
    space: Arc<Space>,
    bucket: u32,
    part: Arc<Part>,
    rows: AtomicI64,
    applied: AtomicI64,
    /// Set when the log has what the keys could not take; only a restart mends that.
    failed: AtomicBool,
    /// What is written to the log and not committed yet.
    staged: Mutex<Staged>,
    /// Numbers of an auto-increment column that the bucket has taken and that no row has.
    range: Mutex<Range<i64>>,
}

/// Changes that wait for the log.
#[derive(Debug, Default)]
pub(super) struct Staged {
    /// The rows.
    changes: Rows,
    /// How many rows more there are.
    rows: i64,
}

impl BucketKeys {
    /// The keys of a bucket, as far as its part is.
    pub(super) fn new(table: Arc<KeyedTable>, space: Arc<Space>, bucket: u32, part: &Arc<Part>) -> Self {
        let mark = read(part.buffer()).mark();
        Self {
            table: RwLock::new(table),
            space,
            bucket,
            part: Arc::clone(part),
            rows: AtomicI64::new(mark.rows),
            applied: AtomicI64::new(mark.applied),
            failed: AtomicBool::new(false),
            staged: Mutex::default(),
            range: Mutex::new(0..0),
        }
    }

    /// Their table, by the latest version of its schema.
    pub(crate) fn table(&self) -> Arc<KeyedTable> {
        Arc::clone(&read(&self.table))
    }

    /// Takes note of a new version of the table's schema.
    pub(crate) fn follow(&self, latest: &Arc<KeyedTable>) {
        let mut table = write(&self.table);
        if table.latest.schema_id < latest.latest.schema_id {
            *table = Arc::clone(latest);
        }
    }

    /// How the log that they follow is brought to the disk, which must be before they go there.
    pub(crate) fn settle_by(&self, settle: Box<Settle>) {
        self.part.settle_by(settle);
    }

    /// How far the keys are.
    pub(crate) fn mark(&self) -> Mark {
        Mark { applied: self.applied.load(Ordering::Acquire), rows: self.rows.load(Ordering::Acquire) }
    }

    /// Up to which offset the keys do not need their log any more, whatever happens.
    pub(crate) fn durable(&self) -> i64 {
        self.part.stored()
    }

    /// How many rows there are; `None` where they are not counted, since inserts are not told from updates.
    pub(crate) fn rows(&self) -> Option<i64> {
        (self.table().image == ChangelogImage::Full).then(|| self.mark().rows)
    }

    /// The values of keys, behind one another in `out`, and where each of them lies there. `None` if they are more than `most`
    /// bytes, or that needs the disk or a wait: a row was not written lately, or somebody writes now.
    pub(crate) fn get_recent(
        &self,
        keys: &[Bytes],
        most: usize,
        out: &mut Vec<u8>,
    ) -> Option<Vec<Option<Range<usize>>>> {
        let buffer = match self.part.buffer().try_read() {
            Ok(buffer) => buffer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let mut places = Vec::with_capacity(keys.len());
        for key in keys {
            let hash = Hash::of(key);
            places.push(match buffer.get(hash, key) {
                Some(Some(value)) => {
                    let from = out.len();
                    if from + value.len() > most {
                        return None;
                    }
                    out.extend_from_slice(value);
                    Some(from..out.len())
                }
                Some(None) => None,
                // A key that is too long is nowhere, and to be refused.
                None if key.len() > MAX_KEY_LENGTH || self.space.keyspace_of(hash).is_some() => return None,
                None => None,
            });
        }
        Some(places)
    }

    /// The value of a key: schema id and row. Blocks. `full_key` is room for the key with its bucket.
    pub(crate) fn get(&self, key: &[u8], full_key: &mut Vec<u8>) -> Result<Option<Bytes>, StoreError> {
        let owned = |value: Option<&[u8]>| value.map(Bytes::copy_from_slice);
        let hash = Hash::of(key);
        if let Some(value) = read(self.part.buffer()).get(hash, key).map(owned) {
            return Ok(value);
        }
        // What left the memory since is in the filter.
        let Some(keyspace) = self.space.keyspace_of(hash) else { return Ok(None) };
        extend_prefix(self.bucket, key, full_key);
        let value = keyspace.get(&*full_key)?;
        Ok(value
            .map(|value| if value.len() < LARGE { Bytes::copy_from_slice(&value) } else { Bytes::from_owner(value) }))
    }

    /// The rows whose key begins so, as they are now; the first `most` of them are surely among them. `None`: nothing was
    /// ever written. Blocks.
    pub(crate) fn view(&self, prefix: &[u8], most: usize) -> Result<Option<View>, StoreError> {
        let buffer = read(self.part.buffer());
        let keyspace = self.space.keyspace();
        if keyspace.is_none() && buffer.mark() == Mark::default() {
            return Ok(None);
        }
        // What is sorted into files while this is read is in both.
        let files = keyspace.map(|keyspace| {
            let mut full_key = Vec::with_capacity(PREFIX + prefix.len());
            extend_prefix(self.bucket, prefix, &mut full_key);
            self.space.database().snapshot().prefix(keyspace, full_key)
        });
        Ok(Some(View::new(&buffer, prefix, most, files, PREFIX)))
    }

    /// Has a scan of all rows find few of them in memory. Blocks.
    pub(crate) fn prepare_scan(&self) -> Result<(), StoreError> {
        let dirty: usize = read(self.part.buffer()).dirty().map(Rows::memory).sum();
        if dirty > COPIED { self.space.sort() } else { Ok(()) }
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

    /// Waits until there is memory for more changes. Blocks.
    pub(crate) fn wait_for_room(&self) -> Result<(), StoreError> {
        self.space.wait_for_room()
    }

    /// What is in memory, to look at many of its rows.
    pub(super) fn recent(&self) -> RwLockReadGuard<'_, Buffer> {
        read(self.part.buffer())
    }

    /// Which keys the files may have, but for those that are in memory now; `None`: nobody knows.
    pub(super) fn filter(&self) -> Option<Layers> {
        self.space.filter()
    }

    /// The value of a key in files, in place of what is in `value`; whether there is one.
    pub(super) fn get_stored(
        &self,
        key: &[u8],
        full_key: &mut Vec<u8>,
        value: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        let Some(keyspace) = self.space.keyspace() else { return Ok(false) };
        extend_prefix(self.bucket, key, full_key);
        let found = keyspace.get(&*full_key)?;
        if let Some(found) = &found {
            value.clear();
            value.extend_from_slice(found);
        }
        Ok(found.is_some())
    }

    pub(super) fn range(&self) -> &Mutex<Range<i64>> {
        &self.range
    }

    pub(super) fn staged(&self) -> &Mutex<Staged> {
        &self.staged
    }

    /// Keeps changes until the log is committed that has them.
    pub(crate) fn stage(&self, changes: Rows, rows: i64) {
        let mut staged = lock(&self.staged);
        staged.rows += rows;
        if staged.changes.is_empty() {
            staged.changes = changes;
        } else if staged.changes.extend(&changes).is_err() {
            self.break_down();
        }
    }

    /// Forgets what the log took back.
    pub(crate) fn discard(&self) {
        *lock(&self.staged) = Staged::default();
    }

    /// Makes the staged changes part of the keys, which follow the log up to `end` then: all at once or not at all.
    pub(crate) fn apply(&self, end: i64) -> Result<(), StoreError> {
        let Staged { changes, rows } = std::mem::take(&mut *lock(&self.staged));
        // The mark must not pass changes that were lost before.
        self.check()?;
        let mark = Mark { applied: end, rows: self.mark().rows + rows };
        let written = self.write(changes, mark);
        if let Err(error) = &written {
            self.break_down();
            tracing::error!(space = ?self.space, bucket = self.bucket, %error, "the keys lack changes of their log until the node is started again");
        }
        written
    }

    /// Takes changes and the mark that goes with them.
    pub(super) fn write(&self, changes: Rows, mark: Mark) -> Result<(), StoreError> {
        self.space.take(&self.part, changes, mark)?;
        self.rows.store(mark.rows, Ordering::Release);
        self.applied.store(mark.applied, Ordering::Release);
        Ok(())
    }

    /// Has the keys follow their log from another offset on, with the rows that they have.
    pub(crate) fn set_mark(&self, mark: Mark) -> Result<(), StoreError> {
        self.write(Rows::default(), mark)
    }

    /// Deletes all rows, to have them made anew from the log. Blocks.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        const AT_ONCE: usize = 10_000;
        // Until the last row is gone, the mark says as before that the keys are not what the log has.
        let mark = self.mark();
        let Some(keyspace) = self.space.keyspace() else { return self.set_mark(Mark::default()) };
        let mut rows = self.space.database().snapshot().prefix(keyspace, self.bucket.to_be_bytes());
        loop {
            let mut changes = Rows::default();
            for row in rows.by_ref().take(AT_ONCE) {
                let full_key = row.key()?;
                let key = full_key.get(PREFIX..).unwrap_or_default();
                changes.insert(Hash::of(key), Row { key, value: None })?;
            }
            if changes.is_empty() {
                return self.set_mark(Mark::default());
            }
            self.wait_for_room()?;
            self.write(changes, mark)?;
        }
    }
}

impl Staged {
    /// The value of a key, if it was changed.
    pub(super) fn get(&self, hash: Hash, key: &[u8]) -> Option<Option<&[u8]>> {
        self.changes.get(hash, key)
    }

    /// Which of these keys may have been changed; the bit of each is set.
    pub(super) fn may_have(&self, hashes: &[Hash]) -> u64 {
        self.changes.may_have(hashes)
    }
}
