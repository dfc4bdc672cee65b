//! Modules one after the other, checked end to end before a row runs.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_wire::table::{Column, Schema, TablePath};

use crate::checks::{ColumnSource, same_type};
use crate::error::ChainError;
use crate::given::Operation;
use crate::module::Module;
use crate::rows::Flow;
use crate::rules::Rules;
use crate::run::Run;
use crate::stage::{Done, Stage};
use crate::transit::{Applied, Transit};

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

/// A chain whose modules are opened one after the other, each with the columns that the one before gives.
#[derive(Debug)]
pub struct Builder<M> {
    table: String,
    /// The columns before the first.
    first: Schema,
    output: Option<Schema>,
    stages: Vec<Stage>,
    modules: Vec<M>,
    /// The columns behind the modules so far.
    input: Schema,
}

impl<M> Builder<M> {
    /// A chain without modules so far.
    pub fn new(context: &ChainContext<'_>) -> Builder<M> {
        Builder {
            table: context.table.to_string(),
            first: context.input.clone(),
            output: context.output.cloned(),
            stages: Vec::new(),
            modules: Vec::new(),
            input: context.input.clone(),
        }
    }

    /// A name for the next module that no other has: modules of the same name are told apart by number, `where`, `where-2`.
    pub fn unique_name(&self, name: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let is_free = |name: &String| self.stages.iter().all(|stage| stage.name() != name);
        let free = std::iter::once(name.to_owned()).chain(numbered).find(is_free);
        free.unwrap_or_else(|| name.to_owned())
    }

    /// The modules so far, in order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The columns of the rows that go into the next module.
    pub fn input(&self) -> &Schema {
        &self.input
    }

    /// Adds a module that was opened with the columns of `input`, and what calls it.
    pub fn push(&mut self, stage: Stage, module: M) {
        if let Some(output) = &stage.plan().output {
            self.input = output.schema.clone();
        }
        self.stages.push(stage);
        self.modules.push(module);
    }

    /// The chain, if what comes out of it fits.
    ///
    /// # Errors
    /// `ChainError::Unfit`, if it does not; the module that made it so is named.
    pub fn finish(self) -> Result<Chain<M>, ChainError> {
        let Builder { table, first, output, stages, modules, input: last, .. } = self;
        let columns = match &output {
            Some(output) => fit(&last, output, &stages, &table)?,
            None => (0..last.columns.len()).collect(),
        };
        let output = output.unwrap_or(last);
        let arrow_output = Arc::new((&output).into());
        let rules = Rules { stages, input: Arc::new((&first).into()), arrow_output, output, columns };
        Ok(Chain { rules: Arc::new(rules), modules })
    }
}

/// Modules in their places, with what calls them: a `Module` for `run`, anything (`()`) for `begin`. It may be shared, where
/// the modules may: batches that are given to it at once run side by side.
#[derive(Debug)]
pub struct Chain<M> {
    rules: Arc<Rules>,
    /// Parallel to the stages.
    modules: Vec<M>,
}

impl<M> Chain<M> {
    /// The modules in their places, in order.
    pub fn stages(&self) -> &[Stage] {
        &self.rules.stages
    }

    /// What calls them, in order.
    pub fn modules(&self) -> &[M] {
        &self.modules
    }

    /// The columns that go in.
    pub fn input(&self) -> &SchemaRef {
        &self.rules.input
    }

    /// The columns that come out.
    pub fn output(&self) -> &Schema {
        &self.rules.output
    }

    /// Whether a module keeps state from batch to batch (`instances: one`): then `run` must be called with one batch after
    /// the other, in their order. Else any number of calls may be under way at once.
    pub fn is_ordered(&self) -> bool {
        self.rules.stages.iter().any(|stage| stage.plan().one_instance)
    }

    /// Begins to run rows, which have the columns of `input`, through all modules, call by call.
    ///
    /// # Errors
    /// When the rows do not have the chain's columns.
    pub fn begin(&self, batch: &RecordBatch) -> Result<Run, ChainError> {
        Transit::begin(&self.rules, batch).map(Run::new)
    }
}

impl<M: Module> Chain<M> {
    /// Runs rows, which have the columns of `input`, through all modules.
    ///
    /// # Errors
    /// When the rows do not have the chain's columns, or a module refuses rows or fails; nothing of the batch goes on
    /// then, and the chain takes the next batch.
    pub fn run(&self, batch: &RecordBatch) -> Result<Applied, ChainError> {
        self.observed(batch, |_| ())
    }

    /// As `run`, and gives for each row of the batch the module, by its place in the chain, that took the last of what was
    /// made of it; `None`: it went on.
    ///
    /// # Errors
    /// As `run`.
    pub fn trace(&self, batch: &RecordBatch) -> Result<(Applied, Vec<Option<usize>>), ChainError> {
        let mut ends = vec![None; batch.num_rows()];
        let mut module = 0;
        let applied = self.observed(batch, |flow| {
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
    fn observed(&self, batch: &RecordBatch, mut behind: impl FnMut(&Flow)) -> Result<Applied, ChainError> {
        let mut transit = Transit::begin(&self.rules, batch)?;
        for module in &self.modules {
            transit.enter()?;
            module.in_turn(|| call_through(module, &mut transit))?;
            transit.leave()?;
            behind(transit.flow());
        }
        transit.finish()
    }
}

/// Makes the calls of one batch to a module.
fn call_through<M: Module>(module: &M, transit: &mut Transit) -> Result<(), ChainError> {
    while transit.has_rows() {
        let done = match module.admit() {
            Err(open) => transit.skip(open),
            Ok(()) => call(module, transit)?,
        };
        let Some(done) = done else { break };
        transit.settle(done)?;
    }
    Ok(())
}

/// Makes one call, and smaller ones in its place while its answers are too large.
fn call<M: Module>(module: &M, transit: &mut Transit) -> Result<Option<Done>, ChainError> {
    while let Some(asked) = transit.cut()? {
        let result = asked.fits().and_then(|()| module.apply(&asked.rows.batch(), |reply| asked.check(reply)));
        if let Some(done) = transit.reply(result) {
            module.record(done.failure());
            return Ok(Some(done));
        }
    }
    Ok(None)
}

/// For each column of the table its position among those that the chain gives.
fn fit(given: &Schema, table: &Schema, stages: &[Stage], table_name: &str) -> Result<Vec<usize>, ChainError> {
    let unfit = |stage: String, expected: String, found: String| {
        Err(ChainError::Unfit { stage, table: table_name.to_owned(), expected, found })
    };
    let mut columns = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let found = given.position(&column.name).and_then(|at| Some((at, given.columns.get(at)?)));
        let Some((at, found)) = found else {
            return unfit(blame(stages, None), described(column), format!("no column {:?}", column.name));
        };
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

#[cfg(test)]
mod tests;
