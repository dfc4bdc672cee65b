//! The filter of a fetch (`fluss.md` 2.4, PbPredicate): whether a batch may have a row that fits, by its statistics. What is
//! not known for sure may fit: who asks goes over the rows again.

use std::cmp::Ordering;

use super::Scalar;
use super::row::wide_value;
use super::statistics::ColumnStatistics;
use crate::message::{PbLeafPredicate, PbLiteralValue, PbPredicate};
use crate::table::{DataType, Schema};

/// Tests within tests that are looked at.
const DEPTH: usize = 64;
/// Tests and literals of one filter: it is gone over for each batch.
const MOST: usize = 10_000;

/// A filter whose columns and literals are known.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// All of these fit.
    All(Vec<Predicate>),
    /// One of these fits.
    Any(Vec<Predicate>),
    /// A column has such a value.
    Test {
        /// The column, by its number within the schema.
        column: i32,
        /// What is tested.
        test: Test,
        /// Against what.
        literals: Vec<Literal>,
    },
    /// It cannot be said.
    Unknown,
}

/// What a column is tested for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Test {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    IsNull,
    IsNotNull,
    StartsWith,
    /// Parts of texts, of which the least and the greatest text tell nothing.
    Contains,
    EndsWith,
    In,
    NotIn,
}

/// A value that a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// One of a fixed width.
    Fixed(Scalar<'static>),
    /// A text.
    Text(Box<[u8]>),
}

impl Literal {
    fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Fixed(scalar) => *scalar,
            Self::Text(bytes) => Scalar::Bytes(bytes),
        }
    }
}

impl Predicate {
    /// Reads a filter on tables of this schema. What cannot be read is `Unknown`, and so are tests of columns that there are
    /// not, literals of another type than their column, and what is more than 64 deep or 10,000 tests and literals.
    pub fn of_message(message: &PbPredicate, schema: &Schema) -> Self {
        Self::within(message, schema, DEPTH, &mut { MOST })
    }

    /// As `of_message`; so deep it may be, and so much of it is `left`.
    fn within(message: &PbPredicate, schema: &Schema, depth: usize, left: &mut usize) -> Self {
        let size = 1 + message.leaf.as_ref().map_or(0, |leaf| leaf.literals.len());
        let (Some(deeper), Some(rest)) = (depth.checked_sub(1), left.checked_sub(size)) else { return Self::Unknown };
        *left = rest;
        match (message.r#type, &message.leaf, &message.compound) {
            (0, Some(leaf), _) => Self::of_leaf(leaf, schema).unwrap_or(Self::Unknown),
            (1, _, Some(compound)) => {
                let parts = compound.children.iter().map(|part| Self::within(part, schema, deeper, left)).collect();
                match compound.function {
                    0 => Self::All(parts),
                    1 => Self::Any(parts),
                    _ => Self::Unknown,
                }
            }
            _ => Self::Unknown,
        }
    }

    fn of_leaf(leaf: &PbLeafPredicate, schema: &Schema) -> Option<Self> {
        let column = schema.columns.iter().find(|column| column.id == leaf.field_id)?;
        let test = Test::of_code(leaf.function)?;
        let literal = |literal: &PbLiteralValue| Literal::of_message(literal, &column.column_type.data_type);
        let literals = leaf.literals.iter().map(literal).collect::<Option<_>>()?;
        Some(Self::Test { column: column.id, test, literals })
    }

    /// Whether one of so many rows may fit, as far as `known` says of a column by its number what its statistics are.
    pub fn may_fit<'a>(&self, rows: u32, known: &impl Fn(i32) -> Option<ColumnStatistics<'a>>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.may_fit(rows, known)),
            Self::Any(parts) => parts.is_empty() || parts.iter().any(|part| part.may_fit(rows, known)),
            Self::Test { column, test, literals } => {
                known(*column).is_none_or(|known| test.may_fit(rows, known, literals))
            }
            Self::Unknown => true,
        }
    }
}

impl Test {
    fn of_code(code: i32) -> Option<Self> {
        const CODES: [Test; 13] = [
            Test::Equal,
            Test::NotEqual,
            Test::Less,
            Test::LessOrEqual,
            Test::Greater,
            Test::GreaterOrEqual,
            Test::IsNull,
            Test::IsNotNull,
            Test::StartsWith,
            Test::Contains,
            Test::EndsWith,
            Test::In,
            Test::NotIn,
        ];
        CODES.get(usize::try_from(code).ok()?).copied()
    }

