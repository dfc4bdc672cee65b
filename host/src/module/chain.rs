//! Modules one after the other, checked end to end before a row runs.

use std::collections::HashSet;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::sync::Arc;
use thalweg_wire::table::{Column, Schema, TablePath};

use crate::columns;
use crate::runtime::Runtime;

use super::contract::{ColumnSource, Operation, same_type};
use super::error::ModuleError;
use super::exception::{Exception, Tally};
use super::flow::Flow;
use super::sandbox::caller::{Calls, Place};
use super::spec::ChainSpec;
use super::stage::Stage;

/// Where a chain stands.
#[derive(Debug, Clone)]
pub struct ChainContext<'a> {
    /// The table that the rows go to or come from.
    pub table: &'a TablePath,
    /// What the rows are on their way to.
    pub operation: Operation,
    /// The columns of the rows that go in.
    pub input: &'a Schema,
    /// The columns that must come out, by name; `None`: whatever the last module gives.
    pub output: Option<&'a Schema>,
}

/// A loaded chain. It may be shared: batches that are given to it at once run side by side, each in instances of its own,
/// but for modules that want one instance, where they take turns.
///
/// `apply` computes, for as long as the deadlines allow, and so belongs where a thread may be held up
/// (`spawn_blocking`, `block_in_place`).
pub struct Chain {
    stages: Vec<Stage>,
    input: SchemaRef,
    output: Schema,
    arrow_output: SchemaRef,
    /// Of what the last module gives, the columns that go out, in their order.
    columns: Vec<usize>,
}

/// What a chain made of a batch.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The rows that came out, with the columns of `Chain::output`.
    pub batch: RecordBatch,
    /// For each of them the row of the input that it came from, never falling; `None`: every row came out, once.
    pub origins: Option<Vec<u32>>,
    /// For each module, in order, how many rows ended there.
    pub tallies: Vec<Tally>,
    /// The rows that policies dealt with, in the order of the modules.
    pub exceptions: Vec<Exception>,
}

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
        let mut stages: Vec<Stage> = Vec::with_capacity(spec.modules.len());
        let mut schema = context.input.clone();
        for (module, name) in spec.modules.iter().zip(names(spec)) {
            let config = serde_json::Value::Object(module.config.clone()).to_string();
            let place =
                Place { table: context.table.clone(), operation: context.operation, input: schema.clone(), config };
            let stage = Stage::load(runtime, module, &name, place)?;
            if let Some(output) = &stage.plan().output {
                schema = output.schema.clone();
            }
            stages.push(stage);
        }
        let columns = match context.output {
            Some(output) => fit(&schema, output, &stages, context.table)?,
            None => (0..schema.columns.len()).collect(),
        };
        let output = context.output.cloned().unwrap_or(schema);
        Ok(Chain {
            stages,
            input: Arc::new(context.input.into()),
            arrow_output: Arc::new((&output).into()),
            output,
            columns,
        })
    }

    /// The columns that go in.
    pub fn input(&self) -> &SchemaRef {
        &self.input
    }

    /// The columns that come out.
    pub fn output(&self) -> &Schema {
        &self.output
    }

    /// Whether a module keeps state from batch to batch (`instances: one`): then `apply` must be called with one batch after
    /// the other, in their order. Else any number of calls may be under way at once.
    pub fn is_ordered(&self) -> bool {
        self.stages.iter().any(|stage| stage.plan().one_instance)
    }

    /// The modules' names, in order; each is there once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().map(Stage::name)
    }

    /// What each module took so far, in order.
    pub fn report(&self) -> Vec<StageReport> {
        let report = |stage: &Stage| {
            let Calls { made: calls, failed, took: running } = stage.calls();
            let (name, loading, memory) = (stage.name().to_owned(), stage.loading(), stage.memory());
            StageReport { name, loading, calls, failed, running, memory }
        };
        self.stages.iter().map(report).collect()
    }

    /// Runs rows through all modules. Columns are found by name and cast as `columns::fit` does.
    ///
    /// # Errors
    /// When the rows do not have the chain's columns, or a module refuses rows or fails; nothing of the batch goes on
    /// then, and the chain takes the next batch.
    pub fn apply(&self, batch: &RecordBatch) -> Result<Applied, ModuleError> {
        self.run(batch, |_| ())
    }

    /// As `apply`, and gives for each row of the batch the module, by its place in the chain, that took the last of what
    /// was made of it; `None`: it went on.
    ///
    /// # Errors
    /// As `apply`.
    pub fn trace(&self, batch: &RecordBatch) -> Result<(Applied, Vec<Option<usize>>), ModuleError> {
        let mut ends = vec![None; batch.num_rows()];
        let mut module = 0;
        let applied = self.run(batch, |flow| {
            if let Some(origins) = flow.origins_now() {
                let mut origins = origins.into_iter().peekable();
                for (row, end) in (0u32..).zip(ends.iter_mut()) {
                    while origins.next_if(|origin| *origin < row).is_some() {}
                    if end.is_none() && origins.peek() != Some(&row) {
                        *end = Some(module);
                    }
                }
            }
            module += 1;
        })?;
        Ok((applied, ends))
    }

    /// Runs rows through all modules, with a look at them behind each.
    fn run(&self, batch: &RecordBatch, mut behind: impl FnMut(&Flow)) -> Result<Applied, ModuleError> {
        if u32::try_from(batch.num_rows()).is_err() {
            return Err(ModuleError::Input { reason: "a batch has more than 4294967295 rows".to_owned() });
        }
        let batch =
            columns::fit(batch, &self.input).map_err(|error| ModuleError::Input { reason: error.to_string() })?;
        let mut flow = Flow::new(&batch);
        let mut tallies = Vec::with_capacity(self.stages.len());
        let mut exceptions = Vec::new();
        for stage in &self.stages {
            tallies.push(stage.run(&mut flow, &mut exceptions)?);
            behind(&flow);
        }
        let finished = flow.finish(&self.columns, &self.arrow_output);
        let (batch, origins) = finished.map_err(|error| ModuleError::Input { reason: error.to_string() })?;
        Ok(Applied { batch, origins, tallies, exceptions })
    }
}

