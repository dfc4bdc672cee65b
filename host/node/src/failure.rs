//! Why a request is refused: the protocol's code and a text for people.

use thalweg_wire::message::ServerErrorCode;

use crate::ids::BucketId;

/// Why a request, or its part for one bucket, is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The protocol's code (`fluss.md` 2.14).
    pub(crate) code: ServerErrorCode,
    /// The text, as close to Fluss's own as the case allows.
    pub(crate) text: String,
}

impl Failure {
    /// A failure with this code and text.
    pub(crate) fn new(code: ServerErrorCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// A table that cannot be one, or that a request does not fit.
    pub(crate) fn invalid_table(text: impl Into<String>) -> Self {
        Self::new(ServerErrorCode::INVALID_TABLE, text)
    }

    /// A property of a table that it cannot have.
    pub(crate) fn invalid_config(text: impl Into<String>) -> Self {
        Self::new(ServerErrorCode::INVALID_CONFIG, text)
    }

    /// The node is stopping.
    pub(crate) fn stopping() -> Self {
        Self::new(ServerErrorCode::NETWORK_EXCEPTION, "The node is stopping.")
    }

    /// There is no memory for an answer with rows.
    pub(crate) fn busy() -> Self {
        Self::new(ServerErrorCode::REQUEST_TIME_OUT, "The node is busy with other answers.")
    }

    /// No such bucket, no such table, or no such partition.
    pub(crate) fn unknown_bucket(id: BucketId) -> Self {
        Self::new(ServerErrorCode::UNKNOWN_TABLE_OR_BUCKET, format!("Unknown table or bucket: {id}"))
    }

    /// A task of the node's own has failed; the request may or may not have been carried out.
    pub(crate) fn broken() -> Self {
        Self::new(ServerErrorCode::UNKNOWN_SERVER_ERROR, "The node failed to carry the request out; see its log.")
    }
}
