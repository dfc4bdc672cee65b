//! CSV files at the command line: tables like them, their rows in, out and in again, and what is said where they are none.

use anyhow::{Result, ensure};
use thalweg_tests::files::Files;

/// A file, the options with which it is read, its columns, and its rows as CSV.
const FILES: &[(&str, &str, &str, &str, &str)] = &[
    ("cr.csv", "id,name\n1,a\r2,b\n3,c\n", "", "id BIGINT, name STRING", "1,a\n2,b\n3,c\n"),
    ("semi.csv", "id;v\n1;2,5\n", " --delimiter ;", "id BIGINT, v STRING", "1,\"2,5\"\n"),
    ("tabs.tsv", "id\tv\n1\ta,b\n", "", "id BIGINT, v STRING", "1,\"a,b\"\n"),
    ("null.csv", "id,v\nNA,\"NA\"\n1,\"\"\n", " --null NA", "id BIGINT, v STRING", ",NA\n1,\"\"\n"),
    ("bare.csv", "1,x\n2,y\n", " --no-header", "column_1 BIGINT, column_2 STRING", "1,x\n2,y\n"),
    ("index.csv", ",v\n0,x\n", "", "column_1 BIGINT, v STRING", "0,x\n"),
    ("blank.csv", "\r\n\r\nid,v\r\n\r\n1,x\r\n", "", "id BIGINT, v STRING", "1,x\n"),
    ("one.csv", "v\na\n\n\"\"\n", "", "v STRING", "a\n\n\"\"\n"),
    (
        "time.csv",
        "a,b,c\n2021-08-06T13:18Z,12:12,2020-01-01 12:00\n",
        "",
        "a TIMESTAMP_LTZ(0), b TIME(0), c TIMESTAMP(0)",
        "2021-08-06T13:18:00Z,12:12:00,2020-01-01T12:00:00\n",
    ),
    (
        "number.csv",
        "a,b,c\n18446744073709551615,01234,NaN\n1,98765,-Infinity\n",
        "",
        "a DECIMAL(20, 0), b STRING, c DOUBLE",
        "18446744073709551615,01234,NaN\n1,98765,-inf\n",
    ),
];

#[test]
fn a_table_like_a_file_takes_its_rows_and_gives_them_back() -> Result<()> {
    let files = Files::start()?;
    for (name, text, options, columns, rows) in FILES {
        files.write(name, text.as_bytes())?;
        let table = name.split('.').next().unwrap_or_default();
        files.run_line(&format!("table create {table} --buckets 1 --like FOLDER/{name}{options}"), "")?;
        let shown = files.run_line(&format!("table show {table} --format json"), "")?;
        let shown: serde_json::Value = serde_json::from_str(&shown)?;
        let column = |column: &serde_json::Value| format!("{} {}", column["name"], column["type"]).replace('"', "");
        let found: Vec<_> = shown["columns"].as_array().into_iter().flatten().map(column).collect();
        ensure!(found.join(", ") == *columns, "{name}: {}", found.join(", "));
        files.run_line(&format!("append {table} FOLDER/{name}{options}"), "")?;
        let scanned = files.run_line(&format!("scan {table} --format csv"), "")?;
        ensure!(scanned.split_once('\n').is_some_and(|(_, found)| found == *rows), "{name}: {scanned}");
        // And again: what was scanned is what is appended.
        files.run_line(
            &format!("table create {table}2 --buckets 1 --schema {}", columns.replace(", ", ",").replace(' ', "\t")),
            "",
        )?;
        files.run_line(&format!("append {table}2 - --format csv"), &scanned)?;
        let again = files.run_line(&format!("scan {table}2 --format csv"), "")?;
        ensure!(again == scanned, "{name}: {again}");
    }
    Ok(())
}

