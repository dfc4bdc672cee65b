//! Literals as values of the columns that they meet.

use thalweg_condition::{Literal, LiteralKind, Name, SyntaxError};
use thalweg_module::{DataType, Date, Decimal, Error, Time, Timestamp, TimestampLtz, Unit};

/// A column that literals meet.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) column: &'a Name,
    pub(crate) data_type: &'a DataType,
}

impl Target<'_> {
    /// What a column of whole numbers counts in: so many digits behind the point.
    pub(crate) fn scale(self) -> u8 {
        match *self.data_type {
            DataType::Decimal((_, scale)) => scale,
            DataType::Time(precision) | DataType::Timestamp(precision) | DataType::TimestampLtz(precision) => {
                Unit::of_precision(precision).digits()
            }
            _ => 0,
        }
    }

    /// The literal as an exact number: days for a date, seconds for times and timestamps, 0 and 1 for booleans.
    pub(crate) fn exact(self, literal: &Literal) -> Result<Decimal, Error> {
        let counted = |value: i64, unit: Unit| Decimal::new(value.into(), unit.digits());
        match self.data_type {
            DataType::Boolean => match literal.kind {
                LiteralKind::Boolean(value) => Ok(Decimal::new(value.into(), 0)),
                _ => Err(self.mismatch(literal, "true or false")),
            },
            DataType::Date => {
                let date: Date = self.parsed(literal, "a date, as '2001-01-31'")?;
                Ok(Decimal::new(date.days().into(), 0))
            }
            DataType::Time(_) => {
                let time: Time = self.parsed(literal, "a time, as '10:00:00'")?;
                Ok(counted(time.value(), time.unit()))
            }
            DataType::Timestamp(_) => {
                let stamp: Timestamp = self.parsed(literal, "a timestamp, as '2001-01-31 10:00:00'")?;
                Ok(counted(stamp.value(), stamp.unit()))
            }
            DataType::TimestampLtz(_) => {
                let instant: TimestampLtz = self.parsed(literal, "an instant, as '2001-01-31T10:00:00Z'")?;
                Ok(counted(instant.value(), instant.unit()))
            }
            _ => self.number(literal),
        }
    }

    fn number(self, literal: &Literal) -> Result<Decimal, Error> {
        let LiteralKind::Number(text) = &literal.kind else {
            return Err(self.mismatch(literal, "a number, as 30 or -1.5"));
        };
        text.parse().map_err(|error| wrong(literal.position, format!("`{text}` is {error}")))
    }

    /// The nearest float. The reader of floats knows words, such as `inf`, that are no numbers here.
    pub(crate) fn float<T: std::str::FromStr>(self, literal: &Literal) -> Result<T, Error> {
        match &literal.kind {
            LiteralKind::Number(text) if text.bytes().all(|byte| b"0123456789+-.eE".contains(&byte)) => {
                text.parse().ok()
            }
            _ => None,
        }
        .ok_or_else(|| self.mismatch(literal, "a number, as 30 or -1.5"))
    }

    /// The bytes of a text or of bytes.
    pub(crate) fn bytes(self, literal: &Literal) -> Result<Vec<u8>, Error> {
        match (self.data_type, &literal.kind) {
            (DataType::Text | DataType::FixedText(_), LiteralKind::Text(text)) => Ok(text.as_bytes().to_vec()),
            (DataType::Text | DataType::FixedText(_), _) => Err(self.mismatch(literal, "a text, as 'SEA'")),
            (_, LiteralKind::Bytes(bytes)) => Ok(bytes.clone()),
            _ => Err(self.mismatch(literal, "bytes, as x'00ff'")),
        }
    }

    /// What stands in single quotes, read as a `T`.
    fn parsed<T: std::str::FromStr>(self, literal: &Literal, expected: &str) -> Result<T, Error> {
        match &literal.kind {
            LiteralKind::Text(text) => text.parse().ok(),
            _ => None,
        }
        .ok_or_else(|| self.mismatch(literal, expected))
    }

    fn mismatch(self, literal: &Literal, expected: &str) -> Error {
        let found = match &literal.kind {
            LiteralKind::Number(text) => format!("`{text}`"),
            LiteralKind::Text(text) => format!("'{text}'"),
            LiteralKind::Bytes(_) => "bytes".to_owned(),
            LiteralKind::Boolean(value) => value.to_string(),
        };
        let (name, data_type) = (&self.column.text, self.data_type);
        wrong(literal.position, format!("column `{name}` is {data_type}: expected {expected}, found {found}"))
    }
}

/// Something in the condition is wrong.
pub(crate) fn wrong(position: usize, message: impl Into<String>) -> Error {
    Error::config("if", SyntaxError::new(position, message).to_string())
}
