//! Tests of one column against literals, for each type of column.

use thalweg_condition::Operator;
use thalweg_module::views::Times;
use thalweg_module::{AnyInput, Bitmap, Date, Decimal, Input, Numeric, Time, Timestamp, TimestampLtz, Value};

use crate::condition::{Fits, Test, present_rows};
use crate::like::Pattern;
use crate::range::{Set, Wanted, Whole};

/// What is asked of a column whose values are no whole numbers.
pub(crate) enum Asked<T> {
    Compared(Operator, T),
    Among(Set<T>),
}

/// A type whose columns are a slice of whole numbers.
pub(crate) trait Counted: Value {
    /// What is counted in.
    type Number: Whole;

    /// The column's numbers.
    fn numbers<'a>(values: Self::Values<'a>) -> &'a [Self::Number];
}

macro_rules! counted {
    ($($value:ty: $number:ty, $values:ident => $numbers:expr;)*) => {$(
        impl Counted for $value {
            type Number = $number;

            fn numbers<'a>($values: Self::Values<'a>) -> &'a [$number] {
                $numbers
            }
        }
    )*};
}
counted! {
    i8: i8, values => values;
    i16: i16, values => values;
    i32: i32, values => values;
    i64: i64, values => values;
    Date: i32, values => values;
    Timestamp: i64, values => values.counts();
    TimestampLtz: i64, values => values.counts();
}

pub(crate) fn counted<T: Counted>(input: Input<T>, wanted: &Wanted<i128>) -> Test {
    let wanted: Wanted<T::Number> = wanted.within();
    Box::new(move |batch| {
        let column = batch.column(input)?;
        Ok(Fits { bits: wanted.bits(T::numbers(column.values())), present: [column.validity(), None] })
    })
}

pub(crate) fn times(input: Input<Time>, wanted: &Wanted<i128>) -> Test {
    let (narrow, wide): (Wanted<i32>, Wanted<i64>) = (wanted.within(), wanted.within());
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let bits = match column.values() {
            Times::Narrow(values, _) => narrow.bits(values),
            Times::Wide(values, _) => wide.bits(values),
        };
        Ok(Fits { bits, present: [column.validity(), None] })
    })
}

/// The numbers wanted are unscaled.
pub(crate) fn decimals(input: Input<Decimal>, wanted: Wanted<i128>) -> Test {
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let bits = Bitmap::from_fn(batch.rows(), |row| wanted.holds(column.value(row).unscaled()));
        Ok(Fits { bits, present: [column.validity(), None] })
    })
}

/// False is 0 and true 1.
pub(crate) fn booleans(input: Input<bool>, wanted: &Wanted<i128>) -> Test {
    let (no, yes) = (wanted.holds(0), wanted.holds(1));
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let mut bits = if no == yes { Bitmap::filled(batch.rows(), yes) } else { column.values().to_bitmap() };
        if no && !yes {
            bits.invert();
        }
        Ok(Fits { bits, present: [column.validity(), None] })
    })
}

/// NaN fits nothing.
pub(crate) fn floats<T: Numeric + PartialOrd>(input: Input<T>, asked: Asked<T>) -> Test {
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let values = column.values();
        let bits = match asked {
            Asked::Compared(Operator::Equal, literal) => Bitmap::from_values(values, |value| value == literal),
            Asked::Compared(Operator::Less, literal) => Bitmap::from_values(values, |value| value < literal),
            Asked::Compared(Operator::LessOrEqual, literal) => Bitmap::from_values(values, |value| value <= literal),
            Asked::Compared(Operator::Greater, literal) => Bitmap::from_values(values, |value| value > literal),
            Asked::Compared(Operator::GreaterOrEqual, literal) => Bitmap::from_values(values, |value| value >= literal),
            Asked::Among(ref set) => Bitmap::from_values(values, |value| set.holds(&value)),
        };
        Ok(Fits { bits, present: [column.validity(), None] })
    })
}

/// Texts and bytes compare byte by byte: for UTF-8 that is by code points.
pub(crate) fn bytes(input: Input<[u8]>, asked: Asked<Vec<u8>>) -> Test {
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let (rows, present) = (batch.rows(), [column.validity(), None]);
        let bits = match &asked {
            Asked::Compared(Operator::Equal, literal) => {
                present_rows(rows, present, |row| column.value(row) == literal.as_slice())
            }
            Asked::Compared(operator, literal) => {
                present_rows(rows, present, |row| operator.fits(column.value(row).cmp(literal)))
            }
            Asked::Among(set) => present_rows(rows, present, |row| set.holds(column.value(row))),
        };
        Ok(Fits { bits, present })
    })
}

pub(crate) fn like(input: Input<str>, pattern: Pattern) -> Test {
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let present = [column.validity(), None];
        Ok(Fits { bits: present_rows(batch.rows(), present, |row| pattern.fits(column.value(row))), present })
    })
}

/// Of any type, nested ones too.
pub(crate) fn nulls(input: AnyInput) -> Test {
    Box::new(move |batch| {
        let mut bits = Bitmap::filled(batch.rows(), true);
        if let Some(validity) = batch.any(&input)?.validity() {
            bits.and_bits(validity);
        }
        bits.invert();
        Ok(Fits { bits, present: [None, None] })
    })
}
