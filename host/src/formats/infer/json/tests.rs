//! Which columns a JSON file suggests.

use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::formats::{Format, reader};
use crate::table::{ArrowColumn as _, ColumnType};

/// A file with this text.
fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn inferred(text: &str, sample: Option<usize>) -> Result<Inferred, FormatError> {
    let file = file(text);
    infer(&Input::File(file.path().into()), &InferOptions { sample, ..InferOptions::default() })
}

/// The columns as SQL.
fn columns(schema: &Schema) -> String {
    let column = |field: &arrow_schema::FieldRef| {
        let column = ColumnType::from_arrow(field).expect("a type of a table");
        format!("{} {column}", field.name())
    };
    schema.fields().iter().map(column).collect::<Vec<_>>().join(", ")
}

#[test]
fn columns_hold_every_value_and_stand_in_the_order_of_the_file() {
    let cases = [
        (r#"[{"z":1,"a":"x"},{"a":null,"m":true}]"#, "z BIGINT, a STRING, m BOOLEAN"),
        ("\u{feff}{\"id\":1,\"name\":\"a\"}\n", "id BIGINT, name STRING"),
        ("{\"id\":18446744073709551615}\n{\"id\":1}", "id DECIMAL(20, 0)"),
        ("{\"id\":-9223372036854775809}", "id DECIMAL(20, 0)"),
        ("{\"id\":99999999999999999999}", "id DECIMAL(20, 0)"),
        ("{\"id\":100000000000000000000}", "id DECIMAL(38, 0)"),
        ("{\"id\":1000000000000000000000000000000000000000}", "id DOUBLE"),
        ("{\"id\":1}\n{\"id\":2.5}\n{\"id\":1e3}", "id DOUBLE"),
        (
            "{\"o\":{\"b\":1,\"a\":[{\"y\":1.5}, null]}}\n{\"o\":{\"c\":\"x\"}}",
            "o ROW<b BIGINT, a ARRAY<ROW<y DOUBLE>>, c STRING>",
        ),
        ("{\"a\":[]}\n{\"a\":[[1],null]}", "a ARRAY<ARRAY<BIGINT>>"),
        ("{\"o\":{}}\n{\"o\":{\"a\":1}}", "o ROW<a BIGINT>"),
    ];
    for (text, expected) in cases {
        let found = inferred(text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(columns(&found.schema), expected, "{text}");
    }
}

#[test]
fn hints_tell_what_the_file_does_not() {
    let found = inferred("{\"id\":1,\"n\":null,\"l\":[],\"o\":{\"x\":null}}", None).expect("columns");
    assert_eq!(columns(&found.schema), "id BIGINT, n STRING, l ARRAY<STRING>, o ROW<x STRING>");
    assert_eq!(found.hints.len(), 1);
    assert!(found.hints[0].starts_with("columns \"n\", \"l[]\", \"o.x\": no row has a value"), "{:?}", found.hints);
    let found = inferred("{\"x\":9007199254740993}\n{\"x\":0.5}", None).expect("columns");
    assert!(found.hints[0].starts_with("column \"x\": whole numbers and fractions"), "{:?}", found.hints);
    assert!(inferred("{\"x\":1}\n{\"x\":0.5}", None).expect("columns").hints.is_empty());
}

#[test]
fn a_sample_ends_the_reading() {
    let found = inferred("{\"a\":1}\n{\"a\":\"x\"}\n", Some(1)).expect("one row");
    assert_eq!(columns(&found.schema), "a BIGINT");
}

#[test]
fn what_no_table_holds_is_refused_with_its_lines() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let cases = [
        ("{\"v\":1}\n{\"v\":\"a\"}\n", 2, "column \"v\": it is a text here and a number in line 1; no type holds both"),
        ("{\"v\":1}\n\n{\"v\":{\"a\":1}}\n", 3, "it is an object here and a number in line 1"),
        ("{\"v\":[1,true]}\n", 1, "column \"v[]\": it is a truth value here and a number in line 1"),
        ("{\"o\":{\"a\":1}}\n{\"o\":{\"a\":[]}}\n", 2, "column \"o.a\": it is a list here"),
        ("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":}\n", 4, "this is no JSON: expected value, at column 6"),
        ("{\"a\":1e999}\n", 1, "too large for any type"),
        ("{\"a\":1,\"a\":2}\n", 1, "column \"a\": it stands there twice"),
        ("{\"a\":\"\\ud800\"}\n", 1, "half of a surrogate pair"),
        (deep.as_str(), 1, "nested deeper than 64 times"),
        ("{\"a\":1}\n{\"b\":[1 000]}\n", 2, "this is no JSON"),
    ];
    for (text, line, problem) in cases {
        let error = inferred(text, None).expect_err(text).to_string();
        assert!(error.contains(&format!(", line {line}: ")) && error.contains(problem), "{text}: {error}");
        assert!(error.len() < 400, "{error}");
    }
    let many: Vec<_> = (0..=10_000).map(|at| format!("\"k{at}\":1")).collect();
    let many = format!("{{\"m\":{{{}}}}}", many.join(","));
    for (text, problem) in [
        ("", "there are no rows"),
        ("[]", "there are no rows"),
        ("{\"o\":{}}", "a ROW must have fields"),
        (many.as_str(), "column \"m\": objects have more than 10000 different members"),
    ] {
        let error = inferred(text, None).expect_err(text).to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
}

/// Any JSON value, not too deep; kinds are mixed rarely enough that many files have columns.
fn value() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i32>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_filter("JSON has none", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
        "-?[1-9][0-9]{0,45}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
    ];
    let text = any::<String>().prop_map(|text| serde_json::Value::from(text).to_string());
    let scalar = prop_oneof![6 => number, 1 => text, 1 => Just("null".to_owned()), 1 => Just("true".to_owned())];
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::btree_map("[abc]", inner, 0..3).prop_map(|members| object(members.iter())),
        ]
    })
}

