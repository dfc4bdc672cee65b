//! Rows and keys out of bounds at the command line: what is refused is named, what is not is written, and no request waits
//! for ever; and how a node ends that cannot go on.

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use thalweg_tests::{
    binary::{self, Node},
    wait,
};

/// The longest key, as a text: its length takes three bytes.
const LONGEST: usize = 65_531 - 3;

fn says(output: &Output, status: i32, parts: &[&str]) -> Result<()> {
    let text = String::from_utf8_lossy(&output.stderr);
    let said = parts.iter().all(|part| text.contains(part));
    let text: String = text.chars().take(2000).collect();
    ensure!(
        said && output.status.code() == Some(status),
        "{}: {text}\nmust be {status} and say {parts:?}",
        output.status
    );
    Ok(())
}

fn create(node: &Node, arguments: &[&str]) -> Result<()> {
    binary::run(&node.address, ["table", "create"].iter().chain(arguments)).map(drop)
}

fn run(node: &Node, command: &[&str], input: &str) -> Result<Output> {
    binary::run_with(&node.address, command, input)
}

#[test]
fn a_bad_partition_value_fails_its_row_and_no_other() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    let text = "{\"id\":1,\"day\":\"mon\"}\n{\"id\":2,\"day\":\"tue\"}\n{\"id\":3,\"day\":\"a/b\"}\n{\"id\":4,\"day\":\"mon\"}\n{\"id\":5,\"day\":\"\"}\n";
    for (table, key, write) in [("log", "", "append"), ("keyed", "id,day", "upsert")] {
        let mut arguments = vec![table, "--schema", "id INT, day STRING", "--partition-by", "day"];
        if !key.is_empty() {
            arguments.extend(["--primary-key", key]);
        }
        create(&node, &arguments)?;
        // Also where one file is many batches.
        for (batch_rows, rows) in [("1000", 3), ("1", 6)] {
            let output = run(&node, &[write, table, "--batch-rows", batch_rows, "--summary", "json"], text)?;
            let whole = batch_rows == "1000";
            let counts = if whole { "\"acknowledged\":3,\"failed\":2," } else { "\"failed\":" };
            says(&output, 1, &["standard input, line 3: ", "column day has the value 'a/b'", counts])?;
            ensure!(!String::from_utf8_lossy(&output.stderr).contains("in row"), "a row is named beside its line");
            if whole {
                let found = binary::run(&node.address, ["scan", table])?.lines().count();
                ensure!(found == rows, "{table}: {found} rows");
            }
        }
    }
    Ok(())
}

#[test]
fn rows_of_no_time_or_of_one_that_is_over_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    let properties = ["enabled=true", "time-unit=YEAR", "time-zone=UTC", "num-precreate=0", "num-retention=3"];
    let properties = properties.map(|property| format!("table.auto-partition.{property}"));
    let mut arguments = vec!["t", "--schema", "id INT, year STRING", "--partition-by", "year"];
    arguments.extend(properties.iter().flat_map(|property| ["--property", property.as_str()]));
    create(&node, &arguments)?;
    let cases = [
        ("1999", "Partition value '1999' is out-of-date"),
        ("eu", "Partition value 'eu' does not match the expected format 'yyyy'"),
        ("99990101", "Partition value '99990101' does not match the expected format 'yyyy'"),
    ];
    for (at, (year, why)) in cases.iter().enumerate() {
        let text = format!(
            "{{\"id\":1,\"year\":\"9999\"}}\n{{\"id\":2,\"year\":\"{year}\"}}\n{{\"id\":3,\"year\":\"9998\"}}\n"
        );
        let output = run(&node, &["append", "t", "--summary", "json"], &text)?;
        says(&output, 1, &["standard input, line 2: ", why, "\"acknowledged\":2,\"failed\":1,"])?;
        let found = binary::run(&node.address, ["scan", "t"])?.lines().count();
        ensure!(found == 2 * (at + 1), "{found} rows");
        let output = run(&node, &["partition", "create", "t", &format!("year={year}")], "")?;
        says(&output, 1, &[why])?;
    }
    Ok(())
}

