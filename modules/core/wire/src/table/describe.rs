//! Tables in words: the SQL of the columns and what is said beside it, as what a table is created with.

use std::collections::BTreeMap;

use super::{Schema, SchemaError, SqlError, TableDescriptor};

/// What is said of a table beside its columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableOptions {
    /// The columns of the primary key, where the SQL does not name them; empty: a log table.
    pub primary_key: Vec<String>,
    /// The partition columns; empty: not partitioned.
    pub partition_by: Vec<String>,
    /// The bucket columns; empty: the server's default.
    pub bucket_by: Vec<String>,
    /// `None`: the server's default.
    pub buckets: Option<u32>,
    /// A text for people.
    pub comment: Option<String>,
    /// Properties: `table.*` are Fluss's own; `fields.COLUMN.agg` and `fields.COLUMN.FUNCTION.PARAMETER` say how the
    /// aggregation merge engine combines the values of a column, named as by Fluss's Flink connector; all others are the
    /// user's. Of one that is there twice the last counts.
    pub properties: Vec<(String, String)>,
}

/// Words that describe no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescribeError {
    /// The SQL of the columns cannot be read.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// Fluss would refuse the table.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The primary key is named twice, and not alike.
    #[error("the primary key is said twice: ({columns}) beside the columns, and ({options}) in the options")]
    TwoKeys {
        /// In the SQL.
        columns: String,
        /// In the options.
        options: String,
    },
    /// A property of a column that is not there.
    #[error("property {key}: the table has no column `{column}`")]
    NoColumn {
        /// The property.
        key: String,
        /// The column.
        column: String,
    },
    /// A property of columns that has another form.
    #[error("property {key} must be fields.COLUMN.agg or fields.COLUMN.FUNCTION.PARAMETER")]
    Form {
        /// The property.
        key: String,
    },
    /// A parameter of a function that the column does not have.
    #[error("property {key} needs fields.{column}.agg={function} too")]
    NoFunction {
        /// The property.
        key: String,
        /// The column.
        column: String,
        /// The function.
        function: String,
    },
}

impl TableDescriptor {
    /// A table from the SQL of its columns, as [`Schema::parse_sql`] reads it, and what is said beside it.
    ///
    /// # Errors
    /// Where the text is wrong and what should stand there; a column that is not there; whatever else Fluss would refuse.
    pub fn describe(columns: &str, options: TableOptions) -> Result<TableDescriptor, DescribeError> {
        TableDescriptor::with_options(Schema::parse_sql(columns)?, options)
    }

    /// A table from its columns, and what is said beside them.
    ///
    /// # Errors
    /// As `describe`.
    pub fn with_options(schema: Schema, options: TableOptions) -> Result<TableDescriptor, DescribeError> {
        let TableOptions { primary_key, partition_by, bucket_by, buckets, comment, properties } = options;
        let mut schema = keyed(schema, &primary_key)?;
        let others = take_aggregations(properties, &mut schema)?;
        let (properties, custom_properties): (BTreeMap<_, _>, BTreeMap<_, _>) =
            others.into_iter().partition(|(key, _)| key.starts_with("table."));
        let descriptor = TableDescriptor {
            schema,
            comment,
            partition_keys: partition_by,
            bucket_keys: bucket_by,
            bucket_count: buckets,
            properties,
            custom_properties,
        };
        descriptor.check()?;
        Ok(descriptor)
    }
}

/// The schema with the primary key of the options, if they have one.
fn keyed(schema: Schema, primary_key: &[String]) -> Result<Schema, DescribeError> {
    if primary_key.is_empty() || schema.primary_key_names().eq(primary_key.iter().map(String::as_str)) {
        return Ok(schema);
    }
    if schema.primary_key.is_empty() {
        return Ok(schema.with_primary_key(primary_key)?);
    }
    let columns = schema.primary_key_names().collect::<Vec<_>>().join(", ");
    Err(DescribeError::TwoKeys { columns, options: primary_key.join(", ") })
}

