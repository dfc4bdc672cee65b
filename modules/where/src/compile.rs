//! From an expression and a schema to a condition: finds the columns, gives literals their columns' types.

use thalweg_module::{DataType, Date, Decimal, Error, Plan, Schema, Time, Timestamp, TimestampLtz, Unit, Value};

use crate::civil;
use crate::condition::{Condition, Test, booleans, bytes, each_in_range, floats, in_range, nulls};
use crate::lex::{Operator, SyntaxError};
use crate::parse::{Expression, Literal, LiteralKind, Name};
use crate::range::Range;

/// Finds the columns of an expression and settles its comparisons. The plan then reads those columns and no other.
pub(crate) fn compile(expression: &Expression, schema: &Schema, plan: &mut Plan) -> Result<Condition, Error> {
    let mut all = |parts: &[Expression]| parts.iter().map(|part| compile(part, schema, plan)).collect::<Result<_, _>>();
    Ok(match expression {
        Expression::Or(parts) => Condition::Any(all(parts)?),
        Expression::And(parts) => Condition::All(all(parts)?),
        Expression::Comparison(column, operator, literal) => {
            let data_type = data_type(schema, column)?;
            Condition::Test(Comparison { column, data_type, operator: *operator, literal }.test(plan)?)
        }
        Expression::IsNull { column, negated } => {
            Condition::Test(null_test(plan, column, data_type(schema, column)?, *negated)?)
        }
    })
}

fn data_type<'a>(schema: &'a Schema, column: &Name) -> Result<&'a DataType, Error> {
    match schema.column(&column.text) {
        Ok((_, field)) => Ok(&field.data_type),
        Err(error) => Err(Error::input(format!("at character {} of the condition: {error}", column.position))),
    }
}

/// One comparison of a column with a literal.
struct Comparison<'a> {
    column: &'a Name,
    data_type: &'a DataType,
    operator: Operator,
    literal: &'a Literal,
}

