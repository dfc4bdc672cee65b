//! The 19 data types of Fluss.

/// Digits that a `DECIMAL` may have.
pub const MAX_DECIMAL_PRECISION: u8 = 38;
/// Digits behind the second that a time or timestamp may have.
pub const MAX_TIME_PRECISION: u8 = 9;
/// How deep types may be nested: a bound of ours, so that hostile schemas cannot exhaust the stack.
pub const MAX_TYPE_DEPTH: usize = 32;

/// A data type, by its SQL name. Lengths are in characters (`Char`) or bytes (`Binary`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `BOOLEAN`.
    Boolean,
    /// `TINYINT`, 8 bits.
    TinyInt,
    /// `SMALLINT`, 16 bits.
    SmallInt,
    /// `INT`, 32 bits.
    Int,
    /// `BIGINT`, 64 bits.
    BigInt,
    /// `FLOAT`, 32 bits.
    Float,
    /// `DOUBLE`, 64 bits.
    Double,
    /// `DECIMAL(precision, scale)`, precision 1 to 38, scale 0 to precision.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// `CHAR(length)`, not padded.
    Char(u32),
    /// `STRING`.
    String,
    /// `BINARY(length)`.
    Binary(u32),
    /// `BYTES`.
    Bytes,
    /// `DATE`, days since 1970-01-01.
    Date,
    /// `TIME(precision)`, precision 0 to 9.
    Time(u8),
    /// `TIMESTAMP(precision)` without a zone, precision 0 to 9.
    Timestamp(u8),
    /// `TIMESTAMP_LTZ(precision)`, an instant, precision 0 to 9.
    TimestampLtz(u8),
    /// `ARRAY<element>`.
    Array(Box<ColumnType>),
    /// `MAP<key, value>`; keys are never null.
    Map(Box<ColumnType>, Box<ColumnType>),
    /// `ROW<name type, ..>`.
    Row(Vec<Field>),
}

/// A data type and whether its values may be null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColumnType {
    /// What the values are.
    pub data_type: DataType,
    /// Whether a value may be null.
    pub nullable: bool,
}

/// A field of a `ROW`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its number within the schema; `None` until the server has given one.
    pub id: Option<i32>,
    /// Its name, unique within the row.
    pub name: String,
    /// Its type.
    pub column_type: ColumnType,
    /// A text for people.
    pub description: Option<String>,
}

impl ColumnType {
    /// The types directly beneath this one, with their names: `element` of an array, `key` and `value` of a map, the
    /// fields of a row.
    pub fn children(&self) -> impl Iterator<Item = (&str, &ColumnType)> {
        let (first, second, fields): (_, _, &[_]) = match &self.data_type {
            DataType::Array(element) => (Some(("element", &**element)), None, &[]),
            DataType::Map(key, value) => (Some(("key", &**key)), Some(("value", &**value)), &[]),
            DataType::Row(fields) => (None, None, fields),
            _ => (None, None, &[]),
        };
        let fields = fields.iter().map(|field| (field.name.as_str(), &field.column_type));
        first.into_iter().chain(second).chain(fields)
    }

    /// How many fields this type is when flattened: itself and all that is nested in it.
    pub fn flat_len(&self) -> usize {
        1 + self.children().map(|(_, child)| child.flat_len()).sum::<usize>()
    }
}
