//! Values of columns as JSON, in the forms that `thalweg` reads and writes.
//!
//! | type | JSON |
//! |---|---|
//! | BOOLEAN | `true`, `false` |
//! | TINYINT .. BIGINT | a whole number, or a text with one |
//! | FLOAT, DOUBLE | a number, or a text with one; NaN and infinities are written as `null` |
//! | DECIMAL | a number, or a text with one: exact, rounded half to even where it has too many digits behind the point |
//! | STRING, CHAR | a text |
//! | BYTES, BINARY | a text of hexadecimal digits |
//! | DATE, TIME | `"2001-01-31"`, `"10:00:00.25"`, or a number: days, units of the precision |
//! | TIMESTAMP, TIMESTAMP_LTZ | `"2001-01-31T10:00:00"`, `"2001-01-31T10:00:00Z"`, or a number of units |
//! | ARRAY | a list |
//! | MAP | an object where keys have a text of their own, else a list of `{"key": .., "value": ..}`; either is read |
//! | ROW | an object; a field that is missing is null |

mod read;
mod scalar;
mod write;

pub use read::{JsonError, members};
pub(crate) use write::object;
