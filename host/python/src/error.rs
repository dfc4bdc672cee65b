//! Why a call failed, as an exception of `thalweg._errors`.

use arrow_schema::ArrowError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};
use thalweg::client::{EngineError, Error, ErrorCode};
use thalweg::module::SpecError;
use thalweg_node::NodeError;

/// Makes the outcome of what was sent.
type MakeOutcome = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// What an exception has beside its text, and that is made with it.
pub(crate) struct Made(MakeOutcome);

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Made")
    }
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client's reasons.
    Client(Error),
    /// A node does not start or stop.
    Node(NodeError),
    /// What was given does not fit.
    Invalid(String),
    /// Rows do not fit: which.
    Row { row: u64, cause: String },
    /// What it was asked of is gone.
    Closed(String),
    /// Something broke down that should not.
    Broken(String),
    /// Not within the time that was given.
    TimedOut(String),
    /// Some of the batches of a write were sent, then one was refused.
    Midway { cause: Box<Failure>, first_row: u64, outcome: Made },
    /// Python's own.
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::Node(error)
    }
}

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        Self::Client(error.into())
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        Python::attach(|py| failure.into_exception(py))
    }
}

impl Failure {
    /// Of a batch that is refused behind others that were sent, which have this many rows and this outcome.
    pub(crate) fn midway(
        cause: Failure,
        first_row: u64,
        outcome: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Self {
        Self::Midway { cause: Box::new(cause), first_row, outcome: Made(Box::new(outcome)) }
    }

    /// The class of `thalweg._errors` that it is of.
    fn class(&self) -> &'static str {
        match self {
            Self::Client(error) => class_of(error),
            Self::Node(_) => "NodeError",
            Self::Invalid(_) | Self::Row { .. } => "InvalidError",
            Self::Closed(_) => "ClosedError",
            Self::Broken(_) => "BrokenError",
            Self::TimedOut(_) => "TimedOutError",
            Self::Midway { cause, .. } => cause.class(),
            Self::Python(_) => "Error",
        }
    }

    /// It in one sentence.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Client(error) => error.to_string(),
            Self::Node(error) => error.to_string(),
            Self::Invalid(text) | Self::Broken(text) | Self::TimedOut(text) => text.clone(),
            Self::Closed(what) => format!("{what}; open it anew"),
            Self::Row { row, cause } => format!("row {row}: {cause}"),
            Self::Midway { cause, first_row, .. } => {
                format!("{}; the {first_row} rows before this batch were sent (see `outcome`)", cause.text())
            }
            Self::Python(error) => error.to_string(),
        }
    }

    fn retriable(&self) -> bool {
        match self {
            Self::Client(error) => error.is_retriable(),
            Self::TimedOut(_) => true,
            Self::Midway { cause, .. } => cause.retriable(),
            _ => false,
        }
    }

    fn row(&self) -> Option<u64> {
        match self {
            Self::Client(error) => error.row().map(|row| row as u64),
            Self::Row { row, .. } => Some(*row),
            Self::Midway { cause, first_row, .. } => cause.row().map(|row| row.saturating_add(*first_row)),
            _ => None,
        }
    }

    /// The exception.
    pub(crate) fn into_exception(self, py: Python<'_>) -> PyErr {
        if let Self::Python(error) = self {
            return error;
        }
        self.exception(py).map_or_else(|error| error, PyErr::from_value)
    }

    fn exception(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let exception = exception(py, self.class(), &self.text(), self.retriable())?;
        exception.setattr(intern!(py, "row"), self.row())?;
        let server = match &self {
            Self::Client(error) => server_code(error),
            Self::Midway { cause, .. } => match &**cause {
                Self::Client(error) => server_code(error),
                _ => None,
            },
            _ => None,
        };
        if let Some((code, name)) = server {
            exception.setattr(intern!(py, "code"), code)?;
            exception.setattr(intern!(py, "name"), name)?;
        }
        if let Self::Midway { outcome, .. } = self {
            exception.setattr(intern!(py, "outcome"), (outcome.0)(py)?)?;
        }
        Ok(exception)
    }
}

/// An exception of a fate, to be looked at rather than raised.
pub(crate) fn of_fate<'py>(py: Python<'py>, error: &EngineError) -> PyResult<Bound<'py, PyAny>> {
    Failure::Client(Error::Engine(error.clone())).exception(py)
}

/// An instance of a class of `thalweg._errors`.
fn exception<'py>(py: Python<'py>, class: &str, text: &str, retriable: bool) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import(intern!(py, "thalweg._errors")).map(Bound::unbind))?;
    let class = module.bind(py).getattr(PyString::new(py, class))?;
    let named = PyDict::new(py);
    named.set_item(intern!(py, "retriable"), retriable)?;
    class.call((text,), Some(&named))
}

fn server_code(error: &Error) -> Option<(i32, String)> {
    match error {
        Error::Engine(EngineError { code: ErrorCode::Server { code, name, .. }, .. }) => Some((*code, name.clone())),
        _ => None,
    }
}

fn class_of(error: &Error) -> &'static str {
    match error {
        Error::Engine(error) => match &error.code {
            ErrorCode::Invalid(_) => "InvalidError",
            ErrorCode::Unsupported(_) => "UnsupportedError",
            ErrorCode::Closed => "ClosedError",
            ErrorCode::Unavailable(_) => "UnreachableError",
            ErrorCode::TimedOut(_) => "TimedOutError",
            ErrorCode::Server { .. } => "ServerError",
            ErrorCode::Corrupt(_) => "CorruptError",
            _ => "Error",
        },
        Error::Unreachable { .. } => "UnreachableError",
        Error::Closed => "ClosedError",
        Error::Broken { .. } | Error::Panicked { .. } | Error::Component { .. } => "BrokenError",
        Error::Fit(_) | Error::Layout(_) | Error::NoColumn { .. } | Error::NoPartition { .. } | Error::Arrow(_) => {
            "InvalidError"
        }
        Error::DeadLetters { .. } | Error::DeadLettersOfScan { .. } | Error::InsecureLogin { .. } => "InvalidError",
        Error::NoCurrentRows { .. } => "UnsupportedError",
        Error::Module(_) => "ModuleError",
        Error::Unreadable { .. } => "CorruptError",
        _ => "Error",
    }
}