/// A file, the command that refuses it, and what it says.
const REFUSED: &[(&str, &[u8], &str, &str)] = &[
    (
        "cut.csv.gz",
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b],
        "append t FOLDER/cut.csv.gz",
        "cut.csv.gz: its gzip data are cut off",
    ),
    (
        "not.csv.zst",
        b"id\n1\n",
        "append t FOLDER/not.csv.zst",
        "not.csv.zst: its name says zstd, and its first bytes are of none",
    ),
    ("a.parquet.gz", b"", "append t FOLDER/a.parquet.gz", "only CSV and JSON are read from within gzip and zstd"),
    ("f.csv.gz", b"", "append t --follow FOLDER/f.csv.gz", "f.csv.gz: a gzip file is whole only when it is closed"),
    ("out.csv.gz", b"", "scan t --output FOLDER/out.csv.gz", "out.csv.gz: rows are not written as gzip"),
    (
        "price.csv",
        b"id,price\n1,1.00\n2,1.005\n",
        "append t FOLDER/price.csv",
        "price.csv, line 3: column \"price\": \"1.005\" has more digits than DECIMAL(10, 2) keeps",
    ),
    (
        "day.csv",
        b"id,day\n1,2020-01-01T00:00:00+02:00\n",
        "append t FOLDER/day.csv",
        "day.csv, line 2: column \"day\": \"2020-01-01T00:00:00+02:00\" has a zone, which DATE does not keep",
    ),
    (
        "ragged.csv",
        b"id,price\n1\n",
        "table create x --like FOLDER/ragged.csv",
        "ragged.csv, line 2: it has 1 value, and there are 2 columns",
    ),
    (
        "ragged.csv",
        b"id,price\n1\n",
        "append t FOLDER/ragged.csv",
        "ragged.csv, line 2: it has 1 value, and there are 2 columns",
    ),
    (
        "twice.csv",
        b"\nid,id\n",
        "table create x --like FOLDER/twice.csv",
        "twice.csv, line 2: column \"id\" stands there twice",
    ),
    ("twice.csv", b"\nid,id\n", "append t FOLDER/twice.csv", "twice.csv, line 2: column \"id\" stands there twice"),
];

#[test]
fn what_is_refused_is_said_once_and_short() -> Result<()> {
    let files = Files::start()?;
    files.run_line("table create t --buckets 1 --schema id\tINT,price\tDECIMAL(10,2),day\tDATE", "")?;
    for (name, bytes, command, says) in REFUSED {
        files.write(name, bytes)?;
        let output = files.output_line(command, "")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(1) && said.contains(says), "{command}: {} {said}", output.status);
        ensure!(said.matches(says).count() == 1 && said.len() < 600, "{command}: {said}");
    }
    files.run_line("append t FOLDER/price.csv --round", "")?;
    let rows = files.run_line("scan t --format csv", "")?;
    ensure!(rows == "id,price,day\n1,1.00,\n2,1.01,\n", "{rows}");
    let hint = files.output_line("table create h --like FOLDER/hint.csv", "")?;
    ensure!(!hint.status.success(), "there is no such file");
    files.write("hint.csv", b"a;b,c\n1;2,\n")?;
    let hint = files.output_line("table create h --like FOLDER/hint.csv", "")?;
    let said = String::from_utf8_lossy(&hint.stderr);
    ensure!(hint.status.success() && said.contains("column \"c\" has no value, and is STRING"), "{said}");
    Ok(())
}

/// Files as gzip (in two members) and zstd write them; the name of the last does not say so.
const PACKED: &[(&str, &[u8])] = &[
    ("a.tsv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbL\xe1,\xe32\xe4\x04\x00\xf5<u\xe1\x07\x00\x00\x00\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03K\xe42\xe2L\xe2\x02\x00c\x8e7\xda\x06\x00\x00\x00"),
    ("b.jsonl.zst", b"(\xb5/\xfd\x00H\x89\x00\x00{\x22id\x22:3,\x22v\x22:\x22c\x22}\x0a"),
    ("c.csv", b"(\xb5/\xfd\x00HI\x00\x00v,id\x0ad,4\x0a"),
];

#[test]
fn compressed_files_are_read_as_what_is_in_them() -> Result<()> {
    let files = Files::start()?;
    files.run_line("table create t --buckets 1 --schema id\tINT,v\tSTRING", "")?;
    for (name, bytes) in PACKED {
        files.write(name, bytes)?;
    }
    files.run_line("append t FOLDER/a.tsv.gz FOLDER/b.jsonl.zst FOLDER/c.csv", "")?;
    let rows = files.run_line("scan t --format csv", "")?;
    ensure!(rows == "id,v\n1,a\n2,b\n3,c\n4,d\n", "{rows}");
    files.run_line("table create like --buckets 1 --like FOLDER/a.tsv.gz", "")?;
    Ok(())
}
