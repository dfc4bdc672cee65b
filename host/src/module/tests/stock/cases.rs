//! Each stock module as the component that the binary carries: rows in, rows out.

use serde_json::Value;

use super::super::*;
use super::table::CASES;
use crate::formats::{json_lines, json_rows};

const TYPES: &str = "yes BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, n DECIMAL(10, 2), c CHAR(4), \
    x STRING, b BYTES, w BINARY(2), day DATE, at TIME(3), fine TIME(6), ts TIMESTAMP(6), tz TIMESTAMP_LTZ(3)";

const ROWS: &str = r#"
    {"yes": true, "t": 1, "s": 1, "i": 1, "l": 1, "f": 1.5, "d": 1.5, "n": 1.25, "c": "SEA", "x": "SEA", "b": "5e", "w": "0001", "day": "2001-01-31", "at": "10:00:00", "fine": "10:00:00", "ts": "2001-01-31T10:00:00", "tz": "2001-01-31T10:00:00Z"}
    {"yes": false, "t": 2, "s": 3, "i": 2, "l": -2, "f": 2.0, "d": 4.5, "n": 2.00, "c": "PDX", "x": "Zürich", "b": "", "w": "ffff", "day": "1970-01-01", "at": "23:59:59.999", "fine": "00:00:00.000001", "ts": "1969-12-31T23:59:59.999999", "tz": "1970-01-01T00:00:00Z"}
    {"i": 3}"#;

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn batch(schema: &str, lines: &str) -> arrow_array::RecordBatch {
    let mut rows = json_rows(lines.as_bytes().to_vec(), "rows".into(), arrow(schema)).expect("columns");
    rows.next().expect("rows").expect("they fit the schema").batch
}

/// What comes out of a module, as JSON with nulls written out.
fn applied(module: ModuleSpec, input: &str, output: &str, rows: &str) -> Result<Vec<Value>, ModuleError> {
    let applied = load(vec![module], input, output)?.apply(&batch(input, rows))?;
    Ok(json_lines(&applied.batch).expect("JSON").iter().flat_map(|line| objects(line)).collect())
}

#[test]
fn each_module_does_to_rows_what_it_says() {
    for case in CASES {
        let name = format!("{} {:?}", case.module, case.settings);
        let rows = applied(stock(case.module, case.settings), case.input, case.output, case.rows);
        let found = rows.unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = objects(case.expected);
        assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
        for (found, expected) in found.iter().zip(&expected) {
            let fields = found.as_object().expect("an object");
            for (column, value) in fields {
                assert_eq!(value, expected.get(column).unwrap_or(&Value::Null), "{name}: {column} of {found}");
            }
            assert!(expected.as_object().expect("an object").keys().all(|key| fields.contains_key(key)), "{name}");
        }
    }
}

#[test]
fn where_knows_the_words_of_sql_on_every_type() {
    let cases: &[(&str, &[i64])] = &[
        ("yes", &[1]),
        ("not yes or yes is null", &[2, 3]),
        ("t in (1, 5)", &[1]),
        ("s not in (1)", &[2]),
        ("i between 2 and 3", &[2, 3]),
        ("l not between -1 and 1", &[2]),
        ("f = 1.5 and d < 2", &[1]),
        ("not (f = 1.5 or d < 2)", &[2]),
        ("n in (2, 7)", &[2]),
        ("c like 'S__'", &[1]),
        ("x like '%ü%' or c = x", &[1, 2]),
        ("b in (x'5e', x'00')", &[1]),
        ("w > x'0001'", &[2]),
        ("day between date '1970-01-01' and '1999-12-31'", &[2]),
        ("at in ('23:59:59.999')", &[2]),
        ("fine > at", &[]),
        ("fine <= at", &[1, 2]),
        ("ts < '1970-01-01'", &[2]),
        ("tz = '2001-01-31T12:00:00+02:00'", &[1]),
        ("s > t and f < d and n >= t", &[2]),
        ("x is not null", &[1, 2]),
    ];
    for (condition, expected) in cases {
        let module = stock("where", &[&format!("if={condition}")]);
        let rows = applied(module, TYPES, TYPES, ROWS).unwrap_or_else(|error| panic!("{condition}: {error}"));
        let kept: Vec<i64> = rows.iter().filter_map(|row| row["i"].as_i64()).collect();
        assert_eq!(kept, *expected, "{condition}");
    }
}

