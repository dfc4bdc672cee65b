//! Rows on their way into a table in one of the ways there are: appended, put by key, or deleted.

use std::{fmt, sync::Arc};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tokio::sync::oneshot;

use super::{
    chain::WriteChain,
    prepared::{Prepared, Traced},
};
use crate::{
    client::{
        Client, Error,
        dead_letters::DeadLetterMode,
        delivery::{Outcome, Pending, Provenance, send},
        open_table::OpenTable,
    },
    columns::{FitError, fit, input_schema, narrow},
    driver::Change,
    module::{ChainSpec, Operation, StageReport},
    runtime::off_the_runtime,
};

/// Writes rows of a table in one way: [`Table::appender`], [`Table::upserter`], [`Table::updater`], [`Table::deleter`].
/// Clones share the modules.
///
/// [`Table::appender`]: crate::client::Table::appender
/// [`Table::upserter`]: crate::client::Table::upserter
/// [`Table::updater`]: crate::client::Table::updater
/// [`Table::deleter`]: crate::client::Table::deleter
#[derive(Clone)]
pub struct Writer {
    table: Arc<OpenTable>,
    /// The modules that the rows go through.
    chain: Option<Arc<WriteChain>>,
    change: Change,
    /// The columns that are written.
    schema: SchemaRef,
}

impl Writer {
    /// For all columns of a table.
    pub(in crate::client) fn whole(table: Arc<OpenTable>, chain: Option<Arc<WriteChain>>, change: Change) -> Self {
        let schema = Arc::clone(table.schema());
        Self { table, chain, change, schema }
    }

    /// For some columns of a table, without modules: these see whole rows.
    pub(in crate::client) fn of_columns(
        table: Arc<OpenTable>,
        change: Change,
        positions: &[usize],
    ) -> Result<Self, Error> {
        let schema = Arc::new(table.schema().project(positions)?);
        Ok(Self { table, chain: None, change, schema })
    }

    /// The table, and the modules that its rows go through.
    pub(in crate::client) fn parts(&self) -> (&Arc<OpenTable>, Option<&Arc<WriteChain>>) {
        (&self.table, self.chain.as_ref())
    }

    pub(super) fn client(&self) -> &Client {
        self.table.client()
    }

    /// The columns that are written, in Arrow's types.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The columns that rows may have: those of the table, of which only the written ones must be there; with modules that
    /// take rows with other columns, these.
    pub fn input_schema(&self) -> SchemaRef {
        let own = self.chain.as_ref().and_then(|chain| chain.input());
        own.unwrap_or_else(|| input_schema(self.table.schema(), &self.schema))
    }

    /// The same writer with a chain of modules that rows go through first, in place of any that it had. What comes
    /// out has the written columns, and so have the rows that go in, unless `ChainSpec::input` says otherwise.
    ///
    /// Tables of dead letters that the chain names are created where they are missing: a log table with the columns `time`,
    /// `source`, `operation`, `module`, `kind`, `error`, `batch`, `position` and `original`. Dead letters are sent in the
    /// same session, behind the rows that they came with, and wait for room in the same write buffer.
    ///
    /// # Errors
    /// `Module` when a module cannot be loaded, refuses its configuration, or what comes out does not fit; `DeadLetters`
    /// when a table cannot take them.
    pub async fn with_chain(self, spec: &ChainSpec) -> Result<Self, Error> {
        self.chained(spec, DeadLetterMode::Write).await
    }

    /// As `with_chain`, for [`check`](Writer::check) alone: no table is created.
    pub(crate) async fn with_chain_to_check(self, spec: &ChainSpec) -> Result<Self, Error> {
        self.chained(spec, DeadLetterMode::CheckOnly).await
    }

    async fn chained(self, spec: &ChainSpec, mode: DeadLetterMode) -> Result<Self, Error> {
        let operation = match self.change {
            Change::Append => Operation::Append,
            Change::Upsert(_) => Operation::Upsert,
            Change::Delete => Operation::Delete,
        };
        let columns = self.table.columns_of(&self.schema)?;
        let chain = WriteChain::load(&self.table, spec, operation, columns, mode).await?;
        Ok(Self { chain: Some(Arc::new(chain)), ..self })
    }

    /// Puts another chain in the place of the one that rows go through, for this writer and all that share its modules,
    /// while rows flow: it is loaded and checked first, then it takes over between two batches. A batch ends on the chain
    /// that it began.
    ///
    /// # Errors
    /// As `with_chain`; the chain in use then stays. Also on a writer without modules; `with_chain` gives it some, and a
    /// chain may be empty.
    pub async fn swap_chain(&self, spec: &ChainSpec) -> Result<(), Error> {
        let none = || {
            Error::invalid(format!("table {} has no modules to swap; `with_chain` gives it some", self.table.name()))
        };
        self.chain.as_ref().ok_or_else(none)?.swap(&self.table, spec).await
    }

    /// The modules that rows go through, in order.
    pub fn module_names(&self) -> Vec<String> {
        let names = |chain: &Arc<WriteChain>| chain.loaded().chain.names().map(str::to_owned).collect();
        self.chain.as_ref().map_or(Vec::new(), names)
    }

    /// What each of the modules took so far, in order; of the chain in use.
    pub fn module_report(&self) -> Vec<StageReport> {
        self.chain.as_ref().map_or(Vec::new(), |chain| chain.loaded().chain.report())
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
        if self.chain.is_none() {
            return send(&self.table, &self.change, &self.fit(&rows)?, Provenance::default()).await;
        }
        let prepare = self.prepare(rows);
        let (mut reply, answer) = oneshot::channel();
        // A task of its own, so that a call that is not polled for a while holds nobody up.
        let sending = tokio::spawn(async move {
            let in_turn = async {
                let prepared = prepare.await?;
                prepared.wait_turn().await;
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
            Err(_) => Err(sending.await.err().map_or(Error::Closed, Error::from)),
        }
    }

    /// Takes the next turn, now, and gives a future that does all of a write but send: it runs the modules.
    pub(crate) fn prepare(&self, rows: RecordBatch) -> impl Future<Output = Result<Prepared, Error>> + Send + use<> {
        let writer = self.clone();
        let run = self.chain.as_ref().map(|chain| chain.begin());
        async move {
            let Some(mut run) = run else {
                let (batch, provenance) = (writer.fit(&rows)?, Provenance::default());
                let Self { table, change, .. } = writer;
                return Ok(Prepared { table, change, run: None, batch, provenance });
            };
            let applied = run.apply(writer.incoming(&rows)?).await?;
            let (batch, provenance) = Provenance::of(&run.loaded.chain, rows.num_rows(), applied);
            let Self { table, change, .. } = writer;
            Ok(Prepared { table, change, run: Some(run), batch, provenance })
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
        let Some(loaded) = self.chain.as_ref().map(|chain| chain.loaded()) else { return Ok(None) };
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
        match self.chain.as_ref().and_then(|chain| chain.input()) {
            Some(_) => Ok(rows.clone()),
            None => narrow(rows, self.table.schema(), &self.schema),
        }
    }

    fn fit(&self, rows: &RecordBatch) -> Result<RecordBatch, Error> {
        Ok(fit(&narrow(rows, self.table.schema(), &self.schema)?, &self.schema)?)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Writer");
        out.field("table", &self.table.name()).field("modules", &self.module_names()).field("change", &self.change);
        out.finish_non_exhaustive()
    }
}
