//! JSON files at the command line: tables like them, their rows in, out and in again, and what is said where they are none.

use anyhow::{Result, ensure};
use thalweg_tests::files::Files;

/// A file, its columns, and its rows as they are written.
const FILES: &[(&str, &str, &str, &str)] = &[
    ("array.json", "[{\"id\":1},{\"id\":2}]", "id BIGINT", "{\"id\":1}\n{\"id\":2}\n"),
    (
        "pretty.json",
        "\u{feff}[\n  {\n    \"z\": 1,\n    \"a\": \"x\"\n  },\n  {\n    \"z\": null,\n    \"a\": \"}\"\n  }\n]\n",
        "z BIGINT, a STRING",
        "{\"z\":1,\"a\":\"x\"}\n{\"z\":null,\"a\":\"}\"}\n",
    ),
    (
        "objects.json",
        "{\n  \"o\": {\"b\": [1.5, 2], \"a\": true}\n}\n{\n  \"o\": null\n}\n",
        "o ROW<b ARRAY<DOUBLE>, a BOOLEAN>",
        "{\"o\":{\"b\":[1.5,2.0],\"a\":true}}\n{\"o\":null}\n",
    ),
    (
        "numbers.jsonl",
        "{\"a\":18446744073709551615,\"b\":1,\"c\":\"01\"}\n{\"a\":1,\"b\":-0.0,\"c\":\"\"}\n",
        "a DECIMAL(20, 0), b DOUBLE, c STRING",
        "{\"a\":18446744073709551615,\"b\":1.0,\"c\":\"01\"}\n{\"a\":1,\"b\":-0.0,\"c\":\"\"}\n",
    ),
];

#[test]
fn a_table_like_a_file_takes_its_rows_and_gives_them_back() -> Result<()> {
    let files = Files::start()?;
    for (name, text, columns, rows) in FILES {
        let table = name.split('.').next().unwrap_or_default();
        files.run_on(&["table", "create", table, "--buckets", "1", "--like"], name, text.as_bytes())?;
        let shown: serde_json::Value =
            serde_json::from_str(&files.run(&["table", "show", table, "--format", "json"], "")?)?;
        let column = |column: &serde_json::Value| format!("{} {}", column["name"], column["type"]).replace('"', "");
        let found: Vec<_> = shown["columns"].as_array().into_iter().flatten().map(column).collect();
        ensure!(found.join(", ") == *columns, "{name}: {}", found.join(", "));
        files.run_on(&["append", table], name, text.as_bytes())?;
        let scanned = files.run(&["scan", table, "--format", "json"], "")?;
        ensure!(scanned == *rows, "{name}: {scanned}");
    }
    Ok(())
}

/// The columns of a table, and rows of it as they are written.
const COLUMNS: &str = "id INT, x DOUBLE, f ARRAY<FLOAT>, m MAP<DOUBLE, STRING>, k MAP<STRING, BYTES>, d DECIMAL(38, 10), \
                       t TIME(6), l TIMESTAMP_LTZ(9)";
const ROWS: &str = concat!(
    r#"{"id":1,"x":"NaN","f":["Infinity",null,"-Infinity",-0.0],"m":[{"key":"NaN","value":"a"}],"k":{"":"00ff"},"#,
    r#""d":1234567890123456789012345678.0123456789,"t":"23:59:59.999999","l":"2001-01-31T10:00:00.000000001Z"}"#,
    "\n",
    r#"{"id":2000000000,"x":5e-324,"f":[3.4028235e+38],"m":[],"k":{"\n\"\u0001":null},"d":-0.0000000001,"t":"00:00:00","#,
    r#""l":"1969-12-31T23:59:59.999Z"}"#,
    "\n",
);

