//! A chain of modules in their sandboxes: loaded, and batches run through it by the rules of `thalweg_chain`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_chain::{AnswerLimits, Applied, Builder, ChainContext, ChainError, Policies, Stage};
use thalweg_wire::table::Schema;

use super::error::ModuleError;
use super::sandbox::caller::{Caller, Calls, Place};
use super::sandbox::instance::Template;
use super::spec::{ChainSpec, ModuleSpec, Source};
use crate::columns;
use crate::runtime::Runtime;

/// A loaded chain. It may be shared: batches that are given to it at once run side by side, each in instances of its own,
/// but for modules that want one instance, where they take turns.
///
/// `apply` computes, for as long as the deadlines allow, and so belongs where a thread may be held up
/// (`spawn_blocking`, `block_in_place`).
pub struct Chain(thalweg_chain::Chain<Caller>);

/// What a module took so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageReport {
    /// The module.
    pub name: String,
    /// How long it took to load: reading, compiling, opening.
    pub loading: Duration,
    /// How many calls were made for batches.
    pub calls: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How long they took.
    pub running: Duration,
    /// What the memories of its instances have that are not being called, in bytes.
    pub memory: usize,
}

impl Chain {
    /// Loads the modules, opens each with the columns that the one before gives, and checks that what comes out fits.
    /// Modules of the same name are told apart by number: `where`, `where-2`.
    ///
    /// # Errors
    /// Whatever is wrong with a module, its configuration, its place or its plan; the module is named.
    pub fn load(runtime: &Runtime, spec: &ChainSpec, context: &ChainContext<'_>) -> Result<Chain, ModuleError> {
        let mut builder = Builder::new(context);
        for module in &spec.modules {
            let name = builder.unique_name(&module.name);
            let place = Place {
                table: context.table.clone(),
                operation: context.operation,
                input: builder.input().clone(),
                config: serde_json::Value::Object(module.config.clone()).to_string(),
            };
            let (stage, caller) = load_stage(runtime, module, &name, place)?;
            builder.push(stage, caller);
        }
        Ok(Chain(builder.finish()?))
    }

    /// The columns that go in.
    pub fn input(&self) -> &SchemaRef {
        self.0.input()
    }

    /// The columns that come out.
    pub fn output(&self) -> &Schema {
        self.0.output()
    }

    /// Whether a module keeps state from batch to batch (`instances: one`): then `apply` must be called with one batch after
    /// the other, in their order. Else any number of calls may be under way at once.
    pub fn is_ordered(&self) -> bool {
        self.0.is_ordered()
    }

    /// The modules' names, in order; each is there once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.stages().iter().map(Stage::name)
    }

    /// What each module took so far, in order.
    pub fn report(&self) -> Vec<StageReport> {
        let report = |(stage, caller): (&Stage, &Caller)| {
            let Calls { made: calls, failed, took: running } = caller.calls();
            let (loading, memory) = (caller.loading(), caller.memory());
            StageReport { name: stage.name().to_owned(), loading, calls, failed, running, memory }
        };
        self.0.stages().iter().zip(self.0.modules()).map(report).collect()
    }

    /// Runs rows through all modules. Columns are found by name and cast as `columns::fit` does.
    ///
    /// # Errors
    /// When the rows do not have the chain's columns, or a module refuses rows or fails; nothing of the batch goes on
    /// then, and the chain takes the next batch.
    pub fn apply(&self, batch: &RecordBatch) -> Result<Applied, ModuleError> {
        let fitted = columns::fit(batch, self.input());
        self.run(&fitted.map_err(|error| ChainError::Input { reason: error.to_string() })?)
    }

    /// As `apply`, of rows that have the columns of `input` already, as `columns::fit` gives them.
    pub(crate) fn run(&self, batch: &RecordBatch) -> Result<Applied, ModuleError> {
        let applied = self.0.run(batch)?;
        for (name, tally) in self.names().zip(&applied.tallies) {
            tracing::trace!(module = name, rows = batch.num_rows(), ?tally, "batch");
        }
        Ok(applied)
    }

    /// As `run`, and gives for each row of the batch the module, by its place in the chain, that took the last of what
    /// was made of it; `None`: it went on.
    ///
    /// # Errors
    /// As `run`.
    pub(crate) fn trace(&self, batch: &RecordBatch) -> Result<(Applied, Vec<Option<usize>>), ModuleError> {
        Ok(self.0.trace(batch)?)
    }
}

/// Loads a module and opens it in its place: the rules for it, and what calls it.
pub(super) fn load_stage(
    runtime: &Runtime,
    spec: &ModuleSpec,
    name: &str,
    place: Place,
) -> Result<(Stage, Caller), ModuleError> {
    let started = Instant::now();
    let component = match &spec.source {
        Source::Builtin(stock) => runtime.stock_module(stock),
        Source::File(path) => runtime.component_file_within(path, spec.limits.compilation()),
    };
    let component = component.map_err(|cause| ModuleError::Runtime { module: name.to_owned(), cause })?;
    // Starts the clock of the deadlines.
    runtime.engine();
    let name: Arc<str> = Arc::from(name);
    let template = Template::new(&component, &name, spec.limits)?;
    let input = place.input.clone();
    let caller = Caller::open(template, place, &name, started)?;
    let policies = Policies { on_error: spec.on_error.clone(), on_failure: spec.on_failure.clone() };
    let limits = AnswerLimits { bytes: spec.limits.output, rows: spec.limits.rows };
    let stage = Stage::new(name, caller.plan().clone(), &input, policies, limits)?;
    Ok((stage, caller))
}
