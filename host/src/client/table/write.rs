//! The ways to write a table: rows appended, put by key, updated in part, deleted.

use std::sync::Arc;

use arrow_array::RecordBatch;

use super::Table;
use crate::{
    client::{Error, Outcome, Pending, RowWriter, RowWriterOptions, Writer},
    driver::Change,
    module::ChainSpec,
};

impl Table {
    /// Appends rows to a log table: [`Writer::write`] of [`Table::appender`].
    ///
    /// # Errors
    /// As `Writer::write`; also on a table with a primary key.
    pub async fn append(&self, rows: RecordBatch) -> Result<Pending, Error> {
        self.appender().write(rows).await
    }

    /// Puts rows into a table with a primary key, each in place of the one with its key: [`Writer::write`] of
    /// [`Table::upserter`].
    ///
    /// # Errors
    /// As `Writer::write`; also on a log table.
    pub async fn upsert(&self, rows: RecordBatch) -> Result<Pending, Error> {
        self.upserter().write(rows).await
    }

    /// Deletes rows of a table with a primary key. Of the rows given only the key columns count, which must be there:
    /// [`Writer::write`] of [`Table::deleter`].
    ///
    /// # Errors
    /// As `Writer::write`; also on a log table, and on one whose deletes are disabled.
    pub async fn delete(&self, keys: RecordBatch) -> Result<Pending, Error> {
        self.deleter()?.write(keys).await
    }

    /// Does everything that `append` and `upsert` do but send: the outcome has no fates.
    ///
    /// # Errors
    /// As these, for rows that do not fit or do not pass the modules.
    pub async fn check(&self, rows: RecordBatch) -> Result<Outcome, Error> {
        self.row_adder().check(rows).await
    }

    /// Appends rows, through the modules of this table.
    pub fn appender(&self) -> Writer {
        self.whole(Change::Append)
    }

    /// Puts whole rows by their keys, through the modules of this table. A nullable column that rows do not have is null.
    pub fn upserter(&self) -> Writer {
        self.whole(Change::Upsert(None))
    }

    /// Appends rows to a log table, puts whole rows into one with a primary key.
    fn row_adder(&self) -> Writer {
        if self.is_keyed() { self.upserter() } else { self.appender() }
    }

    fn whole(&self, change: Change) -> Writer {
        Writer::whole(Arc::clone(&self.open), self.chain.clone(), change)
    }

    /// Puts only these columns of rows, which must include the key: a partial update. What the table has in the other
    /// columns stays; where it has no row with the key yet, they are null. It has no modules of its own yet.
    ///
    /// # Errors
    /// A column that the table does not have or that is named twice, and a key column that is not named.
    pub fn updater<S: AsRef<str>>(&self, columns: &[S]) -> Result<Writer, Error> {
        self.open.must_be_keyed("no columns of its rows can be updated")?;
        let mut positions = self.positions(columns)?;
        positions.sort_unstable();
        let twice = positions.array_windows().find(|[one, next]| one == next).map(|[one, _]| *one);
        let schema = &self.info().descriptor.schema;
        let name = |position: usize| schema.columns.get(position).map_or("", |column| column.name.as_str());
        if let Some(twice) = twice {
            return Err(Error::invalid(format!("column `{}` of table {} is named twice", name(twice), self.name())));
        }
        if let Some(missing) = schema.primary_key.iter().find(|key| positions.binary_search(key).is_err()) {
            return Err(Error::invalid(format!(
                "a partial update of table {} must have the whole key; column `{}` is missing",
                self.name(),
                name(*missing)
            )));
        }
        let columns = positions.iter().map(|position| *position as u32).collect();
        Writer::of_columns(Arc::clone(&self.open), Change::Upsert(Some(columns)), &positions)
    }

    /// Deletes rows by their keys. It has no modules of its own yet.
    ///
    /// # Errors
    /// On a log table.
    pub fn deleter(&self) -> Result<Writer, Error> {
        self.open.must_be_keyed("no rows of it can be deleted")?;
        Writer::of_columns(Arc::clone(&self.open), Change::Delete, &self.info().descriptor.schema.primary_key)
    }

    /// Takes rows one at a time and writes them in batches: appended to a log table, put by key into one with a primary key.
    ///
    /// # Errors
    /// When the table has a type that rows cannot be given for.
    pub fn row_writer(&self, options: RowWriterOptions) -> Result<RowWriter, Error> {
        RowWriter::new(self.row_adder(), options)
    }

    /// The same table with a chain of modules that rows go through on `append` and `upsert`, in place of any that it had.
    /// Rows have the table's columns before the chain and after it.
    ///
    /// # Errors
    /// `Module` when a module cannot be loaded, refuses its configuration, or what comes out does not fit the table.
    pub async fn with_chain(self, spec: &ChainSpec) -> Result<Table, Error> {
        Ok(self.row_adder().with_chain(spec).await?.table())
    }

    /// Puts another chain in the place of the one on the write path, while rows flow: [`Writer::swap_chain`].
    ///
    /// # Errors
    /// As `with_chain`; the chain in use then stays. Also on a table without modules.
    pub async fn swap_chain(&self, spec: &ChainSpec) -> Result<(), Error> {
        self.row_adder().swap_chain(spec).await
    }

    /// The modules on the write path, in order.
    pub fn module_names(&self) -> Vec<String> {
        self.row_adder().module_names()
    }

    /// Sends all rows that were written before, to this table and others of the session, without waiting for more, and
    /// waits until each has a fate.
    ///
    /// # Errors
    /// When the client is closed.
    pub async fn flush(&self) -> Result<(), Error> {
        self.client().flush().await
    }
}

impl Writer {
    /// The table, with the modules of this writer.
    pub fn table(&self) -> Table {
        let (open, chain) = self.parts();
        Table { open: Arc::clone(open), chain: chain.cloned() }
    }
}
