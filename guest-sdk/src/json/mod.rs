//! Values of columns as JSON, in the forms that `thalweg` reads and writes.
//!
//! | type | JSON |
//! |---|---|
//! | BOOLEAN | `true`, `false` |
//! | TINYINT .. BIGINT | a whole number, or a text with one |
//! | FLOAT, DOUBLE | a number, or a text with one; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | DECIMAL | a number, or a text with one |
//! | STRING, CHAR | a text |
//! | BYTES, BINARY | a text of hexadecimal digits |
//! | DATE | `"2001-01-31"`, or a number of days |
//! | TIME | `"10:00:00.25"` |
//! | TIMESTAMP, TIMESTAMP_LTZ | `"2001-01-31T10:00:00"`, `"2001-01-31T10:00:00Z"`, or a number of units |
//! | ARRAY | a list |
//! | MAP | an object where keys have a text of their own, else a list of `{"key": .., "value": ..}`; either is read |
//! | ROW | an object; a field that is missing is null |
//!
//! A value that the type does not hold exactly is refused (FLOAT and DOUBLE take the nearest number).

mod read;
mod scalar;
mod write;

pub use read::{JsonError, members};
pub(crate) use write::object;
