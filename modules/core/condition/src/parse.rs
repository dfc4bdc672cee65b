//! From words to an expression.

use crate::expression::{Expression, Literal, LiteralKind, Name, Operand};
use crate::lex::{Operator, SyntaxError, Token, tokens};

/// How deep parentheses may stand within each other.
const MAX_DEPTH: usize = 64;

const OPERAND: &str = "a column or a literal (30, 'text', x'00ff', true or false)";
const LITERAL: &str = "a literal (30, 'text', x'00ff', true or false)";

/// Reads a condition.
///
/// # Errors
/// On a text that is none; says at which character, what was expected and what was found.
pub fn parse(text: &str) -> Result<Expression, SyntaxError> {
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

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Passes a keyword, in any case, if it is next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let is_next = self.is_keyword(keyword);
        if is_next {
            self.take();
        }
        is_next
    }

    /// Passes a sign, which must be next.
    fn sign(&mut self, sign: &Token, name: &str) -> Result<(), SyntaxError> {
        if self.peek() != sign {
            return Err(self.expected(name));
        }
        self.take();
        Ok(())
    }

    fn or(&mut self) -> Result<Expression, SyntaxError> {
        let mut all = vec![self.and()?];
        while self.keyword("or") {
            all.push(self.and()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::Or(all) })
    }

    fn and(&mut self) -> Result<Expression, SyntaxError> {
        let mut all = vec![self.not()?];
        while self.keyword("and") {
            all.push(self.not()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::And(all) })
    }

    fn not(&mut self) -> Result<Expression, SyntaxError> {
        let mut negated = false;
        while self.keyword("not") {
            negated = !negated;
        }
        let expression = if *self.peek() == Token::Open { self.group()? } else { self.predicate()? };
        Ok(expression.not_if(negated))
    }

    /// What stands in parentheses.
    fn group(&mut self) -> Result<Expression, SyntaxError> {
        if self.depth == MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} parentheses within each other");
            return Err(SyntaxError::new(self.position(), message));
        }
        self.take();
        self.depth += 1;
        let expression = self.or()?;
        self.depth -= 1;
        self.sign(&Token::Close, "`and`, `or` or `)`")?;
        Ok(expression)
    }

    /// A test of one column, or of two.
    fn predicate(&mut self) -> Result<Expression, SyntaxError> {
        let left = self.operand()?;
        match *self.peek() {
            Token::Operator(operator) => {
                self.take();
                return self.comparison(left, operator);
            }
            Token::Unequal => {
                self.take();
                return Ok(self.comparison(left, Operator::Equal)?.not());
            }
            _ => {}
        }
        if self.is_keyword("between") || self.is_keyword("not") && self.second_keyword("between") {
            return self.between(left);
        }
        match left {
            Operand::Column(column) => self.test(column),
            Operand::Literal(_) => Err(self.expected("a comparison (=, !=, <, <=, >, >=) or `between`")),
        }
    }

    /// Whether the word after the next is this one.
    fn second_keyword(&self, keyword: &str) -> bool {
        matches!(self.tokens.get(self.next + 1), Some((_, Token::Word(word))) if word.eq_ignore_ascii_case(keyword))
    }

    /// What follows a column that is not compared.
    fn test(&mut self, column: Name) -> Result<Expression, SyntaxError> {
        if self.keyword("is") {
            let negated = self.keyword("not");
            return match self.keyword("null") {
                true => Ok(Expression::IsNull(column).not_if(negated)),
                false => Err(self.expected(if negated { "`null`" } else { "`null` or `not null`" })),
            };
        }
        let negated = self.keyword("not");
        if self.keyword("in") {
            return Ok(Expression::In(column, self.list()?).not_if(negated));
        }
        if self.keyword("like") {
            let pattern = self.literal()?;
            let escape = if self.keyword("escape") { Some(self.escape()?) } else { None };
            return Ok(Expression::Like(column, pattern, escape).not_if(negated));
        }
        let ends = matches!(self.peek(), Token::End | Token::Close) || self.is_keyword("and") || self.is_keyword("or");
        match (negated, ends) {
            (true, _) => Err(self.expected("`in`, `like` or `between`")),
            (false, true) => Ok(Expression::Column(column)),
            (false, false) => {
                Err(self.expected("a comparison (=, !=, <, <=, >, >=), `is`, `in`, `like`, `between` or `not`"))
            }
        }
    }

    /// `a between b and c` is `a >= b and a <= c`.
    fn between(&mut self, value: Operand) -> Result<Expression, SyntaxError> {
        let negated = self.keyword("not");
        self.take();
        let low = self.comparison(value.clone(), Operator::GreaterOrEqual)?;
        if !self.keyword("and") {
            return Err(self.expected("`and` and the upper limit"));
        }
        let high = self.comparison(value, Operator::LessOrEqual)?;
        Ok(Expression::And(vec![low, high]).not_if(negated))
    }

    /// A comparison whose right side comes next. A column stands left in what comes of it.
    fn comparison(&mut self, left: Operand, operator: Operator) -> Result<Expression, SyntaxError> {
        let position = self.position();
        Ok(match (left, self.operand()?) {
            (Operand::Column(left), right) => Expression::Comparison(left, operator, right),
            (literal, Operand::Column(right)) => Expression::Comparison(right, operator.mirrored(), literal),
            (Operand::Literal(_), Operand::Literal(_)) => {
                return Err(SyntaxError::new(position, "expected a column on one side, found literals on both"));
            }
        })
    }

    fn operand(&mut self) -> Result<Operand, SyntaxError> {
        let position = self.position();
        let text = match self.peek() {
            Token::Name(name) => name.clone(),
            Token::Word(word) if !is_reserved(word) && !self.is_typed_literal() => word.clone(),
            _ => return self.value(OPERAND).map(Operand::Literal),
        };
        self.take();
        Ok(Operand::Column(Name { text, position }))
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        self.value(LITERAL)
    }

    fn value(&mut self, expected: &str) -> Result<Literal, SyntaxError> {
        if self.is_typed_literal() {
            self.take();
        }
        let position = self.position();
        let kind = match self.peek() {
            Token::Number(text) => LiteralKind::Number(text.clone()),
            Token::Text(text) => LiteralKind::Text(text.clone()),
            Token::Bytes(bytes) => LiteralKind::Bytes(bytes.clone()),
            _ if self.is_keyword("true") => LiteralKind::Boolean(true),
            _ if self.is_keyword("false") => LiteralKind::Boolean(false),
            _ if self.is_keyword("null") => {
                return Err(SyntaxError::new(position, "nothing compares with null: use `is null` or `is not null`"));
            }
            _ => return Err(self.expected(expected)),
        };
        self.take();
        Ok(Literal { kind, position })
    }

    /// Whether what is next is as `date '2001-01-31'`; the type of a literal follows from its column all the same.
    fn is_typed_literal(&self) -> bool {
        ["date", "time", "timestamp"].iter().any(|it| self.is_keyword(it))
            && matches!(self.tokens.get(self.next + 1), Some((_, Token::Text(_))))
    }

    /// Literals in parentheses.
    fn list(&mut self) -> Result<Vec<Literal>, SyntaxError> {
        self.sign(&Token::Open, "`(`")?;
        let mut literals = vec![self.literal()?];
        while *self.peek() == Token::Comma {
            self.take();
            literals.push(self.literal()?);
        }
        self.sign(&Token::Close, "`,` or `)`")?;
        Ok(literals)
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let position = self.position();
        if let Token::Text(text) = self.take()
            && let (Some(escape), None) = (text.chars().next(), text.chars().nth(1))
        {
            return Ok(escape);
        }
        Err(SyntaxError::new(position, "expected one character in quotes, as '!'"))
    }
}

/// Words that are no column unless quoted.
fn is_reserved(word: &str) -> bool {
    ["and", "or", "is", "not", "null", "true", "false", "in", "like", "between"]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
