//! What can be wrong with profiles and their file.

use std::io;
use std::path::PathBuf;

/// Why a profile cannot be had, or the file of profiles not read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The user has no home folder, and no folder is named.
    #[error("this user has no folder for configuration; name one with the environment variable THALWEG_CONFIG")]
    NoFolder,
    /// The file cannot be read or written.
    #[error("the file of profiles {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something in the file is wrong.
    #[error("the file of profiles {}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// Others than its owner may write the file.
    #[error("other users may write the file of profiles {0}, and with it have passwords sent to them: run `chmod 600 {0}`", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// There is no profile of that name.
    #[error("there is no profile {name:?} in {}; {}", path.display(), has(known))]
    Unknown {
        /// The name.
        name: String,
        /// The file.
        path: PathBuf,
        /// The profiles that there are.
        known: Vec<String>,
    },
    /// There is a profile of that name already.
    #[error("there is a profile {name:?} already; to replace it, remove it first")]
    Exists {
        /// The name.
        name: String,
    },
    /// A name that no profile can have.
    #[error("{name:?} cannot be the name of a profile: it must have 1 to 64 letters, digits, '-', '_' or '.'")]
    Name {
        /// The name.
        name: String,
    },
    /// A value that a profile cannot have.
    #[error("{0}")]
    Value(String),
    /// The password cannot be read.
    #[error("the password file {}: {problem}", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A user without a password file.
    #[error("the profile has a user and no password-file: add one, or set `settings.connection.login`")]
    NoPassword,
}

fn has(known: &[String]) -> String {
    match known {
        [] => "it has none: `thalweg profile add` makes one".to_owned(),
        known => format!("it has {}", known.join(", ")),
    }
}
