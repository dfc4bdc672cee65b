//! JSON's numbers, texts and truth values as values of flat types.

use std::borrow::Cow;
use std::str::FromStr;

use super::read::{JsonError, mismatch};
use crate::any::{Nest, Node};
use crate::builder::Cells;
use crate::{DataType, Date, Decimal, Time, Timestamp, TimestampLtz, Unit, Value};

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
    pub(super) fn read(json: &'a str) -> Self {
        let kind = match json.as_bytes().first() {
            Some(b't') => Kind::Boolean(true),
            Some(b'f') => Kind::Boolean(false),
            Some(b'"') if !json.contains('\\') => Kind::Text(json.trim_matches('"').into()),
            Some(b'"') => Kind::Text(serde_json::from_str::<String>(json).unwrap_or_default().into()),
            Some(b'{' | b'[') => Kind::Nested,
            _ => Kind::Number(json),
        };
        Self { json, kind }
    }

    fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
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
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number; with an exponent or a point it must also be exact as a double.
    fn whole<T: FromStr + TryFrom<i64>>(&self) -> Option<T> {
        const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
        let digits = self.digits()?;
        digits.parse().ok().or_else(|| {
            let number = digits.parse::<f64>().ok().filter(|it| it.fract() == 0.0 && it.abs() <= EXACT)?;
            T::try_from(number as i64).ok()
        })
    }

    /// A count that stands as a number, not in quotes.
    fn count<T: FromStr + TryFrom<i64>>(&self) -> Option<T> {
        matches!(self.kind, Kind::Number(_)).then(|| self.whole())?
    }

    fn decimal(&self) -> Option<Decimal> {
        self.digits()?.parse().ok()
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let (pairs, rest) = self.text()?.as_bytes().as_chunks::<2>();
        let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
        let pair = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
        rest.is_empty().then(|| pairs.iter().map(pair).collect())?
    }

    fn date(&self) -> Option<Date> {
        self.count().map(Date::from_days).or_else(|| self.text()?.parse().ok())
    }
}

impl Node {
    /// Adds a value of a flat type.
    pub(super) fn push_scalar(&mut self, scalar: &Scalar<'_>) -> Result<(), JsonError> {
        let data_type = &self.data_type;
        let expected = |what: &str| mismatch(format_args!("{what} for {data_type}"), scalar.json);
        let unit = match *data_type {
            DataType::Time(precision) | DataType::Timestamp(precision) | DataType::TimestampLtz(precision) => {
                Unit::of_precision(precision)
            }
            _ => Unit::Seconds,
        };
        match &mut self.cells {
            Nest::Boolean(cells) => push(cells, scalar.boolean(), || expected("true or false")),
            Nest::Tinyint(cells) => push(cells, scalar.whole(), || expected("a whole number")),
            Nest::Smallint(cells) => push(cells, scalar.whole(), || expected("a whole number")),
            Nest::Int(cells) => push(cells, scalar.whole(), || expected("a whole number")),
            Nest::Bigint(cells) => push(cells, scalar.whole(), || expected("a whole number")),
            Nest::Float(cells) => {
                let number = scalar.digits().and_then(|digits| digits.parse().ok());
                push(cells, number, || expected("a number"))
            }
            Nest::Double(cells) => {
                let number = scalar.digits().and_then(|digits| digits.parse().ok());
                push(cells, number, || expected("a number"))
            }
            Nest::Decimal(cells) => push(cells, scalar.decimal(), || expected("a number of at most 38 digits")),
            Nest::Text(cells) => push(cells, scalar.text(), || expected("a text")),
            Nest::Bytes(cells) => {
                push(cells, scalar.bytes().as_deref(), || expected("a text of hexadecimal digits, two a byte"))
            }
            Nest::Date(cells) => push(cells, scalar.date(), || expected("a date, as \"2001-01-31\"")),
            Nest::Time(cells) => {
                let count = scalar.count().map(|count| Time::new(count, unit));
                let time = count.or_else(|| scalar.text()?.parse().ok());
                push(cells, time, || expected("a time, as \"10:00:00\""))
            }
            Nest::Timestamp(cells) => {
                let count = scalar.count().map(|count| Timestamp::new(count, unit));
                let stamp = count.or_else(|| scalar.text()?.parse().ok());
                push(cells, stamp, || expected("a timestamp, as \"2001-01-31T10:00:00\""))
            }
            Nest::TimestampLtz(cells) => {
                let count = scalar.count().map(|count| TimestampLtz::new(count, unit));
                let stamp = count.or_else(|| scalar.text()?.parse().ok());
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
