//! One table of a session.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_engine::api::{TableHandle, TableInfo};

use super::{
    Client, Error, Pending, RowWriter, RowWriterOptions, ScanOptions, ScanStream,
    append::{Provenance, send},
};
use crate::columns::fit;

/// One table of a session. Clones share it.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    handle: TableHandle,
    info: Arc<TableInfo>,
    schema: SchemaRef,
}

impl Table {
    pub(super) fn new(client: Client, handle: TableHandle, info: TableInfo) -> Self {
        let schema = Arc::new(arrow_schema::Schema::from(&info.descriptor.schema));
        Self { client, handle, info: Arc::new(info), schema }
    }

    /// What the server said of the table when it was opened.
    pub fn info(&self) -> &TableInfo {
        &self.info
    }

    /// `database.table`.
    pub fn name(&self) -> String {
        self.info.path.to_string()
    }

    /// The table's columns in Arrow's types.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The session.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn handle(&self) -> TableHandle {
        self.handle
    }

    /// Appends rows. Waits until the write buffer has room for them, then gives a future of their outcome; many may be
    /// under way at once, and their rows keep the order of these calls within a bucket.
    ///
    /// Columns are found by name and cast where every value keeps its meaning. Large batches are cut into parts that fit
    /// the settings.
    ///
    /// # Errors
    /// Then nothing of the batch was taken: rows that do not fit the table (column and row are named), a table with a
    /// primary key, a closed client.
    pub async fn append(&self, rows: RecordBatch) -> Result<Pending, Error> {
        let rows = fit(&rows, &self.schema)?;
        send(&self.client, self.handle, &rows, Provenance::default()).await
    }

    /// Sends all rows that were appended before, to this table and others of the session, without waiting for more, and
    /// waits until each has a fate.
    ///
    /// # Errors
    /// When the client is closed.
    pub async fn flush(&self) -> Result<(), Error> {
        self.client.flush().await
    }

    /// Takes rows one at a time and appends them in batches.
    ///
    /// # Errors
    /// When the table has a type that rows cannot be given for.
    pub fn row_writer(&self, options: RowWriterOptions) -> Result<RowWriter, Error> {
        RowWriter::new(self.clone(), options)
    }

    /// Reads rows: a stream of record batches. Dropping the stream ends the scan.
    ///
    /// # Errors
    /// A column that the table does not have, a bucket that it does not have, a closed client.
    pub async fn scan(&self, options: ScanOptions) -> Result<ScanStream, Error> {
        ScanStream::open(self, options).await
    }
}
