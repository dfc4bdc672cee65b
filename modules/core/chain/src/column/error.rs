//! What can be wrong with the layout of columns.

use arrow_schema::ArrowError;

/// Columns that break a rule of the layout, or have no place in it.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// No table has such a type.
    #[error("the Arrow type {0} has no place in a table")]
    UnsupportedType(String),
    /// A field, or a child of one, has no column.
    #[error("a column is missing")]
    Missing,
    /// There are more columns than fields.
    #[error("there are more columns than the schema has")]
    TooMany,
    /// A column of a schema is wrong.
    #[error("column {name:?}: {error}")]
    Column {
        /// Its name.
        name: String,
        /// How.
        error: Box<LayoutError>,
    },
    /// The case of `values` is not that of the type.
    #[error("a column of type {data_type} cannot hold values.{found}")]
    Kind {
        /// The Arrow type.
        data_type: String,
        /// The case of `values`.
        found: &'static str,
    },
    /// A list is too short or too long.
    #[error("a column has {found} values where {expected} are needed")]
    Length {
        /// Values, bytes or offsets needed.
        expected: usize,
        /// Those there are.
        found: usize,
    },
    /// A bitmap is too short.
    #[error("a bitmap has {found} bytes where {expected} are needed")]
    Bitmap {
        /// Bytes needed.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// Offsets do not begin at 0, fall, or do not end at the length of the values.
    #[error("the offsets of a column do not rise from 0 to the length of its values")]
    Offsets,
    /// A length that does not fit in memory.
    #[error("a column is too long to be held")]
    TooLarge,
    /// Arrow refuses it; for texts, bytes that are not UTF-8.
    #[error("a column is not valid: {0}")]
    Invalid(String),
}

impl From<ArrowError> for LayoutError {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::InvalidArgumentError(text) => LayoutError::Invalid(text),
            other => LayoutError::Invalid(other.to_string()),
        }
    }
}
