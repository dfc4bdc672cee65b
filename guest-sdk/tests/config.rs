//! Configurations: what their schema says, what they read, and which key an error names.
#![allow(missing_docs, reason = "the configurations here are tests")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use thalweg_module::testing::Rows;
use thalweg_module::{Error, Parameter, Parameters, config, filter};

/// Everything at once.
#[config]
#[derive(Debug, PartialEq)]
struct Config {
    /// How many.
    ///
    /// Not more.
    count: u8,
    #[default = "none"]
    name: String,
    #[default = vec![1, 2]]
    list: Vec<i64>,
    #[serde(default = "half")]
    share: f64,
    #[serde(rename = "the limits", default)]
    limits: Limits,
    #[default = Mode::KeepLast { n: 4 }]
    mode: Mode,
    #[default = Some(Word::KeepAll)]
    word: Option<Word>,
    shapes: Option<Vec<Shape>>,
    #[serde(default)]
    by_name: BTreeMap<String, Limits>,
    r#type: Option<Value>,
}

fn half() -> f64 {
    0.5
}

#[config]
#[derive(Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Limits {
    #[default = -3]
    at_least: i32,
    at_most: Option<i32>,
}

#[config]
#[derive(Debug, PartialEq)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
enum Word {
    /// All of it.
    KeepAll,
    #[serde(rename = "x")]
    Other,
}

#[config]
#[derive(Debug, PartialEq)]
enum Mode {
    Off,
    Only(Vec<String>),
    /// The last.
    KeepLast {
        #[default = 2]
        n: u32,
    },
}

#[config]
#[derive(Debug, PartialEq)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Shape {
    Point,
    BigCircle { radius: f32 },
}

#[filter]
fn takes_all(#[config] config: &Config, n: i32) -> bool {
    n == i32::from(config.count)
}

