//! Who logs in to servers, and with which password.

use std::{fmt, hint};

use super::{Error, ErrorCode};

/// The most bytes of a user's name.
pub const USER_LIMIT: usize = 256;
/// The most bytes of a password.
pub const PASSWORD_LIMIT: usize = 4096;

/// A user and a password (SASL/PLAIN). `Debug` does not show the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    user: String,
    password: Secret,
}

impl Login {
    /// A login. Fails with [`ErrorCode::Invalid`] on a user or password that is empty, has a NUL character, or is longer
    /// than [`USER_LIMIT`] or [`PASSWORD_LIMIT`] bytes; what is wrong is said without either.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Result<Self, Error> {
        let (user, password) = (user.into(), Secret(password.into()));
        let rules = [("user's name", &user, USER_LIMIT), ("password", &password.0, PASSWORD_LIMIT)];
        for (what, text, limit) in rules {
            let wrong = match text.len() {
                0 => "must not be empty".to_owned(),
                length if length > limit => format!("must have at most {limit} bytes, and has {length}"),
                _ if text.contains('\0') => "must not have a NUL character".to_owned(),
                _ => continue,
            };
            return Err(Error { code: ErrorCode::Invalid(format!("the {what} of a login {wrong}")), retriable: false });
        }
        Ok(Self { user, password })
    }

    /// Who logs in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    pub fn password(&self) -> &str {
        &self.password.0
    }

    /// What is sent to a server: `\0user\0password` (RFC 4616).
    pub fn token(&self) -> Vec<u8> {
        ["", self.user(), self.password()].join("\0").into_bytes()
    }
}

/// A text that is not shown, and is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(hidden)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        hint::black_box(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_does_not_show_its_password() {
        let login = Login::new("alice", "s3cret").expect("it is fine");
        let shown = format!("{login:?} {login:#?}");
        assert!(shown.contains("alice") && !shown.contains("s3cret"), "{shown}");
        assert_eq!(login.token(), b"\0alice\0s3cret");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_being_shown() {
        let cases = [
            ("", "s3cret", "empty"),
            ("alice", "", "empty"),
            ("al\0ice", "s3cret", "NUL"),
            ("alice", "s3\0cret", "NUL"),
            (&"u".repeat(USER_LIMIT + 1), "s3cret", "at most 256"),
            ("alice", &"s3cret".repeat(PASSWORD_LIMIT), "at most 4096"),
        ];
        for (user, password, expected) in cases {
            let error = Login::new(user, password).expect_err("it cannot be sent").to_string();
            assert!(error.contains(expected) && !error.contains("s3") && !error.contains("uu"), "{error}");
        }
        assert!(Login::new("ü".repeat(128), "ß".repeat(2048)).is_ok());
    }
}
