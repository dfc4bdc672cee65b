//! `module inspect`: what a module is and what it can reach, from its bytes; and what it does with the columns of rows.

mod text;

use clap::Args;
use serde_json::{Value, json};

use super::context::Columns;
use super::parameters::parameters_as_json;
use super::subject::Subject;
use crate::cli::terminal::{Common, Failure, ListFormat, Outcome, print_one};
use crate::module::{Inspection, OutputColumn, PlanReport, inspect, plan};
use crate::runtime::Runtime;

/// `thalweg module inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg module inspect late.wasm\n  \
    thalweg module inspect late.wasm --table flights --set min=45\n  \
    thalweg module inspect scale --schema 'origin STRING, distance INT' --set column=distance --set factor=2 --format json\n\n\
    A component calls nothing but what it imports, so its imports, which are read from its bytes, say all that it can reach.\n\
    With columns (--schema, --table, or module.toml beside the file) it also shows the plan: what the module reads, writes\n\
    and passes on. Exit status 1 if it cannot be loaded as a module.")]
pub(in crate::cli) struct Inspect {
    /// A component, a module's folder that was built, or the name of a stock module
    #[arg(value_name = "FILE")]
    module: String,
    /// Configure the module
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    columns: Columns,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

impl Inspect {
    pub(super) async fn run(self, common: &Common) -> Outcome {
        let Subject { folder, spec, .. } = Subject::find(&self.module, &self.set, None)?;
        let runtime = Runtime::shared()?;
        let inspection = inspect(&runtime, &spec)?;
        let planned = match self.columns.place(common, folder.as_ref()).await? {
            Some(place) if inspection.refused.is_none() => Some(plan(&runtime, &spec, &place.context())),
            _ => None,
        };
        let (planned, failure) = match planned {
            Some(Err(error)) => (None, Some(error)),
            Some(Ok(planned)) => (Some(planned), None),
            None => (None, None),
        };
        let refused = inspection.refused.is_some();
        let mut text = text::inspection(&self.module, &inspection, spec.limits.memory);
        if let Some(planned) = &planned {
            text += &text::plan(planned);
        }
        print_one(&as_json(&self.module, &inspection, planned.as_ref()), &text, self.format)?;
        match failure {
            Some(error) => Err(error.into()),
            // The text says why; JSON holds it too.
            None if refused => Err(Failure::Reported),
            None => Ok(()),
        }
    }
}

fn as_json(module: &str, inspection: &Inspection, planned: Option<&PlanReport>) -> Value {
    let import = |import: &crate::module::Import| json!({ "name": import.name, "reach": import.reach.text(), "allowed": import.reach.allowed() });
    let description = inspection.description.as_ref();
    json!({
        "module": module,
        "bytes": inspection.size,
        "summary": description.map(|description| description.summary.as_str()),
        "parameters": description.map(|description| parameters_as_json(&description.parameters)),
        "exports": inspection.exports,
        "imports": inspection.imports.iter().map(import).collect::<Vec<_>>(),
        "refused": inspection.refused.as_ref().map(ToString::to_string),
        "memory": { "initial": inspection.memory, "maximum": inspection.memory_bound },
        "tools": inspection.tools,
        "plan": planned.map(plan_as_json),
    })
}

fn plan_as_json(planned: &PlanReport) -> Value {
    let column = |column: &OutputColumn| json!({ "name": column.name, "type": column.column_type.to_string(), "from": column.from });
    json!({
        "reads": planned.reads,
        "output": planned.output.iter().map(column).collect::<Vec<_>>(),
        "dropped": planned.dropped,
        "instances": if planned.one_instance { "one" } else { "any" },
    })
}