#[test]
fn rows_out_are_rows_in_and_dead_letters_keep_what_is_not_finite() -> Result<()> {
    let files = Files::start()?;
    for table in ["one", "two"] {
        files.run(&["table", "create", table, "--schema", COLUMNS, "--buckets", "1"], "")?;
    }
    files.run(&["append", "one", "-"], ROWS)?;
    let scanned = files.run(&["scan", "one", "--format", "json"], "")?;
    ensure!(scanned == ROWS, "{scanned}");
    let scale =
        ["--module", "scale", "--set", "column=id", "--set", "factor=2147483648", "--on-error", "dead-letter:lost"];
    files.run(&[&["append", "two", "-"], &scale[..]].concat(), &scanned)?;
    let dead_letters = files.run(&["scan", "lost", "--columns", "original", "--format", "json"], "")?;
    let originals: Vec<serde_json::Value> = dead_letters.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let originals: Vec<_> = originals.iter().filter_map(|row| row["original"].as_str()).collect();
    ensure!(originals.join("\n") + "\n" == ROWS, "{originals:?}");
    // And the originals of dead letters are rows again.
    files.run(&["append", "two", "-"], &originals.join("\n"))?;
    ensure!(files.run(&["scan", "two", "--format", "json"], "")? == ROWS);
    Ok(())
}

/// What refuses a file, the file, and what is said.
const REFUSED: &[(&[&str], &str, &[u8], &str)] = &[
    (
        &["append", "t"],
        "a.json",
        b"[{\"id\":1},\n{\"id\":1 \"b\":2}]",
        "a.json, line 2: this is no JSON: expected `,` or `}`",
    ),
    (&["append", "t"], "a.json", b"{\"id\":4503599627370497.5}", "a.json, line 1: column \"id\": "),
    (
        &["append", "t"],
        "a.json",
        b"\n{\"l\":[1.005]}",
        "a.json, line 2: column \"l[0]\": \"1.005\" has more digits than DECIMAL(10, 2)",
    ),
    (&["append", "t"], "a.json", b"{\"id\":1}\n{\"id\":\"\xff\"}", "a.json, line 2: this is no UTF-8"),
    (&["append", "t"], "a.json", b"\xff\xfe{\0}\0", "a.json, line 1: this is UTF-16"),
    (&["append", "t"], "a.json", b"{\"id\":1,\"id\":2}", "a.json, line 1: column \"id\": it stands there twice"),
    (
        &["table", "create", "u", "--like"],
        "mixed.jsonl",
        b"{\"v\":1}\n{\"v\":\"a\"}\n",
        "mixed.jsonl, line 2: column \"v\": it is a text here and a number in line 1; no type holds both",
    ),
    (
        &["table", "create", "u", "--like"],
        "bad4.jsonl",
        b"{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":}\n",
        "bad4.jsonl, line 4: this is no JSON",
    ),
];

#[test]
fn what_is_wrong_with_a_file_is_said_in_a_sentence() -> Result<()> {
    let files = Files::start()?;
    files.run(&["table", "create", "t", "--schema", "id BIGINT, l ARRAY<DECIMAL(10, 2)>", "--buckets", "1"], "")?;
    for (command, name, text, problem) in REFUSED {
        let output = files.output_on(command, name, text)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(1) && said.contains(problem), "{command:?} {name}: {said}");
        ensure!(said.len() < 600, "{said}");
    }
    ensure!(files.run(&["scan", "t", "--format", "json"], "")?.is_empty());
    // With --round the values that are too fine are rounded.
    files.run_on(&["append", "t", "--round"], "a.json", b"{\"id\":0.99999999999999999999,\"l\":[1.005]}")?;
    let scanned = files.run(&["scan", "t", "--format", "json"], "")?;
    ensure!(scanned == "{\"id\":1,\"l\":[1.01]}\n", "{scanned}");
    let hint = files.output_on(&["table", "create", "n", "--like"], "nul.jsonl", b"{\"id\":1,\"n\":null}\n")?;
    let said = String::from_utf8_lossy(&hint.stderr);
    ensure!(hint.status.success() && said.contains("column \"n\": no row has a value for it"), "{said}");
    Ok(())
}
