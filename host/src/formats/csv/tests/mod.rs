//! CSV files that people have: what is read of them, and what is said where they are none.

mod any_text;

use std::io::Read;

use arrow_array::cast::AsArray;
use arrow_select::concat::concat_batches;
use proptest::prelude::*;

use super::*;
use crate::columns::samples::{FLAT, batch, chance, schema};
use crate::formats::{CsvOptions, Format, InferOptions, Rounding, infer_schema, reader};

fn file(name: &str, text: &[u8]) -> (tempfile::TempDir, Input) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    (folder, Input::File(path))
}

/// Reads a file as a table of these columns: its rows, and their lines.
fn rows(name: &str, text: &[u8], types: &[&str], options: &ReadOptions) -> Result<(RecordBatch, Vec<String>), String> {
    let (folder, input) = file(name, text);
    let table = schema(types);
    let plain = |error: FormatError| error.to_string().replace(&format!("{}/", folder.path().display()), "");
    let read = reader(&input, Format::Csv, table.clone(), options.clone()).map_err(plain)?;
    let (mut batches, mut places) = (Vec::new(), Vec::new());
    for rows in read {
        let rows = rows.map_err(plain)?;
        let line = |row| rows.place.of(row).rsplit(' ').next().unwrap_or_default().to_owned();
        places.extend((0..rows.batch.num_rows()).map(line));
        batches.push(crate::columns::fit(&rows.batch, &table).expect("of the table"));
    }
    Ok((concat_batches(&table, &batches).expect("one table"), places))
}

/// The cells of rows of texts; `-` is null.
fn texts(batch: &RecordBatch) -> Vec<String> {
    let cell = |row: usize, column: &ArrayRef| match column.is_valid(row) {
        true => column.as_string::<i32>().value(row).to_owned(),
        false => "-".into(),
    };
    (0..batch.num_rows())
        .map(|row| batch.columns().iter().map(|column| cell(row, column)).collect::<Vec<_>>().join("|"))
        .collect()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn with(csv: CsvOptions) -> ReadOptions {
    ReadOptions { csv, ..ReadOptions::default() }
}

/// A file's name and text, how it is read, and its rows and lines.
type Case = (&'static str, &'static str, CsvOptions, &'static [&'static str], &'static [&'static str]);

#[test]
fn every_record_is_a_row_with_its_line() {
    let plain = CsvOptions::default;
    let none = || CsvOptions { header: false, ..plain() };
    let cases: &[Case] = &[
        ("a.csv", "c0,c1\n1,a\r2,b\n3,c\n", plain(), &["1|a", "2|b", "3|c"], &["2", "3", "4"]),
        ("a.csv", "c0,c1\r1,a\r2,b", plain(), &["1|a", "2|b"], &["2", "3"]),
        ("a.csv", "c0,c1\r\n\r\n1,\"a\r\nb\"\r\n\"\"\"\",\r\n", plain(), &["1|a\r\nb", "\"|-"], &["3", "5"]),
        ("a.csv", "\u{feff}\n\r\n\"c1\",c0\n,\"\"\n\n", plain(), &["|-"], &["4"]),
        ("a.csv", "c0,c1\n", plain(), &[], &[]),
        ("a.csv", "", plain(), &[], &[]),
        ("a.csv", " c1 , c0\nx, y \n", plain(), &[" y |x"], &["2"]),
        ("a.csv", "c0,c1\na\0b,\0\n", plain(), &["a\0b|\0"], &["2"]),
        ("a.csv", "1,2\n,", none(), &["1|2", "-|-"], &["1", "2"]),
        ("a.tsv", "c0\tc1\na,b\t\"x\ty\"\n", plain(), &["a,b|x\ty"], &["2"]),
        ("a.csv", "c0;c1\n1;2,5\n", CsvOptions { delimiter: Some(b';'), ..plain() }, &["1|2,5"], &["2"]),
        (
            "a.tsv",
            "c0,c1\nNA,\"NA\"\n NA,\n",
            CsvOptions { delimiter: Some(b','), null: Some("NA".into()), ..plain() },
            &["-|NA", " NA|-"],
            &["2", "3"],
        ),
    ];
    for (name, text, csv, expected, lines) in cases {
        for batch_rows in [1, 2, 100] {
            let options = ReadOptions { batch_rows, ..with(csv.clone()) };
            let (batch, places) = rows(name, text.as_bytes(), &["STRING", "STRING"], &options).expect(text);
            assert_eq!((texts(&batch), places), (owned(expected), owned(lines)), "{text:?}");
        }
    }
}

