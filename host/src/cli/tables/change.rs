//! Changes of the catalogue that may have been made already: `--if-not-exists` and `--if-exists`.

use crate::client::{Error, ServerErrorCode};

/// What the server says of something that is there already.
pub(super) const THERE: [ServerErrorCode; 3] = [
    ServerErrorCode::DATABASE_ALREADY_EXIST,
    ServerErrorCode::TABLE_ALREADY_EXIST,
    ServerErrorCode::PARTITION_ALREADY_EXISTS,
];
/// What it says of something that is not there.
pub(super) const NOT_THERE: [ServerErrorCode; 3] =
    [ServerErrorCode::DATABASE_NOT_EXIST, ServerErrorCode::TABLE_NOT_EXIST, ServerErrorCode::PARTITION_NOT_EXISTS];

/// Whether a change was made; `false`: it was so already, which is `fine`.
pub(super) fn was_made(change: Result<(), Error>, already: [ServerErrorCode; 3], fine: bool) -> Result<bool, Error> {
    match change {
        Ok(()) => Ok(true),
        Err(error) if fine && is_one_of(&error, already) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_one_of(error: &Error, codes: [ServerErrorCode; 3]) -> bool {
    match error {
        Error::Engine(error) => error.server_code().is_some_and(|code| codes.contains(&code)),
        _ => false,
    }
}
