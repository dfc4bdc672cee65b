//! The SQL forms of types and schemas: `DECIMAL(10, 2)`, `id BIGINT NOT NULL, name STRING`.

mod display;
mod parser;
mod token;

use super::SchemaError;

/// Text that is no type or schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// Something else should stand here.
    #[error("at character {position}: expected {expected}, found {found}")]
    Unexpected {
        /// Where, in characters; the first is 1.
        position: usize,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// It is well written, but Fluss would refuse it.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}
