//! Schemas as JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::super::fields::number;
use super::super::{Column, Schema};
use super::data_type::{TypeJson, read_type};
use super::{JsonError, each, integer, member, object, optional, parse, text, text_map, texts, to_text};

impl Schema {
    /// As JSON; what `GetTableSchemaResponse.schema_json` holds.
    pub fn to_json(&self) -> String {
        to_text(self)
    }

    /// From JSON. Columns without an id, in JSON of older versions, are numbered by position, and fields of rows without
    /// one after all that have one. Primary-key columns become NOT NULL.
    ///
    /// # Errors
    /// If it is no schema, or if [`Schema::check`] finds an error.
    pub fn from_json(json: &[u8]) -> Result<Schema, JsonError> {
        let schema = read_schema(&parse(json)?)?;
        schema.check()?;
        Ok(schema)
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("version", &1)?;
        map.serialize_entry("columns", &self.columns)?;
        if !self.primary_key.is_empty() {
            map.serialize_entry("primary_key", &self.primary_key_names().collect::<Vec<_>>())?;
        }
        if !self.auto_increment.is_empty() {
            map.serialize_entry("auto_increment_column", &self.auto_increment_names().collect::<Vec<_>>())?;
        }
        map.serialize_entry("highest_field_id", &self.highest_field_id)?;
        map.end()
    }
}

impl Serialize for Column {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("data_type", &TypeJson(&self.column_type))?;
        if let Some(comment) = &self.comment {
            map.serialize_entry("comment", comment)?;
        }
        if let Some((function, parameters)) = &self.aggregation {
            map.serialize_entry("agg_function", &Aggregation { function, parameters })?;
        }
        map.serialize_entry("id", &self.id)?;
        map.end()
    }
}

struct Aggregation<'a> {
    function: &'a str,
    parameters: &'a [(String, String)],
}

impl Serialize for Aggregation<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.function)?;
        if !self.parameters.is_empty() {
            map.serialize_entry("parameters", &super::descriptor::Pairs(self.parameters))?;
        }
        map.end()
    }
}

/// Reads a schema, but does not check it.
pub(super) fn read_schema(value: &Value) -> Result<Schema, JsonError> {
    let object = object(value)?;
    let read = member(object, "columns", |value| each(value, read_column))?;
    let numbered = read.iter().filter(|(id, _)| id.is_some()).count();
    if numbered != 0 && numbered != read.len() {
        return Err(JsonError::unexpected("an id in every column or in none", "some of both").within("columns"));
    }
    let columns = (0..).zip(read).map(|(at, (id, column))| Column { id: id.unwrap_or(at), ..column });
    let mut schema = Schema {
        columns: columns.collect(),
        primary_key: Vec::new(),
        auto_increment: Vec::new(),
        highest_field_id: -1,
    };
    number_the_rest(&mut schema, optional(object, "highest_field_id", |value| integer(value, -1, i32::MAX))?)?;

    let primary_key = optional(object, "primary_key", texts)?.unwrap_or_default();
    schema.primary_key = schema.positions("the primary key", &primary_key)?;
    for &at in &schema.primary_key {
        if let Some(column) = schema.columns.get_mut(at) {
            column.column_type.nullable = false;
        }
    }
    let auto_increment = optional(object, "auto_increment_column", texts)?.unwrap_or_default();
    schema.auto_increment = schema.positions("auto-increment", &auto_increment)?;
    Ok(schema)
}

/// Finds the highest id, and gives nested fields without an id the numbers after it.
fn number_the_rest(schema: &mut Schema, highest: Option<i32>) -> Result<(), JsonError> {
    let given = highest_id(schema);
    let mut next = highest.unwrap_or(given).max(given);
    for Column { name, column_type, .. } in &mut schema.columns {
        number(name, column_type, &mut next, 1, false)?;
    }
    let assigned = highest_id(schema);
    // A highest id below one that is there is left for `check` to refuse.
    schema.highest_field_id = if assigned > given { next } else { highest.unwrap_or(given) };
    Ok(())
}

fn highest_id(schema: &Schema) -> i32 {
    fn beneath(column_type: &super::super::ColumnType) -> i32 {
        let own = match &column_type.data_type {
            super::super::DataType::Row(fields) => fields.iter().filter_map(|field| field.id).max(),
            _ => None,
        };
        column_type.children().map(|(_, child)| beneath(child)).fold(own.unwrap_or(-1), i32::max)
    }
    schema.columns.iter().map(|column| column.id.max(beneath(&column.column_type))).max().unwrap_or(-1)
}

fn read_column(value: &Value) -> Result<(Option<i32>, Column), JsonError> {
    let object = object(value)?;
    let id = optional(object, "id", |value| integer(value, -1, i32::MAX))?.filter(|&id| id >= 0);
    let column = Column {
        id: -1,
        name: member(object, "name", text)?,
        column_type: member(object, "data_type", |value| read_type(value, 1))?,
        comment: optional(object, "comment", text)?,
        aggregation: optional(object, "agg_function", read_aggregation)?,
    };
    Ok((id, column))
}

