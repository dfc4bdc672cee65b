//! Tables and their parts as JSON and SQL, names and partitions.

use thalweg_wire::record::{BucketRule, KeyFormat};
use thalweg_wire::table::{
    ColumnType, DatabaseDescriptor, Schema, TableDescriptor, TablePath, check_new_partition_value, partition_name,
    partition_values, qualified_partition, resolve_partition, type_from_json, type_to_json,
};

use crate::common::every_type;
use crate::machine::Target;

const DESCRIPTOR: &str = r#"{"version":1,"schema":{"version":1,"columns":[{"name":"id","data_type":{"type":"BIGINT","nullable":false},"id":0},{"name":"day","data_type":{"type":"CHAR","nullable":false,"length":10},"comment":"the day","id":1},{"name":"n","data_type":{"type":"DECIMAL","precision":10,"scale":2},"agg_function":{"type":"sum","parameters":{"a":"b"}},"id":2}],"primary_key":["id","day"],"auto_increment_column":[],"highest_field_id":2},"comment":"c","partition_key":["day"],"bucket_key":["id"],"bucket_count":3,"properties":{"table.log.format":"ARROW","table.kv.format":"COMPACTED","table.datalake.format":"paimon","table.kv.format-version":"2","table.log.arrow.compression.type":"ZSTD","table.log.arrow.compression.zstd.level":"3"},"custom_properties":{"owner":"me"}}"#;

const WORDS: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "-1",
    "1e400",
    "{\"type\":\"ARRAY\",\"element_type\":",
    "\"ROW\"",
    "\"MAP\"",
    "\"nullable\":",
    "\"field_id\":",
    "\"length\":2147483648",
    "\"columns\":",
    "\"id\":0",
    "\\ud800",
    "\\u0000",
    "[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "\u{e9}",
    "\"INDEXED\"",
    " disable ",
    "\"AGGREGATE\"",
    "\"highest_field_id\":",
];

/// A schema with a column of each type.
fn every_column() -> Schema {
    let columns =
        every_type().into_iter().enumerate().map(|(at, of)| (format!("c{at}"), of, Some("it's \"a\"".into())));
    Schema::new(columns).expect("every type is a column's")
}

#[test]
fn json() {
    let schema = every_column();
    let database = DatabaseDescriptor { comment: Some("c".into()), ..DatabaseDescriptor::default() };
    let mut seeds: Vec<Vec<u8>> = every_type().iter().map(|of| type_to_json(of).into()).collect();
    seeds.extend([DESCRIPTOR.into(), DESCRIPTOR.into(), schema.to_json().into(), database.to_json().into()]);
    seeds.extend((0..4).map(|_| DESCRIPTOR.into()));
    TableDescriptor::from_json(DESCRIPTOR.as_bytes()).expect("a good descriptor");
    // A tree of values is many times as large as `[[[[`; ours is larger still by the paths in errors.
    let target = Target { name: "json", seeds, words: WORDS, memory: (400, 16384), seconds: 2.0 };
    target.run(|input| {
        if let Ok(column_type) = type_from_json(input) {
            assert_eq!(type_from_json(type_to_json(&column_type).as_bytes()), Ok(column_type));
        }
        if let Ok(schema) = Schema::from_json(input) {
            assert_eq!(Schema::from_json(schema.to_json().as_bytes()), Ok(schema));
        }
        if let Ok(database) = DatabaseDescriptor::from_json(input) {
            assert_eq!(DatabaseDescriptor::from_json(database.to_json().as_bytes()), Ok(database));
        }
        if let Ok(table) = TableDescriptor::from_json(input) {
            use_descriptor(&table);
            assert_eq!(TableDescriptor::from_json(table.to_json().as_bytes()), Ok(table));
        }
    });
}

/// All that is derived from a descriptor.
fn use_descriptor(table: &TableDescriptor) {
    let _ = (table.log_format(), table.log_compression(), table.lake_format());
    let _ = (table.kv_format(), table.kv_format_version());
    let _ = (KeyFormat::of_primary_key(table), KeyFormat::of_bucket_key(table), BucketRule::of(table));
    let _ = (table.physical_primary_key(), table.has_default_bucket_key(), table.prefix_key());
    let _ = (table.schema.to_string(), arrow_schema::Schema::from(&table.schema));
}

#[test]
fn sql() {
    let mut seeds: Vec<Vec<u8>> = every_type().iter().map(|of| of.to_string().into()).collect();
    seeds.push(every_column().to_string().into());
    seeds.push("id BIGINT NOT NULL, `the ``name`` ü` string comment 'it''s', m MAP<STRING, ROW<a INT>>".into());
    let words = [
        "ARRAY<",
        "MAP<",
        "ROW<a ",
        ">",
        "<",
        ",",
        "(",
        ")",
        "`",
        "'",
        "NOT NULL",
        "NULL",
        "COMMENT '",
        "DECIMAL(38, 38)",
        "INT",
        "4294967296",
        "TIMESTAMP_LTZ(9)",
        "ROW<>",
        "\u{e9}",
        "a ",
        "CHAR(2147483647)",
        " ",
        "\n",
        "--",
    ];
    let target = Target { name: "sql", seeds, words: &words, memory: (400, 16384), seconds: 1.0 };
    target.run(|input| {
        let text = String::from_utf8_lossy(input);
        if let Ok(column_type) = text.parse::<ColumnType>() {
            assert_eq!(column_type.to_string().parse(), Ok(column_type));
        }
        if let Ok(schema) = Schema::parse_sql(&text) {
            assert_eq!(Schema::parse_sql(&schema.to_string()), Ok(schema));
        }
    });
}

#[test]
fn names() {
    let seeds =
        ["2026$eu", "flights", "sales.orders", "a$b$c", "__p1", "", ".", "a.b.c"].map(|name| name.as_bytes().to_vec());
    let words = ["$", ".", "_", "__", "\u{e9}", "=", "/", "-", &"a".repeat(201)];
    let target = Target { name: "names", seeds: seeds.into(), words: &words, memory: (64, 4096), seconds: 0.5 };
    target.run(|input| {
        let text = String::from_utf8_lossy(input);
        let keys = ["day", "region"];
        if let Ok(path) = text.parse::<TablePath>() {
            assert_eq!(path.to_string().parse(), Ok(path));
        }
        let _ = check_new_partition_value(&text);
        if let Ok(values) = partition_values(&keys, &text) {
            let spec: Vec<(&str, &str)> = keys.into_iter().zip(values.iter().copied()).rev().collect();
            assert_eq!(resolve_partition(&keys, &spec), Ok(values.clone()));
            let _ = qualified_partition(&keys, &values);
            assert_eq!(partition_name(values), text);
        }
    });
}
