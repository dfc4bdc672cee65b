//! What can be asked of a schema and a data type.

pub(crate) mod sql;

use std::fmt;

use crate::{DataType, Error, Field, Schema};

impl Schema {
    /// A schema of columns without nested types and without a primary key.
    ///
    /// ```
    /// use thalweg_module::{DataType, Schema};
    /// let schema = Schema::flat([("delay", DataType::Int, true), ("origin", DataType::Text, false)]);
    /// assert_eq!(schema.column_names().collect::<Vec<_>>(), ["delay", "origin"]);
    /// ```
    pub fn flat<N: Into<String>>(columns: impl IntoIterator<Item = (N, DataType, bool)>) -> Self {
        let fields: Vec<Field> = columns
            .into_iter()
            .map(|(name, data_type, nullable)| Field { name: name.into(), data_type, nullable })
            .collect();
        Self { columns: (0..fields.len() as u32).collect(), fields, primary_key: Vec::new() }
    }

    /// The names of the top-level columns, in order.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.top_level().map(|field| field.name.as_str())
    }

    /// The position in `columns` and the field of the column with this name.
    ///
    /// # Errors
    /// Lists the columns that there are.
    pub fn column(&self, name: &str) -> Result<(usize, &Field), Error> {
        self.top_level().enumerate().find(|(_, field)| field.name == name).ok_or_else(|| {
            let names: Vec<_> = self.column_names().map(|name| format!("`{name}`")).collect();
            Error::input(format!("there is no column `{name}`; the columns are {}", names.join(", ")))
        })
    }

    /// The fields of the top-level columns, in order.
    pub fn top_level(&self) -> impl Iterator<Item = &Field> {
        self.columns.iter().filter_map(|&index| self.fields.get(index as usize))
    }

    /// Where the fields of a top-level column begin and end: the column's own, then its children.
    pub(crate) fn span(&self, column: usize) -> std::ops::Range<usize> {
        let at = |position: usize| self.columns.get(position).map_or(self.fields.len(), |&index| index as usize);
        at(column)..at(column + 1)
    }
}

impl fmt::Display for DataType {
    /// The Fluss SQL name, as `DECIMAL(10, 2)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::Tinyint => f.write_str("TINYINT"),
            Self::Smallint => f.write_str("SMALLINT"),
            Self::Int => f.write_str("INT"),
            Self::Bigint => f.write_str("BIGINT"),
            Self::Float => f.write_str("FLOAT"),
            Self::Double => f.write_str("DOUBLE"),
            Self::Decimal((precision, scale)) => write!(f, "DECIMAL({precision}, {scale})"),
            Self::FixedText(length) => write!(f, "CHAR({length})"),
            Self::Text => f.write_str("STRING"),
            Self::FixedBytes(length) => write!(f, "BINARY({length})"),
            Self::Bytes => f.write_str("BYTES"),
            Self::Date => f.write_str("DATE"),
            Self::Time(precision) => write!(f, "TIME({precision})"),
            Self::Timestamp(precision) => write!(f, "TIMESTAMP({precision})"),
            Self::TimestampLtz(precision) => write!(f, "TIMESTAMP_LTZ({precision})"),
            Self::Array(_) => f.write_str("ARRAY"),
            Self::Dictionary(_) => f.write_str("MAP"),
            Self::Row(_) => f.write_str("ROW"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl Default for Schema {
    /// No columns.
    fn default() -> Self {
        Self::flat::<String>([])
    }
}