fn read_aggregation(value: &Value) -> Result<(String, Vec<(String, String)>), JsonError> {
    let object = object(value)?;
    let parameters = optional(object, "parameters", text_map)?.unwrap_or_default();
    Ok((member(object, "type", text)?, parameters.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::table::samples::schema;

    /// Facts of Fluss's `SchemaJsonSerdeTest`.
    const GOLDEN: &[&str] = &[
        r#"{"version":1,"columns":[{"name":"a","data_type":{"type":"INTEGER","nullable":false},"comment":"a is first column","id":0},{"name":"b","data_type":{"type":"STRING"},"comment":"b is second column","id":1},{"name":"c","data_type":{"type":"CHAR","nullable":false,"length":10},"comment":"c is third column","id":2}],"primary_key":["a","c"],"highest_field_id":2}"#,
        r#"{"version":1,"columns":[{"name":"a","data_type":{"type":"BIGINT"},"comment":"a is first column","id":0},{"name":"b","data_type":{"type":"STRING"},"comment":"b is second column","id":1},{"name":"c","data_type":{"type":"TIMESTAMP_WITHOUT_TIME_ZONE","precision":6},"comment":"c is third column","id":2}],"highest_field_id":2}"#,
        r#"{"version":1,"columns":[{"name":"a","data_type":{"type":"INTEGER","nullable":false},"comment":"a is first column","id":0},{"name":"b","data_type":{"type":"INTEGER"},"comment":"b is second column","id":1},{"name":"c","data_type":{"type":"CHAR","nullable":false,"length":10},"comment":"c is third column","id":2}],"primary_key":["a","c"],"auto_increment_column":["b"],"highest_field_id":2}"#,
        r#"{"version":1,"columns":[{"name":"a","data_type":{"type":"INTEGER"},"comment":"a is first column","id":0},{"name":"b","data_type":{"type":"ROW","fields":[{"name":"c","field_type":{"type":"INTEGER"},"description":"a is first column","field_id":2},{"name":"d","field_type":{"type":"INTEGER"},"description":"a is first column","field_id":3}]},"comment":"b is second column","id":1}],"highest_field_id":3}"#,
        r#"{"version":1,"columns":[{"name":"product_id","data_type":{"type":"BIGINT","nullable":false},"id":0},{"name":"total_sales","data_type":{"type":"BIGINT"},"agg_function":{"type":"sum"},"id":1},{"name":"tags","data_type":{"type":"STRING"},"agg_function":{"type":"listagg","parameters":{"delimiter":";"}},"id":2}],"primary_key":["product_id"],"highest_field_id":2}"#,
    ];

    #[test]
    fn schemas_are_written_as_in_java() {
        for json in GOLDEN {
            assert_eq!(Schema::from_json(json.as_bytes()).unwrap().to_json(), *json);
        }
    }

    #[test]
    fn json_of_older_versions_is_numbered() {
        let without_ids = |json: &str| {
            let mut value: Value = serde_json::from_str(json).unwrap();
            value.as_object_mut().unwrap().remove("highest_field_id");
            for column in value["columns"].as_array_mut().unwrap() {
                column.as_object_mut().unwrap().remove("id");
                if let Some(fields) = column["data_type"].get_mut("fields") {
                    for field in fields.as_array_mut().unwrap() {
                        field.as_object_mut().unwrap().remove("field_id");
                    }
                }
            }
            value.to_string()
        };
        for json in GOLDEN {
            let old = without_ids(json);
            assert_eq!(Schema::from_json(old.as_bytes()).unwrap().to_json(), *json);
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        let int = r#"{"name":"a","data_type":{"type":"INTEGER"},"id":0}"#;
        let cases = [
            (r#"{"columns":[{"name":"a"}]}"#.to_owned(), "at columns[0].data_type: expected a value, found nothing"),
            (format!(r#"{{"columns":[{int},{int}],"highest_field_id":0}}"#), "the schema has 'a' twice"),
            (
                format!(r#"{{"columns":[{int}],"primary_key":["b"]}}"#),
                "the primary key names 'b', which is no column; the columns are a",
            ),
            (
                format!(r#"{{"columns":[{int}],"highest_field_id":-1}}"#),
                "'a' has the field id 0, which is above the highest of the schema",
            ),
            (
                format!(r#"{{"columns":[{int},{{"name":"b","data_type":{{"type":"DATE"}}}}]}}"#),
                "at columns: expected an id in every column or in none, found some of both",
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(Schema::from_json(json.as_bytes()).unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn schemas_round_trip(schema in schema()) {
            prop_assert_eq!(Schema::from_json(schema.to_json().as_bytes()), Ok(schema));
        }

        #[test]
        fn a_broken_schema_never_panics(at: prop::sample::Index, with: Vec<u8>, which in 0..GOLDEN.len()) {
            let mut json = GOLDEN[which].as_bytes().to_vec();
            let at = at.index(json.len());
            let end = json.len().min(at + with.len());
            json.splice(at..end, with);
            let _ = Schema::from_json(&json);
        }
    }
}
