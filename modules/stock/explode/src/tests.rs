//! `explode` on arrays and maps.

use serde_json::Value;
use thalweg_module::Error;
use thalweg_module::testing::Rows;

use super::Explode;

const SCHEMA: &str =
    "id INT NOT NULL, tags ARRAY<STRING>, marks MAP<STRING, INT>, pairs ARRAY<ROW<x INT, y ARRAY<INT>> NOT NULL>";
const ROWS: &str = r#"
    {"id": 1, "tags": ["a", null, "b"], "marks": {"one": 1, "two": null}, "pairs": [{"x": 1, "y": [1, 2]}, {"x": null, "y": []}]}
    {"id": 2, "tags": [], "marks": {}, "pairs": []}
    {"id": 3}
    {"id": 4, "tags": ["c"], "marks": {"four": 4}, "pairs": [{"x": 4}]}"#;

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows that come out, with the columns of the input that are named dropped from them.
fn exploded(config: &str, without: &[&str]) -> (Vec<String>, Vec<Value>) {
    let outcome = Rows::json(SCHEMA, ROWS).run::<Explode>(config).unwrap();
    assert!(outcome.refused().is_empty());
    let mut rows: Vec<Value> = outcome.json().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for row in &mut rows {
        without.iter().for_each(|name| assert!(row.as_object_mut().unwrap().remove(*name).is_some(), "{name}"));
    }
    (outcome.schema().column_names().map(str::to_owned).collect(), rows)
}

#[test]
fn each_element_makes_a_row() {
    let (names, rows) = exploded(r#"{"column": "tags", "as": "tag", "position": "place"}"#, &["marks", "pairs"]);
    assert_eq!(names, ["id", "marks", "pairs", "tag", "place"]);
    let expected = r#"
        {"id": 1, "tag": "a", "place": 0}
        {"id": 1, "tag": null, "place": 1}
        {"id": 1, "tag": "b", "place": 2}
        {"id": 4, "tag": "c", "place": 0}"#;
    assert_eq!(rows, objects(expected));
    let (names, rows) = exploded(r#"{"column": "tags"}"#, &["marks", "pairs"]);
    assert_eq!(names, ["id", "tags", "marks", "pairs"]);
    assert_eq!(rows[3], objects(r#"{"id": 4, "tags": "c"}"#)[0]);
}

#[test]
fn rows_without_elements_stay_if_asked() {
    let config = r#"{"column": "tags", "as": "tag", "position": "place", "outer": true}"#;
    let expected = r#"
        {"id": 1, "tag": "a", "place": 0}
        {"id": 1, "tag": null, "place": 1}
        {"id": 1, "tag": "b", "place": 2}
        {"id": 2, "tag": null, "place": null}
        {"id": 3, "tag": null, "place": null}
        {"id": 4, "tag": "c", "place": 0}"#;
    assert_eq!(exploded(config, &["marks", "pairs"]).1, objects(expected));
}

#[test]
fn maps_give_keys_and_values_and_elements_may_be_nested() {
    let (names, rows) = exploded(r#"{"column": "marks", "as": "mark", "outer": true}"#, &["tags", "pairs"]);
    assert_eq!(names, ["id", "tags", "pairs", "key", "mark"]);
    let expected = r#"
        {"id": 1, "key": "one", "mark": 1}
        {"id": 1, "key": "two", "mark": null}
        {"id": 2, "key": null, "mark": null}
        {"id": 3, "key": null, "mark": null}
        {"id": 4, "key": "four", "mark": 4}"#;
    assert_eq!(rows, objects(expected));
    let (_, rows) = exploded(r#"{"column": "pairs", "as": "pair"}"#, &["tags", "marks"]);
    let expected = r#"
        {"id": 1, "pair": {"x": 1, "y": [1, 2]}}
        {"id": 1, "pair": {"x": null, "y": []}}
        {"id": 4, "pair": {"x": 4, "y": null}}"#;
    assert_eq!(rows, objects(expected));
}

#[test]
fn types_follow_from_the_column() {
    let type_of = |config: &str, name: &str| {
        Rows::json(SCHEMA, ROWS).run::<Explode>(config).unwrap().schema().column_type(name).unwrap().to_string()
    };
    let pair = "ROW<x INT, y ARRAY<INT>>";
    assert_eq!(type_of(r#"{"column": "pairs"}"#, "pairs"), format!("{pair} NOT NULL"));
    assert_eq!(type_of(r#"{"column": "pairs", "outer": true}"#, "pairs"), pair);
    assert_eq!(type_of(r#"{"column": "marks"}"#, "key"), "STRING NOT NULL");
    assert_eq!(type_of(r#"{"column": "tags", "position": "n"}"#, "n"), "INT NOT NULL");
}

#[test]
fn errors_say_what_is_wrong() {
    let run = |config: &str| Rows::json(SCHEMA, ROWS).run::<Explode>(config).unwrap_err();
    for (config, key) in [
        (r#"{"as": "x"}"#, "column"),
        (r#"{"column": "tags", "as": "id"}"#, "as"),
        (r#"{"column": "tags", "key": "x"}"#, "key"),
        (r#"{"column": "marks", "key": "id"}"#, "key"),
        (r#"{"column": "marks", "as": "key"}"#, "key"),
        (r#"{"column": "tags", "as": "x", "position": "x"}"#, "position"),
    ] {
        let error = run(config);
        assert!(matches!(&error, Error::Config { key: found, .. } if found == key), "{config}: {error}");
    }
    let error = run(r#"{"column": "id"}"#).to_string();
    assert_eq!(error, "column `id` is INT NOT NULL, but ARRAY or MAP is expected");
    assert!(run(r#"{"column": "x"}"#).to_string().contains("there is no column `x`"));
}
