//! The types that a column's values can have in Rust, and how each reads and writes the boundary's form.

mod bytes;
mod decimal;
mod display;
mod item;
mod number;
mod text;
mod time;

use std::fmt;

use crate::DataType;
use crate::bindings::thalweg::module::types::Values;

pub use bytes::{Blobs, Texts};
pub use decimal::{Decimal, ParseDecimalError};
pub use item::Item;
pub use number::{Decimals, Numeric};
pub use text::ParseTimeError;
pub use time::{Date, Instants, Time, Times, Timestamp, TimestampLtz, Unit};

/// A type that a column can be read and written as.
///
/// | Rust | columns |
/// |---|---|
/// | `bool` | `BOOLEAN` |
/// | `i8`, `i16`, `i32`, `i64` | `TINYINT`, `SMALLINT`, `INT`, `BIGINT` |
/// | `f32`, `f64` | `FLOAT`, `DOUBLE` |
/// | [`Decimal`](crate::Decimal) | `DECIMAL(p, s)` |
/// | `str` | `STRING`, `CHAR(n)` |
/// | `[u8]` | `BYTES`, `BINARY(n)`; reading also the UTF-8 of `STRING` and `CHAR(n)` |
/// | [`Date`], [`Time`] | `DATE`, `TIME(p)` |
/// | [`Timestamp`], [`TimestampLtz`] | `TIMESTAMP(p)`, `TIMESTAMP_LTZ(p)` |
///
/// Types are exact: `i64` does not read an `INT` column.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a column",
    label = "the types are listed at `thalweg_module::Value`"
)]
pub trait Value: sealed::Sealed + 'static {
    /// One value: `i32`, `&str`, ..
    type Item<'a>: Copy;
    /// All values of a batch: `&[i32]` for numbers, a small view for others.
    type Values<'a>: Copy;
    /// What a [`Builder`](crate::Builder) collects.
    #[doc(hidden)]
    type Buffer;
    /// The column types, as an error names them.
    #[doc(hidden)]
    const EXPECTED: &'static str;
    /// The type of a written column if nothing else says it.
    #[doc(hidden)]
    const NATURAL: Option<DataType>;

    #[doc(hidden)]
    fn readable(data_type: &DataType) -> Option<Shape>;
    #[doc(hidden)]
    fn writable(data_type: &DataType) -> Option<Shape> {
        Self::readable(data_type)
    }
    #[doc(hidden)]
    fn view(values: &Values, rows: usize, shape: Shape) -> Option<Self::Values<'_>>;
    #[doc(hidden)]
    fn at<'a>(values: Self::Values<'a>, row: usize) -> Self::Item<'a>;
    #[doc(hidden)]
    fn buffer(rows: usize, shape: Shape) -> Self::Buffer;
    #[doc(hidden)]
    fn append(buffer: &mut Self::Buffer, item: Self::Item<'_>, shape: Shape) -> Result<(), Unfit>;
    /// Appends what stands in a row without a value.
    #[doc(hidden)]
    fn append_gap(buffer: &mut Self::Buffer, shape: Shape);
    #[doc(hidden)]
    fn finish(buffer: Self::Buffer, shape: Shape) -> Values;
}

/// What a data type says beyond its kind. What does not apply is 0.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// Digits in all (decimals) or of a second (times).
    pub precision: u8,
    /// Digits behind the point.
    pub scale: u8,
    /// Bytes of a BINARY, characters of a CHAR.
    pub width: Option<u32>,
}

pub(crate) mod sealed {
    /// Only this crate says which types a column can have.
    pub trait Sealed {}
}

/// A value that the written column's type cannot hold.
///
/// Its text is fit for [`Refusals::push`](crate::Refusals::push).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// More digits than DECIMAL(precision, scale) has.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// More characters than CHAR(length).
    TooManyCharacters {
        /// The limit.
        length: u32,
    },
    /// Not as many bytes as BINARY(length).
    NotAsManyBytes {
        /// The length.
        length: u32,
    },
    /// A column's texts or bytes come to more than 2 GiB in one batch.
    TooLong,
    /// Out of the range of the column's time type, or finer than its precision.
    Time {
        /// Digits of a second.
        precision: u8,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal { precision, scale } => write!(f, "the result does not fit DECIMAL({precision}, {scale})"),
            Self::TooManyCharacters { length } => {
                write!(f, "the result has more than the {length} characters of CHAR({length})")
            }
            Self::NotAsManyBytes { length } => write!(f, "the result has not the {length} bytes of BINARY({length})"),
            Self::TooLong => f.write_str("the results of this batch come to more than 2 GiB"),
            Self::Time { precision } => {
                write!(f, "the result is out of range, or finer than a time with {precision} digits of a second")
            }
        }
    }
}

impl std::error::Error for Unfit {}

/// The first `rows` values, if there are as many.
fn first<T>(values: &[T], rows: usize) -> Option<&[T]> {
    values.get(..rows)
}
