//! Types and columns as SQL; what is written here, the parser reads.

use std::fmt::{Display, Formatter, Result};

use super::token::{continues_name, starts_name};
use crate::{ColumnType, DataType, Field};

/// As `DECIMAL(10, 2)`, `ARRAY<INT>` or ``ROW<a INT, `a b` STRING>``.
impl Display for DataType {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            DataType::Boolean => f.write_str("BOOLEAN"),
            DataType::TinyInt => f.write_str("TINYINT"),
            DataType::SmallInt => f.write_str("SMALLINT"),
            DataType::Int => f.write_str("INT"),
            DataType::BigInt => f.write_str("BIGINT"),
            DataType::Float => f.write_str("FLOAT"),
            DataType::Double => f.write_str("DOUBLE"),
            DataType::Decimal { precision, scale } => write!(f, "DECIMAL({precision}, {scale})"),
            DataType::Char(length) => write!(f, "CHAR({length})"),
            DataType::String => f.write_str("STRING"),
            DataType::Binary(length) => write!(f, "BINARY({length})"),
            DataType::Bytes => f.write_str("BYTES"),
            DataType::Date => f.write_str("DATE"),
            DataType::Time(precision) => write!(f, "TIME({precision})"),
            DataType::Timestamp(precision) => write!(f, "TIMESTAMP({precision})"),
            DataType::TimestampLtz(precision) => write!(f, "TIMESTAMP_LTZ({precision})"),
            DataType::Array(element) => write!(f, "ARRAY<{element}>"),
            // Keys are never null, so nothing is said about it.
            DataType::Map(key, value) => write!(f, "MAP<{}, {value}>", key.data_type),
            DataType::Row(fields) => {
                f.write_str("ROW<")?;
                for (at, field) in fields.iter().enumerate() {
                    write!(f, "{}{field}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str(">")
            }
        }
    }
}

/// As the data type, with ` NOT NULL` if values are never null.
impl Display for ColumnType {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.data_type.fmt(f)?;
        f.write_str(if self.nullable { "" } else { " NOT NULL" })
    }
}

/// As `name STRING COMMENT 'of the airport'`.
impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write_column(f, &self.name, &self.column_type, self.description.as_deref())
    }
}

/// A name, between backquotes unless it is a plain word.
#[derive(Debug, Clone, Copy)]
pub struct Identifier<'a>(pub &'a str);

impl Display for Identifier<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut letters = self.0.chars();
        match letters.next().is_some_and(starts_name) && letters.all(continues_name) {
            true => f.write_str(self.0),
            false => write!(f, "`{}`", self.0.replace('`', "``")),
        }
    }
}

/// Writes a column or a field, as `name STRING COMMENT 'of the airport'`.
///
/// # Errors
/// If the formatter has one.
pub fn write_column(f: &mut Formatter<'_>, name: &str, column_type: &ColumnType, comment: Option<&str>) -> Result {
    write!(f, "{} {column_type}", Identifier(name))?;
    match comment {
        Some(comment) => write!(f, " COMMENT '{}'", comment.replace('\'', "''")),
        None => Ok(()),
    }
}
