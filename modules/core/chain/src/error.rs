//! Why modules do not make a chain, or rows do not pass one.

use std::time::Duration;

/// Why modules do not make a chain, or rows do not pass one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Rows cannot pass a module by that changes the columns.
    #[error(
        "module {module} changes the columns, so rows cannot pass as they entered it: {setting} must be fail, drop or \
         dead-letter"
    )]
    Pass {
        /// The module.
        module: String,
        /// `on-error` or `on-failure`.
        setting: &'static str,
    },
    /// The module refuses its configuration.
    #[error("module {module}: configuration {key:?}: {expected}")]
    Config {
        /// The module.
        module: String,
        /// The key.
        key: String,
        /// What is expected.
        expected: String,
    },
    /// The module refuses the columns that it would be given.
    #[error("module {module} cannot treat these columns: {reason}")]
    Unsuitable {
        /// The module.
        module: String,
        /// What is missing.
        reason: String,
    },
    /// The module refuses to start, for another reason.
    #[error("module {module} does not start: {reason}")]
    Open {
        /// The module.
        module: String,
        /// Why.
        reason: String,
    },
    /// The module's plan breaks the contract.
    #[error("module {module} has a plan that breaks the contract: {reason}")]
    Plan {
        /// The module.
        module: String,
        /// How.
        reason: String,
    },
    /// What comes out of the chain does not fit the table.
    #[error("{stage} gives {found}, but table {table} has {expected}")]
    Unfit {
        /// The module that made the column so, or `the input`.
        stage: String,
        /// The table.
        table: String,
        /// The column that the table has.
        expected: String,
        /// What there is instead.
        found: String,
    },
    /// A row that the module refuses, under the policy `fail`.
    #[error("module {module} refuses row {row}: {message}{}", others(*refused))]
    Refused {
        /// The module.
        module: String,
        /// The row, from 0, in the batch that was given to the chain.
        row: usize,
        /// Why.
        message: String,
        /// How many rows of the call it refuses.
        refused: usize,
    },
    /// A whole call that the module refuses, under the policy `fail`.
    #[error("module {module} refuses the {rows} rows from row {row} on: {message}")]
    RefusedCall {
        /// The module.
        module: String,
        /// The first row, from 0, in the batch that was given to the chain.
        row: usize,
        /// How many.
        rows: usize,
        /// Why.
        message: String,
    },
    /// A call that failed, under the policy `fail`.
    #[error("module {module} failed: {cause}")]
    Failed {
        /// The module.
        module: String,
        /// Why.
        cause: Cause,
    },
    /// The rows are not those that the chain was loaded for.
    #[error("the rows do not have the columns that the chain was loaded for: {reason}")]
    Input {
        /// What differs.
        reason: String,
    },
    /// A `Run` was given a reply that no call waits for, or none where one does.
    #[error("a run of rows through a chain takes one reply to each call: {reason}")]
    Reply {
        /// Which.
        reason: &'static str,
    },
}

impl ChainError {
    /// The row of the given batch that a module refuses, or the first of those; the first is 0.
    pub fn row(&self) -> Option<usize> {
        match self {
            ChainError::Refused { row, .. } | ChainError::RefusedCall { row, .. } => Some(*row),
            _ => None,
        }
    }
}

/// Why a call failed. The instance is discarded; the next batch gets a fresh one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// It trapped.
    #[error("it trapped ({trap}){}", said(last_words))]
    Trap {
        /// What WebAssembly calls it.
        trap: String,
        /// The last error that it wrote to its log in this call: the text of a panic.
        last_words: Option<String>,
    },
    /// It did not come back in time.
    #[error("it took longer than its deadline of {0:?}")]
    Deadline(Duration),
    /// It wanted more memory than it may have.
    #[error("it needs more than its memory of {0} bytes")]
    Memory(usize),
    /// Its answer is longer than it may be.
    #[error("its answer holds more than {0} bytes")]
    Output(usize),
    /// Its answers to one batch hold more together than they may.
    #[error("its answers to one batch hold more than {0} bytes; give it smaller batches, or allow it more output")]
    Batch(usize),
    /// Its answer breaks the contract.
    #[error("its answer breaks the contract: {0}")]
    Answer(String),
    /// What the host says that runs the module.
    #[error("{0}")]
    Host(String),
    /// Started again, it gives another plan.
    #[error("started again with the same configuration, it has another plan")]
    OtherPlan,
    /// Started again, it does not start.
    #[error("it does not start again: {0}")]
    Restart(String),
    /// Its answer has more rows than it may have.
    #[error("its answer has more than {0} rows")]
    Rows(usize),
    /// One row holds more than a call may carry.
    #[error(
        "a row holds {bytes} bytes in the columns that it reads; a call carries at most {}",
        crate::call::CALL_BYTES
    )]
    RowTooLong {
        /// The row's length.
        bytes: usize,
    },
    /// It failed too often, and is left alone for a while.
    #[error("it failed {failures} times in a row and is left alone for {left:.1?} more; last: {last}")]
    Open {
        /// How often.
        failures: u32,
        /// Until it is tried again.
        left: Duration,
        /// The last failure.
        last: String,
    },
}

fn said(last_words: &Option<String>) -> String {
    last_words.as_ref().map_or(String::new(), |words| format!(", saying: {words}"))
}

fn others(refused: usize) -> String {
    match refused {
        0 | 1 => String::new(),
        more => format!(" (and {} more)", more - 1),
    }
}
