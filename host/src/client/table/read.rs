//! The ways to read a table: rows by key, the log, the current rows.

use arrow_array::RecordBatch;
use thalweg_contract::{Bucket, PartitionInfo};

use super::Table;
use crate::{
    client::{CurrentOptions, CurrentStream, Error, FoundRows, ScanOptions, ScanStream, lookup, scan::SharedTally},
    driver::LookupBy,
};

impl Table {
    /// Looks rows up by their whole primary keys, the columns of [`key_schema`](Table::key_schema) by name. Calls may be
    /// made at once from many tasks: what comes while requests are under way goes together in the next.
    ///
    /// # Errors
    /// On keys that do not fit (column and row are named), on a log table, and when the server refuses or does not answer
    /// within `settings.connection.command_timeout`.
    pub async fn lookup(&self, keys: RecordBatch) -> Result<FoundRows, Error> {
        lookup::lookup(&self.open, keys, self.open.lookup_schema(false)?, LookupBy::Key { insert: false }).await
    }

    /// As `lookup`, but a key that the table does not have becomes a row whose other columns are null (or numbered, where
    /// they are auto-increment).
    ///
    /// # Errors
    /// As `lookup`; also where the server does not have it, or a column that is not of the key is NOT NULL.
    pub async fn lookup_or_insert(&self, keys: RecordBatch) -> Result<FoundRows, Error> {
        lookup::lookup(&self.open, keys, self.open.lookup_schema(false)?, LookupBy::Key { insert: true }).await
    }

    /// Looks rows up by a prefix of their primary keys, the columns of [`prefix_schema`](Table::prefix_schema) by name.
    ///
    /// # Errors
    /// As `lookup`; also on a table without such a prefix.
    pub async fn prefix_lookup(&self, prefixes: RecordBatch) -> Result<FoundRows, Error> {
        lookup::lookup(&self.open, prefixes, self.open.lookup_schema(true)?, LookupBy::Prefix).await
    }

    /// Reads the log: the rows of a log table, or the changes of a keyed one. Dropping the stream ends the scan.
    ///
    /// # Errors
    /// A column, a bucket or a partition that the table does not have, a closed client.
    pub async fn scan(&self, options: ScanOptions) -> Result<ScanStream, Error> {
        ScanStream::open(&self.open, options, SharedTally::default()).await
    }

    /// Reads the current rows of a table with a primary key, and, if asked for, the changes that follow.
    ///
    /// # Errors
    /// As `scan`; also on a log table.
    pub async fn scan_current(&self, options: CurrentOptions) -> Result<CurrentStream, Error> {
        self.open.must_be_keyed("it has no current rows, only those that were appended")?;
        CurrentStream::open(&self.open, options).await
    }

    /// Reads some rows of a bucket at once: the last of a log table, any of a keyed one.
    ///
    /// # Errors
    /// As `scan`.
    pub async fn limit_scan(
        &self,
        bucket: Bucket,
        limit: u32,
        columns: Option<Vec<String>>,
    ) -> Result<ScanStream, Error> {
        ScanStream::some_of(&self.open, bucket, limit, columns.as_deref()).await
    }

    /// The partitions that the table has, by name.
    ///
    /// # Errors
    /// When the server refuses: a table without partitions has none to list.
    pub async fn partitions(&self) -> Result<Vec<PartitionInfo>, Error> {
        self.open.partitions().await
    }
}