fn object<'a>(members: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let members: Vec<_> = members.map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{{}}}", members.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_columns_are_found_for_is_read_as_them(
        rows in prop::collection::vec(prop::collection::btree_map("[a-f]", value(), 1..4), 1..6),
        array in any::<bool>(),
    ) {
        let rows: Vec<_> = rows.iter().map(|row| object(row.iter())).collect();
        let text = if array { format!("[{}]", rows.join(",\n")) } else { rows.join("\n") };
        if let Ok(found) = inferred(&text, None) {
            let file = file(&text);
            let schema = std::sync::Arc::new(found.schema);
            let input = Input::File(file.path().into());
            let mut count = 0;
            for read in reader(&input, Format::Json, schema, ReadOptions::default()).expect("opens") {
                match read {
                    Ok(read) => count += read.batch.num_rows(),
                    Err(error) => prop_assert!(false, "{}: {}", text, error),
                }
            }
            prop_assert_eq!(count, rows.len());
        }
    }
}

/// Objects in some form, with a byte here and there taken out, doubled or put elsewhere.
fn broken() -> impl Strategy<Value = Vec<u8>> {
    let objects = prop::collection::vec(prop::collection::btree_map("[a-c]", value(), 0..3), 0..4);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 0..3);
    (objects, changes, 0..3).prop_map(|(objects, changes, form)| {
        let objects: Vec<_> = objects.iter().map(|object| self::object(object.iter())).collect();
        let text = match form {
            0 => format!("[{}]", objects.join(",\n")),
            1 => objects.join("\n"),
            _ => objects.join("").replace(',', ",\n"),
        };
        let mut text = text.into_bytes();
        for (at, other, change) in changes {
            if text.is_empty() {
                break;
            }
            let (at, other) = (at.index(text.len()), other.index(text.len()));
            match change {
                0 => drop(text.remove(at)),
                1 => text.insert(at, text[other]),
                2 => text.swap(at, other),
                _ => text[at] = text[at].wrapping_add(other as u8),
            }
        }
        text
    })
}

