//! A condition on the columns of a batch: a loop over a column for each comparison, then words of bits.

use std::cmp::Ordering;

use thalweg_module::{Batch, Bitmap, Bits, Date, Error, Input, Numeric, Timestamp, TimestampLtz, Value};

use crate::lex::Operator;
use crate::range::{Range, Whole};

/// The rows of a batch that fit one comparison. A null fits none.
pub(crate) type Test = Box<dyn Fn(&Batch) -> Result<Bitmap, Error>>;

/// A condition whose columns are found and whose literals have their columns' types.
///
/// What SQL calls unknown is a clear bit. As nothing negates a part of a condition, `and` and `or` of the bits agree with
/// three-valued logic.
pub(crate) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Test(Test),
}

impl Condition {
    /// The rows that fit.
    pub(crate) fn fits(&self, batch: &Batch) -> Result<Bitmap, Error> {
        let (parts, combine): (_, fn(&mut Bitmap, &Bitmap)) = match self {
            Self::Test(test) => return test(batch),
            Self::Any(parts) => (parts, Bitmap::or),
            Self::All(parts) => (parts, Bitmap::and),
        };
        let mut parts = parts.iter().map(|part| part.fits(batch));
        let first = parts.next().unwrap_or_else(|| Ok(Bitmap::filled(batch.rows(), true)))?;
        parts.try_fold(first, |mut fits, part| {
            combine(&mut fits, &part?);
            Ok(fits)
        })
    }
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

/// The rows whose value is in a range.
pub(crate) fn in_range<T: Counted>(input: Input<T>, range: Range<T::Number>) -> Test {
    Box::new(move |batch| {
        let column = batch.column(input)?;
        Ok(without_nulls(range.bits(T::numbers(column.values())), column.validity()))
    })
}

/// The rows whose value, turned into a whole number by `whole`, is in a range.
pub(crate) fn each_in_range<T, N>(
    input: Input<T>,
    range: Range<N>,
    whole: impl for<'a> Fn(T::Item<'a>) -> N + 'static,
) -> Test
where
    T: Value,
    N: Copy + PartialOrd + 'static,
{
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let fits = Bitmap::from_fn(batch.rows(), |row| range.holds(whole(column.value(row))));
        Ok(without_nulls(fits, column.validity()))
    })
}

/// The rows whose float compares as asked. NaN is unequal to everything, and fits nothing else.
pub(crate) fn floats<T: Numeric + PartialOrd>(input: Input<T>, operator: Operator, literal: T) -> Test {
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let values = column.values();
        let fits = match operator {
            Operator::Equal => Bitmap::from_values(values, |value| value == literal),
            Operator::NotEqual => Bitmap::from_values(values, |value| value != literal),
            Operator::Less => Bitmap::from_values(values, |value| value < literal),
            Operator::LessOrEqual => Bitmap::from_values(values, |value| value <= literal),
            Operator::Greater => Bitmap::from_values(values, |value| value > literal),
            Operator::GreaterOrEqual => Bitmap::from_values(values, |value| value >= literal),
        };
        Ok(without_nulls(fits, column.validity()))
    })
}

/// The rows whose text or bytes compare as asked, byte by byte: for UTF-8 that is by code points.
pub(crate) fn bytes(input: Input<[u8]>, operator: Operator, literal: Vec<u8>) -> Test {
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let rows = batch.rows();
        let ordered = |fits: fn(Ordering) -> bool| match column.validity() {
            // What stands in a null's place is not read.
            Some(validity) => {
                Bitmap::from_fn_where(&validity.to_bitmap(), |row| fits(column.value(row).cmp(literal.as_slice())))
            }
            None => Bitmap::from_fn(rows, |row| fits(column.value(row).cmp(literal.as_slice()))),
        };
        let equal = || match column.validity() {
            Some(validity) => {
                Bitmap::from_fn_where(&validity.to_bitmap(), |row| column.value(row) == literal.as_slice())
            }
            None => Bitmap::from_fn(rows, |row| column.value(row) == literal.as_slice()),
        };
        Ok(match operator {
            Operator::Equal => equal(),
            Operator::NotEqual => {
                let mut fits = equal();
                fits.invert();
                without_nulls(fits, column.validity())
            }
            Operator::Less => ordered(Ordering::is_lt),
            Operator::LessOrEqual => ordered(Ordering::is_le),
            Operator::Greater => ordered(Ordering::is_gt),
            Operator::GreaterOrEqual => ordered(Ordering::is_ge),
        })
    })
}

/// The rows whose boolean is in a range, false being 0 and true 1.
pub(crate) fn booleans(input: Input<bool>, range: Range<i8>) -> Test {
    Box::new(move |batch| {
        let column = batch.column(input)?;
        let mut fits = match (range.holds(0), range.holds(1)) {
            (no, yes) if no == yes => Bitmap::filled(batch.rows(), yes),
            _ => column.values().to_bitmap(),
        };
        if range.holds(0) && !range.holds(1) {
            fits.invert();
        }
        Ok(without_nulls(fits, column.validity()))
    })
}

/// The rows where a column has no value, or, negated, where it has one.
pub(crate) fn nulls<T: Value + ?Sized>(input: Input<T>, negated: bool) -> Test {
    Box::new(move |batch| {
        let mut present = without_nulls(Bitmap::filled(batch.rows(), true), batch.column(input)?.validity());
        if !negated {
            present.invert();
        }
        Ok(present)
    })
}

fn without_nulls(mut fits: Bitmap, validity: Option<Bits<'_>>) -> Bitmap {
    if let Some(validity) = validity {
        fits.and_bits(validity);
    }
    fits
}
