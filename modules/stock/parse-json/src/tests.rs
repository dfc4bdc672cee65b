//! `parse-json` on texts that are right and texts that are not.

use serde_json::{Value, json};
use thalweg_module::Error;
use thalweg_module::testing::{Outcome, Rows};

use super::ParseJson;

/// Runs on one text a row.
fn parsed(config: &Value, texts: &[Option<&str>]) -> Result<Outcome, Error> {
    Rows::new()
        .column("n", 0..texts.len() as i32)
        .column("payload", texts.iter().copied())
        .run::<ParseJson>(&config.to_string())
}

fn rows(outcome: &Outcome) -> Vec<Value> {
    outcome.json().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn members_become_columns_of_their_types() {
    let config = json!({
        "column": "payload",
        "fields": {
            "id": "BIGINT", "price": "DECIMAL(20, 2)", "name": "STRING", "ok": "BOOLEAN", "day": "DATE", "at": "TIMESTAMP(3)",
            "tags": "ARRAY<STRING>", "raw": "BYTES", "whole": "ROW<x DOUBLE, y DOUBLE>", "x": "DOUBLE",
        },
        "paths": { "price": "$.offer.price", "x": "whole.x", "raw": "offer.raw" },
    });
    let texts = [
        Some(
            r#" {"id": 9223372036854775807, "offer": {"price": 123456789012345678.99, "raw": "00ff", "id": 1},
            "name": "Z\u00fcrich", "ok": true, "day": "2001-01-31", "at": "2001-01-31T10:00:00.5", "tags": ["a", null],
            "whole": {"y": 2, "x": 1.5}, "other": {"deep": [1, {"a": "}"}]}} "#,
        ),
        Some(r#"{"id": 1, "id": 2, "offer": null, "whole": [], "name": null}"#),
        Some(r#"{"offer": {}}"#),
        None,
    ];
    let outcome = parsed(&config, &texts).unwrap();
    let names: Vec<_> = outcome.schema().column_names().collect();
    assert_eq!(names, ["n", "at", "day", "id", "name", "ok", "price", "raw", "tags", "whole", "x"]);
    assert_eq!(outcome.kept(), [0, 2, 3]);
    assert_eq!(outcome.refused().len(), 1);
    assert!(outcome.refused()[0].1.starts_with("field `whole`: "), "{:?}", outcome.refused());
    let rows = rows(&outcome);
    assert_eq!(rows[0]["id"], json!(i64::MAX));
    assert!(outcome.json()[0].contains("123456789012345678.99"), "{}", outcome.json()[0]);
    assert_eq!((&rows[0]["name"], &rows[0]["ok"], &rows[0]["raw"]), (&json!("Zürich"), &json!(true), &json!("00ff")));
    assert_eq!((&rows[0]["day"], &rows[0]["tags"]), (&json!("2001-01-31"), &json!(["a", null])));
    assert_eq!((&rows[0]["whole"], &rows[0]["x"]), (&json!({"x": 1.5, "y": 2.0}), &json!(1.5)));
    for (row, n) in [(1, 2), (2, 3)] {
        let object = rows[row].as_object().unwrap();
        assert!(
            object.iter().all(|(name, value)| if name == "n" { *value == n } else { value.is_null() }),
            "{object:?}"
        );
    }
}

#[test]
fn rows_that_do_not_fit_are_refused_with_the_field() {
    let config =
        json!({ "column": "payload", "fields": { "id": "INT NOT NULL", "b": "DECIMAL(4, 2)", "c": "CHAR(2)" } });
    let cases = [
        (Some(r#"{"id": 1, "b": 99.99, "c": "ab"}"#), None),
        (Some(r#"{"id": 1, "id": "x"}"#), None),
        (Some(r#"{"id": 2147483648}"#), Some("field `id`: ")),
        (Some(r#"{"id": 1.5}"#), Some("field `id`: ")),
        (Some(r#"{"b": 1}"#), Some("field `id`: it is NOT NULL, and null or missing")),
        (Some(r#"{"id": null}"#), Some("field `id`: it is NOT NULL, and null or missing")),
        (None, Some("field `id`: it is NOT NULL, and null or missing")),
        (Some(r#"{"id": 1, "b": 100}"#), Some("field `b`: ")),
        (Some(r#"{"id": 1, "c": "abc"}"#), Some("field `c`: ")),
        (Some(r#"{"id": 1, "c": 3}"#), Some("field `c`: ")),
        (Some(r#"{"id": 1, "c": "\ud800"}"#), Some("field `c`: expected a text without half of a surrogate pair")),
        (Some(r#"{"id": 4503599627370497.5}"#), Some("field `id`: ")),
        (Some(r#"{"id": 1, "b": 1.005}"#), Some("field `b`: ")),
        (Some(r#"{"id": 1 "b": 2}"#), Some("it is no JSON object: ")),
        (Some(r#"{"id": 012}"#), Some("it is no JSON object: ")),
        (Some(r#"{"id": 1"#), Some("it is no JSON object: ")),
        (Some(r#"{"id": 1} x"#), Some("it is no JSON object: ")),
        (Some("[1]"), Some("it is no JSON object: ")),
        (Some(""), Some("it is no JSON object: ")),
        (Some(r#"{"id": 7}"#), None),
    ];
    let texts: Vec<Option<&str>> = cases.iter().map(|(text, _)| *text).collect();
    let outcome = parsed(&config, &texts).unwrap();
    let mut refused = outcome.refused().iter();
    for (row, (text, message)) in cases.iter().enumerate() {
        let Some(message) = message else { continue };
        let (found, text_found) = refused.next().unwrap();
        assert!(*found == row && text_found.starts_with(message), "{text:?}: row {found}: {text_found}");
    }
    assert!(refused.next().is_none());
    let ids: Vec<_> = rows(&outcome).iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, [1, 1, 7]);
}

/// As deep as texts come: nothing overflows.
#[test]
fn deep_texts_are_read_or_refused() {
    let config = json!({ "column": "payload", "fields": { "a": "INT", "b": "ARRAY<INT>" }, "paths": { "a": "x.y" } });
    let deep = format!(r#"{{"z": {}1{}, "x": {{"y": 3}}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    let nested = format!(r#"{{"b": {}}}"#, "[".repeat(50_000));
    let outcome = parsed(&config, &[Some(&deep), Some(&nested)]).unwrap();
    assert_eq!(outcome.refused().len() + outcome.kept().len(), 2);
    assert_eq!(outcome.refused().last().map(|(row, _)| *row), Some(1));
}

#[test]
fn the_column_stays_if_asked_or_gives_its_place() {
    let names = |config: Value| -> Vec<String> {
        parsed(&config, &[None]).unwrap().schema().column_names().map(str::to_owned).collect()
    };
    let fields = json!({ "z": "INT", "a": "INT" });
    assert_eq!(names(json!({ "column": "payload", "fields": fields })), ["n", "a", "z"]);
    assert_eq!(names(json!({ "column": "payload", "fields": fields, "keep": true })), ["n", "payload", "a", "z"]);
    assert_eq!(names(json!({ "column": "payload", "fields": { "payload": "INT" } })), ["n", "payload"]);
    assert_eq!(names(json!({ "column": "payload", "fields": { "n": "STRING" }, "keep": true })), ["n", "payload"]);
}

#[test]
fn errors_name_the_key() {
    for (config, key) in [
        (json!({ "column": "payload" }), "fields"),
        (json!({ "column": "payload", "fields": {} }), "fields"),
        (json!({ "fields": { "a": "INT" } }), "column"),
        (json!({ "column": "payload", "fields": { "a": "INTT" } }), "fields.a"),
        (json!({ "column": "payload", "fields": { "a": "INT" }, "paths": { "b": "x" } }), "paths.b"),
        (json!({ "column": "payload", "fields": { "a": "INT" }, "paths": { "a": "x..y" } }), "paths.a"),
        (json!({ "column": "payload", "fields": { "a": "INT" }, "paths": { "a": "$.x[0]" } }), "paths.a"),
        (json!({ "column": "payload", "fields": { "a": "INT" }, "paths": { "a": "x.".repeat(40) + "y" } }), "paths.a"),
        (json!({ "column": "payload", "fields": { "a": "INT" }, "keep": 1 }), "keep"),
    ] {
        let error = parsed(&config, &[None]).unwrap_err();
        assert!(matches!(&error, Error::Config { key: found, .. } if found == key), "{config}: {error}");
    }
    let error = parsed(&json!({ "column": "n", "fields": { "a": "INT" } }), &[None]).unwrap_err();
    assert_eq!(error.to_string(), "column `n` is INT, but STRING is expected");
}
