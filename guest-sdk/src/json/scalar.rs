//! JSON's numbers, texts and truth values as values of flat types.

use std::borrow::Cow;
use std::str::FromStr;

use super::read::{JsonError, mismatch};
use crate::any::{Nest, Node};
use crate::builder::Cells;
use crate::{DataType, Date, Decimal, Timestamp, TimestampLtz, Unit, Value};

/// What stands in a JSON text.
pub(super) struct Scalar<'a> {
    json: &'a str,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Boolean(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    /// An object or a list.
    Nested,
}

impl<'a> Scalar<'a> {
    /// Reads a text that is known to be JSON, without blanks around, and no `null`.
    pub(super) fn read(json: &'a str) -> Result<Self, JsonError> {
        let kind = match json.as_bytes().first() {
            Some(b't') => Kind::Boolean(true),
            Some(b'f') => Kind::Boolean(false),
            Some(b'"') if !json.contains('\\') => Kind::Text(json.trim_matches('"').into()),
            Some(b'"') => match serde_json::from_str::<String>(json) {
                Ok(text) => Kind::Text(text.into()),
                Err(_) => return Err(mismatch("a text without half of a surrogate pair", json)),
            },
            Some(b'{' | b'[') => Kind::Nested,
            _ => Kind::Number(json),
        };
        Ok(Self { json, kind })
    }

    fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text of which blanks around do not count.
    fn trimmed(&self) -> Option<&str> {
        self.text().map(str::trim_ascii)
    }

    fn boolean(&self) -> Option<bool> {
        match self.kind {
            Kind::Boolean(value) => Some(value),
            _ => None,
        }
    }

    /// The digits of a number, which may stand in quotes.
    fn digits(&self) -> Option<&str> {
        match &self.kind {
            Kind::Number(digits) => Some(digits),
            Kind::Text(text) => Some(text.trim_ascii()),
            _ => None,
        }
    }

    /// A whole number; with an exponent or a point it must be one all the same.
    fn whole<T: FromStr + TryFrom<i128>>(&self) -> Option<T> {
        let digits = self.digits()?;
        digits.parse().ok().or_else(|| {
            let number = digits.parse::<Decimal>().ok()?.normalized();
            T::try_from(number.unscaled()).ok().filter(|_| number.scale() == 0)
        })
    }

    /// The nearest float. Only a text that says so is infinite.
    fn float<T: FromStr + Into<f64> + Copy>(&self) -> Option<T> {
        let digits = self.digits()?;
        let number: T = digits.parse().ok()?;
        let is_finite = number.into().is_finite();
        (is_finite || !digits.bytes().any(|byte| byte.is_ascii_digit())).then_some(number)
    }

    /// A count that stands as a number, not in quotes.
    fn count<T: FromStr + TryFrom<i128>>(&self) -> Option<T> {
        matches!(self.kind, Kind::Number(_)).then(|| self.whole())?
    }

    /// A number with no more digits behind the point than `scale`.
    fn decimal(&self, scale: u8) -> Option<Decimal> {
        let number: Decimal = self.digits()?.parse().ok()?;
        (number.normalized().scale() <= scale).then_some(number)
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let (pairs, rest) = self.trimmed()?.as_bytes().as_chunks::<2>();
        let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
        let pair = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
        rest.is_empty().then(|| pairs.iter().map(pair).collect())?
    }

    fn date(&self) -> Option<Date> {
        self.count().map(Date::from_days).or_else(|| self.trimmed()?.parse().ok())
    }
}

impl Node {
    /// Adds a value of a flat type.
    pub(super) fn push_scalar(&mut self, scalar: &Scalar<'_>) -> Result<(), JsonError> {
        let data_type = &self.data_type;
        let expected = |what: &str| mismatch(format_args!("{what} for {data_type}"), scalar.json);
        let unit = match *data_type {
            DataType::Timestamp(precision) | DataType::TimestampLtz(precision) => Unit::of_precision(precision),
            _ => Unit::Seconds,
        };
        let scale = match *data_type {
            DataType::Decimal((_, scale)) => scale,
            _ => 0,
        };
        match &mut self.cells {
            Nest::Boolean(cells) => push(cells, scalar.boolean(), || expected("true or false")),
            Nest::Tinyint(cells) => push(cells, scalar.whole(), || expected("a whole number")),
            Nest::Smallint(cells) => push(cells, scalar.whole(), || expected("a whole number")),
            Nest::Int(cells) => push(cells, scalar.whole(), || expected("a whole number")),
            Nest::Bigint(cells) => push(cells, scalar.whole(), || expected("a whole number")),
            Nest::Float(cells) => push(cells, scalar.float(), || expected("a number within its range")),
            Nest::Double(cells) => push(cells, scalar.float(), || expected("a number within its range")),
            Nest::Decimal(cells) => {
                let what = || expected(&format!("a number with at most {scale} digits behind the point"));
                push(cells, scalar.decimal(scale), what)
            }
            Nest::Text(cells) => push(cells, scalar.text(), || expected("a text")),
            Nest::Bytes(cells) => {
                push(cells, scalar.bytes().as_deref(), || expected("a text of hexadecimal digits, two a byte"))
            }
            Nest::Date(cells) => push(cells, scalar.date(), || expected("a date, as \"2001-01-31\"")),
            Nest::Time(cells) => {
                let time = scalar.trimmed().and_then(|text| text.parse().ok());
                push(cells, time, || expected("a time, as \"10:00:00\""))
            }
            Nest::Timestamp(cells) => {
                let count = scalar.count().map(|count| Timestamp::new(count, unit));
                let stamp = count.or_else(|| scalar.trimmed()?.parse().ok());
                push(cells, stamp, || expected("a timestamp, as \"2001-01-31T10:00:00\""))
            }
            Nest::TimestampLtz(cells) => {
                let count = scalar.count().map(|count| TimestampLtz::new(count, unit));
                let stamp = count.or_else(|| scalar.trimmed()?.parse().ok());
                push(cells, stamp, || expected("an instant, as \"2001-01-31T10:00:00Z\""))
            }
            Nest::Array(..) | Nest::Map(..) | Nest::Row(..) | Nest::Other(_) => Err(expected("a nested value")),
        }
    }
}

/// Adds a value that could be read, or else a row without one.
fn push<T: Value + ?Sized>(
    cells: &mut Cells<T>,
    value: Option<T::Item<'_>>,
    expected: impl Fn() -> JsonError,
) -> Result<(), JsonError> {
    match value {
        Some(value) => Ok(cells.push(value)?),
        None => {
            cells.skip();
            Err(expected())
        }
    }
}
