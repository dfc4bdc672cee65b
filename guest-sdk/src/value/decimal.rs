//! Exact decimal numbers.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// An exact decimal number: `unscaled / 10^scale`.
///
/// Two of them compare by their number, whatever their scales.
///
/// ```
/// use thalweg_module::Decimal;
/// let price: Decimal = "12.50".parse().unwrap();
/// assert_eq!((price.unscaled(), price.scale()), (1250, 2));
/// assert_eq!(price, Decimal::new(125, 1));
/// assert_eq!(price.rescaled(0).unwrap().to_string(), "12");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    unscaled: i128,
    scale: u8,
}

/// Why a text is no decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseDecimalError {
    /// Anything but a sign, digits, a point and an exponent.
    Malformed,
    /// More than 38 digits, or more than 38 of them behind the point.
    TooManyDigits,
}

impl fmt::Display for ParseDecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a number",
            Self::TooManyDigits => "a number with more than 38 digits",
        })
    }
}

impl std::error::Error for ParseDecimalError {}

/// The most digits that a decimal has.
const MAX_DIGITS: u32 = 38;

impl Decimal {
    /// `unscaled / 10^scale`.
    ///
    /// # Panics
    /// If the scale is more than 38.
    pub fn new(unscaled: i128, scale: u8) -> Self {
        assert!(u32::from(scale) <= MAX_DIGITS, "a decimal's scale is at most 38, not {scale}");
        Self { unscaled, scale }
    }

    /// The number without its point.
    pub fn unscaled(self) -> i128 {
        self.unscaled
    }

    /// Digits behind the point.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// How many digits the unscaled number has; 0 for zero.
    pub fn digits(self) -> u32 {
        self.unscaled.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1)
    }

    /// The same number with another scale, rounded half to even; `None` if that is out of range.
    pub fn rescaled(self, scale: u8) -> Option<Self> {
        let unscaled = match scale.cmp(&self.scale) {
            Ordering::Equal => self.unscaled,
            Ordering::Greater => self.unscaled.checked_mul(power(scale - self.scale)?)?,
            Ordering::Less => divide_half_even(self.unscaled, power(self.scale - scale)?),
        };
        (u32::from(scale) <= MAX_DIGITS).then_some(Self { unscaled, scale })
    }

    /// Without zeros at the end behind the point.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        while self.scale > 0 && self.unscaled % 10 == 0 {
            self.unscaled /= 10;
            self.scale -= 1;
        }
        self
    }
}

/// `10^exponent`; `None` past 38.
fn power(exponent: u8) -> Option<i128> {
    10_i128.checked_pow(u32::from(exponent))
}

/// The quotient rounded half to even. The divisor is positive.
fn divide_half_even(value: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (value / divisor, value % divisor);
    let twice = rest.unsigned_abs() * 2;
    match twice.cmp(&divisor.unsigned_abs()) {
        Ordering::Less => quotient,
        Ordering::Equal if quotient % 2 == 0 => quotient,
        _ => quotient + value.signum(),
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.rescaled(scale), other.rescaled(scale)) {
            (Some(left), Some(right)) => left.unscaled.cmp(&right.unscaled),
            // Only the one with fewer digits behind the point can be out of range, and then it is the larger in size.
            (None, _) => self.unscaled.cmp(&0),
            (_, None) => 0.cmp(&other.unscaled),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let point = if scale > 0 { "." } else { "" };
        f.pad_integral(self.unscaled >= 0, "", &format!("{whole}{point}{fraction}"))
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    /// Reads `-12.50`, `.5`, `1e3`. The scale is the number of digits behind the point, less the exponent.
    fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
        use ParseDecimalError::{Malformed, TooManyDigits};
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| Malformed)?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
            return Err(Malformed);
        }
        let size = digits().try_fold(0_i128, |number, digit| {
            number
                .checked_mul(10)?
                .checked_add(i128::from(digit - b'0'))
                .filter(|&number| number < 10_i128.pow(MAX_DIGITS))
        });
        let size = size.ok_or(TooManyDigits)?;
        let unscaled = if mantissa.starts_with('-') { -size } else { size };
        let scale = i64::try_from(fraction.len()).map_err(|_| TooManyDigits)? - i64::from(exponent);
        match u8::try_from(scale) {
            Ok(scale) if u32::from(scale) <= MAX_DIGITS => Ok(Self { unscaled, scale }),
            _ if scale < 0 => {
                let shift = u8::try_from(-scale).ok().and_then(power).ok_or(TooManyDigits)?;
                let unscaled = unscaled.checked_mul(shift).ok_or(TooManyDigits)?;
                Ok(Self { unscaled, scale: 0 })
            }
            _ => Err(TooManyDigits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_exactly() {
        for (text, unscaled, scale) in [
            ("0", 0, 0),
            ("-1.5", -15, 1),
            ("+.25", 25, 2),
            ("3.", 3, 0),
            ("1.20e1", 120, 1),
            ("12e2", 1200, 0),
            ("1e-3", 1, 3),
        ] {
            let number: Decimal = text.parse().unwrap();
            assert_eq!((number.unscaled(), number.scale()), (unscaled, scale), "{text}");
        }
        for text in ["", ".", "-", "1.2.3", "1e", "0x1", "1 ", "e3", "--1"] {
            assert_eq!(text.parse::<Decimal>(), Err(ParseDecimalError::Malformed), "{text}");
        }
        for text in ["1e39", "1e-39", "123456789012345678901234567890123456789", "1e999999999"] {
            assert_eq!(text.parse::<Decimal>(), Err(ParseDecimalError::TooManyDigits), "{text}");
        }
    }

    #[test]
    fn rescaling_rounds_half_to_even() {
        for (text, scale, expected) in [
            ("2.5", 0, "2"),
            ("3.5", 0, "4"),
            ("-2.5", 0, "-2"),
            ("-3.5", 0, "-4"),
            ("2.51", 0, "3"),
            ("0.125", 2, "0.12"),
            ("1", 2, "1.00"),
        ] {
            assert_eq!(text.parse::<Decimal>().unwrap().rescaled(scale).unwrap().to_string(), expected, "{text}");
        }
        assert!(Decimal::new(i128::MAX, 0).rescaled(1).is_none());
    }

    #[test]
    fn numbers_compare_whatever_their_scale() {
        let huge = Decimal::new(10_i128.pow(37), 0);
        assert!(huge > Decimal::new(1, 38));
        assert!(Decimal::new(-10_i128.pow(37), 0) < Decimal::new(-1, 38));
        assert_eq!(Decimal::new(150, 2), Decimal::new(15, 1));
        assert_eq!(Decimal::new(-150, 2).normalized().to_string(), "-1.5");
    }
}
