//! Data types as JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::super::{ColumnType, DataType, Field, MAX_DECIMAL_PRECISION, MAX_TIME_PRECISION};
use super::{JsonError, MAX_TYPE_DEPTH, each, integer, member, object, optional, parse, text, to_text};

/// The id of a field that has none yet.
const NO_ID: i32 = -1;

/// A type as JSON; what `PbAddColumn.data_type_json` holds.
pub fn type_to_json(column_type: &ColumnType) -> String {
    to_text(&TypeJson(column_type))
}

/// A type from JSON.
///
/// # Errors
/// If it is no data type, if a precision or length is out of range, or if it is nested deeper than [`MAX_TYPE_DEPTH`].
pub fn type_from_json(json: &[u8]) -> Result<ColumnType, JsonError> {
    read_type(&parse(json)?, 1)
}

/// Writes a type.
pub(super) struct TypeJson<'a>(pub(super) &'a ColumnType);

/// Writes a field of a row.
struct FieldJson<'a>(&'a Field);

fn root(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::TinyInt => "TINYINT",
        DataType::SmallInt => "SMALLINT",
        DataType::Int => "INTEGER",
        DataType::BigInt => "BIGINT",
        DataType::Float => "FLOAT",
        DataType::Double => "DOUBLE",
        DataType::Decimal { .. } => "DECIMAL",
        DataType::Char(_) => "CHAR",
        DataType::String => "STRING",
        DataType::Binary(_) => "BINARY",
        DataType::Bytes => "BYTES",
        DataType::Date => "DATE",
        DataType::Time(_) => "TIME_WITHOUT_TIME_ZONE",
        DataType::Timestamp(_) => "TIMESTAMP_WITHOUT_TIME_ZONE",
        DataType::TimestampLtz(_) => "TIMESTAMP_WITH_LOCAL_TIME_ZONE",
        DataType::Array(_) => "ARRAY",
        DataType::Map(..) => "MAP",
        DataType::Row(_) => "ROW",
    }
}

impl Serialize for TypeJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", root(&self.0.data_type))?;
        if !self.0.nullable {
            map.serialize_entry("nullable", &false)?;
        }
        match &self.0.data_type {
            DataType::Char(length) | DataType::Binary(length) => map.serialize_entry("length", length)?,
            DataType::Decimal { precision, scale } => {
                map.serialize_entry("precision", precision)?;
                map.serialize_entry("scale", scale)?;
            }
            DataType::Time(precision) | DataType::Timestamp(precision) | DataType::TimestampLtz(precision) => {
                map.serialize_entry("precision", precision)?;
            }
            DataType::Array(element) => map.serialize_entry("element_type", &TypeJson(element))?,
            DataType::Map(key, value) => {
                map.serialize_entry("key_type", &TypeJson(key))?;
                map.serialize_entry("value_type", &TypeJson(value))?;
            }
            DataType::Row(fields) => {
                map.serialize_entry("fields", &fields.iter().map(FieldJson).collect::<Vec<_>>())?;
            }
            _ => {}
        }
        map.end()
    }
}

impl Serialize for FieldJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let Field { id, name, column_type, description } = self.0;
        map.serialize_entry("name", name)?;
        map.serialize_entry("field_type", &TypeJson(column_type))?;
        if let Some(description) = description {
            map.serialize_entry("description", description)?;
        }
        map.serialize_entry("field_id", &id.unwrap_or(NO_ID))?;
        map.end()
    }
}

/// Reads a type that stands this deep: 1 is a column's own.
pub(super) fn read_type(value: &Value, depth: usize) -> Result<ColumnType, JsonError> {
    if depth > MAX_TYPE_DEPTH {
        return Err(JsonError::unexpected(format!("at most {MAX_TYPE_DEPTH} nested types"), "more"));
    }
    let object = object(value)?;
    let boolean =
        |value: &Value| value.as_bool().ok_or_else(|| JsonError::unexpected("true or false", super::show(value)));
    let nullable = optional(object, "nullable", boolean)?.unwrap_or(true);
    let precision = |least, most| member(object, "precision", |value| small(value, least, most));
    let time_precision = || precision(0, MAX_TIME_PRECISION);
    let length = || member(object, "length", |value| Ok(integer(value, 1, i32::MAX)?.unsigned_abs()));
    let nested = |key| member(object, key, |value| read_type(value, depth + 1)).map(Box::new);
    let data_type = match member(object, "type", text)?.as_str() {
        "BOOLEAN" => DataType::Boolean,
        "TINYINT" => DataType::TinyInt,
        "SMALLINT" => DataType::SmallInt,
        "INTEGER" => DataType::Int,
        "BIGINT" => DataType::BigInt,
        "FLOAT" => DataType::Float,
        "DOUBLE" => DataType::Double,
        "DECIMAL" => {
            let precision = precision(1, MAX_DECIMAL_PRECISION)?;
            DataType::Decimal { precision, scale: member(object, "scale", |value| small(value, 0, precision))? }
        }
        "CHAR" => DataType::Char(length()?),
        "STRING" => DataType::String,
        "BINARY" => DataType::Binary(length()?),
        "BYTES" => DataType::Bytes,
        "DATE" => DataType::Date,
        "TIME_WITHOUT_TIME_ZONE" => DataType::Time(time_precision()?),
        "TIMESTAMP_WITHOUT_TIME_ZONE" => DataType::Timestamp(time_precision()?),
        "TIMESTAMP_WITH_LOCAL_TIME_ZONE" => DataType::TimestampLtz(time_precision()?),
        "ARRAY" => DataType::Array(nested("element_type")?),
        "MAP" => {
            // Keys are never null, whatever is said (MapType of Fluss's Java side).
            let key = nested("key_type")?;
            DataType::Map(Box::new(ColumnType { nullable: false, ..*key }), nested("value_type")?)
        }
        "ROW" => DataType::Row(member(object, "fields", |value| each(value, |field| read_field(field, depth + 1)))?),
        other => return Err(JsonError::unexpected("one of Fluss's 19 data types", format!("{other:?}")).within("type")),
    };
    Ok(ColumnType { data_type, nullable })
}