/// The modules' names, made unique.
fn names(spec: &ChainSpec) -> Vec<String> {
    let mut taken = HashSet::new();
    let unique = |name: &String| {
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
        let free = free.unwrap_or_else(|| name.clone());
        taken.insert(free.clone());
        free
    };
    spec.modules.iter().map(|module| &module.name).map(unique).collect()
}

/// For each column of the table its position among those that the chain gives.
fn fit(given: &Schema, table: &Schema, stages: &[Stage], path: &TablePath) -> Result<Vec<usize>, ModuleError> {
    let unfit = |stage: String, expected: String, found: String| {
        Err(ModuleError::Unfit { stage, table: path.to_string(), expected, found })
    };
    let mut columns = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let Some(at) = given.position(&column.name) else {
            return unfit(blame(stages, None), described(column), format!("no column {:?}", column.name));
        };
        let found = &given.columns[at];
        let fits = same_type(&found.column_type.data_type, &column.column_type.data_type)
            && (column.column_type.nullable || !found.column_type.nullable);
        if !fits {
            return unfit(blame(stages, Some(at)), described(column), described(found));
        }
        columns.push(at);
    }
    match given.columns.iter().enumerate().find(|(_, column)| table.position(&column.name).is_none()) {
        Some((at, extra)) => unfit(blame(stages, Some(at)), "no such column".to_owned(), described(extra)),
        None => Ok(columns),
    }
}

fn described(column: &Column) -> String {
    format!("column {:?} {}", column.name, column.column_type)
}

/// The module that gave a column its name and type, or, for one that is missing, the last that changed the columns.
fn blame(stages: &[Stage], column: Option<usize>) -> String {
    let mut column = column;
    for stage in stages.iter().rev() {
        let Some(output) = &stage.plan().output else { continue };
        match column.and_then(|at| output.sources.get(at)) {
            Some(ColumnSource::Input(from)) => column = Some(*from),
            Some(ColumnSource::Written(_)) | None => return format!("module {}", stage.name()),
        }
    }
    "the input".to_owned()
}
