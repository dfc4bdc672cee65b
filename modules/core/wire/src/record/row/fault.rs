//! What can be wrong with one value, before it is known in which column and row.

use crate::record::RecordError;

/// An error on its way out: a pointer, so that nothing but a pointer is handed on where all is well.
pub(crate) type Failed = Box<RecordError>;

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The column has no value there, or not one of its type.
    Misfit,
    /// A null where none may be.
    Null,
    /// A decimal of more digits than this.
    Digits(u8),
    /// A time that what it is converted to cannot say.
    Range,
    /// More bytes than this.
    Long(u32),
    /// The bytes end too early.
    Ends,
    /// A length or count that cannot be.
    Length,
    /// An integer or decimal of more bytes than it can have.
    Wide,
    /// Values that share their bytes.
    Overlap,
    /// A text that is not UTF-8.
    Text,
    /// Bytes behind the last value.
    Rest,
    /// More than a batch or row can hold.
    Full,
}

impl Fault {
    /// The error for a value that was to be written.
    #[cold]
    pub(crate) fn unfit(self, column: &str, row: usize) -> Failed {
        let column = column.to_owned();
        Box::new(match self {
            Self::Null => RecordError::Null { column, row },
            Self::Digits(precision) => RecordError::Digits { column, row, precision },
            Self::Range => RecordError::Range { column, row },
            Self::Long(limit) => RecordError::Long { column, row, limit },
            Self::Full => RecordError::ColumnFull { column },
            _ => {
                let reason = format!("row {row} has no value there, or not one of its type");
                RecordError::Misfit { column, reason }
            }
        })
    }

    /// The error for a value that was read from foreign bytes.
    #[cold]
    pub(crate) fn corrupt(self, column: &str) -> Failed {
        let column = column.to_owned();
        let reason = match self {
            Self::Misfit => "it is not of the column's type",
            Self::Null => "it is null, which it may not be",
            Self::Digits(_) => "it is a decimal of too many digits",
            Self::Range => "it is a time that the column's type cannot hold",
            Self::Long(_) => "it is longer than the column's type allows",
            Self::Ends => "the row ends inside it",
            Self::Length => "its length cannot be",
            Self::Wide => "it has more bytes than its type can have",
            Self::Overlap => "its elements share their bytes",
            Self::Text => "it is not UTF-8",
            Self::Rest => "bytes follow it",
            Self::Full => return Box::new(RecordError::ColumnFull { column }),
        };
        Box::new(RecordError::CorruptRow { column, reason })
    }
}