impl Comparison<'_> {
    fn test(&self, plan: &mut Plan) -> Result<Test, Error> {
        let name = self.column.text.as_str();
        let operator = self.operator;
        Ok(match self.data_type {
            DataType::Boolean => booleans(plan.read(name)?, self.boolean()?.within(i8::MIN, i8::MAX)),
            DataType::Tinyint => in_range::<i8>(plan.read(name)?, self.number(0)?.within(i8::MIN, i8::MAX)),
            DataType::Smallint => in_range::<i16>(plan.read(name)?, self.number(0)?.within(i16::MIN, i16::MAX)),
            DataType::Int => in_range::<i32>(plan.read(name)?, self.number(0)?.within(i32::MIN, i32::MAX)),
            DataType::Bigint => in_range::<i64>(plan.read(name)?, self.number(0)?.within(i64::MIN, i64::MAX)),
            DataType::Float => floats::<f32>(plan.read(name)?, operator, self.float()?),
            DataType::Double => floats::<f64>(plan.read(name)?, operator, self.float()?),
            DataType::Decimal((_, scale)) => {
                each_in_range::<Decimal, _>(plan.read(name)?, self.number(*scale)?, Decimal::unscaled)
            }
            DataType::Date => in_range::<Date>(plan.read(name)?, self.date()?.within(i32::MIN, i32::MAX)),
            DataType::Time(precision) => {
                let seconds = self.written("a time, as '10:00:00'", civil::time)?;
                each_in_range::<Time, _>(plan.read(name)?, self.moments(seconds, *precision), Time::value)
            }
            DataType::Timestamp(precision) => {
                in_range::<Timestamp>(plan.read(name)?, self.moments(self.timestamp()?, *precision))
            }
            DataType::TimestampLtz(precision) => {
                in_range::<TimestampLtz>(plan.read(name)?, self.moments(self.timestamp()?, *precision))
            }
            DataType::Text | DataType::FixedText(_) => {
                let literal = self.written("a text, as 'SEA'", |text| Some(text.as_bytes().to_vec()))?;
                bytes(plan.read(name)?, operator, literal)
            }
            DataType::Bytes | DataType::FixedBytes(_) => bytes(plan.read(name)?, operator, self.bytes()?),
            _ => return Err(unsupported(self.column, self.data_type)),
        })
    }

    fn boolean(&self) -> Result<Range<i128>, Error> {
        match self.literal.kind {
            LiteralKind::Boolean(value) => Ok(Range::of(self.operator, Decimal::new(value.into(), 0), 0)),
            _ => Err(self.mismatch("true or false")),
        }
    }

    /// The whole numbers that fit in a column of numbers with so many digits behind the point.
    fn number(&self, scale: u8) -> Result<Range<i128>, Error> {
        let LiteralKind::Number(text) = &self.literal.kind else {
            return Err(self.mismatch("a number, as 30 or -1.5"));
        };
        let number: Decimal = text.parse().map_err(|error| {
            Error::config("if", SyntaxError::new(self.literal.position, format!("`{text}` is {error}")).to_string())
        })?;
        Ok(Range::of(self.operator, number, scale))
    }

    /// The nearest float. The reader of floats knows words, such as `inf`, that are no numbers here.
    fn float<T: std::str::FromStr>(&self) -> Result<T, Error> {
        match &self.literal.kind {
            LiteralKind::Number(text) if text.bytes().all(|byte| b"0123456789+-.eE".contains(&byte)) => {
                text.parse().ok()
            }
            _ => None,
        }
        .ok_or_else(|| self.mismatch("a number, as 30 or -1.5"))
    }

    fn date(&self) -> Result<Range<i128>, Error> {
        let days = self.written("a date, as '2001-01-31'", civil::date)?;
        Ok(Range::of(self.operator, Decimal::new(days.into(), 0), 0))
    }

    fn timestamp(&self) -> Result<Decimal, Error> {
        self.written("a timestamp, as '2001-01-31 10:00:00'", civil::timestamp)
    }

    /// The counts of a column's unit that fit.
    fn moments(&self, seconds: Decimal, precision: u8) -> Range<i64> {
        Range::of(self.operator, seconds, Unit::of_precision(precision).digits()).within(i64::MIN, i64::MAX)
    }

    fn bytes(&self) -> Result<Vec<u8>, Error> {
        match &self.literal.kind {
            LiteralKind::Bytes(bytes) => Ok(bytes.clone()),
            _ => Err(self.mismatch("bytes, as x'00ff'")),
        }
    }

    /// What stands in single quotes, read by `read`.
    fn written<T>(&self, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
        match &self.literal.kind {
            LiteralKind::Text(text) => read(text),
            _ => None,
        }
        .ok_or_else(|| self.mismatch(expected))
    }

    fn mismatch(&self, expected: &str) -> Error {
        let found = match &self.literal.kind {
            LiteralKind::Number(text) => format!("`{text}`"),
            LiteralKind::Text(text) => format!("'{text}'"),
            LiteralKind::Bytes(_) => "bytes".to_owned(),
            LiteralKind::Boolean(value) => value.to_string(),
        };
        let (name, data_type) = (&self.column.text, self.data_type);
        let message = format!("column `{name}` is {data_type}: expected {expected}, found {found}");
        Error::config("if", SyntaxError::new(self.literal.position, message).to_string())
    }
}

fn null_test(plan: &mut Plan, column: &Name, data_type: &DataType, negated: bool) -> Result<Test, Error> {
    let name = column.text.as_str();
    fn test<T: Value + ?Sized>(plan: &mut Plan, name: &str, negated: bool) -> Result<Test, Error> {
        Ok(nulls(plan.read::<T>(name)?, negated))
    }
    match data_type {
        DataType::Boolean => test::<bool>(plan, name, negated),
        DataType::Tinyint => test::<i8>(plan, name, negated),
        DataType::Smallint => test::<i16>(plan, name, negated),
        DataType::Int => test::<i32>(plan, name, negated),
        DataType::Bigint => test::<i64>(plan, name, negated),
        DataType::Float => test::<f32>(plan, name, negated),
        DataType::Double => test::<f64>(plan, name, negated),
        DataType::Decimal(_) => test::<Decimal>(plan, name, negated),
        DataType::Date => test::<Date>(plan, name, negated),
        DataType::Time(_) => test::<Time>(plan, name, negated),
        DataType::Timestamp(_) => test::<Timestamp>(plan, name, negated),
        DataType::TimestampLtz(_) => test::<TimestampLtz>(plan, name, negated),
        DataType::Text | DataType::FixedText(_) | DataType::Bytes | DataType::FixedBytes(_) => {
            test::<[u8]>(plan, name, negated)
        }
        _ => Err(unsupported(column, data_type)),
    }
}

fn unsupported(column: &Name, data_type: &DataType) -> Error {
    Error::input(format!(
        "at character {} of the condition: column `{}` is {data_type}, which `where` cannot test",
        column.position, column.text
    ))
}
