//! Files of expected rows: what they say, and where rows differ from them.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use arrow_schema::SchemaRef;
use serde_json::{Map, Value};

use super::results::{ERROR_KEY, Line};
use crate::formats::{json_lines, json_rows};
use crate::text::escaped;

/// The most differences that are shown.
const SHOWN: usize = 10;

/// Reads a file of expected rows: JSON lines of the columns that come out, and `{"$error": "text"}` for each refused row.
/// Rows are brought into the form in which rows are printed, so that spaces, order and `1` for `1.0` do not matter.
pub(super) fn read(path: &Path, schema: &SchemaRef) -> anyhow::Result<Vec<Line>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let errors: Vec<Option<String>> = text.lines().map(error).collect();
    // An empty line in the place of each error keeps the numbers of the lines.
    let only_rows: String = text
        .lines()
        .zip(&errors)
        .map(|(line, error)| format!("{}\n", if error.is_some() { "" } else { line }))
        .collect();
    let mut rows = Vec::new();
    let name: Arc<str> = path.display().to_string().into();
    for batch in json_rows(only_rows.into_bytes(), name, Arc::clone(schema))? {
        rows.extend(json_lines(&batch?.batch)?);
    }
    let mut rows = rows.into_iter();
    let line = |(line, error): (&str, Option<String>)| match error {
        Some(error) => Some(Line::Error(error)),
        None if line.trim().is_empty() => None,
        None => rows.next().map(Line::Row),
    };
    Ok(text.lines().zip(errors).filter_map(line).collect())
}

/// The text of a line that stands for a refused row.
fn error(line: &str) -> Option<String> {
    let line: Map<String, Value> = serde_json::from_str(line).ok()?;
    match (line.len(), line.get(ERROR_KEY)) {
        (1, Some(Value::String(error))) => Some(error.clone()),
        _ => None,
    }
}

/// How what was found differs from what was expected, in lines for people; `None` if it does not.
pub(super) fn differences(expected: &[Line], found: &[Line]) -> Option<String> {
    let same = |(one, other): &(&Line, &Line)| one == other;
    let head = expected.iter().zip(found).take_while(same).count();
    let (expected, found) = (expected.get(head..)?, found.get(head..)?);
    let tail = expected.iter().rev().zip(found.iter().rev()).take_while(same).count();
    let expected = expected.get(..expected.len() - tail)?;
    let found = found.get(..found.len() - tail)?;
    let longer = expected.len().max(found.len());
    let pairs = (0..longer).map(|at| (at, expected.get(at), found.get(at))).filter(|(_, one, other)| one != other);
    let pairs: Vec<_> = pairs.collect();
    if pairs.is_empty() {
        return None;
    }
    let mut text = String::new();
    for (at, expected, found) in pairs.iter().take(SHOWN) {
        text += &format!("row {} that came out:\n", head + at + 1);
        text += &shown("- expected", *expected);
        text += &shown("+ found   ", *found);
        if let (Some(Line::Row(expected)), Some(Line::Row(found))) = (expected, found) {
            text += &cells(expected, found);
        }
    }
    if pairs.len() > SHOWN {
        text += &format!("and {} more\n", pairs.len() - SHOWN);
    }
    Some(text)
}

fn shown(what: &str, line: Option<&Line>) -> String {
    format!("  {what}  {}\n", escaped(&line.map_or("no row".to_owned(), Line::text)))
}

/// The columns in which two rows differ.
fn cells(expected: &str, found: &str) -> String {
    let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let (expected, found) = (object(expected), object(found));
    let cell = |row: &Map<String, Value>, name: &str| row.get(name).map_or("nothing".to_owned(), Value::to_string);
    let names = expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name)));
    let differing = names.filter(|name| expected.get(*name) != found.get(*name));
    let line = |name: &String| format!("{name}: {} instead of {}", cell(&found, name), cell(&expected, name));
    differing.map(|name| format!("    {}\n", escaped(&line(name)))).collect()
}

#[cfg(test)]
mod tests {
    use arrow_schema::{DataType, Field, Schema};

    use super::*;

    fn rows(lines: &[&str]) -> Vec<Line> {
        lines.iter().map(|line| Line::Row((*line).to_owned())).collect()
    }

    #[test]
    fn expected_rows_are_read_as_rows_are_printed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("expect.jsonl");
        let schema: SchemaRef = Arc::new(Schema::new(vec![
            Field::new("a", DataType::Float64, true),
            Field::new("b", DataType::Utf8, true),
        ]));
        std::fs::write(&path, "{\"b\": \"x\", \"a\": 1}\n\n{\"$error\": \"too far\"}\n{\"a\": 2.5}\n")
            .expect("written");
        let expected = [
            Line::Row(r#"{"a":1.0,"b":"x"}"#.into()),
            Line::Error("too far".into()),
            Line::Row(r#"{"a":2.5,"b":null}"#.into()),
        ];
        assert_eq!(read(&path, &schema).expect("rows"), expected);
        std::fs::write(&path, "{\"$error\": \"x\"}\n{\"c\": 1}\n").expect("written");
        let error = read(&path, &schema).expect_err("no such column").to_string();
        assert!(error.contains("line 2") && error.contains('c'), "{error}");
    }

    #[test]
    fn differences_are_shown_by_row_and_column() {
        let expected = rows(&[r#"{"a":1}"#, r#"{"a":2,"b":"x"}"#, r#"{"a":3}"#]);
        assert_eq!(differences(&expected, &expected), None);
        let found = rows(&[r#"{"a":1}"#, r#"{"a":9,"b":"x"}"#, r#"{"a":3}"#]);
        let text = differences(&expected, &found).expect("one");
        assert_eq!(
            text,
            "row 2 that came out:\n  - expected  {\"a\":2,\"b\":\"x\"}\n  + found     {\"a\":9,\"b\":\"x\"}\n    \
             a: 9 instead of 2\n"
        );
        let missing = differences(&expected, &found[..1]).expect("two");
        assert!(missing.contains("row 2") && missing.contains("row 3") && missing.contains("no row"), "{missing}");
        let more = differences(&expected, &rows(&[r#"{"a":1}"#; 20])).expect("many");
        assert!(more.ends_with("and 9 more\n"), "{more}");
        let error = differences(&[Line::Error("no".into())], &expected[..1]).expect("one");
        assert!(error.contains("- expected  {\"$error\":\"no\"}"), "{error}");
    }
}
