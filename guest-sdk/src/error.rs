//! Why a module refuses its configuration, its place or a whole batch.

use std::fmt;

use crate::bindings::exports::thalweg::module::transform::ErrorCode;

/// Why a module refuses its configuration, its place in a chain, or a whole batch.
///
/// Rows that cannot be treated one by one are not an error: they go into [`Refusals`](crate::Refusals).
///
/// ```
/// use thalweg_module::Error;
/// let error = Error::config("min", "a number of minutes, at least 0");
/// assert_eq!(error.to_string(), "configuration key `min`: a number of minutes, at least 0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A key of the configuration is missing, unknown or has a wrong value.
    Config {
        /// The key; empty if the configuration as a whole is wrong.
        key: String,
        /// What is expected there.
        expected: String,
    },
    /// The input lacks a column, or has it with another type.
    Input(String),
    /// Anything else.
    Other(String),
}

impl Error {
    /// A key of the configuration is wrong; `expected` says what belongs there.
    pub fn config(key: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Config { key: key.into(), expected: expected.into() }
    }

    /// The input does not suit the module; `missing` says what it lacks.
    pub fn input(missing: impl Into<String>) -> Self {
        Self::Input(missing.into())
    }

    /// Any other reason, in one sentence.
    pub fn other(reason: impl Into<String>) -> Self {
        Self::Other(reason.into())
    }

    /// A batch that is not what the plan asked for.
    pub(crate) fn contract(what: &str) -> Self {
        Self::Other(format!("the host broke the contract of thalweg:module: {what}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config { key, expected } if key.is_empty() => write!(f, "configuration: {expected}"),
            Self::Config { key, expected } => write!(f, "configuration key `{key}`: {expected}"),
            Self::Input(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for ErrorCode {
    fn from(error: Error) -> Self {
        match error {
            Error::Config { key, expected } => Self::InvalidConfig((key, expected)),
            Error::Input(text) => Self::UnsuitableInput(text),
            Error::Other(text) => Self::Other(text),
        }
    }
}
