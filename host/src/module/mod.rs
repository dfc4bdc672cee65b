//! Smart modules between a program's rows and a table: one sandbox each, in a chain that is checked before a row runs.
//! The rules of chains are `thalweg_chain`'s; here is what runs modules by them.
//!
//! ```text
//! spec     what modules to run, with which configuration, limits and policies; as TOML
//! sandbox  one module in its store: its instances, one call, the cause when it fails, what it may link
//! chain    modules loaded one after the other, and batches run through them
//! inspect  what a component can reach, from its bytes; what a module says of itself, and its plan
//! ```

mod chain;
mod error;
mod inspect;
mod sandbox;
mod spec;

pub use chain::{Chain, StageReport};
pub use error::ModuleError;
pub use inspect::{Description, Import, Inspection, OutputColumn, Parameter, PlanReport, describe, inspect, plan};
pub use sandbox::reach::Reach;
pub use spec::{ChainSpec, Limits, ModuleSpec, Source, SpecError, UnitError, parse_bytes, parse_duration};
pub(crate) use spec::{parse_policy, toml_problem};
pub use thalweg_chain::{Applied, Cause, ChainContext, ChainError, Exception, ExceptionKind, Operation, Policy, Tally};

#[cfg(test)]
mod tests;
