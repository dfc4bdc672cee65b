//! Rows on their way into a table in one of the ways there are: appended, put by key, or deleted.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};

use tokio::sync::oneshot;

use super::chain::{Begun, Chained};
use crate::{
    client::{
        Error, Outcome, Pending, Table,
        dead_letters::{About, LettersMode},
        delivery::{Provenance, send},
        table::off_the_runtime,
    },
    columns::{FitError, fit},
    driver::Change,
    module::{ChainSpec, Operation, StageReport},
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
    pub(in crate::client) fn whole(table: &Table, change: Change) -> Self {
        Self { table: table.clone(), change, schema: table.schema() }
    }

    /// For some columns of a table, without the modules that it has: these see whole rows.
    pub(in crate::client) fn of_columns(table: &Table, change: Change, positions: &[usize]) -> Result<Self, Error> {
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

    /// The columns that rows may have: those of the table, of which only the written ones must be there; with modules that
    /// take rows with other columns, these.
    pub fn input_schema(&self) -> SchemaRef {
        let own = self.table.chained().and_then(|chained| chained.input());
        own.unwrap_or_else(|| input_schema(self.table.schema_ref(), &self.schema))
    }

    /// The same writer with a chain of modules that rows go through first, in place of any that it had. What comes
    /// out has the written columns, and so have the rows that go in, unless `ChainSpec::input` says otherwise. Tables of dead letters that the chain names are created where they
    /// are missing: a log table with the columns `time`, `source`, `operation`, `module`, `kind`, `error`, `batch`,
    /// `position` and `original`. Letters are sent in the same session, behind the rows that they came with, and wait for
    /// room in the same write buffer.
    ///
    /// # Errors
    /// `Module` when a module cannot be loaded, refuses its configuration, or what comes out does not fit; `DeadLetters`
    /// when a table cannot take them.
    pub async fn with_chain(self, spec: &ChainSpec) -> Result<Self, Error> {
        self.chained(spec, LettersMode::Write).await
    }

    /// As `with_chain`, for [`check`](Writer::check) alone: no table is created.
    pub(crate) async fn with_chain_to_check(self, spec: &ChainSpec) -> Result<Self, Error> {
        self.chained(spec, LettersMode::CheckOnly).await
    }

    async fn chained(self, spec: &ChainSpec, letters: LettersMode) -> Result<Self, Error> {
        let operation = match self.change {
            Change::Append => Operation::Append,
            Change::Upsert(_) => Operation::Upsert,
            Change::Delete => Operation::Delete,
        };
        let columns = self.table.columns_of(&self.schema)?;
        let chained = Chained::load(&self.table, spec, operation, columns, letters).await?;
        Ok(Self { table: self.table.with_chained(chained), ..self })
    }

    /// Puts another chain in the place of the one that rows go through, for this writer and all that share its modules,
    /// while rows flow: it is loaded and checked first, then it takes over between two batches. A batch ends on the chain
    /// that it began.
    ///
    /// # Errors
    /// As `with_chain`; the chain in use then stays. Also on a writer without modules; `with_chain` gives it some, and a
    /// chain may be empty.
    pub async fn swap_chain(&self, spec: &ChainSpec) -> Result<(), Error> {
        self.table.swap_chain(spec).await
    }

    /// The modules that rows go through, in order.
    pub fn module_names(&self) -> Vec<String> {
        self.table.module_names()
    }

    /// What each of the modules took so far, in order; of the chain in use.
    pub fn module_report(&self) -> Vec<StageReport> {
        self.table.chained().map_or(Vec::new(), |chained| chained.loaded().chain.report())
    }

    /// Writes rows. Waits until the write buffer has room for them, then gives a future of their outcome; many may be
    /// under way at once. Where calls are made at once (the futures that this gives are awaited together), modules run for
    /// several of them side by side, and rows are sent in the order in which the calls were first polled. Dropping this
    /// future before its rows are sent gives the whole batch up, and holds no other call up.
    ///
    /// Columns are found by name and cast where every value keeps its meaning; columns of the table that this does not
    /// write are left out. Large batches are cut into parts that fit the settings.
    ///
    /// # Errors
    /// Then nothing of the batch was taken: rows that do not fit the table (column and row are named), a module whose
    /// policy is `fail`, a table of the other kind, a closed client.
    pub async fn write(&self, rows: RecordBatch) -> Result<Pending, Error> {
        if self.table.chained().is_none() {
            let (client, handle) = (self.table.client(), self.table.handle());
            return send(client, handle, &self.change, &self.fit(&rows)?, Provenance::default()).await;
        }
        let prepare = self.prepare(rows);
        let (mut reply, answer) = oneshot::channel();
        // A task of its own, so that a call that is not polled for a while holds nobody up.
        let sending = tokio::spawn(async move {
            let in_turn = async {
                let prepared = prepare.await?;
                prepared.come().await;
                Ok(prepared)
            };
            let prepared = tokio::select! {
                biased;
                () = reply.closed() => return,
                prepared = in_turn => prepared,
            };
            // From here on all of it is sent, whether anybody waits or not.
            let sent = match prepared {
                Ok(prepared) => prepared.send().await,
                Err(error) => Err(error),
            };
            let _ = reply.send(sent);
        });
        match answer.await {
            Ok(sent) => sent,
            Err(_) => Err(sending.await.err().map_or(Error::Closed, Error::of_task)),
        }
    }

    /// Takes the next turn, now, and gives a future that does all of a write but send: it runs the modules.
    pub(crate) fn prepare(&self, rows: RecordBatch) -> impl Future<Output = Result<Prepared, Error>> + Send + use<> {
        let writer = self.clone();
        let begun = self.table.chained().map(|chained| chained.begin());
        async move {
            let Some(mut begun) = begun else {
                let (batch, provenance) = (writer.fit(&rows)?, Provenance::default());
                return Ok(Prepared { writer, begun: None, batch, provenance });
            };
            let applied = begun.apply(writer.incoming(&rows)?).await?;
            let (batch, provenance) = Provenance::of(&begun.loaded.chain, rows.num_rows(), applied);
            Ok(Prepared { writer, begun: Some(begun), batch, provenance })
        }
    }

    /// Does everything that `write` does but send: the outcome has no fates, and no dead letter is written.
    ///
    /// # Errors
    /// As `write`, for rows that do not fit or do not pass the modules.
    pub async fn check(&self, rows: RecordBatch) -> Result<Outcome, Error> {
        let Prepared { batch, mut provenance, .. } = self.prepare(rows).await?;
        provenance.exceptions.iter_mut().for_each(|exception| exception.dead_letters = None);
        Ok(provenance.outcome(batch.num_rows()))
    }

    /// As `check`, and tells for each row what became of it. `None` without modules.
    pub(crate) async fn trace(&self, rows: RecordBatch) -> Result<Option<Traced>, Error> {
        let Some(loaded) = self.table.chained().map(|chained| chained.loaded()) else { return Ok(None) };
        let (appended, rows) = (rows.num_rows(), self.incoming(&rows)?);
        let traced = off_the_runtime(move || {
            let chain = &loaded.chain;
            let before = fit(&rows, chain.input())?;
            let (applied, ends) = chain.trace(&before)?;
            let names: Vec<&str> = chain.names().collect();
            let name = |end: Option<usize>| end.and_then(|module| names.get(module)).map(|name| (*name).to_owned());
            let ends = ends.into_iter().map(name).collect();
            let (after, mut provenance) = Provenance::of(chain, appended, applied);
            provenance.exceptions.iter_mut().for_each(|exception| exception.dead_letters = None);
            let outcome = provenance.outcome(after.num_rows());
            Ok(Traced { before, after, ends, outcome })
        });
        traced.await.map(Some)
    }

    /// Rows as the modules take them.
    fn incoming(&self, rows: &RecordBatch) -> Result<RecordBatch, FitError> {
        match self.table.chained().and_then(|chained| chained.input()) {
            Some(_) => Ok(rows.clone()),
            None => narrow(rows, self.table.schema_ref(), &self.schema),
        }
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

/// What modules made of rows.
pub(crate) struct Traced {
    pub(crate) before: RecordBatch,
    pub(crate) after: RecordBatch,
    /// For each row before the module that took the last of what was made of it; `None`: it went on.
    pub(crate) ends: Vec<Option<String>>,
    pub(crate) outcome: Outcome,
}

/// Rows that went through the modules.
pub(crate) struct Prepared {
    writer: Writer,
    begun: Option<Begun>,
    batch: RecordBatch,
    provenance: Provenance,
}

impl Prepared {
    /// Waits until every write that began before is sent or given up.
    async fn come(&self) {
        if let Some(begun) = &self.begun {
            begun.turn.come().await;
        }
    }

    /// Sends the rows, when it is their turn, and behind them their dead letters.
    pub(crate) async fn send(self) -> Result<Pending, Error> {
        self.come().await;
        let Self { writer: Writer { table, change, .. }, begun, batch, provenance } = self;
        let mut pending = send(table.client(), table.handle(), &change, &batch, provenance).await?;
        if let (Some(begun), Some(chained)) = (&begun, table.chained()) {
            let (source, operation) = (&table.info().path, chained.operation());
            let about = About { source, operation, batch: begun.turn.number() };
            pending.send_letters(&begun.loaded.letters, about).await;
        }
        Ok(pending)
    }
}

/// The columns of a table, of which only the wanted ones must be there.
pub(in crate::client) fn input_schema(table: &SchemaRef, wanted: &SchemaRef) -> SchemaRef {
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
pub(in crate::client) fn narrow(
    rows: &RecordBatch,
    table: &SchemaRef,
    wanted: &SchemaRef,
) -> Result<RecordBatch, FitError> {
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
