//! Why bytes are no batch, or rows do not fit.

use crate::table::PropertyError;

/// Why bytes are no batch or message, or why rows or keys do not fit their table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The bytes end too early.
    #[error("the {what} needs {needed} bytes but only {available} are there")]
    Cut {
        /// What was being read.
        what: &'static str,
        /// How many bytes it needs.
        needed: u64,
        /// How many there are.
        available: u64,
    },
    /// The batch has a format that this version does not know.
    #[error("the log batch has format version {magic}; versions 0, 1 and 2 are known")]
    UnknownMagic {
        /// The version that it names.
        magic: i8,
    },
    /// A header field of a batch contradicts another or its range.
    #[error("the log batch at offset {base_offset} is corrupt: {reason}")]
    CorruptBatch {
        /// The base offset that the batch names.
        base_offset: i64,
        /// What is wrong.
        reason: String,
    },
    /// A batch, or what is in it, contradicts itself.
    #[error("the {what} is corrupt: {reason}")]
    Corrupt {
        /// What was being read or written.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The Arrow message in a batch is not what the table's columns need.
    #[error("the Arrow message is corrupt: {0}")]
    CorruptMessage(String),
    /// Decompressed, the buffers of a message would take more than is allowed.
    #[error(
        "the Arrow message takes {needed} bytes decompressed but at most {limit} are allowed; raise the batch limit"
    )]
    TooLarge {
        /// What it would take, in bytes.
        needed: u64,
        /// What is allowed, in bytes.
        limit: u64,
    },
    /// The rows would make a column longer than Arrow's 32-bit offsets can say.
    #[error("the column {column} would pass 2 GiB or 2^31 entries in one batch; write fewer rows at a time")]
    ColumnFull {
        /// Its name; nested fields with dots.
        column: String,
    },
    /// A batch does not have as many columns as the table's fields, nested ones included.
    #[error("{found} columns were given but the fields, nested ones included, are {expected}")]
    ColumnCount {
        /// How many fields there are.
        expected: usize,
        /// How many columns were given.
        found: usize,
    },
    /// A column does not fit its field.
    #[error("the column {column} does not fit: {reason}")]
    Misfit {
        /// Its name; nested fields with dots.
        column: String,
        /// What is wrong.
        reason: String,
    },
    /// A null where none may be.
    #[error("the column {column} may not be null but row {row} is; give it a value")]
    Null {
        /// Its name; nested fields with dots.
        column: String,
        /// The row, or of a nested field the entry; the first is 0.
        row: usize,
    },
    /// A decimal that its column cannot hold.
    #[error("the column {column} has at most {precision} digits but the decimal in row {row} has more")]
    Digits {
        /// Its name; nested fields with dots.
        column: String,
        /// The row, or of a nested field the entry; the first is 0.
        row: usize,
        /// How many digits it can have.
        precision: u8,
    },
    /// A time that Fluss's milliseconds cannot say.
    #[error("the column {column} has in row {row} a time that 64-bit milliseconds, or 32-bit of a day, cannot say")]
    Range {
        /// Its name; nested fields with dots.
        column: String,
        /// The row, or of a nested field the entry; the first is 0.
        row: usize,
    },
    /// A value with more bytes than its column has room for.
    #[error("the column {column} has room for {limit} bytes but the value in row {row} has more")]
    Long {
        /// Its name; nested fields with dots.
        column: String,
        /// The row, or of a nested field the entry; the first is 0.
        row: usize,
        /// How many bytes it can have.
        limit: u32,
    },
    /// A column that may not be null and is not among those given.
    #[error("the column {column} may not be null but is left out; give it values or allow nulls in it")]
    LeftOut {
        /// Its name.
        column: String,
    },
    /// The bytes of a row are not what the table's columns need.
    #[error("a row is corrupt in column {column}: {reason}")]
    CorruptRow {
        /// The column; nested fields with dots.
        column: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A type that cannot be a key.
    #[error("the column {column} of type {data_type} cannot be part of a key")]
    KeyType {
        /// Its name.
        column: String,
        /// Its type by its SQL name, without parameters.
        data_type: &'static str,
    },
    /// More than one column, or none, for a key as Iceberg has it.
    #[error("a table with the lake ICEBERG has exactly one bucket column, but this one has {columns}")]
    IcebergKey {
        /// How many columns there are.
        columns: usize,
    },
    /// A table property that decides how keys or rows are written has a value that is not known.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// A type that cannot be a partition key.
    #[error("the column {column} of type {data_type} cannot be a partition key")]
    PartitionType {
        /// Its name.
        column: String,
        /// Its type by its SQL name, without parameters.
        data_type: &'static str,
    },
    /// A value that no partition can be named after.
    #[error(
        "the column {column} has in row {row} the value '{value}', after which no partition can be named: {reason}"
    )]
    PartitionValue {
        /// The partition column.
        column: String,
        /// The row; the first is 0.
        row: usize,
        /// The value as it would be in the name; cut if it is long.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A position past the columns.
    #[error("there is no column at position {position}; the table has {columns}")]
    NoSuchColumn {
        /// The position asked for.
        position: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// Projected columns that do not rise.
    #[error("projected columns must be given once each, in rising order, and at least one")]
    ProjectionOrder,
    /// A key that is longer than keys may be.
    #[error(
        "the key in row {row} has {length} bytes, but a key has {} at most; give it a shorter one",
        super::MAX_KEY_LENGTH
    )]
    LongKey {
        /// The row; the first is 0.
        row: usize,
        /// How many bytes the key has.
        length: usize,
    },
    /// An empty key has no bucket.
    #[error("an empty key has no bucket")]
    EmptyKey,
}

impl RecordError {
    /// What is wrong, for a row that is named elsewhere: the same without its place.
    pub fn of_row(&self) -> String {
        match self {
            Self::Null { column, .. } => format!("the column {column} may not be null; give it a value"),
            Self::PartitionValue { column, value, reason, .. } => {
                format!("the column {column} has the value '{value}', after which no partition can be named: {reason}")
            }
            Self::LongKey { length, .. } => {
                let most = super::MAX_KEY_LENGTH;
                format!("the key has {length} bytes, but a key has {most} at most; give it a shorter one")
            }
            other => other.to_string(),
        }
    }
}
