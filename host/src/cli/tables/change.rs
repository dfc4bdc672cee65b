//! Changes of the catalogue that may have been made already: `--if-not-exists` and `--if-exists`.

use thalweg_contract::ErrorCode;

use crate::client::Error;

/// What the server says of something that is there already.
pub(super) const THERE: [&str; 3] = ["DATABASE_ALREADY_EXIST", "TABLE_ALREADY_EXIST", "PARTITION_ALREADY_EXISTS"];
/// What it says of something that is not there.
pub(super) const NOT_THERE: [&str; 3] = ["DATABASE_NOT_EXIST", "TABLE_NOT_EXIST", "PARTITION_NOT_EXISTS"];

/// Whether a change was made; `false`: it was so already, which is `fine`.
pub(super) fn was_made(change: Result<(), Error>, already: [&str; 3], fine: bool) -> Result<bool, Error> {
    match change {
        Ok(()) => Ok(true),
        Err(error) if fine && is_one_of(&error, already) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_one_of(error: &Error, names: [&str; 3]) -> bool {
    match error {
        Error::Engine(error) => matches!(&error.code, ErrorCode::Server { name, .. } if names.contains(&name.as_str())),
        _ => false,
    }
}
