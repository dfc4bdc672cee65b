//! Modules one after the other, checked end to end before a row runs.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_wire::table::{Column, Schema, TablePath};

use crate::checks::{ColumnSource, same_type};
use crate::error::ChainError;
use crate::exception::{Exception, Tally};
use crate::given::Operation;
use crate::module::Module;
use crate::rows::Flow;
use crate::stage::Stage;

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

/// A chain whose modules are opened one after the other, each with the columns that the one before gives.
#[derive(Debug)]
pub struct Builder<'a, M> {
    context: ChainContext<'a>,
    names: Vec<String>,
    stages: Vec<Stage<M>>,
    /// The columns behind the modules so far.
    schema: Schema,
}

impl<'a, M: Module> Builder<'a, M> {
    /// A chain without modules so far.
    pub fn new(context: ChainContext<'a>) -> Builder<'a, M> {
        let schema = context.input.clone();
        Builder { context, names: Vec::new(), stages: Vec::new(), schema }
    }

    /// A name for the next module that no other has: modules of the same name are told apart by number, `where`, `where-2`.
    pub fn unique_name(&mut self, name: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !self.names.contains(name));
        let free = free.unwrap_or_else(|| name.to_owned());
        self.names.push(free.clone());
        free
    }

    /// The columns of the rows that go into the next module.
    pub fn input(&self) -> &Schema {
        &self.schema
    }

    /// Adds a module that was opened with the columns of `input`.
    pub fn push(&mut self, stage: Stage<M>) {
        if let Some(output) = &stage.plan().output {
            self.schema = output.schema.clone();
        }
        self.stages.push(stage);
    }

    /// The chain, if what comes out of it fits.
    ///
    /// # Errors
    /// `ChainError::Unfit`, if it does not; the module that made it so is named.
    pub fn finish(self) -> Result<Chain<M>, ChainError> {
        let Builder { context, stages, schema, .. } = self;
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
}

/// Modules in their places. It may be shared, where the modules may: batches that are given to it at once run side by side.
#[derive(Debug)]
pub struct Chain<M> {
    stages: Vec<Stage<M>>,
    input: SchemaRef,
    output: Schema,
    arrow_output: SchemaRef,
    /// Of what the last module gives, the columns that go out, in their order.
    columns: Vec<usize>,
}

impl<M: Module> Chain<M> {
    /// The modules in their places, in order.
    pub fn stages(&self) -> &[Stage<M>] {
        &self.stages
    }

    /// The columns that go in.
    pub fn input(&self) -> &SchemaRef {
        &self.input
    }

    /// The columns that come out.
    pub fn output(&self) -> &Schema {
        &self.output
    }

    /// Whether a module keeps state from batch to batch (`instances: one`): then `run` must be called with one batch after
    /// the other, in their order. Else any number of calls may be under way at once.
    pub fn is_ordered(&self) -> bool {
        self.stages.iter().any(|stage| stage.plan().one_instance)
    }

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
        let input = |reason: &str| Err(ChainError::Input { reason: reason.to_owned() });
        if u32::try_from(batch.num_rows()).is_err() {
            return input("a batch has more than 4294967295 rows");
        }
        if *batch.schema_ref() != self.input {
            return input("they are not cast to the columns of the chain");
        }
        let mut flow = Flow::new(batch);
        let mut tallies = Vec::with_capacity(self.stages.len());
        let mut exceptions = Vec::new();
        for stage in &self.stages {
            tallies.push(stage.run(&mut flow, &mut exceptions)?);
            behind(&flow);
        }
        let finished = flow.finish(&self.columns, &self.arrow_output);
        let (batch, origins) = finished.map_err(|error| ChainError::Input { reason: error.to_string() })?;
        Ok(Applied { batch, origins, tallies, exceptions })
    }
}

/// For each column of the table its position among those that the chain gives.
fn fit<M: Module>(
    given: &Schema,
    table: &Schema,
    stages: &[Stage<M>],
    path: &TablePath,
) -> Result<Vec<usize>, ChainError> {
    let unfit = |stage: String, expected: String, found: String| {
        Err(ChainError::Unfit { stage, table: path.to_string(), expected, found })
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
fn blame<M: Module>(stages: &[Stage<M>], column: Option<usize>) -> String {
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
