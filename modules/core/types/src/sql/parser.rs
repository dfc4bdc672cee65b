//! Reads types and columns from SQL text.

use std::str::FromStr;

use super::SqlError;
use super::token::{Token, tokens};
use crate::{ColumnType, DataType, Field, MAX_DECIMAL_PRECISION, MAX_TIME_PRECISION, MAX_TYPE_DEPTH};

/// Reads columns: ``id BIGINT NOT NULL, `the name` STRING COMMENT 'in full'``. They get no number.
///
/// Types have Fluss's names, in any case, with its defaults: `DECIMAL` is `DECIMAL(10, 0)`, `CHAR` and `BINARY` have
/// length 1, `TIME` precision 0, timestamps 6. `INTEGER` is `INT`.
///
/// # Errors
/// Where the text is wrong and what should stand there. Whether a name is there twice is not looked at.
pub fn parse_columns(text: &str) -> Result<Vec<Field>, SqlError> {
    let mut parser = Parser::new(text)?;
    let mut columns = Vec::new();
    loop {
        columns.push(parser.named("a column name", 1)?);
        match parser.next() {
            (_, Token::Symbol(',')) => {}
            (_, Token::End) => return Ok(columns),
            (position, other) => return Err(unexpected(position, AFTER_COLUMN, &other)),
        }
    }
}

/// Reads columns as [`parse_columns`] does, and among them at most once `PRIMARY KEY (id, day)`, with or without
/// `NOT ENFORCED`. Gives the columns, and the names of the key's; whether these are columns is not looked at.
///
/// # Errors
/// As [`parse_columns`].
pub fn parse_table(text: &str) -> Result<(Vec<Field>, Vec<String>), SqlError> {
    let mut parser = Parser::new(text)?;
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    loop {
        let (position, token) = parser.next();
        let (is_key, expected) =
            if key.is_empty() { (true, "a column name or PRIMARY KEY") } else { (false, "a column name") };
        let after = if is_key && is_keyword(&token, "PRIMARY") && parser.next_is_keyword("KEY") {
            key = parser.primary_key()?;
            "',', NOT ENFORCED or the end"
        } else {
            columns.push(parser.named_by((position, token), expected, 1)?);
            AFTER_COLUMN
        };
        match parser.next() {
            (_, Token::Symbol(',')) => {}
            (position, Token::End) if columns.is_empty() => return Err(unexpected(position, "a column", &Token::End)),
            (_, Token::End) => return Ok((columns, key)),
            (position, other) => return Err(unexpected(position, after, &other)),
        }
    }
}

/// What may stand behind a column.
const AFTER_COLUMN: &str = "',', NOT NULL, COMMENT or the end";

/// From SQL, as `DECIMAL(10, 2) NOT NULL`. Fields of rows get no number.
impl FromStr for ColumnType {
    type Err = SqlError;

    fn from_str(text: &str) -> Result<ColumnType, SqlError> {
        let mut parser = Parser::new(text)?;
        let column_type = parser.column_type(1)?;
        match parser.next() {
            (_, Token::End) => Ok(column_type),
            (position, other) => Err(unexpected(position, "NOT NULL or the end", &other)),
        }
    }
}

fn unexpected(position: usize, expected: impl Into<String>, found: &Token) -> SqlError {
    SqlError { position, expected: expected.into(), found: found.to_string() }
}

fn is_keyword(token: &Token, keyword: &str) -> bool {
    matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
}

