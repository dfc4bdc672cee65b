//! Comparisons of whole numbers as ranges: one form of loop for every operator.

use thalweg_module::{Bitmap, Decimal};

use crate::lex::Operator;

/// The values from `low` to `high`, or all others. If `low` is above `high`, none, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range<T> {
    pub(crate) low: T,
    pub(crate) high: T,
    pub(crate) outside: bool,
}

impl<T: Copy + PartialOrd> Range<T> {
    #[inline]
    pub(crate) fn holds(self, value: T) -> bool {
        ((value >= self.low) & (value <= self.high)) != self.outside
    }
}

/// A whole number of a width that machines count in.
pub(crate) trait Whole: Copy + PartialOrd {
    /// Whether a value is from `low` to `high`, which is not below `low`: one subtraction and one comparison.
    fn is_between(self, low: Self, high: Self) -> bool;
}

macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Whole for $number {
            #[inline]
            fn is_between(self, low: Self, high: Self) -> bool {
                self.wrapping_sub(low).cast_unsigned() <= high.wrapping_sub(low).cast_unsigned()
            }
        }
    )*};
}
whole!(i8, i16, i32, i64);

impl<T: Whole> Range<T> {
    /// A bit for each value: whether the range holds it.
    pub(crate) fn bits(self, values: &[T]) -> Bitmap {
        let Self { low, high, outside } = self;
        if low > high {
            return Bitmap::filled(values.len(), outside);
        }
        let mut bits = Bitmap::from_values(values, |value| value.is_between(low, high));
        if outside {
            bits.invert();
        }
        bits
    }
}

impl Range<i128> {
    /// The whole numbers `n` with `n / 10^scale <operator> literal`, exactly.
    pub(crate) fn of(operator: Operator, literal: Decimal, scale: u8) -> Self {
        let (floor, is_whole) = floor_at(literal, scale);
        let above = floor.saturating_add(1);
        let (low, high, outside) = match operator {
            // An empty range: no whole number is equal, every one differs.
            Operator::Equal | Operator::NotEqual if !is_whole => (1, 0, operator == Operator::NotEqual),
            Operator::Equal => (floor, floor, false),
            Operator::NotEqual => (floor, floor, true),
            Operator::Less if is_whole => (i128::MIN, floor.saturating_sub(1), false),
            Operator::Less | Operator::LessOrEqual => (i128::MIN, floor, false),
            Operator::GreaterOrEqual if is_whole => (floor, i128::MAX, false),
            Operator::Greater | Operator::GreaterOrEqual => (above, i128::MAX, false),
        };
        Self { low, high, outside }
    }

    /// The same within a narrower type, whose least and greatest value are given.
    pub(crate) fn within<T: TryFrom<i128>>(self, least: T, greatest: T) -> Range<T> {
        let outside = self.outside;
        match (T::try_from(self.low), T::try_from(self.high)) {
            (Ok(low), Ok(high)) => Range { low, high, outside },
            // Past one end or both: as much of it as the type has.
            (Err(_), Ok(high)) if self.low < 0 => Range { low: least, high, outside },
            (Ok(low), Err(_)) if self.high > 0 => Range { low, high: greatest, outside },
            (Err(_), Err(_)) if self.low < 0 && self.high > 0 => Range { low: least, high: greatest, outside },
            _ => Range { low: greatest, high: least, outside },
        }
    }
}

/// The greatest whole number not above `literal * 10^scale`, and whether it is equal to that. What is out of range of
/// 128 bits, and so of every column, stands at the end of the range.
fn floor_at(literal: Decimal, scale: u8) -> (i128, bool) {
    let unscaled = literal.unscaled();
    match u32::from(scale).checked_sub(u32::from(literal.scale())) {
        Some(up) => match 10_i128.checked_pow(up).and_then(|power| unscaled.checked_mul(power)) {
            Some(whole) => (whole, true),
            None if unscaled < 0 => (i128::MIN, false),
            None => (i128::MAX, false),
        },
        // The literal's scale is at most 38, and 10^38 fits.
        None => {
            let power = 10_i128.pow(u32::from(literal.scale()) - u32::from(scale));
            (unscaled.div_euclid(power), unscaled.rem_euclid(power) == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_agree_with_exact_comparison() {
        use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        for text in [
            "0", "3", "-3", "2.5", "-2.5", "2.50", "300", "-300", "127", "-128", "127.5", "-128.5", "1e30", "-1e30",
            "1e-30",
        ] {
            let literal: Decimal = text.parse().unwrap();
            for (scale, operator) in (0..3)
                .flat_map(|scale| [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual].map(|it| (scale, it)))
            {
                let range = Range::of(operator, literal, scale).within(i8::MIN, i8::MAX);
                for value in i8::MIN..=i8::MAX {
                    let number = Decimal::new(i128::from(value), scale);
                    let expected = match operator {
                        Equal => number == literal,
                        NotEqual => number != literal,
                        Less => number < literal,
                        LessOrEqual => number <= literal,
                        Greater => number > literal,
                        GreaterOrEqual => number >= literal,
                    };
                    assert_eq!(range.holds(value), expected, "{number} {operator:?} {text}");
                    assert_eq!(range.bits(&[value]).at(0), expected, "{number} {operator:?} {text}");
                }
            }
        }
    }
}