fn read_field(value: &Value, depth: usize) -> Result<Field, JsonError> {
    let object = object(value)?;
    Ok(Field {
        id: optional(object, "field_id", |value| integer(value, NO_ID, i32::MAX))?.filter(|&id| id != NO_ID),
        name: member(object, "name", text)?,
        column_type: member(object, "field_type", |value| read_type(value, depth))?,
        description: optional(object, "description", text)?,
    })
}

fn small(value: &Value, least: u8, most: u8) -> Result<u8, JsonError> {
    let number = integer(value, least.into(), most.into())?;
    u8::try_from(number).map_err(|_| JsonError::unexpected("a small number", number.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::samples::column_type;
    use proptest::prelude::*;

    /// Facts of Fluss's `DataTypeJsonSerdeTest`: each type as SQL and as JSON behind `"type":`, without nullability.
    const FORMS: &[(&str, &str, &str)] = &[
        ("BOOLEAN", "BOOLEAN", ""),
        ("TINYINT", "TINYINT", ""),
        ("SMALLINT", "SMALLINT", ""),
        ("INT", "INTEGER", ""),
        ("BIGINT", "BIGINT", ""),
        ("FLOAT", "FLOAT", ""),
        ("DOUBLE", "DOUBLE", ""),
        ("DECIMAL(10, 0)", "DECIMAL", r#","precision":10,"scale":0"#),
        ("DECIMAL(15, 5)", "DECIMAL", r#","precision":15,"scale":5"#),
        ("CHAR(1)", "CHAR", r#","length":1"#),
        ("CHAR(5)", "CHAR", r#","length":5"#),
        ("STRING", "STRING", ""),
        ("BINARY(1)", "BINARY", r#","length":1"#),
        ("BINARY(100)", "BINARY", r#","length":100"#),
        ("BYTES", "BYTES", ""),
        ("DATE", "DATE", ""),
        ("TIME(0)", "TIME_WITHOUT_TIME_ZONE", r#","precision":0"#),
        ("TIME(3)", "TIME_WITHOUT_TIME_ZONE", r#","precision":3"#),
        ("TIMESTAMP(6)", "TIMESTAMP_WITHOUT_TIME_ZONE", r#","precision":6"#),
        ("TIMESTAMP_LTZ(6)", "TIMESTAMP_WITH_LOCAL_TIME_ZONE", r#","precision":6"#),
        ("ARRAY<INT NOT NULL>", "ARRAY", r#","element_type":{"type":"INTEGER","nullable":false}"#),
        (
            "MAP<BIGINT, INT NOT NULL>",
            "MAP",
            r#","key_type":{"type":"BIGINT","nullable":false},"value_type":{"type":"INTEGER","nullable":false}"#,
        ),
        (
            "ROW<f0 BIGINT, f1 INT NOT NULL>",
            "ROW",
            r#","fields":[{"name":"f0","field_type":{"type":"BIGINT"},"field_id":-1},{"name":"f1","field_type":{"type":"INTEGER","nullable":false},"field_id":-1}]"#,
        ),
    ];

    #[test]
    fn types_are_written_and_read_as_in_java() {
        for (sql, root, rest) in FORMS {
            for (suffix, nullable) in [("", ""), (" NOT NULL", r#","nullable":false"#)] {
                let json = format!(r#"{{"type":"{root}"{nullable}{rest}}}"#);
                let expected: ColumnType = format!("{sql}{suffix}").parse().unwrap();
                assert_eq!(type_to_json(&expected), json);
                assert_eq!(type_from_json(json.as_bytes()), Ok(expected));
            }
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        let cases = [
            (r#"{"type":"INT"}"#, r#"at type: expected one of Fluss's 19 data types, found "INT""#),
            (r#"{"type":"CHAR"}"#, "at length: expected a value, found nothing"),
            (r#"{"type":"CHAR","length":0}"#, "at length: expected an integer of 1 to 2147483647, found 0"),
            (
                r#"{"type":"ROW","fields":[{"name":"a","field_type":{"type":"TIME_WITHOUT_TIME_ZONE","precision":10}}]}"#,
                "at fields[0].field_type.precision: expected an integer of 0 to 9, found 10",
            ),
            (r#"{"type":"DECIMAL","precision":3,"scale":4}"#, "at scale: expected an integer of 0 to 3, found 4"),
            (r#"{"type":"DATE","nullable":1}"#, "at nullable: expected true or false, found 1"),
            ("[]", "at $: expected an object, found an array"),
        ];
        for (json, expected) in cases {
            assert_eq!(type_from_json(json.as_bytes()).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested =
            |levels| r#"{"type":"ARRAY","element_type":"#.repeat(levels) + r#"{"type":"DATE"}"# + &"}".repeat(levels);
        assert!(type_from_json(nested(MAX_TYPE_DEPTH - 1).as_bytes()).is_ok());
        for levels in [MAX_TYPE_DEPTH, 126, 100_000] {
            assert!(type_from_json(nested(levels).as_bytes()).is_err(), "{levels}");
        }
    }

    proptest! {
        #[test]
        fn types_round_trip(column_type in column_type()) {
            prop_assert_eq!(type_from_json(type_to_json(&column_type).as_bytes()), Ok(column_type));
        }
    }
}
