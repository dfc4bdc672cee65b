//! One table of a session, and everything that can be done with it.
//!
//! ```text
//! write   rows in, and the modules that they go through
//! read    rows out: by key, of the log, the current ones
//! ```

mod read;
mod write;

use std::{fmt, sync::Arc};

use arrow_schema::SchemaRef;
use thalweg_contract::TableInfo;
use thalweg_wire::table::TablePath;

use super::{Client, Error, open_table::OpenTable, write::WriteChain};
use crate::columns::input_schema;

/// One table of a session. Clones share it.
#[derive(Clone)]
pub struct Table {
    open: Arc<OpenTable>,
    /// The modules that rows go through on their way in.
    chain: Option<Arc<WriteChain>>,
}

impl Client {
    /// Opens a table.
    ///
    /// # Errors
    /// When there is no such table, or no server tells within `settings.connection.command_timeout`.
    pub async fn table(&self, path: &TablePath) -> Result<Table, Error> {
        Ok(Table { open: OpenTable::open(self, path).await?, chain: None })
    }
}

impl Table {
    /// What the server said of the table when it was opened.
    pub fn info(&self) -> &TableInfo {
        self.open.info()
    }

    /// `database.table`.
    pub fn name(&self) -> String {
        self.open.name()
    }

    /// The table's columns in Arrow's types.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(self.open.schema())
    }

    /// Whether it has a primary key.
    pub fn is_keyed(&self) -> bool {
        self.open.is_keyed()
    }

    /// Whether it has partitions.
    pub fn is_partitioned(&self) -> bool {
        self.open.is_partitioned()
    }

    /// The columns of the primary key, in key order, partition columns among them; none for a log table.
    pub fn key_schema(&self) -> SchemaRef {
        Arc::clone(self.open.key_schema())
    }

    /// The columns that rows are looked up by with `prefix_lookup`: the partition columns, then the bucket columns. `None`
    /// for a table whose bucket follows from the whole key, or whose key does not begin with the bucket columns.
    pub fn prefix_schema(&self) -> Option<SchemaRef> {
        self.open.prefix_schema().cloned()
    }

    /// The session.
    pub fn client(&self) -> &Client {
        self.open.client()
    }

    /// The columns that rows may have of which only these of the table must be there.
    pub(crate) fn input_schema(&self, wanted: &SchemaRef) -> SchemaRef {
        input_schema(self.open.schema(), wanted)
    }

    /// The positions of columns by name.
    pub(crate) fn positions<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<usize>, Error> {
        self.open.positions(names)
    }

    /// The columns that rows are looked up by: with `prefix` those of `prefix_schema`, else those of `key_schema`. Fails
    /// on a table that has no such rows.
    pub(crate) fn lookup_schema(&self, prefix: bool) -> Result<SchemaRef, Error> {
        self.open.lookup_schema(prefix).cloned()
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.module_names();
        f.debug_struct("Table").field("name", &self.name()).field("modules", &names).finish_non_exhaustive()
    }
}