#[test]
fn a_sample_has_all_rows_of_its_keys_for_every_type() {
    let halves = |column: &str, seed: u64| {
        let settings = [format!("column={column}"), "share=0.5".to_owned(), format!("seed={seed}")];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let twice = format!("{ROWS}\n{ROWS}");
        let kept =
            applied(stock("sample", &settings), TYPES, TYPES, &twice).unwrap_or_else(|e| panic!("{column}: {e}"));
        let kept: Vec<i64> = kept.iter().filter_map(|row| row["i"].as_i64()).collect();
        let (first, second) = kept.split_at(kept.len() / 2);
        assert_eq!(first, second, "{column}");
        first.len()
    };
    for column in arrow(TYPES).fields() {
        let kept: usize = (0..16).map(|seed| halves(column.name(), seed)).sum();
        assert!((8..=40).contains(&kept), "{}: {kept} of 48", column.name());
    }
}

#[test]
fn a_column_of_the_key_must_go_on_into_a_keyed_table() {
    let schema =
        Schema { primary_key: vec![0], ..Schema::parse_sql("id INT NOT NULL, name STRING").expect("a schema") };
    let table = TablePath::new("fluss", "t").expect("a path");
    let opened = |operation, setting| {
        let context = ChainContext { table: &table, operation, input: &schema, output: None };
        error(Chain::load(
            &RUNTIME,
            &ChainSpec { modules: vec![stock("select", &[setting])], ..ChainSpec::default() },
            &context,
        ))
    };
    let message = "column `id` is part of the primary key of fluss.t and must go on";
    for setting in ["drop=[\"id\"]", "keep=[\"name\"]"] {
        for operation in [Operation::Upsert, Operation::Delete] {
            assert!(opened(operation, setting).contains(message), "{}", opened(operation, setting));
        }
        assert_eq!(opened(Operation::Scan, setting), "");
    }
    assert_eq!(opened(Operation::Upsert, "drop=[\"name\"]"), "");
}

#[test]
fn a_text_that_is_no_json_is_refused_and_named() {
    let module = || {
        let mut module = stock("parse-json", &["column=payload", "fields={\"id\": \"TINYINT\"}"]);
        module.on_error = Policy::Drop;
        module
    };
    let rows = r#"
        {"payload": "{\"id\": 1}"}
        {"payload": "{\"id\": 128}"}
        {"payload": "{"}
        {"payload": "{\"id\": 4}"}"#;
    let chain = load(vec![module()], "payload STRING", "id TINYINT").expect("a chain");
    let applied = chain.apply(&batch("payload STRING", rows)).expect("applied");
    assert_eq!(json_lines(&applied.batch).expect("JSON"), [r#"{"id":1}"#, r#"{"id":4}"#]);
    let [exception] = &applied.exceptions[..] else { panic!("one: {:?}", applied.exceptions) };
    assert_eq!(exception.rows, [1, 2]);
    assert!(exception.messages[0].starts_with("field `id`: "), "{:?}", exception.messages);
    assert!(exception.messages[1].starts_with("it is no JSON object: "), "{:?}", exception.messages);
}

#[test]
fn rows_cannot_pass_a_module_that_changes_columns() {
    let loaded = |of_rows, of_calls| {
        let mut select = stock("select", &["drop=[\"x\"]"]);
        (select.on_error, select.on_failure) = (of_rows, of_calls);
        error(load(vec![select], "i INT, x STRING", "i INT"))
    };
    for (text, setting) in
        [(loaded(Policy::Pass, Policy::Fail), "on-error"), (loaded(Policy::Drop, Policy::Pass), "on-failure")]
    {
        let expected = format!("module select changes the columns, so rows cannot pass as they entered it: {setting}");
        assert!(text.contains(&expected), "{text}");
    }
    assert_eq!(loaded(Policy::Drop, Policy::Drop), "");
}

#[test]
fn what_cannot_be_done_is_refused_at_load() {
    let cases: &[(&str, &[&str], &str, &str, &str)] = &[
        ("where", &["if=not (i = 1"], "i INT", "i INT", "at character 11"),
        ("sample", &["column=i"], "i INT", "i INT", "\"share\""),
        ("sample", &["column=a", "share=0.5"], "a ARRAY<INT>", "a ARRAY<INT>", "cannot hash"),
        ("mask", &["columns=[\"c\"]", "how=hash"], "c CHAR(9)", "c CHAR(9)", "has 64 characters"),
        ("mask", &["columns=[\"i\"]", "how=hash"], "i INT", "i INT", "STRING is expected"),
        ("select", &["drop=[\"x\"]"], "i INT", "i INT", "no column `x`"),
        ("select", &["rename={\"i\": \"j\"}"], "i INT", "i INT", "gives no column \"i\""),
        ("parse-json", &["column=x", "fields={\"a\": \"INTT\"}"], "x STRING", "a INT", "\"fields.a\""),
        ("explode", &["column=i"], "i INT", "i INT", "ARRAY or MAP is expected"),
    ];
    for (module, settings, input, output, expected) in cases {
        let text = error(load(vec![stock(module, settings)], input, output));
        assert!(text.contains(expected), "{module} {settings:?}: {text}");
    }
}