#[test]
fn a_key_that_is_too_long_is_refused_by_its_line_and_ends_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    create(&node, &["t", "--schema", "k STRING, v INT", "--primary-key", "k", "--buckets", "4"])?;
    let row = |length: usize| format!("{{\"k\":\"{}\",\"v\":1}}\n", "x".repeat(length));
    let text = [row(1), row(LONGEST + 1), row(LONGEST), row(70_000), row(2)].concat();
    let output = run(&node, &["upsert", "t", "--summary", "json"], &text)?;
    let refused = "the key has 65532 bytes, but a key has 65531 at most";
    says(&output, 1, &["standard input, line 2: ", refused, "\"acknowledged\":3,\"failed\":2,"])?;
    let output = run(&node, &["delete", "t", "--summary", "json"], &[row(2), row(70_000)].concat())?;
    says(&output, 1, &["standard input, line 2: ", "70003 bytes", "\"acknowledged\":1,\"failed\":1,"])?;
    let begun = Instant::now();
    let output = run(&node, &["lookup", "t", "--keys", "-"], &[row(1), row(LONGEST + 1)].concat())?;
    says(&output, 1, &["standard input, line 1 and on: ", "the key in row 1 has 65532 bytes"])?;
    ensure!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    let output = run(&node, &["lookup", "t", "--keys", "-"], &[row(1), row(LONGEST), row(2)].concat())?;
    says(&output, 0, &["1 of 3 keys were not found"])?;
    create(&node, &["other", "--schema", "k STRING", "--primary-key", "k", "--buckets", "4"])?;
    says(&run(&node, &["upsert", "other"], "{\"k\":\"a\"}\n{\"k\":\"b\"}\n{\"k\":\"c\"}\n{\"k\":\"d\"}\n")?, 0, &[])
}

#[test]
fn many_megabytes_of_keys_are_looked_up() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    create(&node, &["t", "--schema", "k STRING", "--primary-key", "k", "--buckets", "2"])?;
    // 12 MB, of keys of 60,000 bytes.
    let row = |at: usize| format!("{{\"k\":\"{at:0>60000}\"}}\n");
    let there: String = (0..100).map(row).collect();
    says(&run(&node, &["upsert", "t"], &there)?, 0, &[])?;
    let keys: String = (0..200).map(row).collect();
    let begun = Instant::now();
    let output = run(&node, &["lookup", "t", "--keys", "-"], &keys)?;
    says(&output, 0, &["100 of 200 keys were not found"])?;
    ensure!(output.stdout.iter().filter(|byte| **byte == b'\n').count() == 100, "not 100 rows");
    ensure!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
    Ok(())
}

#[test]
fn properties_are_taken_as_they_stand() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    for property in ["table.delete.behavior= disable ", "table.changelog.image= WAL ", "table.kv.format=indexed "] {
        let schema = ["table", "create", "t", "--schema", "k INT", "--primary-key", "k", "--property", property];
        let (key, value) = property.split_once('=').context("a property")?;
        says(&run(&node, &schema, "")?, 1, &[key, value])?;
    }
    create(&node, &["t", "--schema", "k INT", "--primary-key", "k", "--property", "table.delete.behavior=Disable"])?;
    says(&run(&node, &["delete", "t"], "{\"k\":1}\n")?, 1, &["table.delete.behavior = Disable"])
}

/// The store of keys has no use when its files are gone.
#[test]
fn a_node_that_cannot_go_on_ends_with_a_line_and_a_status() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--durability", "os", "--memory", "8MiB", "--data"];
    let mut child = binary::command(arguments)
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.path().join("said"))?)
        .spawn()?;
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().context("a pipe")?), &mut line)?;
    let address = line.trim().strip_prefix("thalweg: ready on ").context("it is ready")?.to_owned();
    let create = ["table", "create", "t", "--schema", "k INT, v STRING", "--primary-key", "k", "--buckets", "1"];
    binary::run(&address, create)?;
    let row = |at: usize| format!("{{\"k\":{at},\"v\":\"{at:0>1000}\"}}\n");
    says(&binary::run_with(&address, ["upsert", "t"], &row(0))?, 0, &[])?;
    std::fs::remove_dir_all(data.join("keys"))?;
    // More than the store holds in memory.
    let text: String = (0..40_000).map(row).collect();
    let begun = Instant::now();
    let _ = binary::run_with(&address, ["upsert", "t", "--timeout", "10s"], &text)?;
    let status = wait::ended(&mut child, Duration::from_secs(60))?;
    let text = std::fs::read_to_string(folder.path().join("said"))?;
    let last = text.lines().last().context("a last line")?;
    ensure!(status.code() == Some(1), "{status}: {text}");
    ensure!(last.starts_with("thalweg: the node has failed: the store of the keys"), "{last}");
    ensure!(begun.elapsed() < Duration::from_secs(60), "it took {:?}", begun.elapsed());
    Ok(())
}
