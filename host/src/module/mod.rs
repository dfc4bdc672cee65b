//! Smart modules between a program's rows and a table: one sandbox each, in a chain that is checked before a row runs.
//!
//! ```text
//! spec      what modules to run, with which configuration, limits and policies; as TOML: `chain_file`
//! contract  WIT types <-> wire's, everything that a module says checked: schemas, plans, answers
//! instance  one module in its store: calls with a deadline, its log, the cause of a trap; `wasi`: what else it may link
//! caller    a module in its place: its instances, one call, the breaker that leaves it alone
//! stage     cuts batches into calls, and lets policies decide where there is no answer: `pass`, `ledger`
//! parts     the answers to the calls of a batch, put together; `budget`: how much they may hold
//! flow      rows between stages: columns are filtered late, and only where somebody reads them
//! chain     the stages in order, and what it says of a batch
//! describe  what a module says of itself
//! inspect   what a component can reach, from its bytes, and a module's plan
//! ```

mod bindings;
mod breaker;
mod budget;
mod caller;
mod chain;
mod chain_file;
mod contract;
mod describe;
mod error;
mod exception;
mod flow;
mod inspect;
mod instance;
mod ledger;
mod log;
mod parts;
mod pass;
mod reach;
mod spec;
mod stage;
mod units;
mod wasi;

pub use chain::{Applied, Chain, ChainContext, StageReport};
pub(crate) use chain_file::toml_problem;
pub use contract::Operation;
pub use describe::{Description, Parameter, describe};
pub use error::{Cause, ModuleError};
pub use exception::{Exception, ExceptionKind, Tally};
pub use inspect::{Import, Inspection, OutputColumn, PlanReport, inspect, plan};
pub use reach::Reach;
pub use spec::{ChainSpec, Limits, ModuleSpec, Policy, Source, SpecError};
pub use units::{UnitError, parse_bytes, parse_duration};

#[cfg(test)]
mod tests;
