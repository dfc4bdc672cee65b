//! Literals in columns of test rows.

use crate::{Date, Decimal, Time, Timestamp, TimestampLtz, Value};

/// A literal in a column of test rows: a value, or an `Option` of one.
pub trait Cell {
    /// What the column is read as.
    type Value: Value + ?Sized;
    /// Whether a column of such cells may hold nulls.
    const NULLABLE: bool = false;

    /// The value; `None` is null.
    fn value(&self) -> Option<<Self::Value as Value>::Item<'_>>;
}

macro_rules! cell {
    ($($type:ty),*) => {$(
        impl Cell for $type {
            type Value = $type;

            fn value(&self) -> Option<$type> {
                Some(*self)
            }
        }
    )*};
}
cell!(bool, i8, i16, i32, i64, f32, f64, Decimal, Date, Time, Timestamp, TimestampLtz);

impl Cell for &str {
    type Value = str;

    fn value(&self) -> Option<&str> {
        Some(self)
    }
}

impl Cell for &[u8] {
    type Value = [u8];

    fn value(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<const N: usize> Cell for &[u8; N] {
    type Value = [u8];

    fn value(&self) -> Option<&[u8]> {
        Some(self.as_slice())
    }
}

impl<C: Cell> Cell for Option<C> {
    type Value = C::Value;
    const NULLABLE: bool = true;

    fn value(&self) -> Option<<C::Value as Value>::Item<'_>> {
        self.as_ref().and_then(Cell::value)
    }
}
