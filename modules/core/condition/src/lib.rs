//! Conditions on columns in the words of SQL, read: no dependencies, for the stock module `where`, whose documentation has
//! the words, and for clients that let servers leave out what cannot fit.
//!
//! ```text
//! lex         the words of a condition
//! parse       from words to an expression
//! expression  a condition as it was written
//! ```

mod expression;
mod lex;
mod parse;

pub use expression::{Expression, Literal, LiteralKind, Name, Operand};
pub use lex::{Operator, SyntaxError};
pub use parse::parse;
