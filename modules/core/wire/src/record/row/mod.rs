//! Single rows as bytes: CompactedRow and IndexedRow, with BinaryArray and BinaryMap inside (`fluss.md` 2.9).
//!
//! ```text
//! scalar   values as rows have them, taken from Arrow's columns and given to them
//! plan     a table's columns, compiled once
//! encode   columns to rows; decode: rows to columns; array, in both: what is nested
//! fields   a row taken apart and put together without decoding
//! compacted, indexed, slot   how each writes and reads one value
//! ```

mod compacted;
mod cursor;
mod decode;
mod encode;
mod fault;
mod fields;
mod indexed;
mod plan;
mod scalar;
mod scalar_columns;
mod slot;

pub use decode::RowDecoder;
pub use encode::RowEncoder;
pub use fields::RowFields;
pub use scalar::Scalar;

pub(crate) use compacted::write as write_compacted;
pub(crate) use decode::slot_value;
pub(crate) use fault::Fault;
pub(crate) use scalar::{Kind, wide_bytes, wide_value};
pub(crate) use slot::Slot;

use crate::table::{KvFormat, LogFormat};

/// How single rows are stored: in the values of keys (`table.kv.format`) and in logs of rows (`table.log.format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowFormat {
    /// Null bits, then the values one behind the other, integers as short as they can be.
    Compacted,
    /// Null bits, the lengths of the values that vary in length, then the values, all others of a fixed width.
    Indexed,
}

impl RowFormat {
    /// How a log stores single rows; `None` if it has Arrow messages.
    pub fn of_log(format: LogFormat) -> Option<Self> {
        match format {
            LogFormat::Arrow => None,
            LogFormat::Indexed => Some(Self::Indexed),
            LogFormat::Compacted => Some(Self::Compacted),
        }
    }
}

impl From<KvFormat> for RowFormat {
    fn from(format: KvFormat) -> Self {
        match format {
            KvFormat::Indexed => Self::Indexed,
            KvFormat::Compacted => Self::Compacted,
        }
    }
}
