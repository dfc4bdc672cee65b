//! Why a call failed, and whether trying again may help.

use thalweg_wire::message::ServerErrorCode;

/// A failure: its code, and whether the same call may succeed later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct Error {
    /// Why.
    pub code: ErrorCode,
    /// Whether trying again may help.
    pub retriable: bool,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The call does not fit: what, where and what would.
    #[error("{0}")]
    Invalid(String),
    /// This engine or the server does not have it.
    #[error("{0}")]
    Unsupported(String),
    /// The write buffer has no room; nothing was taken.
    #[error("the write buffer is full: {needed} bytes must become free before these rows can be taken")]
    Full {
        /// The number of bytes that must become free.
        needed: u64,
    },
    /// The engine is closing or closed.
    #[error("the client is closed")]
    Closed,
    /// The ticket was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// No server could be reached: which, and why.
    #[error("{0}")]
    Unavailable(String),
    /// No answer before the deadline: of what.
    #[error("{0}")]
    TimedOut(String),
    /// The server refused.
    #[error("the server refused with {name} ({code}): {message}")]
    Server {
        /// The wire code (`fluss.md` 2.14).
        code: i32,
        /// Its name, as `TABLE_NOT_EXIST`.
        name: String,
        /// The server's text; may be empty.
        message: String,
    },
    /// Bytes from the server are not what they should be: which, and how.
    #[error("{0}")]
    Corrupt(String),
    /// A failure no case above describes.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// An error that a server answered with; retriable if it is so for Fluss's own clients, or goes away with newer
    /// metadata.
    pub fn of_server(code: ServerErrorCode, message: String) -> Self {
        Self {
            code: ErrorCode::Server { code: code.code(), name: code.name().to_owned(), message },
            retriable: code.is_retriable() || code.is_stale_metadata(),
        }
    }

    /// What the server refused with; `None` for every other failure.
    pub fn server_code(&self) -> Option<ServerErrorCode> {
        match self.code {
            ErrorCode::Server { code, .. } => Some(ServerErrorCode::from_code(code)),
            _ => None,
        }
    }

    /// Whether a server does not let this client in: it wants another login, or none.
    pub fn is_login_refused(&self) -> bool {
        self.server_code() == Some(ServerErrorCode::AUTHENTICATE)
    }

    /// Whether trying again may help.
    pub fn is_retriable(&self) -> bool {
        self.retriable
    }
}

/// What the WIT cannot mean: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// A caller that says what means nothing is to say something else.
impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Error { code: ErrorCode::Invalid(malformed.0), retriable: false }
    }
}
