//! A condition as it was written.

use crate::lex::Operator;

/// A condition, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// One of these fits.
    Or(Vec<Expression>),
    /// All of these fit.
    And(Vec<Expression>),
    /// The opposite.
    Not(Box<Expression>),
    /// A column compared with a column or a literal.
    Comparison(Name, Operator, Operand),
    /// The column is one of these.
    In(Name, Vec<Literal>),
    /// The column's text looks like a pattern; with the character that takes the meaning from `%` and `_`.
    Like(Name, Literal, Option<char>),
    /// The column is null.
    IsNull(Name),
    /// A boolean column alone.
    Column(Name),
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A column.
    Column(Name),
    /// A value.
    Literal(Literal),
}

/// A column and where it was named.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The column's name.
    pub text: String,
    /// The character in the condition, counted from 1.
    pub position: usize,
}

/// What a column is compared with, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal {
    /// The value.
    pub kind: LiteralKind,
    /// The character in the condition, counted from 1.
    pub position: usize,
}

/// A value, as it was written: its type follows from the column that it meets.
#[derive(Debug, Clone, PartialEq)]
pub enum LiteralKind {
    /// `30`, `-1.5`, `1e3`.
    Number(String),
    /// `'SEA'`.
    Text(String),
    /// `x'00ff'`.
    Bytes(Vec<u8>),
    /// `true`, `false`.
    Boolean(bool),
}

impl Expression {
    /// The opposite.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it is the SQL word, and beside it stand `and` and `or`")]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// The opposite, if asked for.
    #[must_use]
    pub fn not_if(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }

    /// The columns that it names, each as often as it does.
    pub fn columns(&self) -> Vec<&Name> {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().flat_map(Self::columns).collect(),
            Self::Not(part) => part.columns(),
            Self::Comparison(left, _, Operand::Column(right)) => vec![left, right],
            Self::Comparison(column, ..)
            | Self::In(column, _)
            | Self::Like(column, ..)
            | Self::IsNull(column)
            | Self::Column(column) => vec![column],
        }
    }
}
