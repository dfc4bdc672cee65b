//! What is wrong with a file of users.

use std::io;

use super::hash::HashError;

/// Why a file of users cannot be used or changed. Each is one sentence with what to do; none has a password or a hash in it.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// It cannot be read or written.
    #[error("{0}")]
    File(#[from] io::Error),
    /// It is not there.
    #[error("there is no such file; make it with `thalweg users add FILE NAME`")]
    Missing,
    /// It is longer than any may be.
    #[error("it has more than {0} bytes, which no file of users has")]
    TooLong(u64),
    /// It is not text.
    #[error("it is not UTF-8 text; make it with `thalweg users add FILE NAME`")]
    NotText,
    /// A line is not `NAME:HASH`.
    #[error("line {line} {why}; a line is NAME:HASH, and `thalweg users add FILE NAME` makes one")]
    Line {
        /// Its number; the first is 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There are more users than there may be.
    #[error("it has more than {0} users")]
    TooMany(usize),
    /// Nobody is in it.
    #[error("it has no user, so that nobody could log in; add one with `thalweg users add FILE NAME`")]
    Nobody,
    /// A name that no user may have.
    #[error("the name of a user {0}")]
    Name(String),
    /// A password that no user may have.
    #[error("a password {0}")]
    Password(String),
    /// There is no such user.
    #[error("it has no user {0:?}")]
    Unknown(String),
    /// The password cannot be hashed.
    #[error("the password cannot be hashed: {0}")]
    Hash(#[from] HashError),
}
