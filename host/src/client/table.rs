//! One table of a session.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_engine::api::{TableHandle, TableInfo};

use super::{
    Client, Error, Outcome, Pending, RowWriter, RowWriterOptions, ScanOptions, ScanStream,
    append::{Provenance, send},
};
use crate::columns::fit;
use crate::module::{Applied, Chain, ChainContext, ChainSpec, Operation};

/// One table of a session. Clones share it.
#[derive(Clone)]
pub struct Table {
    client: Client,
    handle: TableHandle,
    info: Arc<TableInfo>,
    schema: SchemaRef,
    chain: Option<Arc<Chain>>,
}

impl Table {
    pub(super) fn new(client: Client, handle: TableHandle, info: TableInfo) -> Self {
        let schema = Arc::new(arrow_schema::Schema::from(&info.descriptor.schema));
        Self { client, handle, info: Arc::new(info), schema, chain: None }
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
        match &self.chain {
            None => send(&self.client, self.handle, &fit(&rows, &self.schema)?, Provenance::default()).await,
            Some(chain) => {
                let appended = rows.num_rows();
                let applied = apply(chain, rows).await?;
                let filtered = filtered(chain, &applied);
                let provenance = Provenance { appended: Some(appended), filtered, origins: applied.origins };
                send(&self.client, self.handle, &applied.batch, provenance).await
            }
        }
    }

    /// Does everything that `append` does but send: the outcome has no fates.
    ///
    /// # Errors
    /// As `append`, for rows that do not fit or do not pass the modules.
    pub async fn check(&self, rows: RecordBatch) -> Result<Outcome, Error> {
        let appended = rows.num_rows() as u64;
        let (filtered, batch, origins) = match &self.chain {
            None => (Vec::new(), fit(&rows, &self.schema)?, None),
            Some(chain) => {
                let applied = apply(chain, rows).await?;
                (filtered(chain, &applied), applied.batch, applied.origins)
            }
        };
        Ok(Outcome { rows: appended, produced: batch.num_rows() as u64, filtered, fates: Vec::new(), origins })
    }

    /// The same table with a chain of modules on its write path, in place of any that it had. Rows that are appended have
    /// the table's columns before the chain and after it.
    ///
    /// # Errors
    /// `Module` when a module cannot be loaded, refuses its configuration, or what comes out does not fit the table.
    pub async fn with_chain(self, spec: &ChainSpec) -> Result<Table, Error> {
        let output = Some(self.info.descriptor.schema.clone());
        let chain = self.load_chain(spec, Operation::Append, output).await?;
        Ok(Table { chain: Some(Arc::new(chain)), ..self })
    }

    /// The modules on the write path, in order.
    pub fn module_names(&self) -> Vec<String> {
        self.chain.iter().flat_map(|chain| chain.names()).map(str::to_owned).collect()
    }

    /// Loads a chain that is given the table's columns.
    pub(super) async fn load_chain(
        &self,
        spec: &ChainSpec,
        operation: Operation,
        output: Option<thalweg_wire::table::Schema>,
    ) -> Result<Chain, Error> {
        let (spec, info, client) = (spec.clone(), Arc::clone(&self.info), self.client.clone());
        // Modules may have to be compiled.
        off_the_runtime(move || {
            let input = &info.descriptor.schema;
            let context = ChainContext { table: &info.path, operation, input, output: output.as_ref() };
            Ok(Chain::load(client.runtime()?.as_ref(), &spec, &context)?)
        })
        .await
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

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.module_names();
        f.debug_struct("Table").field("name", &self.name()).field("modules", &names).finish_non_exhaustive()
    }
}

/// Runs rows through a chain, where a thread may be held up for as long as its deadlines allow.
async fn apply(chain: &Arc<Chain>, rows: RecordBatch) -> Result<Applied, Error> {
    let chain = Arc::clone(chain);
    off_the_runtime(move || Ok(chain.apply(&rows)?)).await
}

fn filtered(chain: &Chain, applied: &Applied) -> Vec<(String, u64)> {
    chain.names().map(str::to_owned).zip(applied.filtered.iter().copied()).collect()
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    // The task ends without a result only when its runtime ends.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Closed))
}
