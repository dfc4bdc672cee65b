//! Dates, times and timestamps.

use std::cmp::Ordering;

use super::sealed::Sealed;
use super::{Shape, Unfit, Value, first};
use crate::DataType;
use crate::bindings::thalweg::module::types::Values;

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

impl Value for Date {
    type Item<'a> = Date;
    type Values<'a> = &'a [i32];
    type Buffer = Vec<i32>;
    const EXPECTED: &'static str = "DATE";
    const NATURAL: Option<DataType> = Some(DataType::Date);

    fn readable(data_type: &DataType) -> Option<Shape> {
        matches!(data_type, DataType::Date).then(Shape::default)
    }

    fn view(values: &Values, rows: usize, shape: Shape) -> Option<&[i32]> {
        i32::view(values, rows, shape)
    }

    #[inline]
    fn at<'a>(values: Self::Values<'a>, row: usize) -> Self::Item<'a> {
        Date(values[row])
    }

    fn buffer(rows: usize, _: Shape) -> Vec<i32> {
        Vec::with_capacity(rows)
    }

    fn append(buffer: &mut Vec<i32>, item: Self::Item<'_>, _: Shape) -> Result<(), Unfit> {
        buffer.push(item.0);
        Ok(())
    }

    fn append_gap(buffer: &mut Vec<i32>, _: Shape) {
        buffer.push(0);
    }

    fn finish(buffer: Vec<i32>, _: Shape) -> Values {
        Values::Int32(buffer)
    }
}

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

/// The values of a TIMESTAMP or TIMESTAMP_LTZ column.
#[derive(Debug, Clone, Copy)]
pub struct Instants<'a> {
    values: &'a [i64],
    unit: Unit,
}

impl<'a> Instants<'a> {
    /// The counts in order.
    pub fn counts(self) -> &'a [i64] {
        self.values
    }

    /// What the values count.
    pub fn unit(self) -> Unit {
        self.unit
    }
}

macro_rules! timestamp {
    ($name:ident, $expected:literal) => {
        impl Value for $name {
            type Item<'a> = $name;
            type Values<'a> = Instants<'a>;
            type Buffer = Vec<i64>;
            const EXPECTED: &'static str = $expected;
            const NATURAL: Option<DataType> = None;

            fn readable(data_type: &DataType) -> Option<Shape> {
                match *data_type {
                    DataType::$name(precision) => Some(Shape { precision, ..Shape::default() }),
                    _ => None,
                }
            }

            fn view(values: &Values, rows: usize, shape: Shape) -> Option<Instants<'_>> {
                Some(Instants { values: i64::view(values, rows, shape)?, unit: Unit::of_precision(shape.precision) })
            }

            #[inline]
            fn at<'a>(values: Self::Values<'a>, row: usize) -> Self::Item<'a> {
                $name::new(values.values[row], values.unit)
            }

            fn buffer(rows: usize, _: Shape) -> Vec<i64> {
                Vec::with_capacity(rows)
            }

            fn append(buffer: &mut Vec<i64>, item: Self::Item<'_>, shape: Shape) -> Result<(), Unfit> {
                let unfit = Unfit::Time { precision: shape.precision };
                buffer.push(item.to(Unit::of_precision(shape.precision)).ok_or(unfit)?.value);
                Ok(())
            }

            fn append_gap(buffer: &mut Vec<i64>, _: Shape) {
                buffer.push(0);
            }

            fn finish(buffer: Vec<i64>, _: Shape) -> Values {
                Values::Int64(buffer)
            }
        }
    };
}

timestamp!(Timestamp, "TIMESTAMP");
timestamp!(TimestampLtz, "TIMESTAMP_LTZ");

/// The values of a TIME column.
#[derive(Debug, Clone, Copy)]
pub enum Times<'a> {
    /// Seconds or milliseconds.
    Narrow(&'a [i32], Unit),
    /// Microseconds or nanoseconds.
    Wide(&'a [i64], Unit),
}

impl Value for Time {
    type Item<'a> = Time;
    type Values<'a> = Times<'a>;
    type Buffer = Vec<i64>;
    const EXPECTED: &'static str = "TIME";
    const NATURAL: Option<DataType> = None;

    fn readable(data_type: &DataType) -> Option<Shape> {
        match *data_type {
            DataType::Time(precision) => Some(Shape { precision, ..Shape::default() }),
            _ => None,
        }
    }

    fn view(values: &Values, rows: usize, shape: Shape) -> Option<Times<'_>> {
        let unit = Unit::of_precision(shape.precision);
        match values {
            Values::Int32(values) if unit <= Unit::Milliseconds => Some(Times::Narrow(first(values, rows)?, unit)),
            Values::Int64(values) if unit > Unit::Milliseconds => Some(Times::Wide(first(values, rows)?, unit)),
            _ => None,
        }
    }

    #[inline]
    fn at<'a>(values: Self::Values<'a>, row: usize) -> Self::Item<'a> {
        match values {
            Times::Narrow(values, unit) => Time::new(i64::from(values[row]), unit),
            Times::Wide(values, unit) => Time::new(values[row], unit),
        }
    }

    fn buffer(rows: usize, _: Shape) -> Vec<i64> {
        Vec::with_capacity(rows)
    }

    fn append(buffer: &mut Vec<i64>, item: Self::Item<'_>, shape: Shape) -> Result<(), Unfit> {
        let unfit = Unfit::Time { precision: shape.precision };
        let unit = Unit::of_precision(shape.precision);
        let day = 86_400 * (1_000_000_000 / unit.nanoseconds());
        buffer.push(item.to(unit).map(Time::value).filter(|value| (0..day).contains(value)).ok_or(unfit)?);
        Ok(())
    }

    fn append_gap(buffer: &mut Vec<i64>, _: Shape) {
        buffer.push(0);
    }

    fn finish(buffer: Vec<i64>, shape: Shape) -> Values {
        if Unit::of_precision(shape.precision) <= Unit::Milliseconds {
            // Less than a day of milliseconds, as `append` saw to.
            Values::Int32(buffer.into_iter().map(|value| value as i32).collect())
        } else {
            Values::Int64(buffer)
        }
    }
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
