//! One table of a session.

mod read;

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_contract::{TableHandle, TableInfo};
use thalweg_wire::table::Schema;

use crate::{
    client::{
        Client, Error, Outcome, Pending, RowWriter, RowWriterOptions, Writer, lookup,
        scan::positions,
        write::{Chained, input_schema},
    },
    driver::Change,
    module::{Chain, ChainContext, ChainSpec, Operation},
};

/// One table of a session. Clones share it.
#[derive(Clone)]
pub struct Table {
    client: Client,
    opened: Arc<Opened>,
    chained: Option<Arc<Chained>>,
}

/// What stays the same for as long as a table is open.
struct Opened {
    handle: TableHandle,
    info: TableInfo,
    schema: SchemaRef,
    /// The columns of its primary key, in key order; none for a log table.
    key: SchemaRef,
    /// The columns of the prefix that it can be looked up by, where it has one.
    prefix: Option<SchemaRef>,
}

impl Table {
    pub(in crate::client) fn new(client: Client, handle: TableHandle, info: TableInfo) -> Result<Self, Error> {
        let schema = Arc::new(arrow_schema::Schema::from(&info.descriptor.schema));
        let key = Arc::new(schema.project(&info.descriptor.schema.primary_key)?);
        let prefix = match lookup::prefix_columns(&info.descriptor) {
            Some(columns) => Some(Arc::new(schema.project(&columns)?)),
            None => None,
        };
        Ok(Self { client, opened: Arc::new(Opened { handle, info, schema, key, prefix }), chained: None })
    }

    /// What the server said of the table when it was opened.
    pub fn info(&self) -> &TableInfo {
        &self.opened.info
    }

    /// `database.table`.
    pub fn name(&self) -> String {
        self.info().path.to_string()
    }

