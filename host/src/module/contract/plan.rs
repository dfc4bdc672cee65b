//! A module's plan, checked.

use thalweg_wire::table::{Column, Schema};

use super::super::sandbox::bindings::exports::thalweg::module::transform;
use super::{read_schema, same_type};

/// What a module does with the columns of its input.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Plan {
    /// Positions of the columns that it reads, in its order.
    pub(in super::super) reads: Vec<usize>,
    /// What it makes of them; `None`: it only chooses rows.
    pub(in super::super) output: Option<Output>,
    /// Whether one instance must see every batch, in order.
    pub(in super::super) one_instance: bool,
}

/// The columns after a module.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Output {
    pub(in super::super) schema: Schema,
    /// Parallel to the schema's columns.
    pub(in super::super) sources: Vec<ColumnSource>,
}

/// Where a column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ColumnSource {
    /// A column of the input.
    Input(usize),
    /// One that the module writes: its rank among the written.
    Written(usize),
}

impl Plan {
    /// Checks every position, and that columns that are moved keep their type. The error says what is wrong.
    pub(in super::super) fn check(plan: transform::Plan, input: &Schema) -> Result<Plan, String> {
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
        Ok(Plan { reads, output, one_instance: matches!(plan.instances, transform::Instances::One) })
    }

    /// Whether every column keeps its name, type and place, so that a row may pass the module by.
    pub(in super::super) fn keeps(&self, input: &Schema) -> bool {
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
    pub(in super::super) fn replaced(&self) -> impl Iterator<Item = usize> {
        let sources = self.output.iter().flat_map(|output| output.sources.iter().enumerate());
        sources.filter(|(_, source)| matches!(source, ColumnSource::Written(_))).map(|(at, _)| at)
    }

    /// The columns that it writes, in order: name and type.
    pub(in super::super) fn written(&self) -> impl Iterator<Item = &Column> {
        self.output.iter().flat_map(|output| {
            let written = output.schema.columns.iter().zip(&output.sources);
            written.filter(|(_, source)| matches!(source, ColumnSource::Written(_))).map(|(column, _)| column)
        })
    }
}

impl Output {
    fn check(
        schema: super::super::sandbox::bindings::thalweg::module::types::SchemaResult,
        sources: &[transform::Source],
        input: &Schema,
    ) -> Result<Output, String> {
        let schema = read_schema(schema)?;
        if sources.len() != schema.columns.len() {
            return Err(format!("it names {} sources for {} columns", sources.len(), schema.columns.len()));
        }
        let mut written = 0;
        let mut checked = Vec::with_capacity(sources.len());
        for (column, source) in schema.columns.iter().zip(sources) {
            checked.push(match *source {
                transform::Source::Written => {
                    written += 1;
                    ColumnSource::Written(written - 1)
                }
                transform::Source::Input(at) => {
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