/// The name that a token is.
fn name((position, token): (usize, Token), what: &str) -> Result<String, SqlError> {
    match token {
        Token::Word(name) | Token::Quoted(name) if !name.trim().is_empty() => Ok(name),
        other => Err(unexpected(position, what, &other)),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<(usize, Token)>>,
    end: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Parser, SqlError> {
        let tokens = tokens(text)?;
        let end = tokens.last().map_or(1, |(position, _)| *position);
        Ok(Parser { tokens: tokens.into_iter().peekable(), end })
    }

    fn next(&mut self) -> (usize, Token) {
        self.tokens.next().unwrap_or((self.end, Token::End))
    }

    fn next_is(&mut self, symbol: char) -> bool {
        self.tokens.next_if(|(_, token)| *token == Token::Symbol(symbol)).is_some()
    }

    fn next_is_keyword(&mut self, keyword: &str) -> bool {
        self.tokens.next_if(|(_, token)| is_keyword(token, keyword)).is_some()
    }

    fn expect(&mut self, symbol: char) -> Result<(), SqlError> {
        match self.next() {
            (_, Token::Symbol(found)) if found == symbol => Ok(()),
            (position, other) => Err(unexpected(position, format!("'{symbol}'"), &other)),
        }
    }

    /// `name TYPE [NOT NULL] [COMMENT 'text']`
    fn named(&mut self, what: &str, depth: usize) -> Result<Field, SqlError> {
        let first = self.next();
        self.named_by(first, what, depth)
    }

    /// `named`, whose first token was read.
    fn named_by(&mut self, first: (usize, Token), what: &str, depth: usize) -> Result<Field, SqlError> {
        let name = name(first, what)?;
        let column_type = self.column_type(depth)?;
        let mut description = None;
        if self.next_is_keyword("COMMENT") {
            description = match self.next() {
                (_, Token::Text(comment)) => Some(comment),
                (position, other) => return Err(unexpected(position, "a text between single quotes", &other)),
            };
        }
        Ok(Field { id: None, name, column_type, description })
    }

    /// `(name, ..) [NOT ENFORCED]`
    fn primary_key(&mut self) -> Result<Vec<String>, SqlError> {
        self.expect('(')?;
        let mut names = Vec::new();
        loop {
            names.push(name(self.next(), "a column name")?);
            match self.next() {
                (_, Token::Symbol(',')) => {}
                (_, Token::Symbol(')')) => break,
                (position, other) => return Err(unexpected(position, "',' or ')'", &other)),
            }
        }
        if self.next_is_keyword("NOT") && !self.next_is_keyword("ENFORCED") {
            let (position, found) = self.next();
            return Err(unexpected(position, "ENFORCED after NOT", &found));
        }
        Ok(names)
    }

    /// `TYPE [NOT NULL | NULL]`
    fn column_type(&mut self, depth: usize) -> Result<ColumnType, SqlError> {
        let data_type = self.data_type(depth)?;
        if self.next_is_keyword("NULL") || !self.next_is_keyword("NOT") {
            return Ok(ColumnType { data_type, nullable: true });
        }
        if !self.next_is_keyword("NULL") {
            let (position, found) = self.next();
            return Err(unexpected(position, "NULL after NOT", &found));
        }
        Ok(ColumnType { data_type, nullable: false })
    }

    fn data_type(&mut self, depth: usize) -> Result<DataType, SqlError> {
        let (position, token) = self.next();
        if depth > MAX_TYPE_DEPTH {
            return Err(unexpected(position, format!("at most {MAX_TYPE_DEPTH} nested types"), &token));
        }
        let Token::Word(word) = &token else { return Err(unexpected(position, "a data type", &token)) };
        Ok(match word.to_ascii_uppercase().as_str() {
            "BOOLEAN" => DataType::Boolean,
            "TINYINT" => DataType::TinyInt,
            "SMALLINT" => DataType::SmallInt,
            "INT" | "INTEGER" => DataType::Int,
            "BIGINT" => DataType::BigInt,
            "FLOAT" => DataType::Float,
            "DOUBLE" => DataType::Double,
            "DECIMAL" => self.decimal()?,
            "CHAR" => DataType::Char(self.parameter("a length", 1, 1, i32::MAX as u32)?),
            "STRING" => DataType::String,
            "BINARY" => DataType::Binary(self.parameter("a length", 1, 1, i32::MAX as u32)?),
            "BYTES" => DataType::Bytes,
            "DATE" => DataType::Date,
            "TIME" => DataType::Time(self.time_precision(0)?),
            "TIMESTAMP" => DataType::Timestamp(self.time_precision(6)?),
            "TIMESTAMP_LTZ" => DataType::TimestampLtz(self.time_precision(6)?),
            "ARRAY" => {
                self.expect('<')?;
                let element = self.column_type(depth + 1)?;
                self.expect('>')?;
                DataType::Array(Box::new(element))
            }
            "MAP" => self.map(depth)?,
            "ROW" => self.row(depth)?,
            other => return Err(unexpected(position, expected_type(other), &token)),
        })
    }

    fn map(&mut self, depth: usize) -> Result<DataType, SqlError> {
        self.expect('<')?;
        let key = ColumnType { nullable: false, ..self.column_type(depth + 1)? };
        self.expect(',')?;
        let value = self.column_type(depth + 1)?;
        self.expect('>')?;
        Ok(DataType::Map(Box::new(key), Box::new(value)))
    }

    fn row(&mut self, depth: usize) -> Result<DataType, SqlError> {
        self.expect('<')?;
        let mut fields = Vec::new();
        if self.next_is('>') {
            return Ok(DataType::Row(fields));
        }
        loop {
            fields.push(self.named("a field name", depth + 1)?);
            match self.next() {
                (_, Token::Symbol(',')) => {}
                (_, Token::Symbol('>')) => return Ok(DataType::Row(fields)),
                (position, other) => return Err(unexpected(position, "',' or '>'", &other)),
            }
        }
    }

    fn decimal(&mut self) -> Result<DataType, SqlError> {
        if !self.next_is('(') {
            return Ok(DataType::Decimal { precision: 10, scale: 0 });
        }
        let precision = self.number("a precision", 1, MAX_DECIMAL_PRECISION.into())?;
        let scale = if self.next_is(',') { self.number("a scale", 0, precision)? } else { 0 };
        self.expect(')')?;
        // Both are at most 38.
        Ok(DataType::Decimal { precision: precision as u8, scale: scale as u8 })
    }

    fn time_precision(&mut self, default: u32) -> Result<u8, SqlError> {
        // At most 9.
        Ok(self.parameter("a precision", default, 0, MAX_TIME_PRECISION.into())? as u8)
    }

    /// `[(number)]`
    fn parameter(&mut self, what: &str, default: u32, least: u32, most: u32) -> Result<u32, SqlError> {
        if !self.next_is('(') {
            return Ok(default);
        }
        let number = self.number(what, least, most)?;
        self.expect(')')?;
        Ok(number)
    }

    fn number(&mut self, what: &str, least: u32, most: u32) -> Result<u32, SqlError> {
        let (position, token) = self.next();
        let number = match &token {
            Token::Number(digits) => digits.parse().ok().filter(|number| (least..=most).contains(number)),
            _ => None,
        };
        number.ok_or_else(|| unexpected(position, format!("{what} of {least} to {most}"), &token))
    }
}

/// What to say to a type that Fluss does not have; some are known by another name.
fn expected_type(word: &str) -> String {
    let known = match word {
        "VARCHAR" | "TEXT" | "UTF8" | "STR" => "STRING",
        "VARBINARY" | "BLOB" => "BYTES",
        "NUMERIC" | "DEC" => "DECIMAL",
        "BOOL" => "BOOLEAN",
        "REAL" | "FLOAT32" => "FLOAT",
        "FLOAT64" => "DOUBLE",
        "LONG" | "INT64" => "BIGINT",
        "INT32" => "INT",
        "INT16" => "SMALLINT",
        "INT8" => "TINYINT",
        "DATETIME" => "TIMESTAMP",
        "TIMESTAMPTZ" => "TIMESTAMP_LTZ",
        "STRUCT" => "ROW",
        "LIST" => "ARRAY",
        _ => return "a data type".to_owned(),
    };
    format!("a data type of Fluss's, here {known}")
}
