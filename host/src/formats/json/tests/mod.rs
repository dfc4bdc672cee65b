//! JSON as rows, whatever form it has, and what is refused.

mod values;

use std::io::{Error, ErrorKind};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type};
use arrow_array::{Float32Array, Float64Array};
use arrow_schema::{DataType, Field, Schema};

use super::*;
use crate::columns::samples;

/// Gives a text in pieces; an empty one means that there is nothing for now.
struct Pieces(Vec<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.first_mut() {
            None => Ok(0),
            Some(piece) if piece.is_empty() => {
                self.0.remove(0);
                Err(Error::from(ErrorKind::WouldBlock))
            }
            Some(piece) => {
                let read = (&piece[..]).read(buffer)?;
                piece.drain(..read);
                if piece.is_empty() {
                    self.0.remove(0);
                }
                Ok(read)
            }
        }
    }
}

fn table() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Int32, false), Field::new("name", DataType::Utf8, true)]))
}

fn read_as(schema: SchemaRef, text: &[u8], batch_rows: usize) -> Vec<Result<Rows, FormatError>> {
    let options = ReadOptions { batch_rows, ..ReadOptions::default() };
    batches(Box::new(Cursor::new(text.to_vec())), "a.json".into(), schema, options).expect("columns").collect()
}

/// The numbers of the rows, and where each stands.
fn rows(text: &str) -> Vec<(i32, String)> {
    let read = read_as(table(), text.as_bytes(), 2);
    let read = read.into_iter().map(|rows| rows.unwrap_or_else(|error| panic!("{text:?}: {error}")));
    read.flat_map(|rows| {
        let ids = rows.batch.column(0).as_primitive::<Int32Type>().clone();
        (0..ids.len()).map(move |row| (ids.value(row), rows.place.of(row))).collect::<Vec<_>>()
    })
    .collect()
}

fn error_of(schema: SchemaRef, text: &[u8]) -> String {
    let read = read_as(schema, text, 100);
    match read.last() {
        Some(Err(error)) => error.to_string(),
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(text)),
    }
}

#[test]
fn every_form_gives_its_rows_and_their_lines() {
    let cases: &[(&str, &[u64])] = &[
        ("", &[]),
        (" \r\n\n", &[]),
        ("[]", &[]),
        ("[ \n ]\n", &[]),
        ("\u{feff}{\"id\":1}\r\n\n{\"id\":2,\"name\":\"b\"}\n{\"id\":3}", &[1, 3, 4]),
        ("[{\"id\":1},{\"id\":2}]", &[1, 1]),
        ("\u{feff}[{\"id\":1}\n,{\"id\":2} , {\"id\":3}\n]\n", &[1, 2, 2]),
        ("[\n{\"id\":1},\n{\"id\":2},\r\n{\"id\":3}\n]\n", &[2, 3, 4]),
        ("[\n  {\n    \"id\": 1,\n    \"name\": \"}\\\"{\"\n  },\n  {\n    \"id\": 2\n  }\n]", &[2, 6]),
        ("{\n  \"id\": 1\n}\n{\n  \"id\": 2\n}\n{\"id\":3}", &[1, 4, 7]),
        (
            "{\"id\":1,\"name\":null}\n{\"name\":\n\"{}\"}\n\n".replace("{\"name\"", "{\"id\":2,\"name\"").leak(),
            &[1, 2],
        ),
        ("{\"id\":1} {\"id\":2}{\"id\":3}\n{\"id\":4}", &[1, 1, 1, 2]),
    ];
    for (text, lines) in cases {
        let expected: Vec<_> = (1..).zip(*lines).map(|(id, line)| (id, format!("a.json, line {line}"))).collect();
        assert_eq!(rows(text), expected, "{text:?}");
    }
}

