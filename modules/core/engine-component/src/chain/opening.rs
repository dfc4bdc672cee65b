//! A chain to which modules are added, one after the other.

use std::sync::Arc;

use thalweg_bindings::{transform, types};
use thalweg_chain::given::{self, Operation};
use thalweg_chain::{AnswerLimits, Builder, Chain, ChainContext, ChainError, Plan, Policies, Policy, Stage};
use thalweg_contract::flat;
use thalweg_contract::wit::FromWit;
use thalweg_wire::table::{Schema, TablePath};

use crate::bindings::chain as wit;

/// A chain to which modules are added.
pub(super) struct Opening {
    builder: Builder<()>,
    /// The columns in front of each module.
    inputs: Vec<Schema>,
}

/// A chain without modules. The error says what makes none.
pub(super) fn opening(
    table: &str,
    operation: Operation,
    input: types::Schema,
    output: Option<types::Schema>,
) -> Result<Opening, String> {
    let table: TablePath = table.parse().map_err(|error| format!("the table of the chain {table:?}: {error}"))?;
    let schema = |schema, which| {
        let schema = flat::Schema::from_wit(schema).into_tree();
        schema.map_err(|error| format!("the {which} of the chain is no schema: {error}"))
    };
    let input = schema(input, "input")?;
    let output = output.map(|output| schema(output, "output")).transpose()?;
    let context = ChainContext { table: &table, operation, input: &input, output: output.as_ref() };
    Ok(Opening { builder: Builder::new(&context), inputs: Vec::new() })
}

impl Opening {
    /// The columns in front of the next module.
    pub(super) fn input(&self) -> &Schema {
        self.builder.input()
    }

    /// The columns in front of each module.
    pub(super) fn inputs(&self) -> &[Schema] {
        &self.inputs
    }

    pub(super) fn stages(&self) -> &[Stage] {
        self.builder.stages()
    }

    /// Adds a module that was opened with the columns of `input`.
    pub(super) fn add(&mut self, stage: wit::Stage, plan: transform::Plan) -> Result<String, ChainError> {
        let wit::Stage { name, on_error, on_failure, answer_bytes, answer_rows } = stage;
        let name = self.builder.unique_name(&name);
        let plan = Plan::opened(&name, Ok(given::Plan::from_wit(plan)), self.builder.input())?;
        let policies = Policies { on_error: policy(on_error), on_failure: policy(on_failure) };
        let usual = AnswerLimits::default();
        let limits = AnswerLimits {
            bytes: answer_bytes.map_or(usual.bytes, |bytes| bytes as usize),
            rows: answer_rows.map_or(usual.rows, |rows| rows as usize),
        };
        let input = self.builder.input().clone();
        let stage = Stage::new(Arc::from(name.as_str()), plan, &input, policies, limits)?;
        self.builder.push(stage, ());
        self.inputs.push(input);
        Ok(name)
    }

    /// The chain, and the columns in front of each module.
    pub(super) fn finish(self) -> Result<(Chain<()>, Vec<Schema>), ChainError> {
        Ok((self.builder.finish()?, self.inputs))
    }
}

fn policy(policy: wit::Policy) -> Policy {
    match policy {
        wit::Policy::Fail => Policy::Fail,
        wit::Policy::Drop => Policy::Drop,
        wit::Policy::Pass => Policy::Pass,
        wit::Policy::DeadLetter(table) => Policy::DeadLetter(table),
    }
}
