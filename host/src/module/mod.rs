//! Smart modules between a program's rows and a table: one sandbox each, in a chain that is checked before a row runs.
//!
//! ```text
//! spec      what modules to run, with which configuration, limits and policies; as TOML
//! contract  WIT types <-> wire's, everything that a module says checked: schemas, plans, answers
//! sandbox   one module in its store: its instances, one call, the cause when it fails, what it may link
//! stage     cuts batches into calls, and lets policies decide where there is no answer: `pass`, `ledger`
//! parts     the answers to the calls of a batch, put together; `budget`: how much they may hold
//! flow      rows between stages: columns are filtered late, and only where somebody reads them
//! chain     the stages in order, and what it says of a batch
//! inspect   what a component can reach, from its bytes; what a module says of itself, and its plan
//! ```

mod breaker;
mod budget;
mod chain;
mod contract;
mod error;
mod exception;
mod flow;
mod inspect;
mod ledger;
mod parts;
mod pass;
mod sandbox;
mod spec;
mod stage;

pub use chain::{Applied, Chain, ChainContext, StageReport};
pub use contract::Operation;
pub use error::{Cause, ModuleError};
pub use exception::{Exception, ExceptionKind, Tally};
pub use inspect::{Description, Import, Inspection, OutputColumn, Parameter, PlanReport, describe, inspect, plan};
pub use sandbox::reach::Reach;
pub(crate) use spec::toml_problem;
pub use spec::{ChainSpec, Limits, ModuleSpec, Policy, Source, SpecError, UnitError, parse_bytes, parse_duration};

#[cfg(test)]
mod tests;
