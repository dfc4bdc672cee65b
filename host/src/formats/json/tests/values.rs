//! What values mean in their types: numbers, floats, nested values.

use super::*;

#[test]
fn numbers_are_taken_by_their_digits() {
    let cases = [
        ("BIGINT", "9007199254740993.0", Ok("9007199254740993")),
        ("BIGINT", "9223372036854775807", Ok("9223372036854775807")),
        ("BIGINT", "1.5e1", Ok("15")),
        ("BIGINT", "\"12\"", Ok("12")),
        ("BIGINT", "4503599627370497.5", Err("digits")),
        ("BIGINT", "0.99999999999999999999", Err("digits")),
        ("BIGINT", "9223372036854775808", Err("range")),
        ("DECIMAL(10, 2)", "1.005", Err("digits")),
        ("DECIMAL(10, 2)", "1.50", Ok("1.50")),
        ("DECIMAL(20, 0)", "18446744073709551615", Ok("18446744073709551615")),
        ("TIMESTAMP(3)", "\"2001-01-31T10:00:00.1239\"", Err("digits")),
        ("TIMESTAMP(3)", "1500", Ok("\"1970-01-01T00:00:01.500\"")),
        ("TIMESTAMP(3)", "1500.5", Err("digits")),
        ("DATE", "\"2001-01-31T10:00:00Z\"", Err("DATE")),
        ("DATE", "1", Ok("\"1970-01-02\"")),
        ("TIME", "5", Err("5 is no TIME")),
        ("TIME", "\"5\"", Err("TIME")),
        ("BOOLEAN", "\"true\"", Err("\"true\" is no BOOLEAN")),
        ("BYTES", "\"0fF\"", Err("hexadecimal")),
    ];
    let wraps =
        [("%", "%"), ("ARRAY<%>", "[%]"), ("ROW<a ROW<b %>>", "{\"a\":{\"b\":%}}"), ("MAP<STRING, %>", "{\"k\":%}")];
    for (sql, value, expected) in cases {
        for (of, wrap) in wraps {
            let schema = samples::schema(&[of.replace('%', sql).as_str()]);
            let row = |value: &str| format!("{{\"c0\":{}}}", wrap.replace('%', value));
            match expected {
                Ok(shown) => {
                    let read = read_as(schema, row(value).as_bytes(), 1);
                    let rows = read[0].as_ref().unwrap_or_else(|error| panic!("{sql} {value}: {error}"));
                    assert_eq!(json_lines(&rows.batch).expect("lines"), [row(shown)], "{sql} {value}");
                }
                Err(problem) => {
                    let error = error_of(schema, row(value).as_bytes());
                    assert!(error.contains("line 1: column \"c0") && error.contains(problem), "{sql} {value}: {error}");
                }
            }
        }
    }
    let options = ReadOptions { rounding: Rounding::Nearest, ..ReadOptions::default() };
    let schema = samples::schema(&["DECIMAL(10, 2)", "ARRAY<BIGINT>", "TIMESTAMP(3)"]);
    let text = "{\"c0\":1.005,\"c1\":[4503599627370497.5],\"c2\":\"2001-01-31T10:00:00.1239\"}";
    let mut rounded = batches(Box::new(text.as_bytes()), "a.json".into(), schema, options).expect("columns");
    let rows = rounded.next().expect("rows").expect("they fit");
    let expected = "{\"c0\":1.01,\"c1\":[4503599627370498],\"c2\":\"2001-01-31T10:00:00.123\"}";
    assert_eq!(json_lines(&rows.batch).expect("lines"), [expected]);
}

