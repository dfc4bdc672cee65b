//! What the refusal of a batch means: whether it may have been written, and what to do.

use thalweg_wire::message::ServerErrorCode;

use thalweg_contract::{Error, ErrorCode};

/// What is to be done with a batch that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Try again later.
    Retry,
    /// Nothing.
    None,
    /// Its sequence does not follow (31).
    Order,
    /// The server does not know the writer (33).
    Writer,
}

/// Why a batch was not taken, as far as is known.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) error: Error,
    pub(super) remedy: Remedy,
    /// Whether this try certainly did not write it.
    pub(super) certain: bool,
    /// Whether the leader is another: of this bucket, or perhaps of any.
    pub(super) stale: Option<Stale>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stale {
    Bucket,
    Perhaps,
}

/// What a server's error code says of a batch.
pub(super) fn refusal(code: ServerErrorCode, message: String, idempotent: bool) -> Refusal {
    let retriable = code.is_retriable();
    // The partition is looked for; if it was dropped, that says so.
    let lost = code == ServerErrorCode::PARTITION_NOT_EXISTS;
    let remedy = match code {
        ServerErrorCode::OUT_OF_ORDER_SEQUENCE if idempotent => Remedy::Order,
        ServerErrorCode::UNKNOWN_WRITER_ID if idempotent => Remedy::Writer,
        _ if retriable || lost => Remedy::Retry,
        _ => Remedy::None,
    };
    let stale = (lost || code.is_stale_metadata()).then_some(Stale::Bucket);
    let error = Error { retriable, ..Error::of_server(code, message) };
    Refusal { error, remedy, certain: is_certain(code), stale }
}

/// Whether a server that answers with this code certainly did not append: it checks these before (`fluss.md` 3.3, 3.4;
/// what a keyed table refuses, before its changes are appended). Of the others, storage and time-out errors and a loss of
/// leadership may come after the append.
fn is_certain(code: ServerErrorCode) -> bool {
    use ServerErrorCode as Code;
    matches!(
        code,
        Code::UNSUPPORTED_VERSION
            | Code::CORRUPT_MESSAGE
            | Code::TABLE_NOT_EXIST
            | Code::SCHEMA_NOT_EXIST
            | Code::RECORD_TOO_LARGE
            | Code::CORRUPT_RECORD
            | Code::INVALID_TABLE
            | Code::INVALID_REQUIRED_ACKS
            | Code::NON_PRIMARY_KEY_TABLE
            | Code::OPERATION_NOT_ATTEMPTED
            | Code::NOT_ENOUGH_REPLICAS
            | Code::OUT_OF_ORDER_SEQUENCE
            | Code::UNKNOWN_WRITER_ID
            | Code::INVALID_TARGET_COLUMN
            | Code::PARTITION_NOT_EXISTS
            | Code::AUTHENTICATE
            | Code::AUTHORIZATION
            | Code::RETRIABLE_AUTHENTICATE
            | Code::DELETION_DISABLED
            | Code::DISK_WRITE_LOCKED
            | Code::STORAGE_BACKPRESSURE
            | Code::HISTORICAL_PARTITION_THROTTLED
    )
}

/// For a bucket that its answer does not name (`fluss.md` 2.16).
pub(super) fn missing() -> Refusal {
    let code = ErrorCode::Corrupt("the server's answer to a write does not name every bucket that was written".into());
    Refusal { error: Error { code, retriable: false }, remedy: Remedy::None, certain: false, stale: None }
}

pub(super) fn lost_track() -> Error {
    let what = "the server lost track of this writer before it answered for these rows; read the table to see whether it \
                has them";
    Error { code: ErrorCode::Other(what.into()), retriable: false }
}
