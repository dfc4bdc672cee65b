//! The types that columns of cells suggest.

use super::*;
use crate::formats::CsvOptions;
use crate::table::{self, ArrowValues as _};

fn like(text: &str, options: InferOptions) -> Result<Inferred, FormatError> {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    infer(&Input::File(file.path().into()), &options)
}

/// The cells of a column, and its type.
const COLUMNS: &[(&[&str], &str)] = &[
    (&["1", "", "-20", " 3 "], "BIGINT"),
    (&["9223372036854775807", "-9223372036854775808"], "BIGINT"),
    (&["1", "9223372036854775808"], "DECIMAL(20, 0)"),
    (&["99999999999999999999"], "DECIMAL(20, 0)"),
    (&["100000000000000000000"], "DECIMAL(38, 0)"),
    (&["1000000000000000000000000000000000000000"], "STRING"),
    (&["1", "2.5"], "DOUBLE"),
    (&["1e3"], "DOUBLE"),
    (&["NaN", "-inf", "1"], "DOUBLE"),
    (&["1.5", "1e400"], "STRING"),
    (&["01234", "98765"], "STRING"),
    (&["+49123"], "STRING"),
    (&["0", "0.5", "-0"], "DOUBLE"),
    (&["true", "False", ""], "BOOLEAN"),
    (&["true", "1"], "STRING"),
    (&["2026-01-31", "2024-02-29"], "DATE"),
    (&["2026-02-30"], "STRING"),
    (&["2026-1-31"], "STRING"),
    (&["12:12:12"], "TIME(0)"),
    (&["12:12", "12:12:12.5"], "TIME(3)"),
    (&["12:12:12.123456"], "TIME(6)"),
    (&["1:30"], "STRING"),
    (&["24:00:00"], "STRING"),
    (&["2020-01-01 12:00:00"], "TIMESTAMP(0)"),
    (&["2020-01-01T12:00", "2020-01-01"], "TIMESTAMP(0)"),
    (&["2020-01-01 12:00:00.25", "2020-01-01 12:00:00.1234567"], "TIMESTAMP(9)"),
    (&["9999-01-01", "2020-01-01 12:00:00.1234567"], "STRING"),
    (&["2021-08-06T13:18Z"], "TIMESTAMP_LTZ(0)"),
    (&["2020-01-01T00:00:00+02:00", "2020-01-01T00:00:00.5-0330"], "TIMESTAMP_LTZ(3)"),
    (&["2020-01-01T00:00:00+02:00", "2020-01-01T00:00:00"], "STRING"),
    (&["2020-01-01", "12:00:00"], "STRING"),
    (&["1", "a"], "STRING"),
    (&["a", "\"\""], "STRING"),
    (&["\"\"", "\"7\""], "BIGINT"),
    (&["\"\""], "STRING"),
];

#[test]
fn cells_say_the_type_of_their_column() {
    for (cells, sql) in COLUMNS {
        let text = format!("x,y\n{}\n", cells.iter().map(|cell| format!("{cell},")).collect::<Vec<_>>().join("\n"));
        let inferred = like(&text, InferOptions::default()).expect(&text);
        let field = inferred.schema.field(0);
        let found = table::DataType::from_arrow(field.data_type()).expect("a type").to_string();
        assert_eq!((field.name().as_str(), found.as_str(), field.is_nullable()), ("x", *sql, true), "{cells:?}");
        let y = "column \"y\" has no value, and is STRING";
        assert!(inferred.hints.iter().any(|hint| hint == y), "{:?}", inferred.hints);
    }
}

#[test]
fn the_whole_file_decides_unless_told() {
    let mut text = "x\n".to_owned() + &"1\n".repeat(100_000);
    text.push_str("1.5\n");
    let types = |sample| {
        let inferred = like(&text, InferOptions { sample, ..InferOptions::default() }).expect("read");
        inferred.schema.field(0).data_type().clone()
    };
    assert_eq!((types(None), types(Some(100_000))), (DataType::Float64, DataType::Int64));
}

#[test]
fn headers_are_named_or_refused() {
    let names = |text: &str, header: bool| {
        let csv = CsvOptions { header, ..CsvOptions::default() };
        let inferred = like(text, InferOptions { csv, ..InferOptions::default() });
        inferred.map(|inferred| inferred.schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>())
    };
    assert_eq!(names("\n\u{20}b,,a\n1,2,3\n", true).expect("names"), [" b", "column_2", "a"]);
    assert_eq!(names("1,2\n3,4\n", false).expect("names"), ["column_1", "column_2"]);
    for (text, problem) in [
        ("a,b,a\n", "line 1: column \"a\" stands there twice"),
        ("a,b\n1\n", "line 2: it has 1 value, and there are 2 columns"),
        ("a,b\n1,\"2\n", "line 2: a quoted value does not end"),
        (
            "a;b\n1;2,5\n",
            "line 2: it has 2 values, and there is 1 column; if ';' stands between values, say --delimiter ';'",
        ),
        ("", "it is empty"),
    ] {
        let error = names(text, true).expect_err(text).to_string();
        assert!(error.contains(problem), "{error}");
    }
    let semi = like("a;b\n1;2\n", InferOptions::default()).expect("one column");
    assert!(semi.hints.iter().any(|hint| hint.ends_with("say --delimiter ';'")), "{:?}", semi.hints);
    let long = like("a\n1.5\n0.12345678901234567890\n", InferOptions::default()).expect("a column");
    assert!(long.hints.iter().any(|hint| hint.contains("more digits than DOUBLE keeps")), "{:?}", long.hints);
}
