//! What becomes of rows that a module does not treat.

/// What becomes of rows that a module refuses, or of all rows of a call that fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Policy {
    /// The whole `append` is refused; nothing of it is sent.
    #[default]
    Fail,
    /// They are left out, and counted.
    Drop,
    /// They go on as they entered the module.
    Pass,
    /// They are written to this table.
    DeadLetter(String),
}

impl Policy {
    /// Its name in files and options.
    pub fn name(&self) -> &'static str {
        match self {
            Policy::Fail => "fail",
            Policy::Drop => "drop",
            Policy::Pass => "pass",
            Policy::DeadLetter(_) => "dead-letter",
        }
    }
}

/// The policies of one module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies {
    /// For rows that it refuses.
    pub on_error: Policy,
    /// For calls that fail: a trap, the deadline, the memory, a wrong answer.
    pub on_failure: Policy,
}
