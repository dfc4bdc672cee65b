//! Primary-key tables: the rows of each key, changed together with the changelog.
//!
//! The log is the truth. A key batch is merged with the rows that are there, which makes a batch of changes; that goes
//! into the bucket's log like any other, and when the log is on the disk the rows change, in one write together with
//! the offset up to which they follow the log. After a crash the rows get what the log has behind that offset.
//!
//! ```text
//! store      the LSM store of the node, a keyspace for each table or partition
//! keyed      the keys of one bucket and how far they follow its log; recent: rows that are still in memory
//! table      what they need to know of their table; key: the key that a row has
//! put        a key batch becomes changes, by the engines in merge; changelog: these as a log batch
//! recovery   the log applied again; arrow, codec: its batches read
//! scanner    the rows as they were at one moment
//! ```

mod arrow;
mod changelog;
mod codec;
mod error;
mod keyed;
mod put;
mod recent;
mod recovery;
mod scanner;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

pub(crate) use error::PutError;
pub(crate) use keyed::Keyed;
pub(crate) use put::Put;
pub(crate) use scanner::{Batch, ScanError, ScanId, Scanners, first_rows};
pub(crate) use store::SpaceId;

use crate::catalog::Table;
use crate::error::NodeError;
use crate::failure::Failure;
use crate::ids::BucketId;
use crate::log::Bucket;
use crate::runtime::sync::lock;
use crate::table::keyed::KeyedTable;
use store::{Space, Store};

/// The keys of all primary-key tables.
#[derive(Debug)]
pub(crate) struct Keys {
    store: Store,
    tables: Mutex<HashMap<i64, Arc<KeyedTable>>>,
    spaces: Mutex<HashMap<SpaceId, Arc<Space>>>,
}

impl Keys {
    /// Opens the keys in `folder`, and deletes those of tables and partitions that are not among `live`.
    pub(crate) fn open(folder: &Path, live: &HashSet<SpaceId>) -> Result<Self, NodeError> {
        Ok(Self { store: Store::open(folder, live)?, tables: Mutex::default(), spaces: Mutex::default() })
    }

    /// The keys of a bucket of a primary-key table. They follow their log once `recover` was called, which the start
    /// of the node does for all there are; a new bucket's log is empty.
    pub(crate) fn of_bucket<'a>(&self, table: &Table, bucket: &'a Bucket) -> Result<&'a Arc<Keyed>, Failure> {
        if let Some(keyed) = bucket.keyed() {
            return Ok(keyed);
        }
        let id = bucket.id();
        let keyed_table = {
            let mut tables = lock(&self.tables);
            match tables.get(&table.id) {
                Some(table) => Arc::clone(table),
                None => Arc::clone(tables.entry(table.id).or_insert(Arc::new(KeyedTable::new(
                    &table.descriptor,
                    &table.properties,
                    table.schema_id,
                )?))),
            }
        };
        let number = u32::try_from(id.bucket).map_err(|_| Failure::unknown_bucket(id))?;
        let failed = |error| Failure::from(PutError::from(error));
        let space = self.space(space_of(id)).map_err(failed)?;
        let keyed = Keyed::open(keyed_table, space, number).map_err(failed)?;
        Ok(bucket.set_keyed(Arc::new(keyed)))
    }

    fn space(&self, id: SpaceId) -> Result<Arc<Space>, fjall::Error> {
        let mut spaces = lock(&self.spaces);
        if let Some(space) = spaces.get(&id) {
            return Ok(Arc::clone(space));
        }
        let space = Arc::new(self.store.space(id)?);
        spaces.insert(id, Arc::clone(&space));
        Ok(space)
    }

    /// Brings the keys of a bucket up to its log. Blocks.
    pub(crate) fn recover(&self, table: &Table, bucket: &Bucket) -> Result<(), NodeError> {
        let keyed = self
            .of_bucket(table, bucket)
            .map_err(|failure| NodeError::Damaged { path: bucket.folder().to_path_buf(), why: failure.text })?;
        recovery::recover(keyed, bucket)
    }

    /// Deletes the keys of a dropped table or partition, whose buckets take no more batches.
    pub(crate) fn remove(&self, id: SpaceId) {
        let mut spaces = lock(&self.spaces);
        spaces.remove(&id);
        if !spaces.keys().any(|(table, _)| *table == id.0) {
            lock(&self.tables).remove(&id.0);
        }
        drop(spaces);
        if let Err(error) = self.store.delete(id) {
            tracing::warn!(table = id.0, partition = id.1, %error, "cannot delete the keys of a dropped table yet");
        }
    }

    /// Brings all keys to the disk, in the form that the next start is fastest with. Blocks.
    pub(crate) fn close(&self) -> Result<(), PutError> {
        Ok(self.store.close()?)
    }

    /// Fails if the store of the keys has broken down.
    pub(crate) fn check(&self) -> Result<(), fjall::Error> {
        self.store.check()
    }

    /// Brings all keys to the disk. Blocks.
    pub(crate) fn flush(&self) -> Result<(), PutError> {
        Ok(self.store.flush()?)
    }
}

/// Where the keys of a bucket lie.
pub(crate) fn space_of(id: BucketId) -> SpaceId {
    (id.table, id.partition)
}
