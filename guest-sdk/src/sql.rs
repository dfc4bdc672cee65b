//! Column types from their Fluss SQL names.

use crate::{DataType, Error, Field, Schema};

/// How deep types may be nested.
const DEPTH: usize = 32;

impl Schema {
    /// A schema from columns as in `CREATE TABLE`: a name and a type each. Names may stand in backquotes.
    ///
    /// ```
    /// use thalweg_module::{DataType, Schema};
    /// let schema = Schema::parse("id BIGINT NOT NULL, tags ARRAY<STRING>, price DECIMAL(10, 2)")?;
    /// assert_eq!(schema.column("tags")?.1.data_type, DataType::Array(2));
    /// # Ok::<(), thalweg_module::Error>(())
    /// ```
    ///
    /// # Errors
    /// Says where in the text what is expected.
    pub fn parse(sql: &str) -> Result<Self, Error> {
        let mut parser = Parser { text: sql, at: 0 };
        let mut schema = Self::default();
        while !parser.is_done() {
            if !schema.columns.is_empty() {
                parser.expect(",")?;
            }
            let name = parser.name()?;
            if schema.column_names().any(|known| known == name) {
                return Err(parser.error("another name: this one stands there twice"));
            }
            schema.columns.push(schema.fields.len() as u32);
            parser.field(name, &mut schema.fields, 0)?;
        }
        Ok(schema)
    }
}

