//! Why rows cannot be written to a table.

use thalweg_wire::{record::RecordError, table::PropertyError};

use crate::call::fatal;
use thalweg_contract::{Error, ErrorCode};

/// An error of rows or keys that do not fit a table.
pub(crate) fn misfit(table: &str, error: &impl std::fmt::Display) -> Error {
    fatal(ErrorCode::Invalid(format!("table {table}: {error}")))
}

/// Why rows cannot be written to a table: what follows its name in the error.
pub(crate) enum Unfit {
    Invalid(String),
    Unsupported(String),
    Record(RecordError),
    Property(PropertyError),
}

impl From<RecordError> for Unfit {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<PropertyError> for Unfit {
    fn from(error: PropertyError) -> Self {
        Self::Property(error)
    }
}

/// That the user asks for what the table does not have.
pub(crate) fn invalid(why: String) -> Unfit {
    Unfit::Invalid(why)
}

pub(crate) fn unsupported(why: String) -> Unfit {
    Unfit::Unsupported(why)
}
