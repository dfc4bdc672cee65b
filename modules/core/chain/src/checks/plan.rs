//! A module's plan, checked.

use thalweg_wire::table::{Column, Schema};

use super::schema::{read_schema, same_type};
use crate::error::ChainError;
use crate::given::{self, Refusal, Source};
use crate::text::message;

/// What a module does with the columns of its input.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Positions of the columns that it reads, in its order.
    pub reads: Vec<usize>,
    /// What it makes of them; `None`: it only chooses rows.
    pub output: Option<Output>,
    /// Whether one instance must see every batch, in order.
    pub one_instance: bool,
}

/// The columns after a module.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Them.
    pub schema: Schema,
    /// Where each of them comes from.
    pub sources: Vec<ColumnSource>,
}

/// Where a column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnSource {
    /// A column of the input.
    Input(usize),
    /// One that the module writes: its rank among the written.
    Written(usize),
}

impl Plan {
    /// Checks every position, and that columns that are moved keep their type. The error says what is wrong.
    fn check(plan: given::Plan, input: &Schema) -> Result<Plan, String> {
        let mut read = vec![false; input.columns.len()];
        for &column in &plan.reads {
            match read.get_mut(column as usize) {
                Some(seen) if !*seen => *seen = true,
                Some(_) => return Err(format!("it reads column {column} twice")),
                None => return Err(format!("it reads column {column} of {}", input.columns.len())),
            }
        }
        let output = plan.output.map(|(schema, sources)| Output::check(schema, &sources, input)).transpose()?;
        let reads = plan.reads.into_iter().map(|column| column as usize).collect();
        Ok(Plan { reads, output, one_instance: plan.one_instance })
    }

    /// The plan that the module `name` answered to being opened with rows of these columns.
    ///
    /// # Errors
    /// When it refuses its configuration or its place, and when its plan breaks the contract.
    pub fn opened(name: &str, reply: Result<given::Plan, Refusal>, input: &Schema) -> Result<Plan, ChainError> {
        let module = name.to_owned();
        let plan = reply.map_err(|refusal| match refusal {
            Refusal::InvalidConfig { key, expected } => {
                ChainError::Config { module: module.clone(), key: message(&key), expected: message(&expected) }
            }
            Refusal::UnsuitableInput(reason) => {
                ChainError::Unsuitable { module: module.clone(), reason: message(&reason) }
            }
            Refusal::Other(reason) => ChainError::Open { module: module.clone(), reason: message(&reason) },
        })?;
        Plan::check(plan, input).map_err(|reason| ChainError::Plan { module, reason })
    }

    /// Whether every column keeps its name, type and place, so that a row may pass the module by.
    pub(crate) fn keeps(&self, input: &Schema) -> bool {
        let Some(output) = &self.output else { return true };
        let columns = output.schema.columns.iter().zip(&input.columns);
        let same = |(at, (out, column)): (usize, (&Column, &Column))| {
            let moved = match output.sources.get(at) {
                Some(ColumnSource::Input(from)) => *from == at,
                _ => true,
            };
            moved
                && out.name == column.name
                && same_type(&out.column_type.data_type, &column.column_type.data_type)
                && out.column_type.nullable >= column.column_type.nullable
        };
        output.schema.columns.len() == input.columns.len() && columns.enumerate().all(same)
    }

    /// The positions of the columns that it writes, in their order.
    pub(crate) fn replaced(&self) -> impl Iterator<Item = usize> {
        let sources = self.output.iter().flat_map(|output| output.sources.iter().enumerate());
        sources.filter(|(_, source)| matches!(source, ColumnSource::Written(_))).map(|(at, _)| at)
    }

    /// The columns that it writes, in order: name and type.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Column> {
        self.output.iter().flat_map(|output| {
            let written = output.schema.columns.iter().zip(&output.sources);
            written.filter(|(_, source)| matches!(source, ColumnSource::Written(_))).map(|(column, _)| column)
        })
    }
}

impl Output {
    fn check(schema: given::Schema, sources: &[Source], input: &Schema) -> Result<Output, String> {
        let schema = read_schema(schema)?;
        if sources.len() != schema.columns.len() {
            return Err(format!("it names {} sources for {} columns", sources.len(), schema.columns.len()));
        }
        let mut written = 0;
        let mut checked = Vec::with_capacity(sources.len());
        for (column, source) in schema.columns.iter().zip(sources) {
            checked.push(match *source {
                Source::Written => {
                    written += 1;
                    ColumnSource::Written(written - 1)
                }
                Source::Input(at) => {
                    let none = || format!("column {:?} comes from column {at} of {}", column.name, input.columns.len());
                    let from = input.columns.get(at as usize).ok_or_else(none)?;
                    let (from, to) = (&from.column_type, &column.column_type);
                    if !same_type(&from.data_type, &to.data_type) || from.nullable && !to.nullable {
                        return Err(format!("column {:?} is moved from {from}, but said to be {to}", column.name));
                    }
                    ColumnSource::Input(at as usize)
                }
            });
        }
        Ok(Output { schema, sources: checked })
    }
}
