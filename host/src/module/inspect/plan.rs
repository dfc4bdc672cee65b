//! What a module does with the columns of rows in one place: asked of the module itself.

use thalweg_chain::{ChainContext, ColumnSource};
use thalweg_wire::table::{Column, ColumnType};

use crate::module::chain::load_stage;
use crate::module::error::ModuleError;
use crate::module::sandbox::caller::Place;
use crate::module::spec::ModuleSpec;
use crate::runtime::Runtime;

/// What a module does with the columns of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanReport {
    /// The columns that are copied into its sandbox.
    pub reads: Vec<String>,
    /// The columns behind it, in order.
    pub output: Vec<OutputColumn>,
    /// The columns of the input that end here.
    pub dropped: Vec<String>,
    /// Whether it changes columns at all, or only chooses rows.
    pub changes: bool,
    /// Whether one instance sees every batch, in order; otherwise several may run at once.
    pub one_instance: bool,
}

/// A column behind a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub column_type: ColumnType,
    /// The column of the input that is moved here without a copy; `None`: the module writes it.
    pub from: Option<String>,
}

/// Opens a module in a place and asks for its plan.
///
/// # Errors
/// Whatever is wrong with the module, its configuration or its place.
pub fn plan(runtime: &Runtime, spec: &ModuleSpec, context: &ChainContext<'_>) -> Result<PlanReport, ModuleError> {
    let place = Place {
        table: context.table.clone(),
        operation: context.operation,
        input: context.input.clone(),
        config: serde_json::Value::Object(spec.config.clone()).to_string(),
    };
    let (stage, _) = load_stage(runtime, spec, &spec.name, place)?;
    let (plan, input) = (stage.plan(), &context.input.columns);
    let name = |at: usize| input.get(at).map_or_else(String::new, |column| column.name.clone());
    let output = match &plan.output {
        None => input
            .iter()
            .map(|column| OutputColumn {
                name: column.name.clone(),
                column_type: column.column_type.clone(),
                from: Some(column.name.clone()),
            })
            .collect(),
        Some(output) => {
            let columns = output.schema.columns.iter().zip(&output.sources);
            let column = |(column, source): (&Column, &ColumnSource)| OutputColumn {
                name: column.name.clone(),
                column_type: column.column_type.clone(),
                from: match source {
                    ColumnSource::Input(at) => Some(name(*at)),
                    ColumnSource::Written(_) => None,
                },
            };
            columns.map(column).collect::<Vec<_>>()
        }
    };
    let goes_on =
        |name: &String| output.iter().any(|column| column.from.as_ref() == Some(name) || column.name == *name);
    Ok(PlanReport {
        reads: plan.reads.iter().map(|&at| name(at)).collect(),
        dropped: input.iter().map(|column| column.name.clone()).filter(|name| !goes_on(name)).collect(),
        changes: plan.output.is_some(),
        one_instance: plan.one_instance,
        output,
    })
}
