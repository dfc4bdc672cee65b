//! `module list`: the stock modules with their parameters, as they say themselves.

use clap::Args;
use serde_json::{Value, json};

use super::parameters::{parameters_as_json, parameters_as_text};
use crate::cli::terminal::{ListFormat, Outcome, print_each};
use crate::module::{Description, ModuleSpec, describe};
use crate::runtime::Runtime;

/// `thalweg module list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg module list\n  thalweg module list --format json\n\n\
    A stock module runs by its name: thalweg append flights late.json --module where --set 'if=delay > 30'")]
pub(in crate::cli) struct List {
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

impl List {
    pub(super) fn run(self) -> Outcome {
        let runtime = Runtime::shared()?;
        let mut rows = Vec::new();
        let mut text = String::new();
        for name in Runtime::stock_modules() {
            let description = describe(&runtime, &ModuleSpec::new(name, "".as_ref()))?;
            rows.push(as_json(name, &description));
            text += &format!("{name}: {}\n{}\n", description.summary, parameters_as_text(&description.parameters));
        }
        Ok(print_each(&rows, text.trim_end_matches('\n'), self.format)?)
    }
}

fn as_json(name: &str, description: &Description) -> Value {
    json!({
        "module": name, "summary": description.summary, "parameters": parameters_as_json(&description.parameters),
    })
}