    /// The table's columns in Arrow's types.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.opened.schema)
    }

    pub(in crate::client) fn schema_ref(&self) -> &SchemaRef {
        &self.opened.schema
    }

    /// Whether it has a primary key.
    pub fn is_keyed(&self) -> bool {
        !self.info().descriptor.schema.primary_key.is_empty()
    }

    /// Whether it has partitions.
    pub fn is_partitioned(&self) -> bool {
        !self.info().descriptor.partition_keys.is_empty()
    }

    /// The columns of the primary key, in key order, partition columns among them; none for a log table.
    pub fn key_schema(&self) -> SchemaRef {
        Arc::clone(&self.opened.key)
    }

    /// The columns that rows are looked up by with `prefix_lookup`: the partition columns, then the bucket columns. `None`
    /// for a table whose bucket follows from the whole key, or whose key does not begin with the bucket columns.
    pub fn prefix_schema(&self) -> Option<SchemaRef> {
        self.opened.prefix.clone()
    }

    /// The columns that rows may have of which only these of the table must be there.
    pub(crate) fn input_schema(&self, wanted: &SchemaRef) -> SchemaRef {
        input_schema(self.schema_ref(), wanted)
    }

    /// The session.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(in crate::client) fn handle(&self) -> TableHandle {
        self.opened.handle
    }

    pub(in crate::client) fn chained(&self) -> Option<&Arc<Chained>> {
        self.chained.as_ref()
    }

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
        Writer::whole(self, Change::Append)
    }

    /// Puts whole rows by their keys, through the modules of this table. A nullable column that rows do not have is null.
    pub fn upserter(&self) -> Writer {
        Writer::whole(self, Change::Upsert(None))
    }

    /// Appends rows to a log table, puts whole rows into one with a primary key.
    pub(in crate::client) fn row_adder(&self) -> Writer {
        if self.is_keyed() { self.upserter() } else { self.appender() }
    }

    /// Puts only these columns of rows, which must include the key: a partial update. What the table has in the other
    /// columns stays; where it has no row with the key yet, they are null. It has no modules of its own yet.
    ///
    /// # Errors
    /// A column that the table does not have or that is named twice, and a key column that is not named.
    pub fn updater<S: AsRef<str>>(&self, columns: &[S]) -> Result<Writer, Error> {
        self.must_be_keyed("no columns of its rows can be updated")?;
        let mut positions = self.positions(columns)?;
        positions.sort_unstable();
        let twice = positions.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
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
        Writer::of_columns(self, Change::Upsert(Some(columns)), &positions)
    }

    /// Deletes rows by their keys. It has no modules of its own yet.
    ///
    /// # Errors
    /// On a log table.
    pub fn deleter(&self) -> Result<Writer, Error> {
        self.must_be_keyed("no rows of it can be deleted")?;
        Writer::of_columns(self, Change::Delete, &self.info().descriptor.schema.primary_key)
    }

    /// The same table with a chain of modules that rows go through on `append` and `upsert`, in place of any that it had.
    /// Rows have the table's columns before the chain and after it.
    ///
    /// # Errors
    /// `Module` when a module cannot be loaded, refuses its configuration, or what comes out does not fit the table.
    pub async fn with_chain(self, spec: &ChainSpec) -> Result<Table, Error> {
        Ok(self.row_adder().with_chain(spec).await?.table().clone())
    }

    /// Puts another chain in the place of the one on the write path, while rows flow: [`Writer::swap_chain`].
    ///
    /// # Errors
    /// As `with_chain`; the chain in use then stays. Also on a table without modules.
    pub async fn swap_chain(&self, spec: &ChainSpec) -> Result<(), Error> {
        let none =
            || Error::invalid(format!("table {} has no modules to swap; `with_chain` gives it some", self.name()));
        self.chained().ok_or_else(none)?.swap(self, spec).await
    }

    /// The modules on the write path, in order.
    pub fn module_names(&self) -> Vec<String> {
        let names = |chained: &Arc<Chained>| chained.loaded().chain.names().map(str::to_owned).collect();
        self.chained().map_or(Vec::new(), names)
    }

    pub(in crate::client) fn with_chained(&self, chained: Chained) -> Self {
        Self { chained: Some(Arc::new(chained)), ..self.clone() }
    }

    pub(in crate::client) fn without_chain(&self) -> Self {
        Self { chained: None, ..self.clone() }
    }

    /// The table's columns that an Arrow schema names, as a schema of their own.
    pub(in crate::client) fn columns_of(&self, named: &SchemaRef) -> Result<Schema, Error> {
        let all = &self.info().descriptor.schema;
        if named == self.schema_ref() {
            return Ok(all.clone());
        }
        let columns = named.fields().iter().filter_map(|field| all.columns.get(all.position(field.name())?));
        let columns = columns.map(|c| (c.name.clone(), c.column_type.clone(), c.comment.clone()));
        let key: Vec<&str> = all.primary_key_names().collect();
        let schema = Schema::new(columns.collect::<Vec<_>>()).and_then(|schema| schema.with_primary_key(&key));
        schema.map_err(|error| Error::invalid(format!("table {}: {error}", self.name())))
    }

    /// Loads a chain that is given these columns of the table.
    pub(in crate::client) async fn load_chain(
        &self,
        spec: &ChainSpec,
        operation: Operation,
        input: Schema,
        output: Option<Schema>,
    ) -> Result<Chain, Error> {
        let (spec, opened, client) = (spec.clone(), Arc::clone(&self.opened), self.client.clone());
        // Modules may have to be compiled.
        off_the_runtime(move || {
            let context = ChainContext { table: &opened.info.path, operation, input: &input, output: output.as_ref() };
            Ok(Chain::load(client.runtime()?.as_ref(), &spec, &context)?)
        })
        .await
    }

    /// Sends all rows that were written before, to this table and others of the session, without waiting for more, and
    /// waits until each has a fate.
    ///
    /// # Errors
    /// When the client is closed.
    pub async fn flush(&self) -> Result<(), Error> {
        self.client.flush().await
    }

    /// Takes rows one at a time and writes them in batches: appended to a log table, put by key into one with a primary key.
    ///
    /// # Errors
    /// When the table has a type that rows cannot be given for.
    pub fn row_writer(&self, options: RowWriterOptions) -> Result<RowWriter, Error> {
        RowWriter::new(self.row_adder(), options)
    }

    /// The positions of columns by name.
    pub(crate) fn positions<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<usize>, Error> {
        positions(&self.name(), self.schema_ref(), names)
    }

    /// The columns that rows are looked up by: with `prefix` those of `prefix_schema`, else those of `key_schema`. Fails
    /// on a table that has no such rows.
    pub(crate) fn lookup_schema(&self, prefix: bool) -> Result<SchemaRef, Error> {
        self.must_be_keyed("no rows of it can be looked up")?;
        if !prefix {
            return Ok(self.key_schema());
        }
        self.prefix_schema().ok_or_else(|| {
            Error::invalid(format!(
                "table {} cannot be looked up by a prefix: its bucket key must be the beginning of its primary key and \
                 shorter; look rows up by the whole key",
                self.name()
            ))
        })
    }

    pub(in crate::client) fn must_be_keyed(&self, so: &str) -> Result<(), Error> {
        match self.is_keyed() {
            true => Ok(()),
            false => Err(Error::invalid(format!("table {} has no primary key, so {so}", self.name()))),
        }
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.module_names();
        f.debug_struct("Table").field("name", &self.name()).field("modules", &names).finish_non_exhaustive()
    }
}

/// Does what may hold a thread up where it may.
pub(in crate::client) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Error::of_task(error)))
}
