//! The factor: read from a number or a text, multiplied exactly or as a float.

use std::cmp::Ordering;

use thalweg_module::{Decimal, Error, Parameter};

/// What to multiply by. A JSON number is taken as its shortest decimal form; a text may have more digits.
#[derive(Debug, Clone)]
pub struct Factor {
    decimal: Decimal,
    approximate: f64,
}

impl TryFrom<serde_json::Value> for Factor {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        let text = match value {
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::String(text) => text.trim().to_owned(),
            other => return Err(format!("expected a number as 1.609344, found {other}")),
        };
        let decimal: Decimal =
            text.parse().map_err(|error| format!("expected a number as 1.609344, found `{text}`: {error}"))?;
        let approximate =
            text.parse().map_err(|error| format!("expected a number as 1.609344, found `{text}`: {error}"))?;
        Ok(Self { decimal: decimal.normalized(), approximate })
    }
}

impl<'de> serde::Deserialize<'de> for Factor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

impl Parameter for Factor {
    fn schema() -> serde_json::Value {
        serde_json::json!({ "type": ["number", "string"] })
    }
}

impl Factor {
    /// The nearest float.
    pub(crate) fn approximate(&self) -> f64 {
        self.approximate
    }

    /// The form that multiplies integers and decimals.
    ///
    /// # Errors
    /// If its digits and its digits behind the point come to more than 38: products might not be exact.
    pub(crate) fn exact(&self) -> Result<Exact, Error> {
        let scale = self.decimal.scale();
        if self.decimal.digits() + u32::from(scale) > 38 {
            return Err(Error::config(
                "factor",
                "a number with fewer digits: they and those behind its point are at most 38",
            ));
        }
        let divisor = 10_i128.pow(u32::from(scale));
        let unscaled = self.decimal.unscaled();
        let narrow = match (i64::try_from(unscaled), i64::try_from(divisor)) {
            (Ok(unscaled), Ok(divisor)) if divisor < 1 << 60 => {
                let limit = (1_u64 << 62) / unscaled.unsigned_abs().max(1);
                Some(Narrow { unscaled, divisor, limit, approximate: self.approximate })
            }
            _ => None,
        };
        Ok(Exact { unscaled, divisor, approximate: self.approximate, narrow })
    }
}

/// A factor as a fraction, `unscaled / divisor`.
pub(crate) struct Exact {
    unscaled: i128,
    /// A power of ten.
    divisor: i128,
    approximate: f64,
    narrow: Option<Narrow>,
}

/// The same in 64 bits, for values whose product with `unscaled` stays below 2^62.
struct Narrow {
    unscaled: i64,
    divisor: i64,
    limit: u64,
    approximate: f64,
}

impl Narrow {
    /// The rounded product without a division: the float product is a guess, and the exact rest says how far off it is.
    fn times(&self, value: i64) -> Option<i64> {
        if value.unsigned_abs() > self.limit {
            return None;
        }
        let guess = (value as f64 * self.approximate).round_ties_even() as i64;
        let rest = (value * self.unscaled).wrapping_sub(guess.wrapping_mul(self.divisor));
        match (rest.unsigned_abs() * 2).cmp(&self.divisor.unsigned_abs()) {
            Ordering::Less => Some(guess),
            Ordering::Equal if guess % 2 == 0 => Some(guess),
            Ordering::Equal => Some(guess + rest.signum()),
            Ordering::Greater => None,
        }
    }
}

/// The rounded product of floats, if it is certain: neither value, factor nor product is off by more than 2^-53 of itself,
/// so that a product further than that from a half rounds as the exact one does.
#[inline]
fn rounded_if_certain(value: i64, approximate: f64) -> Option<i64> {
    const ERROR: f64 = 1.0 / (1_u64 << 50) as f64;
    let product = value as f64 * approximate;
    let rounded = product.round_ties_even();
    ((product - rounded).abs() < 0.5 - product.abs() * ERROR).then_some(rounded as i64)
}

impl Exact {
    /// The product, rounded half to even; `None` if it is out of range.
    #[inline]
    pub(crate) fn times(&self, value: i64) -> Option<i64> {
        rounded_if_certain(value, self.approximate).or_else(|| self.times_slowly(value))
    }

    #[cold]
    fn times_slowly(&self, value: i64) -> Option<i64> {
        match self.narrow.as_ref().and_then(|narrow| narrow.times(value)) {
            Some(product) => Some(product),
            None => i64::try_from(self.times_wide(i128::from(value))?).ok(),
        }
    }

    /// The product with the value's scale, rounded half to even; `None` if it is out of range.
    pub(crate) fn times_decimal(&self, value: Decimal) -> Option<Decimal> {
        let product = match i64::try_from(value.unscaled()).ok().and_then(|unscaled| self.times(unscaled)) {
            Some(product) => i128::from(product),
            None => self.times_wide(value.unscaled())?,
        };
        Some(Decimal::new(product, value.scale()))
    }

    /// Whole and rest apart: `rest * unscaled` has at most 38 digits, so only a result out of range overflows.
    fn times_wide(&self, value: i128) -> Option<i128> {
        let (whole, rest) = (value / self.divisor, value % self.divisor);
        let part = rest * self.unscaled;
        let truncated = whole.checked_mul(self.unscaled)?.checked_add(part / self.divisor)?;
        let left = part % self.divisor;
        let twice = left.unsigned_abs() * 2;
        let is_past_half =
            twice > self.divisor.unsigned_abs() || (twice == self.divisor.unsigned_abs() && truncated % 2 != 0);
        if is_past_half { truncated.checked_add(left.signum()) } else { Some(truncated) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Exact {
        Factor::try_from(serde_json::Value::from(text)).unwrap().exact().unwrap()
    }

    #[test]
    fn both_ways_agree() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for text in ["1.609344", "0.5", "-0.5", "2.5", "1e-9", "3", "-7.25", "123456789.123456789", "0", "0.0000001"] {
            let factor = exact(text);
            for step in 0..4000_u64 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step);
                let value = (state as i64) >> (state % 61);
                let wide = factor.times_wide(i128::from(value));
                if let Some(product) = rounded_if_certain(value, factor.approximate) {
                    assert_eq!(Some(i128::from(product)), wide, "{value} * {text}");
                }
                if let Some(product) = factor.narrow.as_ref().and_then(|narrow| narrow.times(value)) {
                    assert_eq!(Some(i128::from(product)), wide, "{value} * {text}");
                }
            }
        }
    }

    #[test]
    fn halves_go_to_even() {
        let half = exact("0.5");
        for (value, expected) in [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2), (4, 2)] {
            assert_eq!(half.times(value), Some(expected), "{value}");
        }
        assert_eq!(exact("2.5").times(i64::MAX), None);
        assert_eq!(exact("1.609344").times(i64::MAX / 2), Some(7_421_789_223_640_006_157));
    }

    #[test]
    fn products_are_exact_past_128_bits() {
        let value = Decimal::new(10_i128.pow(37), 2);
        assert_eq!(
            exact("1.609344").times_decimal(value).unwrap().unscaled(),
            16_093_440_000_000_000_000_000_000_000_000_000_000
        );
        assert!(exact("20").times_decimal(value).is_none_or(|it| it.digits() > 38));
        assert!(exact("1e30").times_decimal(value).is_none());
    }
}
