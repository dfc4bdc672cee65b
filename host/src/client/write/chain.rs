//! The modules on the write path of a table: which chain is in use, whose turn it is, and how another chain takes over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_wire::table::Schema;

use super::turns::{Turn, Turns};
use crate::{
    client::{
        Error,
        dead_letters::{DeadLetterMode, DeadLetters},
        open_table::OpenTable,
    },
    columns::fit,
    module::{Applied, Chain, ChainSpec, Operation},
    runtime::off_the_runtime,
};

/// The modules that rows go through. Shared by the clones of the table or writer that they were loaded for.
pub(in crate::client) struct WriteChain {
    operation: Operation,
    /// The columns behind the modules, and before them where the chain does not say otherwise.
    columns: Schema,
    /// The columns before the modules, where they are others.
    input: Option<Schema>,
    mode: DeadLetterMode,
    /// What the next batch begins on. Turns are taken under this lock, so that batches begin on chains in their order.
    loaded: Mutex<Arc<LoadedChain>>,
    /// Holds a change of chains back while another is loaded.
    swapping: tokio::sync::Mutex<()>,
    /// Turns to be sent.
    sending: Arc<Turns>,
    /// Turns to go through modules that keep state from batch to batch.
    running: Arc<Turns>,
}

/// A chain, and where its dead letters go.
pub(super) struct LoadedChain {
    pub(super) chain: Chain,
    pub(super) dead_letters: DeadLetters,
}

/// One batch on its way through a chain: it ends on the chain that it began, whichever takes over meanwhile.
pub(super) struct ChainRun {
    pub(super) operation: Operation,
    pub(super) loaded: Arc<LoadedChain>,
    /// The batch may be sent when it comes.
    pub(super) sending: Turn,
    /// It may go through modules that keep state when it comes.
    running: Option<Turn>,
}

impl WriteChain {
    /// Loads a chain that must give these columns of a table, and is given them as well where it does not say otherwise.
    pub(super) async fn load(
        table: &Arc<OpenTable>,
        spec: &ChainSpec,
        operation: Operation,
        columns: Schema,
        mode: DeadLetterMode,
    ) -> Result<Self, Error> {
        let loaded = load(table, spec, operation, &columns, mode).await?;
        Ok(Self {
            operation,
            columns,
            input: spec.input.clone(),
            mode,
            loaded: Mutex::new(Arc::new(loaded)),
            swapping: tokio::sync::Mutex::new(()),
            sending: Arc::default(),
            running: Arc::default(),
        })
    }

    /// Puts another chain in the place of the one in use, once it is loaded and checked.
    pub(super) async fn swap(&self, table: &Arc<OpenTable>, spec: &ChainSpec) -> Result<(), Error> {
        let _one_at_a_time = self.swapping.lock().await;
        if spec.input != self.input {
            return Err(Error::invalid(format!(
                "the modules of table {} cannot be swapped for a chain that takes rows with other columns; write with a new \
                 writer, or start anew",
                table.name()
            )));
        }
        let loaded = load(table, spec, self.operation, &self.columns, self.mode).await?;
        *self.lock() = Arc::new(loaded);
        Ok(())
    }

    /// The columns that rows must have, where they are not those that are written.
    pub(super) fn input(&self) -> Option<SchemaRef> {
        self.input.as_ref().map(|_| Arc::clone(self.loaded().chain.input()))
    }

    /// What the next batch begins on.
    pub(super) fn loaded(&self) -> Arc<LoadedChain> {
        Arc::clone(&self.lock())
    }

    /// Begins a batch.
    pub(super) fn begin(&self) -> ChainRun {
        let loaded = self.lock();
        let running = loaded.chain.is_ordered().then(|| self.running.take());
        ChainRun { operation: self.operation, loaded: Arc::clone(&loaded), sending: self.sending.take(), running }
    }

    fn lock(&self) -> MutexGuard<'_, Arc<LoadedChain>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn load(
    table: &Arc<OpenTable>,
    spec: &ChainSpec,
    operation: Operation,
    columns: &Schema,
    mode: DeadLetterMode,
) -> Result<LoadedChain, Error> {
    let input = spec.input.as_ref().unwrap_or(columns).clone();
    let chain = table.load_chain(spec, operation, input, Some(columns.clone())).await?;
    Ok(LoadedChain { chain, dead_letters: DeadLetters::open(table, spec, mode).await? })
}

impl ChainRun {
    /// Runs the rows through the modules, on a thread that may be held up for as long as their deadlines allow.
    pub(super) async fn apply(&mut self, rows: RecordBatch) -> Result<Applied, Error> {
        let loaded = Arc::clone(&self.loaded);
        let running = self.running.take();
        if let Some(running) = &running {
            running.wait().await;
        }
        off_the_runtime(move || {
            // Here, where a row that does not fit can be named.
            let fitted = fit(&rows, loaded.chain.input()).map_err(Error::from);
            let applied = fitted.and_then(|rows| Ok(loaded.chain.run(&rows)?));
            // Here, not where the result is awaited: whoever comes next must find the modules at rest.
            drop(running);
            applied
        })
        .await
    }
}
