//! Rows on their way into a table in one of the ways there are: appended, put by key, or deleted.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};

use super::{
    Error, Outcome, Pending, Table,
    append::{Provenance, send},
    table::off_the_runtime,
};
use crate::{
    columns::{FitError, fit},
    driver::Change,
    module::{Applied, Chain, ChainSpec, Operation},
};

/// Writes rows of a table in one way: [`Table::appender`], [`Table::upserter`], [`Table::updater`], [`Table::deleter`].
/// Clones share the modules.
#[derive(Clone)]
pub struct Writer {
    /// With the modules that the rows go through.
    table: Table,
    change: Change,
    /// The columns that are written.
    schema: SchemaRef,
}

impl Writer {
    /// For all columns of a table.
    pub(super) fn whole(table: &Table, change: Change) -> Self {
        Self { table: table.clone(), change, schema: table.schema() }
    }

    /// For some columns of a table, without the modules that it has: these see whole rows.
    pub(super) fn of_columns(table: &Table, change: Change, positions: &[usize]) -> Result<Self, Error> {
        let schema = Arc::new(table.schema().project(positions)?);
        Ok(Self { table: table.without_chain(), change, schema })
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The columns that are written, in Arrow's types.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The columns that rows may have: those of the table, of which only the written ones must be there.
    pub fn input_schema(&self) -> SchemaRef {
        input_schema(self.table.schema_ref(), &self.schema)
    }

    /// The same writer with a chain of modules that rows go through first, in place of any that it had. Rows have the
    /// written columns before the chain and after it.
    ///
    /// # Errors
    /// `Module` when a module cannot be loaded, refuses its configuration, or what comes out does not fit.
    pub async fn with_chain(self, spec: &ChainSpec) -> Result<Self, Error> {
        let operation = match self.change {
            Change::Append => Operation::Append,
            Change::Upsert(_) => Operation::Upsert,
            Change::Delete => Operation::Delete,
        };
        let columns = self.table.columns_of(&self.schema)?;
        let chain = self.table.load_chain(spec, operation, columns.clone(), Some(columns)).await?;
        Ok(Self { table: self.table.with_loaded(chain), ..self })
    }

    /// The modules that rows go through, in order.
    pub fn module_names(&self) -> Vec<String> {
        self.table.module_names()
    }

    /// Writes rows. Waits until the write buffer has room for them, then gives a future of their outcome; many may be
    /// under way at once, and their rows keep the order of these calls within a bucket.
    ///
    /// Columns are found by name and cast where every value keeps its meaning; columns of the table that this does not
    /// write are left out. Large batches are cut into parts that fit the settings.
    ///
    /// # Errors
    /// Then nothing of the batch was taken: rows that do not fit the table (column and row are named), a table of the
    /// other kind, a closed client.
    pub async fn write(&self, rows: RecordBatch) -> Result<Pending, Error> {
        let (client, handle) = (self.table.client(), self.table.handle());
        match self.table.chain() {
            None => send(client, handle, &self.change, &self.fit(&rows)?, Provenance::default()).await,
            Some(chain) => {
                let appended = rows.num_rows();
                let applied = apply(chain, narrow(&rows, self.table.schema_ref(), &self.schema)?).await?;
                let filtered = filtered(chain, &applied);
                let provenance = Provenance { appended: Some(appended), filtered, origins: applied.origins };
                send(client, handle, &self.change, &applied.batch, provenance).await
            }
        }
    }

    /// Does everything that `write` does but send: the outcome has no fates.
    ///
    /// # Errors
    /// As `write`, for rows that do not fit or do not pass the modules.
    pub async fn check(&self, rows: RecordBatch) -> Result<Outcome, Error> {
        let appended = rows.num_rows() as u64;
        let (filtered, batch, origins) = match self.table.chain() {
            None => (Vec::new(), self.fit(&rows)?, None),
            Some(chain) => {
                let applied = apply(chain, narrow(&rows, self.table.schema_ref(), &self.schema)?).await?;
                (filtered(chain, &applied), applied.batch, applied.origins)
            }
        };
        Ok(Outcome { rows: appended, produced: batch.num_rows() as u64, filtered, fates: Vec::new(), origins })
    }

    fn fit(&self, rows: &RecordBatch) -> Result<RecordBatch, Error> {
        Ok(fit(&narrow(rows, self.table.schema_ref(), &self.schema)?, &self.schema)?)
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Writer");
        out.field("table", &self.table).field("change", &self.change).finish_non_exhaustive()
    }
}

/// Runs rows through a chain, where a thread may be held up for as long as its deadlines allow.
async fn apply(chain: &Arc<Chain>, rows: RecordBatch) -> Result<Applied, Error> {
    let chain = Arc::clone(chain);
    off_the_runtime(move || Ok(chain.apply(&rows)?)).await
}

fn filtered(chain: &Chain, applied: &Applied) -> Vec<(String, u64)> {
    chain.names().map(str::to_owned).zip(applied.tallies.iter().map(|tally| tally.filtered)).collect()
}

/// The columns of a table, of which only the wanted ones must be there.
pub(super) fn input_schema(table: &SchemaRef, wanted: &SchemaRef) -> SchemaRef {
    if wanted == table {
        return Arc::clone(table);
    }
    let optional = |field: &Arc<Field>| match wanted.field_with_name(field.name()) {
        Ok(_) => Arc::clone(field),
        Err(_) => Arc::new(field.as_ref().clone().with_nullable(true)),
    };
    Arc::new(Schema::new(table.fields().iter().map(optional).collect::<Vec<_>>()))
}

/// Leaves out the columns that the table has and that are not wanted. A wanted one that is not there is an error: where only
/// some are written, null would overwrite what the table has.
pub(super) fn narrow(rows: &RecordBatch, table: &SchemaRef, wanted: &SchemaRef) -> Result<RecordBatch, FitError> {
    if wanted == table || wanted == rows.schema_ref() {
        return Ok(rows.clone());
    }
    let fields = rows.schema_ref().fields();
    if let Some(missing) = wanted.fields().iter().find(|field| rows.column_by_name(field.name()).is_none()) {
        return Err(FitError::Absent { column: missing.name().clone() });
    }
    let kept = |name: &str| wanted.field_with_name(name).is_ok() || table.field_with_name(name).is_err();
    let kept: Vec<usize> = (0..fields.len()).filter(|at| kept(fields[*at].name())).collect();
    rows.project(&kept).map_err(|error| FitError::Value { column: String::new(), row: 0, reason: error.to_string() })
}
