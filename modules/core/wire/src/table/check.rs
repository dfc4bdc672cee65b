//! What a schema and a descriptor must satisfy, as Fluss's Java side demands when it builds them.

use std::collections::HashSet;

use super::{ColumnType, DataType, MAX_DECIMAL_PRECISION, MAX_TIME_PRECISION, MAX_TYPE_DEPTH, Schema, TableDescriptor};

/// How many columns and nested fields a schema may have together: a bound of ours.
pub const MAX_FIELDS: usize = 65_536;

/// A schema or descriptor that Fluss would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what their names say, and the sentences say the rest")]
pub enum SchemaError {
    /// A name occurs twice among siblings, or in a key.
    #[error("{place} has '{name}' twice")]
    Duplicate { place: &'static str, name: String },
    /// A column has no name.
    #[error("a column or a field of a ROW has an empty name")]
    EmptyName,
    /// A key names a column that is not there.
    #[error("{place} names '{name}', which is no column; the columns are {columns}")]
    UnknownColumn { place: &'static str, name: String, columns: String },
    /// A position points beyond the columns.
    #[error("{place} points at column {position}, but there are only {columns} columns")]
    Position { place: &'static str, position: usize, columns: usize },
    /// A precision, scale or length is out of its range.
    #[error("{what} of '{name}' is {actual}, but must be {least} to {most}")]
    OutOfRange { name: String, what: &'static str, actual: u32, least: u32, most: u32 },
    /// The keys of a map may be null.
    #[error("the keys of the map '{name}' may be null, but keys never are")]
    NullableKey { name: String },
    /// A primary-key column may be null.
    #[error("primary-key column '{name}' may be null, but keys never are")]
    NullablePrimaryKey { name: String },
    /// Types are nested too deep, or there are too many.
    #[error("'{name}' is nested deeper than {MAX_TYPE_DEPTH} levels")]
    TooDeep { name: String },
    /// There are too many columns and fields.
    #[error("the schema has more than {MAX_FIELDS} columns and nested fields")]
    TooManyFields,
    /// Two columns or fields have the same id, or one has an id above the highest.
    #[error("'{name}' has the field id {id}, which {problem}")]
    FieldId { name: String, id: i32, problem: &'static str },
    /// A key is also a partition key.
    #[error("'{name}' is a partition key and so cannot be a bucket key")]
    PartitionedBucketKey { name: String },
    /// A partition or bucket key of a primary-key table is not in the primary key.
    #[error("{place} names '{name}', which is not in the primary key, but in a table with one it must be")]
    OutsidePrimaryKey { place: &'static str, name: String },
    /// The number of buckets is out of range.
    #[error("the bucket count is {actual}, but must be 1 to {}", i32::MAX)]
    BucketCount { actual: u32 },
    /// Auto-increment needs a primary key that it is not part of, and an integer type.
    #[error("'{name}' cannot be auto-increment: it must be INT or BIGINT, outside the primary key of a table with one")]
    AutoIncrement { name: String },
}

impl Schema {
    /// Checks names, types, keys and field ids.
    ///
    /// # Errors
    /// The first thing that Fluss would refuse, and what exceeds our own bounds.
    pub fn check(&self) -> Result<(), SchemaError> {
        check_names("the schema", self.columns.iter().map(|column| column.name.as_str()))?;
        let mut ids = HashSet::new();
        for column in &self.columns {
            self.check_id(&mut ids, &column.name, column.id)?;
            check_type(&column.name, &column.column_type, 1, &mut |name, id| self.check_id(&mut ids, name, id))?;
        }
        self.check_positions("the primary key", &self.primary_key)?;
        self.check_positions("auto-increment", &self.auto_increment)?;
        let mut keys = self.primary_key.iter().filter_map(|at| self.columns.get(*at));
        if let Some(column) = keys.find(|column| column.column_type.nullable) {
            return Err(SchemaError::NullablePrimaryKey { name: column.name.clone() });
        }
        for &at in &self.auto_increment {
            let Some(column) = self.columns.get(at) else { continue };
            let integer = matches!(column.column_type.data_type, DataType::Int | DataType::BigInt);
            if !integer || self.primary_key.is_empty() || self.primary_key.contains(&at) {
                return Err(SchemaError::AutoIncrement { name: column.name.clone() });
            }
        }
        Ok(())
    }

    fn check_id(&self, ids: &mut HashSet<i32>, name: &str, id: i32) -> Result<(), SchemaError> {
        let problem = match () {
            () if ids.len() >= MAX_FIELDS => return Err(SchemaError::TooManyFields),
            () if id < 0 => "is negative",
            () if id > self.highest_field_id => "is above the highest of the schema",
            () if !ids.insert(id) => "another has too",
            () => return Ok(()),
        };
        Err(SchemaError::FieldId { name: name.to_owned(), id, problem })
    }

    fn check_positions(&self, place: &'static str, positions: &[usize]) -> Result<(), SchemaError> {
        let mut seen = HashSet::new();
        for &position in positions {
            let Some(column) = self.columns.get(position) else {
                return Err(SchemaError::Position { place, position, columns: self.columns.len() });
            };
            if !seen.insert(position) {
                return Err(SchemaError::Duplicate { place, name: column.name.clone() });
            }
        }
        Ok(())
    }
}

impl TableDescriptor {
    /// Checks the schema, the partition and bucket keys and the bucket count.
    ///
    /// # Errors
    /// The first thing that Fluss would refuse, and what exceeds our own bounds.
    pub fn check(&self) -> Result<(), SchemaError> {
        self.schema.check()?;
        for (place, keys) in [("the partition key", &self.partition_keys), ("the bucket key", &self.bucket_keys)] {
            check_names(place, keys.iter().map(String::as_str))?;
            self.schema.positions(place, keys)?;
            for name in keys {
                let mut primary_key = self.schema.primary_key_names();
                if !self.schema.primary_key.is_empty() && !primary_key.any(|key| key == name) {
                    return Err(SchemaError::OutsidePrimaryKey { place, name: name.clone() });
                }
            }
        }
        if let Some(name) = self.bucket_keys.iter().find(|name| self.partition_keys.contains(name)) {
            return Err(SchemaError::PartitionedBucketKey { name: name.clone() });
        }
        match self.bucket_count {
            Some(actual) if actual == 0 || i32::try_from(actual).is_err() => Err(SchemaError::BucketCount { actual }),
            _ => Ok(()),
        }
    }
}

fn check_names<'a>(place: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), SchemaError> {
    let mut seen = HashSet::new();
    for name in names {
        if name.trim().is_empty() {
            return Err(SchemaError::EmptyName);
        }
        if !seen.insert(name) {
            return Err(SchemaError::Duplicate { place, name: name.to_owned() });
        }
    }
    Ok(())
}

fn check_type(
    name: &str,
    column_type: &ColumnType,
    depth: usize,
    check_id: &mut impl FnMut(&str, i32) -> Result<(), SchemaError>,
) -> Result<(), SchemaError> {
    if depth > MAX_TYPE_DEPTH {
        return Err(SchemaError::TooDeep { name: name.to_owned() });
    }
    let range = |what, actual: u32, least: u32, most: u32| match actual >= least && actual <= most {
        true => Ok(()),
        false => Err(SchemaError::OutOfRange { name: name.to_owned(), what, actual, least, most }),
    };
    match &column_type.data_type {
        DataType::Decimal { precision, scale } => {
            range("the precision", (*precision).into(), 1, MAX_DECIMAL_PRECISION.into())?;
            range("the scale", (*scale).into(), 0, (*precision).into())?;
        }
        DataType::Char(length) | DataType::Binary(length) => range("the length", *length, 1, i32::MAX as u32)?,
        DataType::Time(precision) | DataType::Timestamp(precision) | DataType::TimestampLtz(precision) => {
            range("the precision", (*precision).into(), 0, MAX_TIME_PRECISION.into())?;
        }
        DataType::Map(key, _) if key.nullable => return Err(SchemaError::NullableKey { name: name.to_owned() }),
        DataType::Row(fields) => {
            check_names("a ROW", fields.iter().map(|field| field.name.as_str()))?;
            for field in fields {
                check_id(&field.name, field.id.unwrap_or(-1))?;
            }
        }
        _ => {}
    }
    for (child, column_type) in column_type.children() {
        check_type(child, column_type, depth + 1, check_id)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(sql: &str) -> Schema {
        Schema::parse_sql(sql).unwrap()
    }

    #[test]
    fn what_fluss_refuses_is_refused() {
        type Change = fn(&mut Schema);
        let cases: &[(Change, &str)] = &[
            (|schema| schema.columns[0].name = " ".into(), "a column or a field of a ROW has an empty name"),
            (|schema| schema.columns[1].name = "a".into(), "the schema has 'a' twice"),
            (|schema| schema.columns[1].id = 0, "'b' has the field id 0, which another has too"),
            (|schema| schema.columns[1].id = -1, "'b' has the field id -1, which is negative"),
            (|schema| schema.primary_key = vec![7], "the primary key points at column 7, but there are only 3 columns"),
            (|schema| schema.primary_key = vec![0, 0], "the primary key has 'a' twice"),
            (|schema| schema.primary_key = vec![1], "primary-key column 'b' may be null, but keys never are"),
            (
                |schema| schema.auto_increment = vec![0],
                "'a' cannot be auto-increment: it must be INT or BIGINT, outside the primary key of a table with one",
            ),
            (
                |schema| schema.columns[0].column_type.data_type = DataType::Decimal { precision: 5, scale: 6 },
                "the scale of 'a' is 6, but must be 0 to 5",
            ),
            (
                |schema| schema.columns[0].column_type.data_type = DataType::Char(0),
                "the length of 'a' is 0, but must be 1 to 2147483647",
            ),
            (
                |schema| {
                    let DataType::Map(key, _) = &mut schema.columns[2].column_type.data_type else { return };
                    key.nullable = true;
                },
                "the keys of the map 'm' may be null, but keys never are",
            ),
            (
                |schema| {
                    for _ in 0..MAX_TYPE_DEPTH {
                        let element = Box::new(schema.columns[1].column_type.clone());
                        schema.columns[1].column_type.data_type = DataType::Array(element);
                    }
                },
                "'element' is nested deeper than 32 levels",
            ),
        ];
        for (change, expected) in cases {
            let mut schema = schema("a INT NOT NULL, b STRING, m MAP<INT, INT>");
            change(&mut schema);
            assert_eq!(schema.check().unwrap_err().to_string(), *expected);
        }
    }

    #[test]
    fn keys_of_a_keyed_table_are_in_its_primary_key() {
        let schema = schema("a INT, b INT, c INT").with_primary_key(&["a", "b"]).unwrap();
        let with = |partition: &[&str], bucket: &[&str]| {
            let mut table = TableDescriptor::new(schema.clone());
            table.partition_keys = partition.iter().map(|&name| name.to_owned()).collect();
            table.bucket_keys = bucket.iter().map(|&name| name.to_owned()).collect();
            table.check().map_err(|error| error.to_string())
        };
        assert_eq!(with(&["b"], &["a"]), Ok(()));
        let outside = "names 'c', which is not in the primary key, but in a table with one it must be";
        assert_eq!(with(&["c"], &[]), Err(format!("the partition key {outside}")));
        assert_eq!(with(&[], &["c"]), Err(format!("the bucket key {outside}")));
        assert_eq!(with(&["a"], &["a"]), Err("'a' is a partition key and so cannot be a bucket key".to_owned()));
    }

    #[test]
    fn bucket_counts_have_bounds() {
        for (count, good) in [(0, false), (1, true), (i32::MAX as u32, true), (u32::MAX, false)] {
            let mut table = TableDescriptor::new(schema("a INT"));
            table.bucket_count = Some(count);
            assert_eq!(table.check().is_ok(), good, "{count}");
        }
    }
}
