//! A request on its way between a stage and a server, and how it ended.

use std::time::Duration;

use bytes::Bytes;
use thalweg_wire::{
    frame::FrameError,
    message::{self, ApiKey, Request, ServerErrorCode},
};

use thalweg_contract::{BufferId, Error, ErrorCode, Piece};

/// Which server a call goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The coordinator: whatever changes the catalogue.
    Coordinator,
    /// Whichever server can be reached, also one that only the settings name.
    Any,
    /// The coordinator, or whichever server can be reached while that one cannot: questions about the catalogue.
    Catalogue,
    /// Whichever tablet server can be reached.
    Tablet,
    /// The tablet server with this id.
    Server(i32),
}

impl Target {
    /// Whether another server can be asked instead of one that does not answer.
    pub(crate) fn is_one_of_many(self) -> bool {
        matches!(self, Self::Catalogue | Self::Any | Self::Tablet)
    }
}

/// Who made a call, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// What is known of the cluster.
    Cluster(u64),
    /// A catalogue request.
    Admin(u64),
    /// A scan.
    Scan(u64),
    /// A Lookup or PrefixLookup request.
    Lookup(u64),
    /// A ProduceLog or PutKv request.
    Produce(u64),
    /// The creation of a partition for rows that wait for it.
    Partition(u64),
    /// An InitWriter request.
    Writer,
    /// The handshake of a connection.
    Handshake,
}

/// A request that a stage wants sent. It is answered in any case and once.
#[derive(Debug)]
pub(crate) struct Call {
    /// Who wants it.
    pub(crate) key: Key,
    /// Where it goes.
    pub(crate) to: Target,
    /// What it is.
    pub(crate) api: ApiKey,
    /// Its bytes.
    pub(crate) frame: Frame,
    /// How long the server may take on purpose, on top of `request_timeout`.
    pub(crate) wait: Duration,
}

impl Call {
    /// A call of one message.
    pub(crate) fn new<R: Request + Send + 'static>(key: Key, to: Target, request: R) -> Self {
        let encode =
            move |id: i32, version: i16| Ok(vec![Piece::Inline(message::request_frame(version, id, &request)?)]);
        Self { key, to, api: R::API, frame: Frame(Box::new(encode)), wait: Duration::ZERO }
    }
}

/// A whole request frame, once its request id and the version of its API are known.
pub(crate) struct Frame(pub(crate) Box<Encode>);

/// Makes a frame of request id and version.
type Encode = dyn FnOnce(i32, i16) -> Result<Vec<Piece>, FrameError> + Send;

impl std::fmt::Debug for Frame {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Frame")
    }
}

/// The body of an answer, and the buffer of the host in which it lies.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    /// The protobuf body, as far as it is in `frame`: a slice of that.
    pub(crate) bytes: Bytes,
    /// The frame that it came in, or its beginning.
    pub(crate) frame: Bytes,
    /// How many bytes the frame has: more than `frame` only of an answer to a fetch.
    pub(crate) length: usize,
    /// The frame's number at the host.
    pub(crate) buffer: BufferId,
}

/// Why a call has no body to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server refused it.
    Refused {
        /// The wire code.
        code: i32,
        /// The server's text; may be empty.
        message: String,
    },
    /// There was no answer.
    Lost {
        /// Why.
        error: Error,
        /// Whether it was handed to a connection.
        sent: bool,
    },
}

impl Failure {
    /// Why the server does not let this client in, if that is it.
    pub(crate) fn login_refused(&self) -> Option<&Error> {
        match self {
            Self::Lost { error, .. } if error.is_login_refused() => Some(error),
            _ => None,
        }
    }

    /// The error for the user.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Refused { code, message } => server_error(code, message),
            Self::Lost { error, .. } => error,
        }
    }
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Answered {
    /// Of which call.
    pub(crate) key: Key,
    /// What came of it.
    pub(crate) result: Result<Body, Failure>,
    /// Who answered or did not: `host:port`.
    pub(crate) address: String,
}

/// An error of the server's, as the user sees it.
pub(crate) fn server_error(code: i32, message: String) -> Error {
    Error::of_server(ServerErrorCode::from_code(code), message)
}

/// An error that no second try mends.
pub(crate) fn fatal(code: ErrorCode) -> Error {
    Error { code, retriable: false }
}

/// An error that another try may mend.
pub(crate) fn passing(code: ErrorCode) -> Error {
    Error { code, retriable: true }
}
