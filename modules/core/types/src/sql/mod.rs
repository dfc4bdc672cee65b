//! The SQL forms of types and columns: `DECIMAL(10, 2)`, `id BIGINT NOT NULL, name STRING`.

mod display;
mod parser;
#[cfg(test)]
mod tests;
mod token;

use std::{error, fmt};

pub use display::{Identifier, write_column};
pub use parser::{parse_columns, parse_table};

/// Text that is no type and no list of columns: something else should stand somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    /// Where, in characters; the first is 1.
    pub position: usize,
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: expected {}, found {}", self.position, self.expected, self.found)
    }
}

impl error::Error for SqlError {}