/// Whether serde_json takes a text as one array of objects, or as objects one after another.
fn is_json(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_object = |value: &serde_json::Value| value.is_object();
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::Array(elements)) => elements.iter().all(is_object),
        _ => {
            let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
            values.all(|value| value.is_ok_and(|value| is_object(&value)))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_is_taken_that_is_no_json(text in broken()) {
        let mut file = file("");
        file.write_all(&text).expect("written");
        let input = Input::File(file.path().into());
        let table = Schema::new(vec![
            arrow_schema::Field::new("a", arrow_schema::DataType::Float64, true),
            arrow_schema::Field::new("b", arrow_schema::DataType::new_list(arrow_schema::DataType::Utf8, true), true),
        ]);
        let rows = reader(&input, Format::Json, table.into(), ReadOptions::default()).expect("opens");
        let read = rows.map(|rows| rows.map(|rows| rows.batch.num_rows())).collect::<Result<Vec<_>, _>>();
        let found = infer(&input, &InferOptions::default());
        if !is_json(&text) {
            let shown = String::from_utf8_lossy(&text);
            prop_assert!(read.is_err() && found.is_err(), "{}: {:?}, {:?}", shown, read, found);
        }
    }
}

/// The files of a well-known suite, where it is there: `y_` must be taken, `n_` be refused, as an element of an array of
/// rows and as a value of a row.
#[test]
fn the_suite_of_json_is_taken_and_refused() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let suite = ["../..", "../../.."].map(|up| root.join(up).join("shared/corpus/json-test-suite/test_parsing"));
    let Some(suite) = suite.iter().find(|folder| folder.is_dir()) else {
        eprintln!("left out: shared/corpus is not there");
        return;
    };
    for entry in std::fs::read_dir(suite).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let text = std::fs::read(&path).expect("text");
        let forms: [&[&[u8]]; 4] =
            [&[b"{\"v\":", &text, b"}"], &[b"[{\"v\":", &text, b"}]"], &[b"{\"v\":{\"w\":", &text, b"}}\n"], &[&text]];
        for form in forms.map(<[_]>::concat) {
            let mut file = file("");
            file.write_all(&form).expect("written");
            let input = Input::File(file.path().into());
            let found = infer(&input, &InferOptions::default());
            let read = |schema: Schema| {
                let rows = reader(&input, Format::Json, schema.into(), ReadOptions::default()).expect("opens");
                rows.map(|rows| rows.map(|rows| rows.batch.num_rows())).collect::<Result<Vec<_>, _>>()
            };
            let whole = form == text;
            match (found, name.starts_with("y_")) {
                (Ok(found), _) if !name.starts_with("n_") => {
                    let read = read(found.schema);
                    assert!(read.is_ok(), "{name}: {read:?}");
                }
                (Ok(found), _) => panic!("{name}: {:?}", found.schema),
                // Objects without members, twice the same name, no object: no columns come of these.
                (Err(error), true) => {
                    let error = error.to_string();
                    let known =
                        ["a ROW must have fields", "stands there twice", "there are no rows", "no type holds both"];
                    let known =
                        known.iter().any(|known| error.contains(known)) || whole && error.contains("begins with");
                    assert!(known, "{name}: {error}");
                }
                (Err(error), false) => assert!(error.to_string().len() < 400, "{name}: {error}"),
            }
            // A table that is there refuses the same files; a file of nothing has no rows.
            let table = Schema::new(vec![arrow_schema::Field::new("v", arrow_schema::DataType::Utf8, true)]);
            let read = read(table);
            let refused = read.is_err() || whole && read.is_ok_and(|rows| rows.is_empty());
            assert!(!name.starts_with("n_") || refused, "{name}");
        }
    }
}
