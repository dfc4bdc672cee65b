//! Names of databases and tables.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use super::TablePath;

/// The database of a table that is named without one.
pub const DEFAULT_DATABASE: &str = "fluss";

/// The longest name, in characters.
pub const MAX_NAME_LENGTH: usize = 200;

/// A name that Fluss does not allow (`fluss.md` 2.12).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is no valid {what} name: {reason}")]
pub struct NameError {
    /// The name, cut if it is long.
    pub name: String,
    /// What it is to name: `database`, `table` or `partition`.
    pub what: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Checks a name: 1 to 200 letters, digits, `_` and `-` of ASCII, and not beginning with `__`, which Fluss keeps for
/// itself. `what` is said in the error.
///
/// # Errors
/// If Fluss would refuse the name.
pub fn check_name(what: &'static str, name: &str) -> Result<(), NameError> {
    check_name_characters(what, name)?;
    if name.starts_with("__") {
        return Err(refused(what, name, "names beginning with '__' are Fluss's own"));
    }
    Ok(())
}

/// The same, but a name may begin with `__`.
pub(super) fn check_name_characters(what: &'static str, name: &str) -> Result<(), NameError> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_NAME_LENGTH {
        "it is longer than 200 characters"
    } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        "only the letters A to Z and a to z, digits, '_' and '-' are allowed"
    } else {
        return Ok(());
    };
    Err(refused(what, name, reason))
}

fn refused(what: &'static str, name: &str, reason: &'static str) -> NameError {
    NameError { name: name.chars().take(MAX_NAME_LENGTH).collect(), what, reason }
}

impl TablePath {
    /// A table of a database.
    ///
    /// # Errors
    /// If Fluss would refuse either name.
    pub fn new(database: impl Into<String>, table: impl Into<String>) -> Result<TablePath, NameError> {
        let path = TablePath { database: database.into(), table: table.into() };
        check_name("database", &path.database)?;
        check_name("table", &path.table)?;
        Ok(path)
    }
}

/// From `table` or `database.table`; the default database is [`DEFAULT_DATABASE`].
impl FromStr for TablePath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<TablePath, NameError> {
        match text.split_once('.') {
            Some((database, table)) => TablePath::new(database, table),
            None => TablePath::new(DEFAULT_DATABASE, text),
        }
    }
}

/// As `database.table`.
impl Display for TablePath {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_and_written() {
        for (text, expected) in [("flights", "fluss.flights"), ("my-db.T_1", "my-db.T_1"), ("_a", "fluss._a")] {
            let path: TablePath = text.parse().unwrap();
            assert_eq!(path.to_string(), expected);
        }
        assert!("a".repeat(200).parse::<TablePath>().is_ok());
    }

    #[test]
    fn names_that_fluss_refuses_are_refused() {
        let long = "a".repeat(201);
        let bad = ["", ".", "..", "a.", ".a", "a.b.c", "a b", "é", "__a", "__d.t", "a/b", "a.__t", "`a`", &long];
        for text in bad {
            assert!(text.parse::<TablePath>().is_err(), "{text}");
        }
        assert_eq!(
            "my db.t".parse::<TablePath>().unwrap_err().to_string(),
            "'my db' is no valid database name: only the letters A to Z and a to z, digits, '_' and '-' are allowed"
        );
    }
}
