//! The contract with a module: wire's types as WIT's and back. What a module says is checked here, and nowhere believed.

mod answer;
mod columns;
mod plan;
mod schema;
mod values;

pub(super) use answer::{Answer, Outcome, Refusals, Selection};
pub(super) use columns::{lend, own};
pub(super) use plan::{ColumnSource, Plan};
pub(super) use schema::{FlatSchema, read_schema, same_type};

use super::sandbox::bindings::exports::thalweg::module::transform;

/// What the rows are on their way to: `operation` in `wit/module/transform.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// New rows of a log table.
    Append,
    /// New or changed rows of a keyed table.
    Upsert,
    /// Keys to be deleted from a keyed table.
    Delete,
    /// A reader of current or appended rows.
    Scan,
    /// A reader of the changes of a keyed table.
    Changelog,
}

impl From<Operation> for transform::Operation {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Append => transform::Operation::Append,
            Operation::Upsert => transform::Operation::Upsert,
            Operation::Delete => transform::Operation::Delete,
            Operation::Scan => transform::Operation::Scan,
            Operation::Changelog => transform::Operation::Changelog,
        }
    }
}