#[test]
fn blank_lines_are_the_nulls_of_a_single_column() {
    let read = |types: &[&str]| rows("a.csv", b"c0\n\n\"\"\nx\n\n", types, &ReadOptions::default()).expect("rows");
    assert_eq!(read(&["STRING"]).1, owned(&["2", "3", "4", "5"]));
    assert_eq!(texts(&read(&["STRING"]).0), ["-", "", "x", "-"]);
    assert_eq!(texts(&read(&["STRING NOT NULL"]).0), ["", "x"]);
    assert_eq!(
        texts(&rows("a.csv", b"c0,c1\n\n1,\n", &["STRING", "STRING"], &ReadOptions::default()).expect("rows").0),
        ["1|-"]
    );
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let cases: &[(&[u8], &str)] = &[
        (b"c0,c1\n1,a\n2\n", "a.csv, line 3: it has 1 value, and there are 3 columns"),
        (b"c0,c1,c2\n\"\n\n\",a,b\r3,4,5,6\n", "a.csv, line 5: it has 4 values, and there are 3 columns"),
        (b"c0\n1\nx\n", "a.csv, line 3: column \"c0\": \"x\" is no INT"),
        (b"c1,c0\n\"a\r\nb\",1\n,x\n\n", "a.csv, line 4: column \"c0\": \"x\" is no INT"),
        (
            b"c0,c2\n1,\n2,\"\"\n,\"\"\n",
            "a.csv, line 2: column \"c2\": it is NOT NULL, and its cell is empty (\"\" is an empty text)",
        ),
        (b"c0,c1\n1,\"a\n", "a.csv, line 2: a quoted value does not end"),
        (b"c0,c1\n1,\"a\"b\n", "a.csv, line 2: text stands behind the closing quote of value 2"),
        (b"c0,c1\n1,\"\n\"\n2,a\xff\n3,\xff\n", "a.csv, line 4: it is not UTF-8"),
        (b"\n\nc0,c1,c0\n", "a.csv, line 3: column \"c0\" stands there twice"),
        (b"c0,,x\n1,2,3\n", "a.csv, line 1: the table has no column \"column_2\"; it has c0, c1, c2"),
        (b"c0;c1\n1;2\n", "if ';' stands between values, say --delimiter ';'"),
        (b"c0\tc1\n1\t2\n", "if '\\t' stands between values, say --delimiter '\\t'"),
    ];
    for (text, problem) in cases {
        let error = rows("a.csv", text, &["INT", "STRING", "STRING NOT NULL"], &ReadOptions::default());
        let error = error.expect_err(problem);
        let problem =
            problem.replace("3 columns", if text.starts_with(b"c0,c1\n") { "2 columns" } else { "3 columns" });
        assert!(error.contains(&problem), "{error}");
        assert!(error.len() < 300, "{error}");
    }
    let nested = rows("a.csv", b"c0\n", &["ARRAY<INT>"], &ReadOptions::default()).expect_err("nested");
    assert!(nested.ends_with("column \"c0\" is ARRAY<INT>, which CSV cannot hold; use JSON"), "{nested}");
}

#[test]
fn what_does_not_come_back_is_refused_or_rounded() {
    let round = ReadOptions { rounding: Rounding::Nearest, ..ReadOptions::default() };
    for (cell, sql) in [("1.005", "DECIMAL(10, 2)"), ("2020-01-01 00:00:00.1239", "TIMESTAMP(3)"), ("1.5", "BIGINT")] {
        let text = format!("c0\n{cell}\n");
        let error = rows("a.csv", text.as_bytes(), &[sql], &ReadOptions::default()).expect_err(cell);
        assert!(
            error.contains("line 2: column \"c0\": ") && error.contains(sql) && error.contains("--round"),
            "{error}"
        );
        assert_eq!(rows("a.csv", text.as_bytes(), &[sql], &round).expect(cell).0.num_rows(), 1);
    }
}