/// Reads a configuration as the host does, and says what is wrong.
fn wrong(text: &str) -> (String, String) {
    match Rows::new().column("n", [1]).run::<TakesAll>(text) {
        Err(Error::Config { key, expected }) => (key, expected),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_schema_says_types_docs_and_defaults() {
    let limits = json!({
        "type": "object",
        "properties": { "atLeast": { "type": "integer", "default": -3 }, "atMost": { "type": "integer" } },
        "required": [],
        "additionalProperties": false,
    });
    let with_default = |mut schema: Value, default: Value| {
        schema["default"] = default;
        schema
    };
    let object = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    let expected = [
        ("count", json!({ "type": "integer", "description": "How many.  Not more." })),
        ("name", json!({ "type": "string", "default": "none" })),
        ("list", json!({ "type": "array", "items": { "type": "integer" }, "default": [1, 2] })),
        ("share", json!({ "type": "number", "default": 0.5 })),
        ("the limits", with_default(limits.clone(), json!({ "atLeast": -3 }))),
        (
            "mode",
            json!({
                "oneOf": [
                    { "const": "Off" },
                    object(json!({ "Only": { "type": "array", "items": { "type": "string" } } }), json!(["Only"])),
                    with_description(object(
                        json!({ "KeepLast": object(json!({ "n": { "type": "integer", "default": 2 } }), json!([])) }),
                        json!(["KeepLast"]),
                    ), "The last."),
                ],
                "default": { "KeepLast": { "n": 4 } },
            }),
        ),
        (
            "word",
            json!({
                "type": "string",
                "enum": ["KEEP-ALL", "x"],
                "oneOf": [{ "const": "KEEP-ALL", "description": "All of it." }, { "const": "x" }],
                "default": "KEEP-ALL",
            }),
        ),
        (
            "shapes",
            json!({ "type": "array", "items": { "oneOf": [
                object(json!({ "kind": { "const": "point" } }), json!(["kind"])),
                object(json!({ "kind": { "const": "big_circle" }, "radius": { "type": "number" } }), json!(["kind", "radius"])),
            ] } }),
        ),
        ("by_name", json!({ "type": "object", "additionalProperties": limits, "default": {} })),
        ("type", json!({})),
    ];
    let schema = <Config as Parameters>::schema();
    for (name, expected) in &expected {
        assert_eq!(schema["properties"][name], *expected, "{name}");
    }
    assert_eq!(schema["properties"].as_object().map(serde_json::Map::len), Some(expected.len()));
    assert_eq!(schema["required"], json!(["count"]));
    assert_eq!(schema["additionalProperties"], json!(false));
}

fn with_description(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

#[test]
fn what_is_left_out_has_its_default() {
    let read: Config = serde_json::from_str(r#"{"count": 3}"#).unwrap();
    assert_eq!((read.name.as_str(), read.list.as_slice(), read.share), ("none", [1, 2].as_slice(), 0.5));
    assert_eq!(read.limits, Limits { at_least: -3, at_most: None });
    assert_eq!((read.mode, read.word), (Mode::KeepLast { n: 4 }, Some(Word::KeepAll)));
}

#[test]
fn values_are_written_as_they_are_read() {
    let text = json!({
        "count": 3, "name": "n", "list": [], "share": 1.0, "the limits": { "atLeast": 1, "atMost": 2 },
        "mode": { "Only": ["a"] }, "word": "x", "shapes": [{ "kind": "point" }, { "kind": "big_circle", "radius": 1.5 }],
        "by_name": { "a": { "atLeast": 0 } }, "type": [null],
    });
    let read: Config = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(read.json(), Some(text));
}

#[test]
fn errors_name_the_key() {
    for (text, key, part) in [
        ("{}", "count", "missing field"),
        (r#"{"count": 1, "cuont": 2}"#, "cuont", "unknown field `cuont`, expected one of `count`, `name`"),
        (r#"{"count": 256}"#, "count", "expected u8"),
        (r#"{"count": 1, "list": [1, "x"]}"#, "list[1]", "expected i64"),
        (r#"{"count": 1, "the limits": {"atleast": 1}}"#, "the limits.atleast", "expected `atLeast` or `atMost`"),
        (r#"{"count": 1, "by_name": {"a": {"atLeast": 0.5}}}"#, "by_name.a.atLeast", "expected i32"),
        (r#"{"count": 1, "mode": {"KeepLast": {"m": 1}}}"#, "mode.KeepLast.m", "expected `n`"),
        (r#"{"count": 1, "mode": "on"}"#, "mode", "expected one of `Off`, `Only`, `KeepLast`"),
        (r#"{"count": 1, "word": "KeepAll"}"#, "word", "expected `KEEP-ALL` or `x`"),
        (r#"{"count": 1, "shapes": [{"kind": "big_circle"}]}"#, "shapes[0].radius", "missing field"),
    ] {
        let (found, expected) = wrong(text);
        assert_eq!(found, key, "{text}: {expected}");
        assert!(expected.contains(part), "{text}: {expected}");
    }
}

#[test]
fn names_follow_every_rule_of_serde() {
    macro_rules! rules {
        ($($rule:literal),*) => {$({
            #[config]
            #[serde(rename_all = $rule)]
            struct Struct {
                one_two: i32,
            }
            #[config]
            #[serde(rename_all = $rule)]
            enum Enum {
                OneTwo,
                #[allow(dead_code, reason = "read only")]
                Three { a: i32 },
            }
            let schema = <Struct as Parameters>::schema();
            let name = schema["required"][0].as_str().unwrap();
            let read: Struct = serde_json::from_value(json!({ name: 1 })).unwrap();
            assert_eq!(read.one_two, 1);
            let schema = <Enum as Parameter>::schema();
            assert!(matches!(serde_json::from_value(schema["oneOf"][0]["const"].clone()), Ok(Enum::OneTwo)), "{schema}");
        })*};
    }
    rules!(
        "lowercase",
        "UPPERCASE",
        "PascalCase",
        "camelCase",
        "snake_case",
        "SCREAMING_SNAKE_CASE",
        "kebab-case",
        "SCREAMING-KEBAB-CASE"
    );
}