/// The fields of one column: its own, then its children, which are named by position in this list.
pub(crate) fn column(name: &str, sql: &str) -> Result<Vec<Field>, Error> {
    let mut parser = Parser { text: sql, at: 0 };
    let mut fields = Vec::new();
    parser.field(name.to_owned(), &mut fields, 0)?;
    if parser.is_done() { Ok(fields) } else { Err(parser.error("the end of the type")) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    /// Reads a type, and adds its field and those of its children.
    fn field(&mut self, name: String, fields: &mut Vec<Field>, depth: usize) -> Result<(), Error> {
        if depth > DEPTH {
            return Err(self.error("fewer levels of nesting"));
        }
        let at = fields.len();
        fields.push(Field { name, data_type: DataType::Boolean, nullable: true });
        let data_type = self.data_type(fields, depth)?;
        let nullable = !self.take("NOT");
        if !nullable {
            self.expect("NULL")?;
        } else {
            self.take("NULL");
        }
        fields[at].data_type = data_type;
        fields[at].nullable = nullable;
        Ok(())
    }

    fn data_type(&mut self, fields: &mut Vec<Field>, depth: usize) -> Result<DataType, Error> {
        let start = self.at;
        let word = self.word().to_ascii_uppercase();
        Ok(match word.as_str() {
            "BOOLEAN" => DataType::Boolean,
            "TINYINT" => DataType::Tinyint,
            "SMALLINT" => DataType::Smallint,
            "INT" | "INTEGER" => DataType::Int,
            "BIGINT" => DataType::Bigint,
            "FLOAT" => DataType::Float,
            "DOUBLE" => DataType::Double,
            "STRING" => DataType::Text,
            "BYTES" => DataType::Bytes,
            "DATE" => DataType::Date,
            "CHAR" => DataType::FixedText(self.number(1, 1..=u32::MAX)?),
            "BINARY" => DataType::FixedBytes(self.number(1, 1..=u32::MAX)?),
            "TIME" => DataType::Time(self.number(0, 0..=9)? as u8),
            "TIMESTAMP" => DataType::Timestamp(self.number(6, 0..=9)? as u8),
            "TIMESTAMP_LTZ" => DataType::TimestampLtz(self.number(6, 0..=9)? as u8),
            "DECIMAL" => self.decimal()?,
            "ARRAY" => {
                let at = fields.len() as u32;
                self.expect("<")?;
                self.field("element".to_owned(), fields, depth + 1)?;
                self.expect(">")?;
                DataType::Array(at)
            }
            "MAP" => {
                let key = fields.len();
                self.expect("<")?;
                self.field("key".to_owned(), fields, depth + 1)?;
                fields[key].nullable = false;
                self.expect(",")?;
                let value = fields.len() as u32;
                self.field("value".to_owned(), fields, depth + 1)?;
                self.expect(">")?;
                DataType::Dictionary((key as u32, value))
            }
            "ROW" => self.row(fields, depth)?,
            _ => {
                self.at = start;
                return Err(self.error("a type, as BIGINT, STRING or ARRAY<INT>"));
            }
        })
    }

    fn row(&mut self, fields: &mut Vec<Field>, depth: usize) -> Result<DataType, Error> {
        self.expect("<")?;
        let mut children = Vec::new();
        loop {
            children.push(fields.len() as u32);
            let name = self.name()?;
            self.field(name, fields, depth + 1)?;
            if !self.take(",") {
                break;
            }
        }
        self.expect(">")?;
        Ok(DataType::Row(children))
    }

    fn decimal(&mut self) -> Result<DataType, Error> {
        if !self.take("(") {
            return Ok(DataType::Decimal((10, 0)));
        }
        let precision = self.digits(1..=38)? as u8;
        let scale = if self.take(",") { self.digits(0..=u32::from(precision))? as u8 } else { 0 };
        self.expect(")")?;
        Ok(DataType::Decimal((precision, scale)))
    }

    /// A number in parentheses, if there is one.
    fn number(&mut self, default: u32, range: std::ops::RangeInclusive<u32>) -> Result<u32, Error> {
        if !self.take("(") {
            return Ok(default);
        }
        let number = self.digits(range)?;
        self.expect(")")?;
        Ok(number)
    }

    fn digits(&mut self, range: std::ops::RangeInclusive<u32>) -> Result<u32, Error> {
        let start = self.at;
        let number = self.word().parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            self.at = start;
            self.error(&format!("a number from {} to {}", range.start(), range.end()))
        })
    }

    fn name(&mut self) -> Result<String, Error> {
        if self.take("`") {
            let rest = &self.text[self.at..];
            let end = rest.find('`').ok_or_else(|| self.error("a closing `"))?;
            self.at += end + 1;
            return Ok(rest[..end].to_owned());
        }
        let name = self.word().to_owned();
        if name.is_empty() { Err(self.error("a column's name")) } else { Ok(name) }
    }

    /// Letters, digits and underscores; may be none.
    fn word(&mut self) -> &str {
        self.skip();
        let start = self.at;
        let rest = &self.text[start..];
        self.at += rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
        &self.text[start..self.at]
    }

    /// Takes a sign or a whole word, if it comes next.
    fn take(&mut self, token: &str) -> bool {
        self.skip();
        let start = self.at;
        let found = if token.starts_with(char::is_alphabetic) {
            self.word().eq_ignore_ascii_case(token)
        } else {
            let found = self.text[start..].starts_with(token);
            self.at += token.len() * usize::from(found);
            found
        };
        if !found {
            self.at = start;
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), Error> {
        if self.take(token) { Ok(()) } else { Err(self.error(&format!("`{token}`"))) }
    }

    fn is_done(&mut self) -> bool {
        self.skip();
        self.at == self.text.len()
    }

    fn skip(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn error(&self, expected: &str) -> Error {
        Error::other(format!("the types {:?} lack {expected} at byte {}", self.text, self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_and_said_alike() {
        let flat = "a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT, f FLOAT, g DOUBLE, h DECIMAL(10, 2), i CHAR(3), \
            j STRING, k BINARY(4), l BYTES, m DATE, n TIME(3), o TIMESTAMP(6), p TIMESTAMP_LTZ(9)";
        let schema = Schema::parse(flat).unwrap();
        let said: Vec<String> = schema.top_level().map(|field| format!("{} {}", field.name, field.data_type)).collect();
        assert_eq!(said.join(", "), flat);
    }

    #[test]
    fn nested_fields_stand_depth_first() {
        let schema = Schema::parse(
            "x INT NOT NULL, `a b` ROW<p ARRAY<INT NOT NULL>, q MAP<STRING, ROW<r DATE>>> NOT NULL, y INT",
        )
        .unwrap();
        let names: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["x", "a b", "p", "element", "q", "key", "value", "r", "y"]);
        assert_eq!(schema.columns, [0, 1, 8]);
        assert_eq!(schema.fields[1].data_type, DataType::Row(vec![2, 4]));
        assert_eq!(schema.fields[4].data_type, DataType::Dictionary((5, 6)));
        let nullable: Vec<bool> = schema.fields.iter().map(|field| field.nullable).collect();
        assert_eq!(nullable, [false, false, true, false, true, false, true, true, true]);
        assert_eq!(column("t", "ARRAY<INT>").unwrap()[0].data_type, DataType::Array(1));
    }

    #[test]
    fn errors_say_where_what_is_expected() {
        let deep = format!("a {}INT{}", "ARRAY<".repeat(40), ">".repeat(40));
        for (text, expected) in [
            ("a", "a type, as BIGINT"),
            ("a INT,", "a column's name"),
            ("a INT b INT", "`,`"),
            ("a INT, a INT", "another name"),
            ("a DECIMAL(39, 2)", "a number from 1 to 38"),
            ("a DECIMAL(5, 6)", "a number from 0 to 5"),
            ("a ARRAY<INT", "`>`"),
            ("a INT NOT", "`NULL`"),
            ("`a INT", "a closing `"),
            (&deep, "fewer levels"),
        ] {
            let message = Schema::parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