#[test]
fn rows_come_whole_however_the_text_comes() {
    let text = "[{\"id\":1,\"name\":\"ä𝄞\"},\n{\n\"id\":-2.0e0\n}\n,{\"id\":3}]";
    for size in 1..text.len() {
        let pieces = text.as_bytes().chunks(size).flat_map(|piece| [piece.to_vec(), Vec::new()]).collect();
        let options = ReadOptions { batch_rows: 1, ..ReadOptions::default() };
        // Waiting is what `batch` does, so it is asked of what is beneath it.
        let mut records = Records::new(Source::new(Box::new(Pieces(pieces)), "a.json".into()));
        let mut table = JsonRows::new(table()).expect("columns");
        let mut lines = Vec::new();
        loop {
            match records.next(&mut table).expect(text) {
                Got::Object { line, .. } => lines.push(line),
                Got::NotNow => {}
                Got::End => break,
            }
        }
        let batch = table.finish(options.rounding).expect(text);
        assert_eq!(lines, [1, 2, 5], "in pieces of {size}");
        assert_eq!(batch.column(0).as_primitive::<Int32Type>().values(), &[1, -2, 3]);
        assert_eq!(batch.column(1).as_string::<i32>().value(0), "ä𝄞");
    }
}

#[test]
fn a_followed_text_gives_objects_as_soon_as_they_are_whole() {
    let pieces = ["{\"id\":1}\n{\"id\"", "", ":2}", "", "\n{\n", "", "\"id\":3\n}", ""].map(|piece| piece.into());
    let options = ReadOptions { follow: true, ..ReadOptions::default() };
    let read = batches(Box::new(Pieces(pieces.to_vec())), "a.json".into(), table(), options).expect("columns");
    let sizes: Vec<_> = read.map(|rows| rows.expect("rows").batch.num_rows()).collect();
    assert_eq!(sizes, [1, 1, 1]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let long = format!("{{\"id\":1,\"name\":{}}}", "[7,".repeat(100_000));
    let name = format!("{{\"id\":1,\"{}\":2}}", "n".repeat(300_000));
    let cases: &[(&[u8], u64, &str)] = &[
        (b"{\"id\":1}\n{\"id\":\n{\"id\":3}\n", 2, "does not end"),
        (b"{\"id\":1}\n{\"id\":\"x\"}\n", 2, "column \"id\": "),
        (b"{\"id\":1}\n{\"name\":\"a\"}\n", 2, "column \"id\": it is NOT NULL, and null or missing"),
        (b"{\"id\":1}\n\n{\"id\":2,\"nam\":1}\n", 3, "column \"nam\": there is none of this name; there are id, name"),
        (b"{\"id\":1,\n\n\"id\":2}\n", 1, "column \"id\": it stands there twice"),
        (b"{\"id\":1,\"name\":5}\n", 1, "column \"name\": 5 is no STRING"),
        (b"{\"id\":true}\n", 1, "column \"id\": true is no INT"),
        (b"{\"id\":[1]}\n", 1, "column \"id\": [1] is no INT"),
        (b"{\"id\":1,\"name\":\"a\\ud800b\"}\n", 1, "half of a surrogate pair"),
        (b"{\"id\":1,\"name\":\"a\tb\"}\n", 1, "control character"),
        (b"{\"id\":1}\n{\"id\":012}\n", 2, "invalid number, at column 8"),
        (b"{\"id\":1 \"name\":\"a\"}\n", 1, "expected `,` or `}`"),
        (
            b"{\"id\":1}\n{\"id\":2,\"na\n{\"id\":3}\n",
            2,
            "control character (\\u0000-\\u001F) found while parsing a string, at column 11",
        ),
        (b"{\"id\":1}\n{\"id\":nul\n}\n", 2, "this is no JSON: expected ident, at the end of the line"),
        (b"{\"id\":1,}\n", 1, "this is no JSON: key must be a string, at column 9"),
        (b"{\"id\":NaN}\n", 1, "this is no JSON"),
        (b"{\"id\":1\n\n,\"name\":x}\n", 3, "this is no JSON"),
        (b"[{\"id\":1},{\"id\":2},]", 1, "begins with ']'"),
        (b"[{\"id\":1}\n {\"id\":2}]", 2, "a comma must stand"),
        (b"[{\"id\":1}\n,7]", 2, "begins with '7'"),
        (b"[,{\"id\":1}]", 1, "begins with ','"),
        (b"[{\"id\":1}]\n{\"id\":2}", 2, "behind the end of the array"),
        (b"[{\"id\":1}]\n[{\"id\":2}]", 2, "behind the end of the array"),
        (b"{\"id\":1},\n{\"id\":2}", 1, "no comma between them"),
        (b"{\"id\":1}\n[{\"id\":2}]", 2, "begins with {, not with '['"),
        (b"\n[{\"id\":1}\n", 2, "the array that begins here does not end"),
        (b"{\"id\":1}\n7\n", 2, "begins with {, not with '7'"),
        (b"{\"id\":1}\n{\"id\":2,\"name\":\"\xff\"}\n", 2, "no UTF-8"),
        (b"{\"id\":1}\n{\"id\":2,\"name\":\"\xe4", 2, "no UTF-8"),
        (b"\xff\xfe{\0}\0", 1, "UTF-16"),
        (b"{\0}\0", 1, "UTF-16"),
        (long.as_bytes(), 1, "this is no JSON: expected value, at column 300016"),
        (name.as_bytes(), 1, "there is none of this name"),
    ];
    for (text, line, problem) in cases {
        let error = error_of(table(), text);
        let expected = format!("a.json, line {line}: ");
        assert!(error.starts_with(&expected) && error.contains(problem), "{problem}: {error}");
        assert!(error.len() < 300, "{error}");
    }
}

/// As deep and as long as texts come: no stack overflows, and time grows with the length alone.
#[test]
fn deep_and_long_texts_are_refused_in_time() {
    let deep = "[".repeat(4 << 20);
    assert!(error_of(table(), deep.as_bytes()).contains("begins with '['"));
    let deep = format!("{{\"id\":{}", "{\"a\":".repeat(1 << 20));
    assert!(error_of(table(), deep.as_bytes()).contains("does not end"));
    let long = format!("{{\"id\":1,\"name\":\"{}", "x".repeat(65 << 20));
    assert!(error_of(table(), long.as_bytes()).contains("longer than 64 MiB"));
}

/// Texts that are no JSON, from the suite of such (github.com/nst/JSONTestSuite) and beyond.
const MALFORMED: &[&str] = &[
    "",
    "1 000",
    "[1 000]",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[1",
    "1]",
    "[1}",
    "{]",
    "{\"a\":1 \"b\":2}",
    "{\"a\" 1}",
    "{\"a\":}",
    "{a:1}",
    "{'a':1}",
    "{\"a\":1,}",
    "{1:1}",
    "{\"a\":1}}",
    "{\"a\"",
    "{,}",
    "012",
    "-012",
    "+1",
    "-",
    "--1",
    "1.",
    ".5",
    "1.e3",
    "1e",
    "1e+",
    "0x1F",
    "1_000",
    "1a",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "inf",
    "nul",
    "nulll",
    "True",
    "truee",
    "'a'",
    "\"a",
    "\"\\x41\"",
    "\"\\u00g0\"",
    "\"\\u12\"",
    "\"\\\"",
    "\"a\tb\"",
    "\"a\nb\"",
    "\"\0\"",
    "/**/1",
    "1 // one",
    "\u{a0}1",
    "\u{feff}1",
    "\\u0031",
    "<1>",
    "1;",
    "\"a\"\"b\"",
    "[\"a\":1]",
    "*",
    "\u{c}1",
];

#[test]
fn what_is_no_json_is_refused_wherever_it_stands() {
    let schema = samples::schema(&["INT", "STRING", "ARRAY<INT>", "ROW<a INT, b INT>", "MAP<STRING, INT>", "DOUBLE"]);
    for malformed in MALFORMED {
        let rows = (0..6).map(|column| format!("{{\"c{column}\":{malformed}}}"));
        let nested =
            ["{\"c2\":[1,%]}", "{\"c3\":{\"a\":%}}", "{\"c4\":{\"k\":%}}", "{\"c4\":[{\"key\":\"k\",\"value\":%}]}"];
        for row in rows.chain(nested.map(|row| row.replace('%', malformed))) {
            for text in [row.clone(), format!("{row}\n"), format!("[{row}]"), format!("[{{}},\n{row},\n{{}}]")] {
                error_of(schema.clone(), text.as_bytes());
            }
        }
    }
}
