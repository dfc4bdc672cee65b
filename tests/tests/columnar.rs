//! Parquet and Arrow files that others wrote: a table is made of each, takes it, and has its values; a file that is
//! damaged fails whatever reads it, in a sentence.

use std::path::Path;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use thalweg_tests::binary::{self, Node};

/// A file, and the rows that it has.
const FILES: &[(&str, &str)] = &[
    ("comp_gz.parquet", "{\"id\":1,\"s\":\"a\"}\n{\"id\":2,\"s\":\"b\"}\n{\"id\":3,\"s\":\"c\"}\n"),
    ("comp_br.parquet", "{\"id\":1,\"s\":\"a\"}\n{\"id\":2,\"s\":\"b\"}\n{\"id\":3,\"s\":\"c\"}\n"),
    (
        "int96_noschema.parquet",
        "{\"id\":1,\"t\":\"9999-12-31T00:00:00\"}\n{\"id\":2,\"t\":\"2020-01-01T00:00:00\"}\n{\"id\":3,\"t\":\"1000-01-01T00:00:00\"}\n",
    ),
    ("mapnames.parquet", "{\"m\":{\"a\":1}}\n"),
    ("mapnames.arrow", "{\"m\":{\"a\":1}}\n"),
    ("mapnames.arrows", "{\"m\":{\"a\":1}}\n"),
    ("date64.arrow", "{\"d\":\"2020-01-01T00:00:00\"}\n"),
    ("ree.arrow", "{\"r\":\"a\",\"id\":1}\n{\"r\":\"a\",\"id\":2}\n{\"r\":\"b\",\"id\":3}\n"),
];

fn path(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("columnar").join(name).display().to_string()
}

#[test]
fn what_a_table_is_made_of_goes_into_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    for (at, (name, rows)) in FILES.iter().enumerate() {
        let (table, file) = (format!("t{at}"), path(name));
        binary::run(&node.address, ["table", "create", &table, "--like", &file, "--buckets", "1"]).context(*name)?;
        binary::run(&node.address, ["append", &table, &file]).context(*name)?;
        let found = binary::run(&node.address, ["scan", &table])?;
        ensure!(found == *rows, "{name}: {found}");
    }
    Ok(())
}

/// That a command failed in one sentence, and not by a panic.
fn fails(output: &Output, says: &str) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "{}: {said}", output.status);
    ensure!(said.contains(says) && !said.contains("panicked"), "{said}");
    Ok(())
}

#[test]
fn a_file_that_breaks_its_reader_fails_and_hides_no_other() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    let (broken, after) = (path("panic.arrows"), folder.path().join("after.csv"));
    std::fs::write(&after, "id\n99\n")?;
    let after = after.display().to_string();
    binary::run(&node.address, ["table", "create", "log", "--schema", "id BIGINT", "--buckets", "1"])?;
    binary::run(&node.address, ["table", "create", "kv", "--schema", "id BIGINT", "--primary-key", "id"])?;
    let says = "panic.arrows, at row 4: it is damaged: values lie outside of their batch";
    for command in ["append log", "append log --dry-run", "upsert kv", "delete kv"] {
        let arguments = command.split(' ').chain([broken.as_str(), after.as_str()]);
        fails(&binary::run_with(&node.address, arguments, "")?, says).context(command)?;
    }
    fails(&binary::run_with(&node.address, ["lookup", "kv", "--keys", &broken], "")?, says)?;
    // What was read before it was written, and nothing behind it.
    ensure!(binary::run(&node.address, ["scan", "log"])? == "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
    fails(&binary::run_with(&node.address, ["append", "log", &path("comp_gz.parquet"), &after], "")?, "no column \"s\"")
}

#[test]
fn a_value_that_does_not_fit_is_named_by_its_row_in_the_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    let file = path("int96_noschema.parquet");
    binary::run(&node.address, ["table", "create", "t", "--schema", "id INT, t TIMESTAMP(9)", "--buckets", "1"])?;
    let says = "int96_noschema.parquet, row 1: column \"t\": the time is out of the range of TIMESTAMP(9)";
    let ways: [&[&str]; 4] = [&[], &["--dry-run"], &["--module", "where", "--set", "if=id > 0"], &["--round"]];
    for more in ways {
        let arguments = [&["append", "t", file.as_str()][..], more].concat();
        fails(&binary::run_with(&node.address, arguments, "")?, says).with_context(|| format!("{more:?}"))?;
    }
    ensure!(binary::run(&node.address, ["scan", "t"])?.is_empty());
    Ok(())
}
