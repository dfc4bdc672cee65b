//! Why a call of the client failed.

use arrow_schema::ArrowError;
use thalweg_contract::ErrorCode;
use thalweg_tls::TlsError;
use tokio::task::JoinError;

use crate::{
    columns::{FitError, LayoutError},
    module::ModuleError,
    panics,
    runtime::RuntimeError,
};

/// Why a call of the client failed. Each is one sentence; where the reader can do something about it, it says what.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine or the server refused, or did not answer in time.
    #[error(transparent)]
    Engine(#[from] thalweg_contract::Error),
    /// None of the servers to begin with answers.
    #[error("no server answers ({reasons}); check the address, and that a server runs there")]
    Unreachable {
        /// Each address and what is known of it.
        reasons: String,
    },
    /// The servers to begin with can be reached, and cannot be talked to as the client means to: with TLS, or without.
    #[error("no connection ({reasons})")]
    Insecure {
        /// Each address and what is known of it, with what to do.
        reasons: String,
    },
    /// A certificate, a key or a name for TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The client was closed, or the runtime that it ran on is gone.
    #[error("the client is closed; connect anew")]
    Closed,
    /// The session has a login, and the connection to a server beyond this machine is not encrypted. Nothing was sent there.
    #[error(
        "the password would go to {address} in clear text: connect with TLS (`--tls`), or allow it (`--insecure-login`)"
    )]
    InsecureLogin {
        /// The server.
        address: String,
    },
    /// The engine trapped. Rows without a fate may have been written.
    #[error("the engine of this client broke down ({cause}); connect anew")]
    Broken {
        /// What the trap says.
        cause: String,
    },
    /// A task of the client panicked. What it was to do may have been done.
    #[error("a task of this client broke down ({cause}); this is an error of thalweg")]
    Panicked {
        /// What the panic says.
        cause: String,
    },
    /// The engine component cannot be run here.
    #[error("the engine component cannot be started: {cause}")]
    Component {
        /// Why.
        cause: RuntimeError,
    },
    /// Rows do not fit the table.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Rows are of a type that no table has.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A column that the table does not have.
    #[error("table {table} has no column `{column}`; it has {known}")]
    NoColumn {
        /// The table.
        table: String,
        /// The column asked for.
        column: String,
        /// The columns that it has.
        known: String,
    },
    /// A partition that the table does not have.
    #[error("table {table} has no partition `{partition}`; it has {known}")]
    NoPartition {
        /// The table.
        table: String,
        /// The partition asked for.
        partition: String,
        /// The partitions that it has.
        known: String,
    },
    /// The current rows of a bucket cannot be had.
    #[error("the current rows of bucket {bucket} of table {table} cannot be read: {cause}")]
    NoCurrentRows {
        /// The table.
        table: String,
        /// The bucket's number, behind that of its partition.
        bucket: String,
        /// What the server lacks, and what can be done.
        cause: String,
    },
    /// A module chain cannot be loaded, or rows do not pass it.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// A table cannot take dead letters.
    #[error("dead letters cannot go to table {table}: {cause}")]
    DeadLetters {
        /// The table.
        table: String,
        /// Why.
        cause: String,
    },
    /// A module on a scan has a policy that writes.
    #[error(
        "module {module} has the policy dead-letter, and a scan writes nothing: its policy must be fail, drop or pass"
    )]
    DeadLettersOfScan {
        /// The module.
        module: String,
    },
    /// Rows that a scan gave are not what the table's schema says.
    #[error("rows of table {table} cannot be read: {cause}")]
    Unreadable {
        /// The table.
        table: String,
        /// What is wrong with them.
        cause: String,
    },
    /// Arrow refuses, where no other case fits.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

impl From<RuntimeError> for Error {
    fn from(cause: RuntimeError) -> Self {
        Error::Component { cause }
    }
}

/// A task gave no result.
impl From<JoinError> for Error {
    fn from(error: JoinError) -> Self {
        match error.try_into_panic() {
            Ok(panic) => Error::Panicked { cause: panics::text(panic.as_ref()) },
            // It ends without a result only when its runtime does.
            Err(_) => Error::Closed,
        }
    }
}

impl Error {
    /// Whether the same call may succeed later.
    pub fn is_retriable(&self) -> bool {
        match self {
            Error::Engine(error) => error.is_retriable(),
            Error::Unreachable { .. } => true,
            _ => false,
        }
    }

    /// The row at fault, by its position in the batch that was appended, where one is known.
    pub fn row(&self) -> Option<usize> {
        match self {
            Error::Fit(FitError::Null { row, .. } | FitError::Precision { row, .. } | FitError::Value { row, .. }) => {
                Some(*row)
            }
            Error::Module(error) => error.row(),
            _ => None,
        }
    }

    /// What is wrong, without the row at fault: for whoever says where it stands.
    pub(crate) fn reason(&self) -> String {
        match self {
            Error::Fit(error) => error.reason(),
            other => other.to_string(),
        }
    }

    /// As the cause of a fate.
    pub(super) fn into_cause(self) -> thalweg_contract::Error {
        match self {
            Error::Engine(error) => error,
            other => {
                thalweg_contract::Error { retriable: other.is_retriable(), code: ErrorCode::Other(other.to_string()) }
            }
        }
    }

    /// The call does not fit.
    pub(super) fn invalid(text: String) -> Self {
        Error::Engine(thalweg_contract::Error { code: ErrorCode::Invalid(text), retriable: false })
    }

    pub(super) fn unreadable(table: &str, cause: impl std::fmt::Display) -> Self {
        Error::Unreadable { table: table.to_owned(), cause: cause.to_string() }
    }
}