    fn may_fit(self, rows: u32, known: ColumnStatistics<'_>, literals: &[Literal]) -> bool {
        let all_null = known.nulls.is_some_and(|nulls| nulls >= rows);
        match self {
            Self::IsNull => return known.nulls != Some(0),
            // A null fits no other test.
            _ if all_null => return false,
            Self::IsNotNull | Self::Contains | Self::EndsWith => return true,
            _ => {}
        }
        let (Some(least), Some(greatest)) = (known.least, known.greatest) else { return true };
        let is = |bound: Scalar<'_>, literal: &Literal, fits: fn(Ordering) -> bool| {
            // What does not compare, as NaN, is not known.
            compare(bound, literal.scalar()).is_none_or(fits)
        };
        let has = |literal: &Literal| is(least, literal, Ordering::is_le) && is(greatest, literal, Ordering::is_ge);
        let only = |literal: &Literal| {
            let same = |bound| compare(bound, literal.scalar()) == Some(Ordering::Equal);
            same(least) && same(greatest)
        };
        match (self, literals) {
            (Self::In, literals) => literals.iter().any(has),
            (Self::NotIn, literals) => !literals.iter().any(only),
            (Self::Equal, [literal]) => has(literal),
            (Self::NotEqual, [literal]) => !only(literal),
            (Self::Less, [literal]) => is(least, literal, Ordering::is_lt),
            (Self::LessOrEqual, [literal]) => is(least, literal, Ordering::is_le),
            (Self::Greater, [literal]) => is(greatest, literal, Ordering::is_gt),
            (Self::GreaterOrEqual, [literal]) => is(greatest, literal, Ordering::is_ge),
            (Self::StartsWith, [Literal::Text(start)]) => match (least, greatest) {
                (Scalar::Bytes(least), Scalar::Bytes(greatest)) => {
                    (least.starts_with(start) || least <= start.as_ref())
                        && (greatest.starts_with(start) || greatest >= start.as_ref())
                }
                _ => true,
            },
            _ => true,
        }
    }
}

/// How two values of one type compare; `None` where they do not, or are of two types.
fn compare(one: Scalar<'_>, other: Scalar<'_>) -> Option<Ordering> {
    use Scalar::{BigInt, Boolean, Bytes, Decimal, Double, Float, Int, SmallInt, Timestamp, TinyInt};
    match (one, other) {
        (Boolean(one), Boolean(other)) => Some(one.cmp(&other)),
        (TinyInt(one), TinyInt(other)) => Some(one.cmp(&other)),
        (SmallInt(one), SmallInt(other)) => Some(one.cmp(&other)),
        (Int(one), Int(other)) => Some(one.cmp(&other)),
        (BigInt(one), BigInt(other)) => Some(one.cmp(&other)),
        (Float(one), Float(other)) => one.partial_cmp(&other),
        (Double(one), Double(other)) => one.partial_cmp(&other),
        (Decimal(one), Decimal(other)) => Some(one.cmp(&other)),
        (Bytes(one), Bytes(other)) => Some(one.cmp(other)),
        (Timestamp { millis: a, nanos: x }, Timestamp { millis: b, nanos: y }) => Some((a, x).cmp(&(b, y))),
        _ => None,
    }
}

impl Literal {
    /// A literal for a column of this type; `None` for a null, and for one of another type.
    fn of_message(literal: &PbLiteralValue, data_type: &DataType) -> Option<Self> {
        if literal.is_null {
            return None;
        }
        let fixed = match (data_type, literal.literal_type) {
            (DataType::Boolean, 0) => Scalar::Boolean(literal.boolean_value?),
            (DataType::TinyInt, 1) => Scalar::TinyInt(i8::try_from(literal.int_value?).ok()?),
            (DataType::SmallInt, 2) => Scalar::SmallInt(i16::try_from(literal.int_value?).ok()?),
            (DataType::Int, 3) | (DataType::Time(_), 11) => Scalar::Int(literal.int_value?),
            (DataType::BigInt, 4) => Scalar::BigInt(literal.bigint_value?),
            (DataType::Float, 5) => Scalar::Float(literal.float_value?),
            (DataType::Double, 6) => Scalar::Double(literal.double_value?),
            (DataType::Char(_) | DataType::String, 7 | 8) => {
                return Some(Self::Text(literal.string_value.as_ref()?.as_bytes().into()));
            }
            (DataType::Decimal { .. }, 9) => Scalar::Decimal(match &literal.decimal_bytes {
                Some(bytes) => wide_value(bytes)?,
                None => literal.decimal_value?.into(),
            }),
            (DataType::Date, 10) => Scalar::Int(i32::try_from(literal.bigint_value?).ok()?),
            (DataType::Timestamp(_), 12) | (DataType::TimestampLtz(_), 13) => Scalar::Timestamp {
                millis: literal.timestamp_millis_value?,
                nanos: u32::try_from(literal.timestamp_nano_of_millis_value.unwrap_or(0)).ok()?,
            },
            _ => return None,
        };
        Some(Self::Fixed(fixed))
    }
}

#[cfg(test)]
mod tests;
