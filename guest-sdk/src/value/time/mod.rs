//! Dates, times and timestamps.

mod columns;

use std::cmp::Ordering;

use super::sealed::Sealed;

pub use columns::{Instants, Times};

/// What a time or timestamp counts. It follows from the column's precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Precision 0.
    Seconds,
    /// Precision 1 to 3.
    Milliseconds,
    /// Precision 4 to 6.
    Microseconds,
    /// Precision 7 to 9.
    Nanoseconds,
}

impl Unit {
    /// The unit of a column with so many digits of a second.
    pub fn of_precision(precision: u8) -> Self {
        match precision {
            0 => Self::Seconds,
            1..=3 => Self::Milliseconds,
            4..=6 => Self::Microseconds,
            _ => Self::Nanoseconds,
        }
    }

    /// Digits of a second: 0, 3, 6 or 9.
    pub fn digits(self) -> u8 {
        match self {
            Self::Seconds => 0,
            Self::Milliseconds => 3,
            Self::Microseconds => 6,
            Self::Nanoseconds => 9,
        }
    }

    /// How many nanoseconds it has.
    pub fn nanoseconds(self) -> i64 {
        10_i64.pow(u32::from(9 - self.digits()))
    }
}

/// A day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// The day so many days after 1970-01-01.
    pub fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i32 {
        self.0
    }
}

impl Sealed for Date {}

macro_rules! counted {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Two of them compare by what they mean, whatever their units.
        #[derive(Debug, Clone, Copy)]
        pub struct $name {
            value: i64,
            unit: Unit,
        }

        impl $name {
            /// So many units.
            pub fn new(value: i64, unit: Unit) -> Self {
                Self { value, unit }
            }

            /// How many units.
            pub fn value(self) -> i64 {
                self.value
            }

            /// What `value` counts.
            pub fn unit(self) -> Unit {
                self.unit
            }

            /// The same in nanoseconds.
            pub fn nanoseconds(self) -> i128 {
                i128::from(self.value) * i128::from(self.unit.nanoseconds())
            }

            /// The same in another unit; `None` if that is too coarse, or out of range.
            pub fn to(self, unit: Unit) -> Option<Self> {
                if unit == self.unit {
                    return Some(self);
                }
                let (nanoseconds, size) = (self.nanoseconds(), i128::from(unit.nanoseconds()));
                if nanoseconds % size != 0 {
                    return None;
                }
                Some(Self { value: i64::try_from(nanoseconds / size).ok()?, unit })
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                if self.unit == other.unit {
                    self.value.cmp(&other.value)
                } else {
                    self.nanoseconds().cmp(&other.nanoseconds())
                }
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other).is_eq()
            }
        }

        impl Eq for $name {}

        impl Sealed for $name {}
    )*};
}

counted! {
    /// A time of day.
    Time;
    /// A date and time without a zone, counted from 1970-01-01T00:00:00.
    Timestamp;
    /// An instant, counted from 1970-01-01T00:00:00Z.
    TimestampLtz;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert_exactly_or_not_at_all() {
        let stamp = Timestamp::new(1_500, Unit::Milliseconds);
        assert_eq!(stamp.to(Unit::Microseconds).map(Timestamp::value), Some(1_500_000));
        assert!(stamp.to(Unit::Seconds).is_none());
        assert_eq!(stamp, Timestamp::new(1_500_000, Unit::Microseconds));
        assert!(stamp < Timestamp::new(2, Unit::Seconds));
        assert!(Timestamp::new(i64::MAX, Unit::Seconds).to(Unit::Nanoseconds).is_none());
    }
}
