//! The SQL forms of schemas: `id BIGINT NOT NULL, name STRING`. Those of types are `thalweg_types`'s.

use std::fmt::{Display, Formatter, Result as Written};

use thalweg_types::{Identifier, parse_table, write_column};

use super::{Column, Schema, SchemaError, TableDescriptor};

/// Text that is no type or schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// Something else should stand somewhere.
    #[error(transparent)]
    Unexpected(#[from] thalweg_types::SqlError),
    /// It is well written, but Fluss would refuse it.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

impl Schema {
    /// Reads the columns of a schema, and its primary key if it is said: ``id BIGINT NOT NULL, `the name` STRING COMMENT
    /// 'in full', PRIMARY KEY (id) NOT ENFORCED``. Fields are numbered as by [`Schema::new`], keys are NOT NULL as by
    /// [`Schema::with_primary_key`]. Types are read as [`thalweg_types::parse_columns`] does.
    ///
    /// # Errors
    /// Where the text is wrong and what should stand there, or what [`Schema::check`] finds.
    pub fn parse_sql(text: &str) -> Result<Schema, SqlError> {
        let (columns, key) = parse_table(text)?;
        let columns = columns.into_iter().map(|column| (column.name, column.column_type, column.description));
        let schema = Schema::new(columns)?;
        Ok(if key.is_empty() { schema } else { schema.with_primary_key(&key)? })
    }
}

impl TableDescriptor {
    /// The SQL of the columns and of the primary key, as [`Schema::parse_sql`] reads it.
    pub fn columns_sql(&self) -> String {
        let key: Vec<String> = self.schema.primary_key_names().map(|name| Identifier(name).to_string()).collect();
        match key.as_slice() {
            [] => self.schema.to_string(),
            key => format!("{}, PRIMARY KEY ({}) NOT ENFORCED", self.schema, key.join(", ")),
        }
    }
}

/// As `name STRING COMMENT 'of the airport'`.
impl Display for Column {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        write_column(f, &self.name, &self.column_type, self.comment.as_deref())
    }
}

/// The columns, as [`Schema::parse_sql`] reads them; keys, ids and aggregations are not said.
impl Display for Schema {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        for (at, column) in self.columns.iter().enumerate() {
            write!(f, "{}{column}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::table::samples::{column_type, schema};

    #[test]
    fn what_fluss_would_refuse_is_refused() {
        let error = Schema::parse_sql("a INT, a STRING").unwrap_err();
        assert_eq!(error.to_string(), "the schema has 'a' twice");
        let error = Schema::parse_sql("a INT b").unwrap_err();
        assert_eq!(error.to_string(), "at character 7: expected ',', NOT NULL, COMMENT or the end, found 'b'");
    }

    proptest! {
        #[test]
        fn types_round_trip(column_type in column_type()) {
            prop_assert_eq!(column_type.to_string().parse(), Ok(column_type));
        }

        #[test]
        fn schemas_round_trip(schema in schema()) {
            let read = Schema::parse_sql(&schema.to_string()).unwrap();
            prop_assert_eq!(Schema { primary_key: schema.primary_key.clone(), ..read }, schema);
        }

        #[test]
        fn any_text_gives_a_schema_or_an_error(text: String, sql in "[a-z`' A-Z<>(),0-9]{0,60}") {
            let _ = Schema::parse_sql(&text);
            let _ = Schema::parse_sql(&sql);
        }
    }
}
