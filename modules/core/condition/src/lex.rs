//! The words of a condition.

use std::cmp::Ordering;
use std::fmt;

/// What is wrong with a condition, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The character, counted from 1.
    pub position: usize,
    /// What was expected, and what was found.
    pub message: String,
}

impl SyntaxError {
    /// What is wrong, and at which character.
    pub fn new(position: usize, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}

impl std::error::Error for SyntaxError {}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.position, self.message)
    }
}

/// A comparison. `a != b` is `not a = b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Operator {
    /// What `b` must be to `a` where `a` is this to `b`.
    pub fn mirrored(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// Whether an order is one of those asked for.
    pub fn fits(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// A word of a condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A keyword or the name of a column.
    Word(String),
    /// The name of a column in backticks or double quotes.
    Name(String),
    /// A number, as it was written.
    Number(String),
    /// What stood in single quotes.
    Text(String),
    /// What stood in `x'..'`.
    Bytes(Vec<u8>),
    Operator(Operator),
    /// `!=` or `<>`.
    Unequal,
    Comma,
    Open,
    Close,
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Number(text) => write!(f, "`{text}`"),
            Self::Name(name) => write!(f, "the column `{name}`"),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Bytes(_) => f.write_str("bytes"),
            Self::Operator(_) | Self::Unequal => f.write_str("a comparison"),
            Self::Comma => f.write_str("`,`"),
            Self::Open => f.write_str("`(`"),
            Self::Close => f.write_str("`)`"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// The tokens of a condition with their positions, an `End` last.
pub(crate) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, SyntaxError> {
    let mut lexer = Lexer { rest: text, position: 1 };
    let mut tokens = Vec::new();
    loop {
        lexer.take_while(char::is_whitespace);
        let position = lexer.position;
        let token = lexer.token()?;
        let is_end = token == Token::End;
        tokens.push((position, token));
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.position += taken.chars().count();
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        self.advance(end)
    }

    fn token(&mut self) -> Result<Token, SyntaxError> {
        let symbols = [
            ("!=", Token::Unequal),
            ("<>", Token::Unequal),
            ("<=", Token::Operator(Operator::LessOrEqual)),
            (">=", Token::Operator(Operator::GreaterOrEqual)),
            ("=", Token::Operator(Operator::Equal)),
            ("<", Token::Operator(Operator::Less)),
            (">", Token::Operator(Operator::Greater)),
            (",", Token::Comma),
            ("(", Token::Open),
            (")", Token::Close),
        ];
        if let Some((symbol, token)) = symbols.into_iter().find(|(symbol, _)| self.rest.starts_with(symbol)) {
            self.advance(symbol.len());
            return Ok(token);
        }
        let mut chars = self.rest.chars();
        match (chars.next(), chars.next()) {
            (None, _) => Ok(Token::End),
            (Some('\''), _) => Ok(Token::Text(self.quoted('\'')?)),
            (Some(quote @ ('"' | '`')), _) => Ok(Token::Name(self.quoted(quote)?)),
            (Some('x' | 'X'), Some('\'')) => self.bytes(),
            (Some(c), _) if c.is_ascii_digit() || "+-.".contains(c) => Ok(self.number()),
            (Some(c), _) if c.is_alphabetic() || c == '_' => {
                Ok(Token::Word(self.take_while(|c| c.is_alphanumeric() || c == '_').to_owned()))
            }
            (Some(c), _) => Err(SyntaxError::new(self.position, format!("`{c}` has no meaning here"))),
        }
    }

    /// What stands between two quotes; a doubled one stands for itself.
    fn quoted(&mut self, quote: char) -> Result<String, SyntaxError> {
        let start = self.position;
        self.advance(quote.len_utf8());
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != quote));
            if self.rest.is_empty() {
                return Err(SyntaxError::new(start, format!("the {quote} has no closing {quote}")));
            }
            self.advance(quote.len_utf8());
            if !self.rest.starts_with(quote) {
                return Ok(text);
            }
            text.push(quote);
            self.advance(quote.len_utf8());
        }
    }

    fn bytes(&mut self) -> Result<Token, SyntaxError> {
        let start = self.position;
        self.advance(1);
        let digits = self.quoted('\'')?;
        let expected = || SyntaxError::new(start, "expected pairs of hexadecimal digits, as x'00ff'");
        let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return Err(expected()) };
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
        pairs.iter().map(byte).collect::<Option<_>>().map(Token::Bytes).ok_or_else(expected)
    }

    /// Anything that begins as a number; whether it is one shows when it meets its column.
    fn number(&mut self) -> Token {
        let is_sign = |c| c == '+' || c == '-';
        let mut previous = ' ';
        let mut end = self.rest.len();
        for (index, c) in self.rest.char_indices() {
            let belongs =
                c.is_alphanumeric() || c == '.' || c == '_' || is_sign(c) && (index == 0 || "eE".contains(previous));
            if !belongs {
                end = index;
                break;
            }
            previous = c;
        }
        Token::Number(self.advance(end).to_owned())
    }
}