/// Takes the properties of columns into the schema and gives back the others.
fn take_aggregations(
    properties: Vec<(String, String)>,
    schema: &mut Schema,
) -> Result<Vec<(String, String)>, DescribeError> {
    let (mut others, mut parameters) = (Vec::new(), Vec::new());
    for (key, value) in properties {
        let Some(rest) = key.strip_prefix("fields.") else {
            others.push((key, value));
            continue;
        };
        let position = |name: &str| {
            let none = || DescribeError::NoColumn { key: key.clone(), column: name.to_owned() };
            schema.position(name).ok_or_else(none)
        };
        if let Some(name) = rest.strip_suffix(".agg") {
            let at = position(name)?;
            if let Some(column) = schema.columns.get_mut(at) {
                column.aggregation = Some((value.trim().to_ascii_lowercase(), Vec::new()));
            }
        } else if let Some((place, parameter)) = rest.rsplit_once('.')
            && let Some((name, function)) = place.rsplit_once('.')
        {
            let at = position(name)?;
            parameters.push((at, function.to_ascii_lowercase(), parameter.to_owned(), key, value));
        } else {
            return Err(DescribeError::Form { key });
        }
    }
    // Behind all functions, in whichever order they stood.
    for (at, function, parameter, key, value) in parameters {
        let Some(column) = schema.columns.get_mut(at) else { continue };
        match &mut column.aggregation {
            Some((chosen, parameters)) if *chosen == function => parameters.push((parameter, value)),
            _ => return Err(DescribeError::NoFunction { key, column: column.name.clone(), function }),
        }
    }
    Ok(others)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::table::samples::schema;

    fn pair((key, value): (&str, &str)) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    fn described(columns: &str, options: TableOptions) -> Result<TableDescriptor, String> {
        TableDescriptor::describe(columns, options).map_err(|error| error.to_string())
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn everything_that_is_said_goes_to_its_place() {
        let options = TableOptions {
            partition_by: names(&["day"]),
            bucket_by: names(&["id"]),
            buckets: Some(3),
            comment: Some("sums".to_owned()),
            properties: [("table.merge-engine", "aggregation"), ("owner", "me"), ("fields.n.agg", " SUM ")]
                .map(pair)
                .into(),
            ..TableOptions::default()
        };
        let sql = "id INT, day STRING COMMENT 'as 20260131', n BIGINT, PRIMARY KEY (id, day) NOT ENFORCED";
        let table = described(sql, options.clone()).unwrap();
        assert_eq!(table.schema.primary_key, [0, 1]);
        assert!(!table.schema.columns[0].column_type.nullable, "a key column is not null");
        assert_eq!(table.schema.columns[1].comment.as_deref(), Some("as 20260131"));
        assert_eq!(table.schema.columns[2].aggregation, Some(("sum".to_owned(), Vec::new())));
        assert_eq!((table.properties.len(), table.custom_properties.get("owner").map(String::as_str)), (1, Some("me")));
        assert_eq!((table.partition_keys.as_slice(), table.bucket_count), (&names(&["day"])[..], Some(3)));
        let keyed = TableOptions { primary_key: names(&["id", "day"]), ..options };
        assert_eq!(described(sql, keyed.clone()).unwrap(), table, "the same key twice");
        assert_eq!(described("id INT, day STRING COMMENT 'as 20260131', n BIGINT", keyed).unwrap(), table);
    }

    #[test]
    fn words_that_describe_no_table_are_refused() {
        let keyed = |key: &[&str]| TableOptions { primary_key: names(key), ..TableOptions::default() };
        let with = |properties: &[(&str, &str)]| {
            let properties = properties.iter().copied().map(pair).collect();
            TableOptions { properties, ..TableOptions::default() }
        };
        let other = |change: fn(&mut TableOptions)| {
            let mut options = TableOptions::default();
            change(&mut options);
            options
        };
        let cases = [
            (
                "a INT b",
                TableOptions::default(),
                "at character 7: expected ',', NOT NULL, COMMENT or the end, found 'b'",
            ),
            ("a INT, a INT", TableOptions::default(), "the schema has 'a' twice"),
            ("a INT", keyed(&["b"]), "the primary key names 'b', which is no column; the columns are a"),
            (
                "a INT, b INT, PRIMARY KEY (a)",
                keyed(&["b"]),
                "the primary key is said twice: (a) beside the columns, and (b) in the options",
            ),
            ("a INT, PRIMARY KEY (b)", keyed(&[]), "the primary key names 'b', which is no column; the columns are a"),
            (
                "a INT",
                other(|options| options.partition_by = names(&["b"])),
                "the partition key names 'b', which is no column; the columns are a",
            ),
            (
                "a INT",
                other(|options| options.bucket_by = names(&["b"])),
                "the bucket key names 'b', which is no column; the columns are a",
            ),
            ("a INT", other(|options| options.buckets = Some(0)), "the bucket count is 0, but must be 1 to 2147483647"),
            ("a INT", with(&[("fields.b.agg", "sum")]), "property fields.b.agg: the table has no column `b`"),
            (
                "a INT",
                with(&[("fields.a", "sum")]),
                "property fields.a must be fields.COLUMN.agg or fields.COLUMN.FUNCTION.PARAMETER",
            ),
            (
                "a INT",
                with(&[("fields.a.agg", "sum"), ("fields.a.listagg.delimiter", ";")]),
                "property fields.a.listagg.delimiter needs fields.a.agg=listagg too",
            ),
        ];
        for (columns, options, expected) in cases {
            assert_eq!(described(columns, options).unwrap_err(), expected, "{columns}");
        }
    }

    #[test]
    fn functions_and_their_parameters_go_to_their_columns() {
        let properties = [
            ("fields.tags.listagg.delimiter", ";"),
            ("fields.total.agg", "SUM"),
            ("table.merge-engine", "aggregation"),
            ("fields.tags.agg", "listagg"),
            ("fields.a.b.agg", "max"),
        ];
        let options = TableOptions { properties: properties.map(pair).into(), ..TableOptions::default() };
        let table = described("id INT NOT NULL, total BIGINT, tags STRING, `a.b` INT", options).unwrap();
        assert!(table.properties.into_iter().eq([pair(("table.merge-engine", "aggregation"))]));
        let found: Vec<_> = table.schema.columns.into_iter().map(|column| column.aggregation).collect();
        let function = |name: &str, parameters: Vec<(String, String)>| Some((name.to_owned(), parameters));
        let delimiter = vec![pair(("delimiter", ";"))];
        assert_eq!(found, [None, function("sum", vec![]), function("listagg", delimiter), function("max", vec![])]);
    }

    proptest! {
        #[test]
        fn the_columns_of_a_table_are_read_as_they_are_written(schema in schema()) {
            let table = TableDescriptor::new(schema);
            let sql = table.columns_sql();
            prop_assert_eq!(TableDescriptor::describe(&sql, TableOptions::default()).map(|read| read.schema), Ok(table.schema));
        }
    }
}
