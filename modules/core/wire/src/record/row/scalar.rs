//! Values as rows have them: between Arrow's columns and the bytes of a row.

use crate::table::DataType;

/// A value that is no array, map or row, as Fluss's rows have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'a> {
    /// BOOLEAN.
    Boolean(bool),
    /// TINYINT.
    TinyInt(i8),
    /// SMALLINT.
    SmallInt(i16),
    /// INT; DATE in days since 1970-01-01; TIME of any precision in milliseconds of the day.
    Int(i32),
    /// BIGINT.
    BigInt(i64),
    /// FLOAT.
    Float(f32),
    /// DOUBLE.
    Double(f64),
    /// CHAR and STRING in UTF-8, BINARY and BYTES.
    Bytes(&'a [u8]),
    /// DECIMAL: the digits, without the point.
    Decimal(i128),
    /// TIMESTAMP and TIMESTAMP_LTZ.
    Timestamp {
        /// Milliseconds since 1970-01-01.
        millis: i64,
        /// Nanoseconds of the millisecond, less than 1,000,000; 0 up to precision 3.
        nanos: u32,
    },
}

/// The type of a scalar: what decides how it is taken from a column and written to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    TinyInt,
    SmallInt,
    /// INT and DATE.
    Int,
    BigInt,
    Float,
    Double,
    /// At most this many bytes where it has a fixed width.
    Char(u32),
    Text,
    /// This many bytes.
    Binary(u32),
    Bytes,
    /// This many digits.
    Decimal(u8),
    Time(Unit),
    Timestamp(Unit),
}

/// What Arrow counts a time in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// The most digits of a decimal that takes up 64 bits.
const COMPACT_DIGITS: u8 = 18;

impl Kind {
    /// `None` for arrays, maps and rows.
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::TinyInt => Self::TinyInt,
            DataType::SmallInt => Self::SmallInt,
            DataType::Int | DataType::Date => Self::Int,
            DataType::BigInt => Self::BigInt,
            DataType::Float => Self::Float,
            DataType::Double => Self::Double,
            DataType::Decimal { precision, .. } => Self::Decimal(*precision),
            DataType::Char(length) => Self::Char(*length),
            DataType::String => Self::Text,
            DataType::Binary(length) => Self::Binary(*length),
            DataType::Bytes => Self::Bytes,
            DataType::Time(precision) => Self::Time(Unit::of(*precision)),
            DataType::Timestamp(precision) | DataType::TimestampLtz(precision) => Self::Timestamp(Unit::of(*precision)),
            DataType::Array(_) | DataType::Map(..) | DataType::Row(_) => return None,
        })
    }

    /// Whether a value is of this type.
    pub(crate) fn holds(self, scalar: Scalar<'_>) -> bool {
        matches!(
            (self, scalar),
            (Self::Boolean, Scalar::Boolean(_))
                | (Self::TinyInt, Scalar::TinyInt(_))
                | (Self::SmallInt, Scalar::SmallInt(_))
                | (Self::Int | Self::Time(_), Scalar::Int(_))
                | (Self::BigInt, Scalar::BigInt(_))
                | (Self::Float, Scalar::Float(_))
                | (Self::Double, Scalar::Double(_))
                | (Self::Char(_) | Self::Text | Self::Binary(_) | Self::Bytes, Scalar::Bytes(_))
                | (Self::Decimal(_), Scalar::Decimal(_))
                | (Self::Timestamp(_), Scalar::Timestamp { .. })
        )
    }

    /// Whether this is a decimal that takes up 64 bits, or a timestamp that is only milliseconds.
    pub(crate) fn is_compact(self) -> bool {
        match self {
            Self::Decimal(precision) => precision <= COMPACT_DIGITS,
            Self::Timestamp(unit) => unit <= Unit::Millis,
            _ => false,
        }
    }

    /// Whether an IndexedRow has a length for it.
    pub(crate) fn varies(self) -> bool {
        match self {
            Self::Text | Self::Bytes => true,
            Self::Decimal(_) => !self.is_compact(),
            _ => false,
        }
    }
}

impl Unit {
    fn of(precision: u8) -> Self {
        match precision {
            0 => Self::Seconds,
            1..=3 => Self::Millis,
            4..=6 => Self::Micros,
            _ => Self::Nanos,
        }
    }
}

/// The fewest big-endian bytes that still have the sign, as Java's `BigInteger.toByteArray`: the last of these.
pub(crate) fn wide_bytes(value: i128, bytes: &mut [u8; 16]) -> &[u8] {
    *bytes = value.to_be_bytes();
    let sign_bits = if value < 0 { value.leading_ones() } else { value.leading_zeros() };
    let spare = (sign_bits as usize - 1) / 8;
    bytes.get(spare..).unwrap_or_default()
}

/// Reads what `wide_bytes` gave; `None` unless there are 1 to 16.
pub(crate) fn wide_value(bytes: &[u8]) -> Option<i128> {
    let negative = *bytes.first()? >= 0x80;
    let mut filled = [if negative { 0xff } else { 0 }; 16];
    let spare = filled.len().checked_sub(bytes.len())?;
    filled.get_mut(spare..)?.copy_from_slice(bytes);
    Some(i128::from_be_bytes(filled))
}