#[test]
fn compressed_files_are_read_and_broken_ones_refused() {
    use std::io::Write;
    let text = b"c0\tc1\n1\ta\n2\tb\n";
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text).expect("written");
    let gzip = packer.finish().expect("packed");
    let zstd = zstd::encode_all(&text[..], 3).expect("packed");
    for (name, bytes) in [("a.tsv.gz", &gzip), ("a.TSV.ZST", &zstd)] {
        let read = |bytes: &[u8]| rows(name, bytes, &["STRING", "STRING"], &ReadOptions::default());
        assert_eq!(texts(&read(bytes).expect(name).0), ["1|a", "2|b"]);
        let cut = read(&bytes[..bytes.len() - 3]).expect_err("cut off");
        assert!(cut.starts_with(name) && cut.contains("cut off"), "{cut}");
        let (_folder, input) = file(name, bytes);
        let follow = ReadOptions { follow: true, ..ReadOptions::default() };
        let error = reader(&input, Format::Csv, schema(&["INT"]), follow).err().expect("refused").to_string();
        assert!(error.contains("cannot be followed"), "{error}");
    }
}

/// Writes rows and reads them again.
fn there_and_back(rows: &RecordBatch, delimiter: u8) -> RecordBatch {
    let (folder, input) = file("a.csv", b"");
    let Input::File(path) = &input else { panic!("a file") };
    let out = std::fs::File::create(path).expect("a file");
    let mut out = csv_writer(rows.schema(), out, delimiter).expect("a writer");
    out.write(rows).expect("written");
    out.finish().expect("written");
    let options = with(CsvOptions { delimiter: Some(delimiter), ..CsvOptions::default() });
    let read = reader(&input, Format::Csv, rows.schema(), options).expect("opens");
    let read = read.map(|read| crate::columns::fit(&read.expect("read").batch, rows.schema_ref()).expect("fits"));
    let read = concat_batches(rows.schema_ref(), &read.collect::<Vec<_>>()).expect("one");
    drop(folder);
    read
}

#[test]
fn texts_that_look_like_something_else_come_back() {
    let hard = ["", "\"", "\"\"", "\r", "\n", "\r\n", " a ", "a,b", "a;b\tc", "NULL", "\u{feff}x", "'", "\\N", "é\"\r"];
    for types in [&["STRING", "BYTES"][..], &["STRING"], &["STRING NOT NULL"]] {
        let table = schema(types);
        let values = hard.iter().map(|text| Some(*text));
        let values = if table.field(0).is_nullable() {
            values.chain([None, None]).collect()
        } else {
            values.collect::<Vec<_>>()
        };
        let bytes = values.iter().map(|text| text.map(str::as_bytes)).collect::<Vec<_>>();
        let mut columns: Vec<ArrayRef> = vec![std::sync::Arc::new(arrow_array::StringArray::from(values))];
        columns.push(std::sync::Arc::new(arrow_array::BinaryArray::from(bytes)));
        columns.truncate(types.len());
        let rows = RecordBatch::try_new(table, columns).expect("rows");
        for delimiter in [b',', b';', b'\t'] {
            assert_eq!(there_and_back(&rows, delimiter), rows, "{types:?}");
        }
    }
    let floats = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, 0.1];
    let bits = |batch: &RecordBatch| -> Vec<u64> {
        batch.column(0).as_primitive::<arrow_array::types::Float64Type>().values().iter().map(|v| v.to_bits()).collect()
    };
    let rows = RecordBatch::try_new(
        schema(&["DOUBLE"]),
        vec![std::sync::Arc::new(arrow_array::Float64Array::from(floats.to_vec()))],
    );
    let rows = rows.expect("rows");
    assert_eq!(bits(&there_and_back(&rows, b',')), bits(&rows));
    assert!(csv_writer(schema(&["MAP<INT, INT>"]), Vec::new(), b',').is_err());
}

#[test]
fn a_record_without_end_is_refused_in_bounded_memory() {
    for begin in ["a,b\n1,", "a,b\n1,\""] {
        let bytes = begin.as_bytes().chain(std::io::repeat(b'0'));
        let mut stream = Stream::new(Box::new(bytes), "a".into(), b',');
        assert_eq!(stream.first().expect("a header").expect("one").width(), 2);
        let error = stream.next(Limits { records: 9, follow: false }).expect_err("no end").to_string();
        assert_eq!(error, "a, line 2: the record is longer than 64 MiB");
    }
    let commas = std::io::repeat(b',').take(1 << 20);
    let error = Stream::new(Box::new(commas), "a".into(), b',').first().expect_err("too many").to_string();
    assert_eq!(error, "a, line 1: it has 1048577 values, and 65536 columns are the most that are read");
}
