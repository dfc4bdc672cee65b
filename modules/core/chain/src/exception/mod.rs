//! Rows that did not pass a module as it wants, what its policy did with them, and how a chain counts rows.
//!
//! ```text
//! collector  the exceptions of one batch at one module, as its calls end
//! tally      the count of all rows that ended at a module
//! ```

mod collector;
mod tally;

use arrow_array::RecordBatch;

pub(crate) use self::collector::Collector;
pub(crate) use self::tally::tally;
use crate::policy::Policy;

/// Why rows are an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExceptionKind {
    /// The module refused them: `on-error`.
    Refused,
    /// A call with them failed: `on-failure`.
    Failed,
}

impl ExceptionKind {
    /// Its name in tables of dead letters and in summaries.
    pub fn name(self) -> &'static str {
        match self {
            ExceptionKind::Refused => "refused",
            ExceptionKind::Failed => "failed",
        }
    }
}

/// Rows of a batch that a module refused, or whose call failed, and what its policy did with them. The policy is any but
/// `Policy::Fail`: under that the whole batch is refused instead.
#[derive(Debug, Clone)]
pub struct Exception {
    /// The module.
    pub module: String,
    /// Why.
    pub kind: ExceptionKind,
    /// What became of them.
    pub policy: Policy,
    /// The rows, by their position in the batch that was given to the chain; never falling. After a module that makes
    /// several rows of one, a row may stand here more than once.
    pub rows: Vec<u32>,
    /// For each of them a position in `messages`.
    pub causes: Vec<u32>,
    /// One sentence each.
    pub messages: Vec<String>,
    /// Under `Policy::DeadLetter` the rows as they entered the module, parallel to `rows`.
    pub dead_letters: Option<RecordBatch>,
}

/// What became of rows at one module, in rows of the batch that was given to the chain: each that did not go on is counted
/// once, at the module that took the last of what was made of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Left out by the module itself.
    pub filtered: u64,
    /// Left out under `Policy::Drop`.
    pub dropped: u64,
    /// Left out under `Policy::DeadLetter`.
    pub dead_lettered: u64,
}
