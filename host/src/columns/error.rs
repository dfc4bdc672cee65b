//! Why rows do not fit a table.

/// Rows that do not fit a table.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// A NOT NULL column of the table is not there.
    #[error("column {column:?} is missing, and NOT NULL in the table")]
    Missing {
        /// Its name.
        column: String,
    },
    /// A column that is needed is not there.
    #[error("column {column:?} is missing")]
    Absent {
        /// Its name.
        column: String,
    },
    /// A column that the table does not have.
    #[error("the table has no column {column:?}; it has {known}")]
    Unknown {
        /// Its name.
        column: String,
        /// The table's columns.
        known: String,
    },
    /// A column stands twice.
    #[error("column {column:?} stands there twice")]
    Duplicate {
        /// Its name.
        column: String,
    },
    /// Values of one type cannot become the other without loss of meaning.
    #[error("column {column:?} is {expected} in the table, and {found} here")]
    Type {
        /// Its name.
        column: String,
        /// The table's type, as SQL writes it.
        expected: String,
        /// The type of the rows.
        found: String,
    },
    /// A value does not fit in the table's type.
    #[error("column {column:?}, row {row}: {reason}")]
    Value {
        /// Its name.
        column: String,
        /// The row, from 0.
        row: usize,
        /// Why.
        reason: String,
    },
    /// A value would lose digits.
    #[error("column {column:?}, row {row}: the value has a finer resolution than {expected} can hold")]
    Precision {
        /// Its name.
        column: String,
        /// The row, from 0.
        row: usize,
        /// The table's type.
        expected: String,
    },
    /// A null in a NOT NULL column.
    #[error("column {column:?}, row {row}: null in a NOT NULL column")]
    Null {
        /// Its name.
        column: String,
        /// The row, from 0.
        row: usize,
    },
}

impl FitError {
    /// The row at fault, where one is known; the first is 0.
    pub fn row(&self) -> Option<usize> {
        match self {
            FitError::Value { row, .. } | FitError::Precision { row, .. } | FitError::Null { row, .. } => Some(*row),
            _ => None,
        }
    }

    /// What is wrong, without the row: for whoever says where it stands.
    pub fn reason(&self) -> String {
        match self {
            FitError::Value { column, reason, .. } => format!("column {column:?}: {reason}"),
            FitError::Precision { column, expected, .. } => {
                format!("column {column:?}: the value has a finer resolution than {expected} can hold")
            }
            FitError::Null { column, .. } => format!("column {column:?}: null in a NOT NULL column"),
            other => other.to_string(),
        }
    }
}
