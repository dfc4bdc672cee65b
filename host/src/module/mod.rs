//! Smart modules between a program's rows and a table: one sandbox each, in a chain that is checked before a row runs.
//!
//! ```text
//! spec      what modules to run, with which configuration, limits and policies; as TOML: `chain_file`
//! contract  WIT types <-> wire's, everything that a module says checked: schemas, plans, answers
//! instance  one module in its store: calls with a deadline, its log, the cause of a trap
//! stage     one module in its place: cuts batches into calls, and puts the answers together
//! flow      rows between stages: columns are filtered late, and only where somebody reads them
//! chain     the stages in order, and what it says of a batch
//! ```

mod bindings;
mod chain;
mod chain_file;
mod contract;
mod error;
mod flow;
mod instance;
mod log;
mod parts;
mod spec;
mod stage;
mod units;

pub use chain::{Applied, Chain, ChainContext, StageReport};
pub use contract::Operation;
pub use error::{Cause, ModuleError};
pub use spec::{ChainSpec, Limits, ModuleSpec, Policy, Source, SpecError};
pub use units::{UnitError, parse_bytes, parse_duration};

#[cfg(test)]
mod tests;
