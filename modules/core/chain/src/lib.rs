//! The rules of a chain of modules, which every host goes by: plans checked, batches cut into calls, answers applied, and
//! policies where there is no answer. Pure: whatever runs the modules, and every clock, thread and file, is the host's.
//!
//! ```text
//! given      what is said between a host and a module, in plain Rust
//! column     Arrow arrays as the columns that cross the boundary, and back
//! kernels    arrays filtered, taken and joined
//! checks     what a module says, checked: plans, schemas, answers
//! rows       the rows of a batch on their way, and what answers make of them
//! exception  rows that policies dealt with, and the count of rows
//! module     the module as a chain sees it, whatever runs it
//! call       how a batch is cut into calls
//! stage      one module in its place: its calls, and its policies where it does not answer
//! rules      the stages of a chain, and the columns at its ends
//! transit    one batch on its way through the stages
//! run        the same for hosts that make the calls themselves, step by step
//! chain      the stages in order, checked end to end
//! breaker    leaves a module alone that fails again and again
//! policy     what becomes of rows that a module does not treat
//! error      why modules do not make a chain, or rows do not pass one
//! text       texts of modules, made fit to be shown
//! ```
//!
//! A host opens each module (`given::Context`, `Plan::opened`), gives what calls it as a `Module`, and runs batches through
//! the `Chain`; or it makes the calls itself that a `Run` asks for.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod breaker;
mod call;
mod chain;
mod checks;
pub mod column;
mod error;
mod exception;
pub mod given;
mod kernels;
mod module;
mod policy;
mod rows;
mod rules;
mod run;
mod stage;
pub mod text;
mod transit;

pub use self::breaker::{Breaker, Change};
pub use self::call::{CALL_BYTES, CALL_ROWS};
pub use self::chain::{Builder, Chain, ChainContext};
pub use self::checks::{ColumnSource, Output, Plan};
pub use self::error::{Cause, ChainError};
pub use self::exception::{Exception, ExceptionKind, Tally};
pub use self::given::Operation;
pub use self::module::Module;
pub use self::policy::{Policies, Policy};
pub use self::run::{Next, Run};
pub use self::stage::{AnswerLimits, Stage};
pub use self::transit::Applied;
