//! Cuts SQL text into tokens.

use std::fmt::{Display, Formatter};

use super::SqlError;

/// A token; `Display` says it as an error message does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word: a name, a type, a keyword.
    Word(String),
    /// A name between backticks.
    Quoted(String),
    /// A text between single quotes.
    Text(String),
    /// Digits.
    Number(String),
    /// Any other character.
    Symbol(char),
    /// The end of the text.
    End,
}

impl Display for Token {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Word(word) | Token::Number(word) => write!(f, "'{word}'"),
            Token::Quoted(name) => write!(f, "`{name}`"),
            Token::Text(_) => f.write_str("a text"),
            Token::Symbol(symbol) => write!(f, "'{symbol}'"),
            Token::End => f.write_str("the end"),
        }
    }
}

/// Whether a bare name may begin with it.
pub(super) fn starts_name(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

/// Whether a bare name may go on with it.
pub(super) fn continues_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The tokens of a text, each with the character that it begins at, the first being 1. The last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, SqlError> {
    let mut letters = (1..).zip(text.chars()).peekable();
    let mut tokens = Vec::new();
    while let Some((position, letter)) = letters.next() {
        let mut rest = |belongs: fn(char) -> bool| {
            let mut word = String::from(letter);
            while let Some((_, letter)) = letters.next_if(|(_, letter)| belongs(*letter)) {
                word.push(letter);
            }
            word
        };
        let token = match letter {
            letter if letter.is_whitespace() => continue,
            letter if starts_name(letter) => Token::Word(rest(continues_name)),
            letter if letter.is_ascii_digit() => Token::Number(rest(|letter| letter.is_ascii_digit())),
            '`' => Token::Quoted(quoted(&mut letters, '`', position)?),
            '\'' => Token::Text(quoted(&mut letters, '\'', position)?),
            symbol => Token::Symbol(symbol),
        };
        tokens.push((position, token));
    }
    tokens.push((text.chars().count() + 1, Token::End));
    Ok(tokens)
}

/// What stands up to the closing quote; a doubled quote is one of the text.
fn quoted(
    letters: &mut std::iter::Peekable<impl Iterator<Item = (usize, char)>>,
    quote: char,
    start: usize,
) -> Result<String, SqlError> {
    let mut text = String::new();
    let mut end = start;
    while let Some((position, letter)) = letters.next() {
        end = position;
        if letter != quote {
            text.push(letter);
        } else if letters.next_if(|(_, letter)| *letter == quote).is_some() {
            text.push(quote);
        } else {
            return Ok(text);
        }
    }
    let expected = format!("a closing {quote} for the one at character {start}");
    Err(SqlError { position: end + 1, expected, found: Token::End.to_string() })
}
