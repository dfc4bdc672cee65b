//! Table and database descriptors as JSON.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::super::{DatabaseDescriptor, TableDescriptor};
use super::schema::read_schema;
use super::{JsonError, integer, member, object, optional, parse, text, text_map, texts, to_text};

impl TableDescriptor {
    /// As JSON; what `table_json` holds. `bucket_key` and `bucket_count` are there once there is a bucket count, and
    /// `bucket_key` alone once there are bucket keys: fluss-rs panics if what a server returns lacks either, so a
    /// server sets the count before it returns a descriptor (`fluss.md` 0.1).
    pub fn to_json(&self) -> String {
        to_text(self)
    }

    /// From JSON.
    ///
    /// # Errors
    /// If it is no table descriptor, or if [`TableDescriptor::check`] finds an error.
    pub fn from_json(json: &[u8]) -> Result<TableDescriptor, JsonError> {
        let value = parse(json)?;
        let object = object(&value)?;
        let bucket_count = optional(object, "bucket_count", |value| integer(value, 1, i32::MAX))?;
        let descriptor = TableDescriptor {
            schema: member(object, "schema", read_schema)?,
            comment: optional(object, "comment", text)?,
            partition_keys: optional(object, "partition_key", texts)?.unwrap_or_default(),
            bucket_keys: optional(object, "bucket_key", texts)?.unwrap_or_default(),
            bucket_count: bucket_count.map(i32::unsigned_abs),
            properties: optional(object, "properties", text_map)?.unwrap_or_default(),
            custom_properties: optional(object, "custom_properties", text_map)?.unwrap_or_default(),
        };
        descriptor.check()?;
        Ok(descriptor)
    }
}

impl Serialize for TableDescriptor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("version", &1)?;
        map.serialize_entry("schema", &self.schema)?;
        if let Some(comment) = &self.comment {
            map.serialize_entry("comment", comment)?;
        }
        map.serialize_entry("partition_key", &self.partition_keys)?;
        if !self.bucket_keys.is_empty() || self.bucket_count.is_some() {
            map.serialize_entry("bucket_key", &self.bucket_keys)?;
        }
        if let Some(count) = self.bucket_count {
            map.serialize_entry("bucket_count", &count)?;
        }
        map.serialize_entry("properties", &self.properties)?;
        map.serialize_entry("custom_properties", &self.custom_properties)?;
        map.end()
    }
}

impl DatabaseDescriptor {
    /// As JSON; what `database_json` holds.
    pub fn to_json(&self) -> String {
        to_text(self)
    }

    /// From JSON.
    ///
    /// # Errors
    /// If it is no database descriptor.
    pub fn from_json(json: &[u8]) -> Result<DatabaseDescriptor, JsonError> {
        let value = parse(json)?;
        let object = object(&value)?;
        Ok(DatabaseDescriptor {
            comment: optional(object, "comment", text)?,
            custom_properties: optional(object, "custom_properties", text_map)?.unwrap_or_default(),
        })
    }
}

impl Serialize for DatabaseDescriptor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("version", &1)?;
        if let Some(comment) = &self.comment {
            map.serialize_entry("comment", comment)?;
        }
        map.serialize_entry("custom_properties", &self.custom_properties)?;
        map.end()
    }
}

/// Keys and values as an object, in the order given.
pub(super) struct Pairs<'a>(pub(super) &'a [(String, String)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::table::samples::schema;

    const SCHEMA: &str = r#"{"version":1,"columns":[{"name":"a","data_type":{"type":"INTEGER","nullable":false},"id":0},{"name":"c","data_type":{"type":"CHAR","nullable":false,"length":10},"id":1}],"primary_key":["a","c"],"highest_field_id":1}"#;

    /// Facts of Fluss's `TableDescriptorJsonSerdeTest`, with the properties in the order of their keys.
    #[test]
    fn tables_are_written_as_in_java() {
        let golden = [
            format!(
                r#"{{"version":1,"schema":{SCHEMA},"comment":"first table","partition_key":["c"],"bucket_key":["a"],"bucket_count":16,"properties":{{"option-1":"100","option-2":"200"}},"custom_properties":{{"custom-1":"\"value-1\""}}}}"#
            ),
            format!(
                r#"{{"version":1,"schema":{SCHEMA},"partition_key":[],"bucket_key":["a"],"bucket_count":32,"properties":{{"option-3":"300","table.log.format":"INDEXED"}},"custom_properties":{{}}}}"#
            ),
            format!(
                r#"{{"version":1,"schema":{SCHEMA},"partition_key":[],"properties":{{}},"custom_properties":{{}}}}"#
            ),
        ];
        for json in golden {
            assert_eq!(TableDescriptor::from_json(json.as_bytes()).unwrap().to_json(), json);
        }
    }

    #[test]
    fn a_bucket_count_brings_the_bucket_key_with_it() {
        let json = format!(
            r#"{{"version":1,"schema":{SCHEMA},"partition_key":[],"bucket_key":[],"bucket_count":1,"properties":{{}},"custom_properties":{{}}}}"#
        );
        assert_eq!(TableDescriptor::from_json(json.as_bytes()).unwrap().to_json(), json);
    }

    #[test]
    fn keys_are_checked() {
        let cases = [
            (r#""partition_key":["x"]"#, "the partition key names 'x', which is no column; the columns are a, c"),
            (r#""partition_key":["a"],"bucket_key":["a"]"#, "'a' is a partition key and so cannot be a bucket key"),
            (r#""bucket_key":["a","a"]"#, "the bucket key has 'a' twice"),
            (r#""bucket_count":0"#, "at bucket_count: expected an integer of 1 to 2147483647, found 0"),
            (r#""properties":{"k":1}"#, "at properties.k: expected a text, found 1"),
        ];
        for (member, expected) in cases {
            let json = format!(r#"{{"schema":{SCHEMA},{member}}}"#);
            assert_eq!(TableDescriptor::from_json(json.as_bytes()).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn databases_are_written_as_in_java() {
        for json in [
            r#"{"version":1,"custom_properties":{}}"#,
            r#"{"version":1,"comment":"first","custom_properties":{"key1":"value1"}}"#,
        ] {
            assert_eq!(DatabaseDescriptor::from_json(json.as_bytes()).unwrap().to_json(), json);
        }
    }

    proptest! {
        #[test]
        fn tables_round_trip(
            schema in schema(), comment: Option<String>, bucket_count in proptest::option::of(1u32..5000),
            properties in proptest::collection::btree_map(".*", ".*", 0..4),
        ) {
            let bucket_keys = schema.primary_key_names().take(1).map(str::to_owned).collect();
            let descriptor = TableDescriptor {
                schema, comment, partition_keys: Vec::new(), bucket_keys, bucket_count,
                custom_properties: properties.clone(), properties,
            };
            prop_assert_eq!(TableDescriptor::from_json(descriptor.to_json().as_bytes()), Ok(descriptor));
        }

        #[test]
        fn any_bytes_give_a_descriptor_or_an_error(bytes: Vec<u8>) {
            let _ = TableDescriptor::from_json(&bytes);
            let _ = DatabaseDescriptor::from_json(&bytes);
        }
    }
}
