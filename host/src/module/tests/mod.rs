//! Chains of stock modules and of hostile ones.

mod describe;
mod hostile;
mod inspect;
mod policies;
mod rules;
mod stock;

use std::sync::{Arc, LazyLock};

use thalweg_wire::table::{Schema, TablePath};

use super::*;
use crate::runtime::Runtime;

/// Shared by all tests, so that each component is compiled once.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new(None).expect("an engine"));

fn stock(name: &str, settings: &[&str]) -> ModuleSpec {
    let mut spec = ModuleSpec::new(name, "".as_ref());
    settings.iter().for_each(|setting| spec.set(setting).expect("a setting"));
    spec
}

fn load(modules: Vec<ModuleSpec>, input: &str, output: &str) -> Result<Chain, ModuleError> {
    let input = Schema::parse_sql(input).expect("a schema");
    let output = Schema::parse_sql(output).expect("a schema");
    let table = TablePath::new("fluss", "t").expect("a path");
    let context = ChainContext { table: &table, operation: Operation::Append, input: &input, output: Some(&output) };
    Chain::load(&RUNTIME, &ChainSpec { modules, ..ChainSpec::default() }, &context)
}

fn error<T>(result: Result<T, ModuleError>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

fn filtered(applied: &Applied) -> Vec<u64> {
    applied.tallies.iter().map(|tally| tally.filtered).collect()
}

fn arrow(schema: &str) -> arrow_schema::SchemaRef {
    Arc::new((&Schema::parse_sql(schema).expect("a schema")).into())
}
