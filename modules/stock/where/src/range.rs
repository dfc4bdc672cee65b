//! What whole numbers are wanted: those of a range, or those of a list. One form of loop for every comparison.

use thalweg_condition::Operator;
use thalweg_module::{Bitmap, Decimal};

/// The values that fit a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted<T> {
    /// From the first to the second; none if the first is above the second.
    Range(T, T),
    /// One of these.
    Among(Set<T>),
}

/// A few values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set<T> {
    /// Rising.
    values: Vec<T>,
}

impl<T: PartialOrd> Set<T> {
    /// Up to so many values are looked at one by one.
    const FEW: usize = 8;

    /// None of the values is NaN.
    pub(crate) fn new(mut values: Vec<T>) -> Self {
        values.sort_by(|left, right| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
        Self { values }
    }

    /// Whether it has a value.
    #[inline]
    pub(crate) fn holds<V>(&self, value: &V) -> bool
    where
        T: std::borrow::Borrow<V>,
        V: PartialOrd + ?Sized,
    {
        if self.values.len() <= Self::FEW {
            return self.values.iter().any(|known| known.borrow() == value);
        }
        // Nothing compares with NaN, and so it is nowhere.
        let search = |known: &T| known.borrow().partial_cmp(value).unwrap_or(std::cmp::Ordering::Less);
        self.values.binary_search_by(search).is_ok()
    }
}

/// A whole number of a width that machines count in.
pub(crate) trait Whole: Copy + PartialOrd + TryFrom<i128> + 'static {
    const LEAST: Self;
    const GREATEST: Self;

    /// Whether a value is from `low` to `high`, which is not below `low`: one subtraction and one comparison.
    fn is_between(self, low: Self, high: Self) -> bool;
}

macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Whole for $number {
            const LEAST: Self = <$number>::MIN;
            const GREATEST: Self = <$number>::MAX;

            #[inline]
            fn is_between(self, low: Self, high: Self) -> bool {
                self.wrapping_sub(low).cast_unsigned() <= high.wrapping_sub(low).cast_unsigned()
            }
        }
    )*};
}
whole!(i8, i16, i32, i64, i128);

impl<T: Whole> Wanted<T> {
    /// Whether a value is one of those wanted.
    #[inline]
    pub(crate) fn holds(&self, value: T) -> bool {
        match self {
            Self::Range(low, high) => (value >= *low) & (value <= *high),
            Self::Among(set) => set.holds(&value),
        }
    }

    /// A bit for each value: whether it is one of those wanted.
    pub(crate) fn bits(&self, values: &[T]) -> Bitmap {
        match self {
            Self::Range(low, high) if low > high => Bitmap::filled(values.len(), false),
            Self::Range(low, high) => {
                let (low, high) = (*low, *high);
                Bitmap::from_values(values, |value| value.is_between(low, high))
            }
            Self::Among(set) => Bitmap::from_values(values, |value| set.holds(&value)),
        }
    }
}

impl Wanted<i128> {
    /// The whole numbers `n` with `n / 10^scale <operator> literal`, exactly.
    pub(crate) fn compared(operator: Operator, literal: Decimal, scale: u8) -> Self {
        let (floor, is_whole) = floor_at(literal, scale);
        let above = floor.saturating_add(1);
        let (low, high) = match operator {
            Operator::Equal if !is_whole => (1, 0),
            Operator::Equal => (floor, floor),
            Operator::Less if is_whole => (i128::MIN, floor.saturating_sub(1)),
            Operator::Less | Operator::LessOrEqual => (i128::MIN, floor),
            Operator::GreaterOrEqual if is_whole => (floor, i128::MAX),
            Operator::Greater | Operator::GreaterOrEqual => (above, i128::MAX),
        };
        Self::Range(low, high)
    }

    /// The whole numbers `n` with `n / 10^scale` equal to one of the literals, exactly.
    pub(crate) fn among(literals: impl IntoIterator<Item = Decimal>, scale: u8) -> Self {
        let whole = |literal| Some(floor_at(literal, scale)).filter(|(_, is_whole)| *is_whole).map(|(floor, _)| floor);
        Self::Among(Set::new(literals.into_iter().filter_map(whole).collect()))
    }

    /// The same within a narrower type.
    pub(crate) fn within<T: Whole>(&self) -> Wanted<T> {
        match self {
            Self::Among(set) => {
                let values = set.values.iter().filter_map(|value| T::try_from(*value).ok());
                Wanted::Among(Set::new(values.collect()))
            }
            &Self::Range(low, high) => match (T::try_from(low), T::try_from(high)) {
                (Ok(low), Ok(high)) => Wanted::Range(low, high),
                // Past one end or both: as much of it as the type has.
                (Err(_), Ok(high)) if low < 0 => Wanted::Range(T::LEAST, high),
                (Ok(low), Err(_)) if high > 0 => Wanted::Range(low, T::GREATEST),
                (Err(_), Err(_)) if low < 0 && high > 0 => Wanted::Range(T::LEAST, T::GREATEST),
                _ => Wanted::Range(T::GREATEST, T::LEAST),
            },
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

    const LITERALS: [&str; 15] = [
        "0", "3", "-3", "2.5", "-2.5", "2.50", "300", "-300", "127", "-128", "127.5", "-128.5", "1e30", "-1e30",
        "1e-30",
    ];

    #[test]
    fn ranges_agree_with_exact_comparison() {
        use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        for text in LITERALS {
            let literal: Decimal = text.parse().unwrap();
            for (scale, operator) in
                (0..3).flat_map(|scale| [Equal, Less, LessOrEqual, Greater, GreaterOrEqual].map(|it| (scale, it)))
            {
                let wanted: Wanted<i8> = Wanted::compared(operator, literal, scale).within();
                for value in i8::MIN..=i8::MAX {
                    let number = Decimal::new(i128::from(value), scale);
                    let expected = operator.fits(number.cmp(&literal));
                    assert_eq!(wanted.holds(value), expected, "{number} {operator:?} {text}");
                    assert_eq!(wanted.bits(&[value]).at(0), expected, "{number} {operator:?} {text}");
                }
            }
        }
    }

    #[test]
    fn lists_agree_with_exact_comparison() {
        for count in [1, 5, LITERALS.len()] {
            let literals: Vec<Decimal> = LITERALS[..count].iter().map(|text| text.parse().unwrap()).collect();
            for scale in 0..3 {
                let wanted: Wanted<i8> = Wanted::among(literals.clone(), scale).within();
                for value in i8::MIN..=i8::MAX {
                    let expected = literals.contains(&Decimal::new(i128::from(value), scale));
                    assert_eq!(wanted.bits(&[value]).at(0), expected, "{value} at {scale} of {count}");
                }
            }
        }
        let floats = Set::new((0..20).map(f64::from).collect());
        assert!(floats.holds(&3.0) && floats.holds(&-0.0) && !floats.holds(&3.5) && !floats.holds(&f64::NAN));
    }
}
