//! Columns of dates, times and timestamps.

use super::{Date, Time, Timestamp, TimestampLtz, Unit};
use crate::DataType;
use crate::bindings::thalweg::module::types::Values;
use crate::value::{Shape, Unfit, Value, first};

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
