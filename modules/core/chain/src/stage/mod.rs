//! One module in its place in a chain: how large its answers may be, how its replies are checked, and its policies.
//!
//! ```text
//! visit   one batch at the module: its rows cut into calls, the replies taken
//! settle  what becomes of the rows of a call, by the policies
//! ```

mod settle;
mod visit;

use std::sync::Arc;

use arrow_schema::{ArrowError, SchemaRef};
use thalweg_wire::table::Schema;

pub(crate) use self::visit::{Done, Visit, fits};
use crate::call::CallSize;
use crate::checks::{Answer, Plan};
use crate::error::{Cause, ChainError};
use crate::given::{self, Refusal, Reply};
use crate::policy::{Policies, Policy};
use crate::text::message;

/// How large one answer may be. A call whose answer would be larger is cut into smaller ones, down to one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerLimits {
    /// What it may hold, in bytes as the host holds it, with the columns that it moves to new rows. The answers to one batch
    /// may hold 16 times as much, at most 2 GiB.
    pub bytes: usize,
    /// How many rows it may make.
    pub rows: usize,
}

/// 64 MiB, and 1048576 rows.
impl Default for AnswerLimits {
    fn default() -> Self {
        AnswerLimits { bytes: 64 << 20, rows: 1 << 20 }
    }
}

/// One module in its place, without what runs it.
#[derive(Debug)]
pub struct Stage {
    name: Arc<str>,
    plan: Plan,
    policies: Policies,
    limits: AnswerLimits,
    /// The columns before the module.
    input: SchemaRef,
    size: CallSize,
}

/// A reply, checked.
pub(crate) enum Checked {
    Answer(Answer),
    /// The module refuses all rows of the call.
    Refused(String),
}

impl Stage {
    /// A module that was opened with rows of the columns `input`, and gave this plan.
    ///
    /// # Errors
    /// `ChainError::Pass`, when rows are to pass a module by that changes the columns.
    pub fn new(
        name: Arc<str>,
        plan: Plan,
        input: &Schema,
        policies: Policies,
        limits: AnswerLimits,
    ) -> Result<Stage, ChainError> {
        for (setting, policy) in [("on-error", &policies.on_error), ("on-failure", &policies.on_failure)] {
            if *policy == Policy::Pass && !plan.keeps(input) {
                return Err(ChainError::Pass { module: name.to_string(), setting });
            }
        }
        Ok(Stage { name, plan, policies, limits, input: Arc::new(input.into()), size: CallSize::new() })
    }

    /// What summaries and errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does with the columns.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The columns before it.
    pub fn input(&self) -> &SchemaRef {
        &self.input
    }

    /// Checks the reply to a call with `rows` rows.
    pub(crate) fn check(&self, reply: Reply, rows: usize) -> Result<Checked, Cause> {
        match reply {
            Ok(given::Answer { outcome: given::Outcome::Produced(production), .. })
                if production.rows as usize > self.limits.rows =>
            {
                Err(Cause::Rows(self.limits.rows))
            }
            Ok(answer) => Answer::check(answer, rows, &self.plan).map(Checked::Answer).map_err(Cause::Answer),
            Err(refusal) => Ok(Checked::Refused(refusal_message(&refusal))),
        }
    }

    fn failed(&self, cause: Cause) -> ChainError {
        ChainError::Failed { module: self.name.to_string(), cause }
    }
}

/// Why a module refuses a whole call, for people.
fn refusal_message(refusal: &Refusal) -> String {
    match refusal {
        Refusal::InvalidConfig { key, expected } => message(&format!("configuration {:?}: {expected}", message(key))),
        Refusal::UnsuitableInput(reason) | Refusal::Other(reason) => message(reason),
    }
}

fn input(error: &ArrowError) -> ChainError {
    ChainError::Input { reason: error.to_string() }
}
