//! Numbers in texts: decimal digits, exactly, never by way of a float.

use super::Fault;
use crate::formats::Rounding;

/// Decimal digits with a sign, a point and an exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digits<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Digits<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (negative, bytes) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, bytes),
        };
        let (whole, rest) = split_digits(bytes);
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => split_digits(rest),
            _ => (&[][..], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => exponent(rest)?,
            _ => return None,
        };
        (!whole.is_empty() || !fraction.is_empty()).then_some(Self { negative, whole, fraction, exponent })
    }

    /// The number times ten to the power of `scale`.
    fn scaled(&self, scale: u8, rounding: Rounding) -> Result<i128, Fault> {
        // How many of the digits stand before the point of what is to come.
        let before = i64::try_from(self.whole.len()).unwrap_or(i64::MAX);
        let before = before.saturating_add(self.exponent).saturating_add(i64::from(scale));
        let kept = usize::try_from(before).unwrap_or(0);
        let mut digits = self.whole.iter().chain(self.fraction).map(|byte| i128::from(byte - b'0'));
        let mut value = 0_i128;
        let mut push = |digit: i128| {
            value = value.checked_mul(10).and_then(|value| value.checked_add(digit)).ok_or(Fault::Range)?;
            Ok(value == 0)
        };
        let count = self.whole.len() + self.fraction.len();
        for digit in digits.by_ref().take(kept) {
            push(digit)?;
        }
        for _ in count..kept {
            if push(0)? {
                break;
            }
        }
        let next = digits.next().unwrap_or(0);
        if (next != 0 || digits.any(|digit| digit != 0)) && rounding == Rounding::Refuse {
            return Err(Fault::Digits);
        }
        // Half away from zero. Where zeros stand between the point and the first digit, that is less than a half.
        if next >= 5 && before >= 0 {
            value = value.checked_add(1).ok_or(Fault::Range)?;
        }
        Ok(if self.negative { -value } else { value })
    }
}

fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len()))
}

/// An exponent; beyond all sense it stays large.
fn exponent(bytes: &[u8]) -> Option<i64> {
    let (negative, bytes) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    let (digits, []) = split_digits(bytes) else { return None };
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, byte| (value * 10 + i64::from(byte - b'0')).min(i64::MAX / 100));
    Some(if negative { -value } else { value })
}

/// A whole number of few digits, by the shortest way.
fn short(bytes: &[u8]) -> Option<i64> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

pub(super) fn integer<T: TryFrom<i64> + TryFrom<i128>>(text: &str, rounding: Rounding) -> Result<T, Fault> {
    if let Some(value) = short(text.as_bytes()) {
        return T::try_from(value).map_err(|_| Fault::Range);
    }
    let digits = Digits::of(text.trim_ascii()).ok_or(Fault::Kind)?;
    T::try_from(digits.scaled(0, rounding)?).map_err(|_| Fault::Range)
}

/// The unscaled value of a DECIMAL.
pub(super) fn decimal(text: &str, precision: u8, scale: u8, rounding: Rounding) -> Result<i128, Fault> {
    let digits = Digits::of(text.trim_ascii()).ok_or(Fault::Kind)?;
    let value = digits.scaled(scale, rounding)?;
    let fits = 10_u128.checked_pow(u32::from(precision)).is_none_or(|limit| value.unsigned_abs() < limit);
    if fits { Ok(value) } else { Err(Fault::Range) }
}

pub(super) fn float32(text: &str) -> Result<f32, Fault> {
    let text = text.trim_ascii();
    let value = text.parse::<f32>().map_err(|_| Fault::Kind)?;
    if value.is_infinite() && !spelled(text) { Err(Fault::Range) } else { Ok(value) }
}

pub(super) fn float64(text: &str) -> Result<f64, Fault> {
    let text = text.trim_ascii();
    let value = text.parse::<f64>().map_err(|_| Fault::Kind)?;
    if value.is_infinite() && !spelled(text) { Err(Fault::Range) } else { Ok(value) }
}

/// Whether a number that was read is a word, as `inf`.
fn spelled(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'n' | b'N'))
}

/// What a number says of the type of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) enum NumberKind {
    /// A whole number that BIGINT holds.
    Bigint,
    /// A whole number beyond BIGINT, with its number of digits.
    Integer(usize),
    /// A number that would not come back as it is written: `007`, `+1`.
    Text,
    /// A number with a fraction or an exponent, or a word as `inf`, with its number of significant digits.
    Double(usize),
}

impl NumberKind {
    /// What kind of number a text is; `None`: none that DOUBLE takes.
    pub(in crate::formats) fn of(text: &str) -> Option<Self> {
        let text = text.trim_ascii();
        let Some(digits) = Digits::of(text) else { return float64(text).ok().map(|_| Self::Double(0)) };
        if text.starts_with('+') || matches!(digits.whole, [b'0', _, ..]) {
            return Some(Self::Text);
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        match digits.whole.len() {
            _ if !plain || text == "-0" => {
                float64(text).ok()?;
                let mut significant = digits.whole.iter().chain(digits.fraction).skip_while(|byte| **byte == b'0');
                Some(Self::Double(significant.by_ref().count()))
            }
            _ if integer::<i64>(text, Rounding::Refuse).is_ok() => Some(Self::Bigint),
            length => Some(Self::Integer(length)),
        }
    }
}
