//! From words to an expression.

use crate::lex::{Operator, SyntaxError, Token, tokens};

/// A condition as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Comparison(Name, Operator, Literal),
    IsNull { column: Name, negated: bool },
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

/// How deep parentheses may stand within each other.
const MAX_DEPTH: usize = 64;

/// Reads a condition.
pub(crate) fn parse(text: &str) -> Result<Expression, SyntaxError> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let expression = parser.or()?;
    match parser.peek() {
        Token::End => Ok(expression),
        _ => Err(parser.expected("`and`, `or` or the end")),
    }
}

struct Parser {
    /// Never empty: `End` is last, and never passed.
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next].1
    }

    fn position(&self) -> usize {
        self.tokens[self.next].0
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn expected(&self, what: &str) -> SyntaxError {
        SyntaxError::new(self.position(), format!("expected {what}, found {}", self.peek()))
    }

    /// Passes a keyword, in any case, if it is next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let is_next = matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        if is_next {
            self.take();
        }
        is_next
    }

    fn or(&mut self) -> Result<Expression, SyntaxError> {
        let first = self.and()?;
        let mut all = vec![first];
        while self.keyword("or") {
            all.push(self.and()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::Or(all) })
    }

    fn and(&mut self) -> Result<Expression, SyntaxError> {
        let first = self.term()?;
        let mut all = vec![first];
        while self.keyword("and") {
            all.push(self.term()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::And(all) })
    }

    fn term(&mut self) -> Result<Expression, SyntaxError> {
        if *self.peek() != Token::Open {
            return self.comparison();
        }
        if self.depth == MAX_DEPTH {
            return Err(SyntaxError::new(
                self.position(),
                format!("more than {MAX_DEPTH} parentheses within each other"),
            ));
        }
        self.take();
        self.depth += 1;
        let expression = self.or()?;
        self.depth -= 1;
        if *self.peek() != Token::Close {
            return Err(self.expected("`)`"));
        }
        self.take();
        Ok(expression)
    }

    fn comparison(&mut self) -> Result<Expression, SyntaxError> {
        let position = self.position();
        let text = match self.peek() {
            Token::Name(name) => name.clone(),
            Token::Word(word) if !is_reserved(word) => word.clone(),
            _ => return Err(self.expected("a column")),
        };
        self.take();
        let column = Name { text, position };
        if self.keyword("is") {
            let negated = self.keyword("not");
            return match self.keyword("null") {
                true => Ok(Expression::IsNull { column, negated }),
                false => Err(self.expected("`null`")),
            };
        }
        let Token::Operator(operator) = *self.peek() else {
            return Err(self.expected("a comparison (=, !=, <, <=, >, >=) or `is null`"));
        };
        self.take();
        Ok(Expression::Comparison(column, operator, self.literal()?))
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        let position = self.position();
        let kind = match self.peek() {
            Token::Number(text) => LiteralKind::Number(text.clone()),
            Token::Text(text) => LiteralKind::Text(text.clone()),
            Token::Bytes(bytes) => LiteralKind::Bytes(bytes.clone()),
            Token::Word(word) if word.eq_ignore_ascii_case("true") => LiteralKind::Boolean(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => LiteralKind::Boolean(false),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => {
                return Err(SyntaxError::new(position, "nothing compares with null: use `is null` or `is not null`"));
            }
            _ => return Err(self.expected("a literal (30, 'text', x'00ff', true or false)")),
        };
        self.take();
        Ok(Literal { kind, position })
    }
}

/// Words that are no column unless quoted.
fn is_reserved(word: &str) -> bool {
    ["and", "or", "is", "not", "null", "true", "false", "in", "like", "between"]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn and_binds_tighter_than_or() {
        let expression = parse("a = 1 or b = 2 AND (c = 3 or `d d` is not null)").unwrap();
        let Expression::Or(parts) = expression else { panic!("{expression:?}") };
        let Expression::And(parts) = &parts[1] else { panic!("{parts:?}") };
        assert!(
            matches!(&parts[1], Expression::Or(parts) if matches!(&parts[1], Expression::IsNull { column, negated: true } if column.text == "d d"))
        );
    }

    #[test]
    fn quotes_are_doubled_inside() {
        let Expression::Comparison(column, _, literal) = parse(r#""a""b"<>'it''s'"#).unwrap() else { panic!() };
        assert_eq!((column.text.as_str(), literal.kind), ("a\"b", LiteralKind::Text("it's".to_owned())));
    }

    #[test]
    fn errors_say_where_and_what() {
        for (text, message) in [
            ("", "at character 1: expected a column, found the end"),
            ("delay >", "at character 8: expected a literal (30, 'text', x'00ff', true or false), found the end"),
            ("é > and", "at character 5: expected a literal (30, 'text', x'00ff', true or false), found `and`"),
            ("a = 1 b", "at character 7: expected `and`, `or` or the end, found `b`"),
            ("a 1", "at character 3: expected a comparison (=, !=, <, <=, >, >=) or `is null`, found `1`"),
            ("(a = 1", "at character 7: expected `)`, found the end"),
            ("a = 'x", "at character 5: the ' has no closing '"),
            ("a = x'0'", "at character 5: expected pairs of hexadecimal digits, as x'00ff'"),
            ("a = null", "at character 5: nothing compares with null: use `is null` or `is not null`"),
            ("a = 1 ; b", "at character 7: `;` has no meaning here"),
            ("30 < a", "at character 1: expected a column, found `30`"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
    }
}
