//! A condition as it was written.

use crate::lex::Operator;

/// A condition, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Not(Box<Expression>),
    Comparison(Name, Operator, Operand),
    /// The column is one of these.
    In(Name, Vec<Literal>),
    /// The column's text looks like a pattern; with the character that takes the meaning from `%` and `_`.
    Like(Name, Literal, Option<char>),
    IsNull(Name),
    /// A boolean column alone.
    Column(Name),
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Column(Name),
    Literal(Literal),
}

/// A column and where it was named.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) position: usize,
}

/// What a column is compared with, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Literal {
    pub(crate) kind: LiteralKind,
    pub(crate) position: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LiteralKind {
    Number(String),
    Text(String),
    Bytes(Vec<u8>),
    Boolean(bool),
}

impl Expression {
    /// The opposite.
    #[must_use]
    pub(crate) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// The opposite, if asked for.
    #[must_use]
    pub(crate) fn not_if(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }
}
