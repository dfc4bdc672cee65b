//! The modules on the write path of a table: which chain is in use, whose turn it is, and how another chain takes over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_wire::table::Schema;

use super::turns::{Turn, Turns};
use crate::{
    client::{
        Error, Table,
        dead_letters::{Letters, LettersMode},
        table::off_the_runtime,
    },
    columns::fit,
    module::{Applied, Chain, ChainSpec, Operation},
};

/// The modules that rows go through. Shared by the clones of the table or writer that they were loaded for.
pub(in crate::client) struct Chained {
    operation: Operation,
    /// The columns behind the modules, and before them where the chain does not say otherwise.
    columns: Schema,
    /// The columns before the modules, where they are others.
    input: Option<Schema>,
    letters: LettersMode,
    /// What the next batch begins on. Turns are taken under this lock, so that batches begin on chains in their order.
    loaded: Mutex<Arc<Loaded>>,
    /// Holds a change of chains back while another is loaded.
    swapping: tokio::sync::Mutex<()>,
    /// To be sent.
    sending: Arc<Turns>,
    /// To go through modules that keep state from batch to batch.
    running: Arc<Turns>,
}

/// A chain, and where its dead letters go.
pub(in crate::client) struct Loaded {
    pub(in crate::client) chain: Chain,
    pub(in crate::client) letters: Letters,
}

/// A batch that began: it ends on the chain that it began, whichever takes over meanwhile.
pub(in crate::client) struct Begun {
    pub(in crate::client) loaded: Arc<Loaded>,
    /// The batch may be sent when it comes.
    pub(in crate::client) turn: Turn,
    running: Option<Turn>,
}

impl Chained {
    /// Loads a chain that must give these columns of a table, and is given them as well where it does not say otherwise.
    pub(in crate::client) async fn load(
        table: &Table,
        spec: &ChainSpec,
        operation: Operation,
        columns: Schema,
        letters: LettersMode,
    ) -> Result<Self, Error> {
        let loaded = load(table, spec, operation, &columns, letters).await?;
        Ok(Self {
            operation,
            columns,
            input: spec.input.clone(),
            letters,
            loaded: Mutex::new(Arc::new(loaded)),
            swapping: tokio::sync::Mutex::new(()),
            sending: Arc::default(),
            running: Arc::default(),
        })
    }

    /// Puts another chain in the place of the one in use, once it is loaded and checked.
    pub(in crate::client) async fn swap(&self, table: &Table, spec: &ChainSpec) -> Result<(), Error> {
        let _one_at_a_time = self.swapping.lock().await;
        if spec.input != self.input {
            return Err(Error::invalid(format!(
                "the modules of table {} cannot be swapped for a chain that takes rows with other columns; write with a new \
                 writer, or start anew",
                table.name()
            )));
        }
        let loaded = load(table, spec, self.operation, &self.columns, self.letters).await?;
        *self.lock() = Arc::new(loaded);
        Ok(())
    }

    /// The columns that rows must have, where they are not those that are written.
    pub(in crate::client) fn input(&self) -> Option<SchemaRef> {
        self.input.as_ref().map(|_| Arc::clone(self.loaded().chain.input()))
    }

    pub(in crate::client) fn operation(&self) -> Operation {
        self.operation
    }

    /// What the next batch begins on.
    pub(in crate::client) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.lock())
    }

    /// Begins a batch.
    pub(in crate::client) fn begin(&self) -> Begun {
        let loaded = self.lock();
        let running = loaded.chain.is_ordered().then(|| self.running.take());
        Begun { loaded: Arc::clone(&loaded), turn: self.sending.take(), running }
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn load(
    table: &Table,
    spec: &ChainSpec,
    operation: Operation,
    columns: &Schema,
    letters: LettersMode,
) -> Result<Loaded, Error> {
    let input = spec.input.as_ref().unwrap_or(columns).clone();
    let chain = table.load_chain(spec, operation, input, Some(columns.clone())).await?;
    Ok(Loaded { chain, letters: Letters::open(table, spec, letters).await? })
}

impl Begun {
    /// Runs the rows through the modules, on a thread that may be held up for as long as their deadlines allow.
    pub(in crate::client) async fn apply(&mut self, rows: RecordBatch) -> Result<Applied, Error> {
        let loaded = Arc::clone(&self.loaded);
        let running = self.running.take();
        if let Some(running) = &running {
            running.come().await;
        }
        off_the_runtime(move || {
            // Here, where a row that does not fit can be named.
            let fitted = fit(&rows, loaded.chain.input()).map_err(Error::from);
            let applied = fitted.and_then(|rows| Ok(loaded.chain.apply(&rows)?));
            // Here, not where the result is awaited: whoever comes next must find the modules at rest.
            drop(running);
            applied
        })
        .await
    }
}
