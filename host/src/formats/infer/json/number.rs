//! The numbers at one place, and the type that holds them.

use arrow_schema::DataType;

/// Whole numbers of so many digits are DECIMAL(20, 0), which all of 64 bits are.
const DIGITS_OF_64_BITS: u8 = 20;
/// The most digits of a DECIMAL.
const MOST_DIGITS: u8 = 38;
/// Whole numbers up to here are exact as a DOUBLE.
const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;

/// The numbers at one place.
#[derive(Debug, Default)]
pub(super) struct Number {
    /// The most digits of a whole number that is no BIGINT.
    digits: Option<usize>,
    has_fraction: bool,
    /// Whether a whole number is not exact as a double.
    pub(super) is_long: bool,
}

impl Number {
    /// Looks at a number.
    pub(super) fn see(&mut self, text: &str) {
        if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            self.has_fraction = true;
            return;
        }
        match text.parse::<i64>() {
            Ok(whole) => self.is_long |= whole.unsigned_abs() > EXACT,
            Err(_) => {
                let digits = text.trim_start_matches('-').len();
                self.digits = Some(self.digits.map_or(digits, |most| most.max(digits)));
                self.is_long = true;
            }
        }
    }

    /// The type that holds every number.
    pub(super) fn data_type(&self) -> DataType {
        match self.digits {
            _ if self.has_fraction => DataType::Float64,
            None => DataType::Int64,
            Some(digits) if digits <= DIGITS_OF_64_BITS.into() => DataType::Decimal128(DIGITS_OF_64_BITS, 0),
            Some(digits) if digits <= MOST_DIGITS.into() => DataType::Decimal128(MOST_DIGITS, 0),
            Some(_) => DataType::Float64,
        }
    }
}
