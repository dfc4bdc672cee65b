//! From an expression and a schema to a condition: finds the columns, gives literals their columns' types.

use thalweg_condition::{Expression, Literal, LiteralKind, Name, Operand, Operator};
use thalweg_module::{DataType, Date, Error, Plan, Schema, Timestamp, TimestampLtz};

use crate::columns::{self, Side};
use crate::condition::{Condition, Test};
use crate::like::Pattern;
use crate::literal::{Target, wrong};
use crate::range::{Set, Wanted};
use crate::values::{self, Asked, booleans, counted, decimals, floats, times};

/// Finds the columns of an expression and settles its tests. The plan then reads those columns and no other.
pub(crate) fn compile(expression: &Expression, schema: &Schema, plan: &mut Plan) -> Result<Condition, Error> {
    Compiler { schema, plan }.condition(expression, false)
}

struct Compiler<'a> {
    schema: &'a Schema,
    plan: &'a mut Plan,
}

/// What literals a column is tested against.
enum Literals<'e> {
    Compared(Operator, &'e Literal),
    Among(&'e [Literal]),
}

impl Literals<'_> {
    /// The whole numbers that fit a column of them.
    fn whole(&self, target: Target<'_>) -> Result<Wanted<i128>, Error> {
        Ok(match *self {
            Self::Compared(operator, literal) => Wanted::compared(operator, target.exact(literal)?, target.scale()),
            Self::Among(literals) => {
                let exact = literals.iter().map(|literal| target.exact(literal)).collect::<Result<Vec<_>, _>>()?;
                Wanted::among(exact, target.scale())
            }
        })
    }

    /// The literals as values that `read` makes of them.
    fn asked<T: PartialOrd>(&self, read: impl Fn(&Literal) -> Result<T, Error>) -> Result<Asked<T>, Error> {
        Ok(match *self {
            Self::Compared(operator, literal) => Asked::Compared(operator, read(literal)?),
            Self::Among(literals) => Asked::Among(Set::new(literals.iter().map(read).collect::<Result<_, _>>()?)),
        })
    }
}

impl<'a> Compiler<'a> {
    /// The condition, or its opposite. `not` goes down to the tests: `not (a and b)` is `not a or not b`.
    fn condition(&mut self, expression: &Expression, negated: bool) -> Result<Condition, Error> {
        let test = match expression {
            Expression::Or(parts) | Expression::And(parts) => {
                let parts = parts.iter().map(|part| self.condition(part, negated)).collect::<Result<_, _>>()?;
                let is_any = matches!(expression, Expression::Or(_)) != negated;
                return Ok(if is_any { Condition::Any(parts) } else { Condition::All(parts) });
            }
            Expression::Not(part) => return self.condition(part, !negated),
            Expression::Comparison(column, operator, Operand::Literal(literal)) => {
                self.values(column, &Literals::Compared(*operator, literal))
            }
            Expression::In(column, literals) => self.values(column, &Literals::Among(literals)),
            Expression::Comparison(left, operator, Operand::Column(right)) => self.columns(left, *operator, right),
            Expression::Like(column, pattern, escape) => self.like(column, pattern, *escape),
            Expression::IsNull(column) => self.nulls(column),
            Expression::Column(column) => self.boolean(column),
        };
        Ok(Condition::Test { test: test?, negated })
    }

    fn data_type(&self, column: &Name) -> Result<&'a DataType, Error> {
        match self.schema.column(&column.text) {
            Ok((_, field)) => Ok(&field.data_type),
            Err(error) => Err(Error::input(format!("at character {} of the condition: {error}", column.position))),
        }
    }

    fn values(&mut self, column: &Name, literals: &Literals<'_>) -> Result<Test, Error> {
        let name = column.text.as_str();
        let data_type = self.data_type(column)?;
        let target = Target { column, data_type };
        let whole = || literals.whole(target);
        let plan = &mut *self.plan;
        Ok(match data_type {
            DataType::Boolean => booleans(plan.read(name)?, &whole()?),
            DataType::Tinyint => counted::<i8>(plan.read(name)?, &whole()?),
            DataType::Smallint => counted::<i16>(plan.read(name)?, &whole()?),
            DataType::Int => counted::<i32>(plan.read(name)?, &whole()?),
            DataType::Bigint => counted::<i64>(plan.read(name)?, &whole()?),
            DataType::Float => floats::<f32>(plan.read(name)?, literals.asked(|literal| target.float(literal))?),
            DataType::Double => floats::<f64>(plan.read(name)?, literals.asked(|literal| target.float(literal))?),
            DataType::Decimal(_) => decimals(plan.read(name)?, whole()?),
            DataType::Date => counted::<Date>(plan.read(name)?, &whole()?),
            DataType::Time(_) => times(plan.read(name)?, &whole()?),
            DataType::Timestamp(_) => counted::<Timestamp>(plan.read(name)?, &whole()?),
            DataType::TimestampLtz(_) => counted::<TimestampLtz>(plan.read(name)?, &whole()?),
            DataType::Text | DataType::FixedText(_) | DataType::Bytes | DataType::FixedBytes(_) => {
                values::bytes(plan.read(name)?, literals.asked(|literal| target.bytes(literal))?)
            }
            _ => return Err(unsupported(column, data_type)),
        })
    }

    fn columns(&mut self, left: &Name, operator: Operator, right: &Name) -> Result<Test, Error> {
        let (first, second) = (self.data_type(left)?, self.data_type(right)?);
        let sides = (Side::new(left, first), Side::new(right, second));
        columns::compared(self.plan, sides.0, operator, sides.1)?.ok_or_else(|| {
            let message = format!(
                "column `{}` is {first}: it does not compare with `{}`, which is {second}",
                left.text, right.text
            );
            wrong(right.position, message)
        })
    }

    fn like(&mut self, column: &Name, pattern: &Literal, escape: Option<char>) -> Result<Test, Error> {
        let data_type = self.data_type(column)?;
        if !matches!(data_type, DataType::Text | DataType::FixedText(_)) {
            return Err(wrong(column.position, format!("column `{}` is {data_type}: `like` tests texts", column.text)));
        }
        let LiteralKind::Text(text) = &pattern.kind else {
            return Err(wrong(pattern.position, "expected a pattern, as 'S%'"));
        };
        let pattern = Pattern::new(text, escape).map_err(|message| wrong(pattern.position, message))?;
        Ok(values::like(self.plan.read(&column.text)?, pattern))
    }

    fn boolean(&mut self, column: &Name) -> Result<Test, Error> {
        match self.data_type(column)? {
            DataType::Boolean => Ok(booleans(self.plan.read(&column.text)?, &Wanted::Range(1, 1))),
            other => Err(wrong(column.position, format!("column `{}` is {other}: expected a comparison", column.text))),
        }
    }

    fn nulls(&mut self, column: &Name) -> Result<Test, Error> {
        self.data_type(column)?;
        Ok(values::nulls(self.plan.read_any(&column.text)?))
    }
}

fn unsupported(column: &Name, data_type: &DataType) -> Error {
    Error::input(format!(
        "at character {} of the condition: column `{}` is {data_type}, which `where` cannot test",
        column.position, column.text
    ))
}