#[test]
fn nested_values_that_do_not_fit_are_named_by_their_path() {
    let schema = samples::schema(&[
        "ARRAY<ROW<n INT NOT NULL, at ARRAY<DATE>>>",
        "MAP<INT, TINYINT>",
        "ROW<a ROW<b STRING NOT NULL>>",
        "ARRAY<STRING NOT NULL>",
    ]);
    let cases = [
        (r#"{"c0":[{"n":1},{"n":"x"}]}"#, "column \"c0[1].n\": "),
        (r#"{"c0":[{"n":1},{"n":null}]}"#, "column \"c0[1].n\": it is NOT NULL, and null or missing"),
        (r#"{"c0":[null,{"at":[]}]}"#, "column \"c0[1].n\": it is NOT NULL, and null or missing"),
        (r#"{"c0":[null,{"n":1,"at":["2001-01-31","x"]}]}"#, "column \"c0[1].at[1]\": "),
        (r#"{"c0":[{"n":1,"x":2}]}"#, "column \"c0[0].x\": there is none of this name; there are n, at"),
        (r#"{"c0":{"n":1}}"#, "column \"c0\": an object is no ARRAY<"),
        (r#"{"c0":[7]}"#, "column \"c0[0]\": 7 is no ROW<"),
        (r#"{"c1":{"1":2,"x":3}}"#, "column \"c1.key\": "),
        (r#"{"c1":{"1":2,"2":300}}"#, "column \"c1.value\": "),
        (r#"{"c2":{"a":{}}}"#, "column \"c2.a.b\": it is NOT NULL, and null or missing"),
        (r#"{"c2":[]}"#, "column \"c2\": a list is no ROW<"),
        (r#"{"c3":["a",null]}"#, "column \"c3[1]\": it is NOT NULL, and null or missing"),
    ];
    let good = r#"{"c0":[{"n":1,"at":[null,"2001-01-31"]},null],"c1":{"1":2},"c2":{"a":null},"c3":[]}"#;
    for (text, problem) in cases {
        let error = error_of(schema.clone(), format!("{good}\n{text}\n").as_bytes());
        assert!(error.starts_with(&format!("a.json, line 2: {problem}")), "{text}: {error}");
    }
    assert_eq!(read_as(schema, format!("{good}\n{{}}\n").as_bytes(), 10)[0].as_ref().expect(good).batch.num_rows(), 2);
}

/// Types, each with a value as it may be read and as it is written, without the last where it is refused; the tests of the
/// SDK's JSON read the same file.
const FORMS: &str = include_str!("../../../../../guest-sdk/tests/json_forms.tsv");

#[test]
fn values_have_the_same_forms_as_in_the_sdk() {
    for line in FORMS.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split('\t');
        let (sql, text) = (parts.next().expect(line), parts.next().expect(line));
        let row = |value: &str| format!("{{\"c0\":{value}}}");
        match (read_as(samples::schema(&[sql]), row(text).as_bytes(), 1).pop(), parts.next()) {
            (Some(Ok(rows)), Some(written)) => {
                assert_eq!(json_lines(&rows.batch).expect(line), [row(written)], "{line}")
            }
            (Some(Err(_)), None) => {}
            (read, _) => panic!("{line}: {read:?}"),
        }
    }
}

#[test]
fn any_float_comes_back() {
    let schema = samples::schema(&["DOUBLE", "FLOAT"]);
    let bits = (0..20_000_u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let doubles = Float64Array::from_iter_values(bits.clone().map(f64::from_bits));
    let floats = Float32Array::from_iter_values(bits.map(|bits| f32::from_bits((bits >> 20) as u32)));
    let rows = RecordBatch::try_new(schema.clone(), vec![Arc::new(doubles), Arc::new(floats)]).expect("two columns");
    let text = json_lines(&rows).expect("lines").join("\n");
    let read = read_as(schema, text.as_bytes(), 20_000).remove(0).expect("they fit").batch;
    // Of NaN there is but one.
    let doubles =
        |rows: &RecordBatch| rows.column(0).as_primitive::<Float64Type>().iter().map(double).collect::<Vec<_>>();
    assert_eq!(doubles(&read), doubles(&rows));
    let floats =
        |rows: &RecordBatch| rows.column(1).as_primitive::<Float32Type>().iter().map(float).collect::<Vec<_>>();
    assert_eq!(floats(&read), floats(&rows));
}

fn double(value: Option<f64>) -> Option<u64> {
    value.map(|value| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() })
}

fn float(value: Option<f32>) -> Option<u32> {
    value.map(|value| if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() })
}
