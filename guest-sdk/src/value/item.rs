//! From the type of a parameter to the column that it is a value of.

use super::{Date, Time, Timestamp, TimestampLtz, Value};
use crate::Decimal;

/// One value of a column: what a function over one row is given or gives. The macros ask it where they cannot see what a
/// type is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a column",
    label = "the types are listed at `thalweg_module::Value`"
)]
pub trait Item {
    /// What the column is read and written as.
    type Value: Value + ?Sized;
}

macro_rules! item {
    ($($type:ty),*) => {$(
        impl Item for $type {
            type Value = $type;
        }
    )*};
}
item!(bool, i8, i16, i32, i64, f32, f64, Decimal, Date, Time, Timestamp, TimestampLtz);

impl Item for &str {
    type Value = str;
}

impl Item for &[u8] {
    type Value = [u8];
}
