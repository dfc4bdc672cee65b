//! Types and schemas as SQL; what is written here, the parser reads.

use std::fmt::{Display, Formatter, Result};

use super::super::{Column, ColumnType, DataType, Field, Schema};

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
                list(f, fields)?;
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
        named(f, &self.name, &self.column_type, self.description.as_deref())
    }
}

/// As `name STRING COMMENT 'of the airport'`.
impl Display for Column {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        named(f, &self.name, &self.column_type, self.comment.as_deref())
    }
}

/// The columns, as [`Schema::parse_sql`] reads them; keys, ids and aggregations are not said.
impl Display for Schema {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        list(f, &self.columns)
    }
}

fn list(f: &mut Formatter<'_>, items: &[impl Display]) -> Result {
    for (at, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}

fn named(f: &mut Formatter<'_>, name: &str, column_type: &ColumnType, comment: Option<&str>) -> Result {
    let mut letters = name.chars();
    let plain = letters.next().is_some_and(super::token::starts_name) && letters.all(super::token::continues_name);
    match plain {
        true => f.write_str(name)?,
        false => write!(f, "`{}`", name.replace('`', "``"))?,
    }
    write!(f, " {column_type}")?;
    match comment {
        Some(comment) => write!(f, " COMMENT '{}'", comment.replace('\'', "''")),
        None => Ok(()),
    }
}
