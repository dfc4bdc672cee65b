//! Column types from their Fluss SQL names: read by `thalweg_types`, and laid out as the fields that cross into modules.

use thalweg_types::{ColumnType, DataType as Sql, SqlError, parse_columns};

use crate::{DataType, Error, Field, Schema};

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
        let mut schema = Self::default();
        if sql.trim().is_empty() {
            return Ok(schema);
        }
        for column in parse_columns(sql).map_err(|error| unreadable(sql, &error))? {
            if schema.column_names().any(|known| known == column.name) {
                return Err(Error::other(format!("the types {sql:?} have the column `{}` twice", column.name)));
            }
            schema.columns.push(schema.fields.len() as u32);
            add(column.name, &column.column_type, &mut schema.fields);
        }
        Ok(schema)
    }
}

/// The fields of one column: its own, then its children, which are named by position in this list.
pub(crate) fn column(name: &str, sql: &str) -> Result<Vec<Field>, Error> {
    let column_type: ColumnType = sql.parse().map_err(|error| unreadable(sql, &error))?;
    let mut fields = Vec::new();
    add(name.to_owned(), &column_type, &mut fields);
    Ok(fields)
}

fn unreadable(sql: &str, error: &SqlError) -> Error {
    Error::other(format!("the types {sql:?} cannot be read: {error}"))
}

/// Adds the field of a type and those of its children, and says where it is.
fn add(name: String, column_type: &ColumnType, fields: &mut Vec<Field>) -> u32 {
    let at = fields.len();
    fields.push(Field { name, data_type: DataType::Boolean, nullable: column_type.nullable });
    fields[at].data_type = match &column_type.data_type {
        Sql::Boolean => DataType::Boolean,
        Sql::TinyInt => DataType::Tinyint,
        Sql::SmallInt => DataType::Smallint,
        Sql::Int => DataType::Int,
        Sql::BigInt => DataType::Bigint,
        Sql::Float => DataType::Float,
        Sql::Double => DataType::Double,
        Sql::Decimal { precision, scale } => DataType::Decimal((*precision, *scale)),
        Sql::Char(length) => DataType::FixedText(*length),
        Sql::String => DataType::Text,
        Sql::Binary(length) => DataType::FixedBytes(*length),
        Sql::Bytes => DataType::Bytes,
        Sql::Date => DataType::Date,
        Sql::Time(precision) => DataType::Time(*precision),
        Sql::Timestamp(precision) => DataType::Timestamp(*precision),
        Sql::TimestampLtz(precision) => DataType::TimestampLtz(*precision),
        Sql::Array(element) => DataType::Array(add("element".to_owned(), element, fields)),
        Sql::Map(key, value) => {
            let key = add("key".to_owned(), key, fields);
            DataType::Dictionary((key, add("value".to_owned(), value, fields)))
        }
        Sql::Row(children) => {
            let children = children.iter().map(|child| add(child.name.clone(), &child.column_type, fields));
            DataType::Row(children.collect())
        }
    };
    at as u32
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
        let empty = Schema::parse("r ROW<> COMMENT 'nothing', `a``b` INT").unwrap();
        assert_eq!((empty.columns.as_slice(), &empty.fields[0].data_type), (&[0, 1][..], &DataType::Row(vec![])));
        assert_eq!(empty.fields[1].name, "a`b");
        assert_eq!(column("t", "ARRAY<INT>").unwrap()[0].data_type, DataType::Array(1));
    }

    #[test]
    fn errors_say_where_what_is_expected() {
        let deep = format!("a {}INT{}", "ARRAY<".repeat(40), ">".repeat(40));
        for (text, expected) in [
            ("a", "the types \"a\" cannot be read: at character 2: expected a data type, found the end"),
            ("a INT,", "at character 7: expected a column name"),
            ("a INT b INT", "at character 7: expected ','"),
            ("a INT, a INT", "the types \"a INT, a INT\" have the column `a` twice"),
            ("a DECIMAL(39, 2)", "a precision of 1 to 38, found '39'"),
            ("a DECIMAL(5, 6)", "a scale of 0 to 5, found '6'"),
            ("a CHAR(2147483648)", "a length of 1 to 2147483647"),
            ("a ARRAY<INT", "expected '>'"),
            ("a INT NOT", "expected NULL after NOT"),
            ("`a INT", "a closing `"),
            (&deep, "at most 32 nested types"),
        ] {
            let message = Schema::parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
