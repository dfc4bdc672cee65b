//! Policies at the command line: every row accounted for, dead letters written, dry runs shown, chains taken up while rows flow.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thalweg_tests::{
    binary::{self, Node},
    wait,
};

/// Where a command that follows writes what it says.
const SAID: &str = "said";
/// How long a command that follows may take for a step.
const PATIENCE: Duration = Duration::from_secs(60);
/// Three rows, of which the second is too large for the module.
const ROWS: &str = "{\"id\":1}\n{\"id\":2000000000}\n{\"id\":3}\n";
const TENFOLD: [&str; 6] = ["--module", "scale", "--set", "column=id", "--set", "factor=10"];

struct Place {
    node: Node,
    folder: tempfile::TempDir,
}

impl Place {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let node = Node::start(&folder.path().join("data"), None)?;
        binary::run(&node.address, ["table", "create", "t", "--schema", "id INT", "--buckets", "1"])?;
        Ok(Self { node, folder })
    }

    fn append(&self, arguments: &[&str], rows: &str) -> Result<Output> {
        binary::run_with(&self.node.address, [&["append", "t"], arguments].concat(), rows)
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        binary::run(&self.node.address, arguments)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        Ok(std::fs::write(self.folder.path().join(name), text)?)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The summary, of which some members are compared.
fn summary(output: &Output, status: i32, expected: &Value) -> Result<Value> {
    let said = said(output);
    ensure!(output.status.code() == Some(status), "{} instead of {status}: {said}", output.status);
    let line = said.lines().last().context("a summary")?;
    let summary: Value = serde_json::from_str(line).with_context(|| said.clone())?;
    for (key, value) in expected.as_object().context("an object")? {
        ensure!(summary[key] == *value, "{key} is not {value}: {line}");
    }
    Ok(summary)
}

fn json_lines(text: &str) -> Result<Vec<Value>> {
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn every_row_is_accounted_for_whatever_the_policy() -> Result<()> {
    let place = Place::start()?;
    let json = ["--summary", "json"];
    let cases = [
        (
            "drop",
            json!({"rows_read": 3, "dropped": 1, "dead_lettered": 0, "produced": 2, "acknowledged": 2, "failed": 0}),
        ),
        (
            "pass",
            json!({"rows_read": 3, "dropped": 0, "dead_lettered": 0, "produced": 3, "acknowledged": 3, "failed": 0}),
        ),
        (
            "dead-letter:rejects",
            json!({"rows_read": 3, "dropped": 0, "dead_lettered": 1, "produced": 2, "acknowledged": 2}),
        ),
    ];
    for (policy, expected) in cases {
        let output = place.append(&[&TENFOLD[..], &["--on-error", policy], &json[..]].concat(), ROWS)?;
        let summary = summary(&output, 0, &expected)?;
        let exception = &summary["exceptions"][0];
        ensure!(
            exception["module"] == "scale" && exception["kind"] == "refused" && exception["rows"] == 1,
            "{summary}"
        );
        let cause = json!({"message": "the result does not fit INT", "rows": 1, "first": "standard input, line 2"});
        ensure!(exception["causes"] == json!([cause]), "{summary}");
    }
    let output = place.append(&[&TENFOLD[..], &json[..]].concat(), ROWS)?;
    let summary = summary(&output, 1, &json!({"rows_read": 3, "produced": 3, "acknowledged": 0, "failed": 3}))?;
    ensure!(summary.get("exceptions").is_none() && said(&output).contains("standard input, line 2"), "{summary}");

    let dead_letters = json_lines(&place.run(&["scan", "rejects"])?)?;
    let [dead_letter] = &dead_letters[..] else { anyhow::bail!("{dead_letters:?}") };
    ensure!(
        dead_letter["source"] == "fluss.t"
            && dead_letter["operation"] == "append"
            && dead_letter["original"] == "{\"id\":2000000000}"
    );
    let text = said(&place.append(&[&TENFOLD[..], &["--on-error", "drop"]].concat(), ROWS)?);
    for expected in
        ["1 dropped", "scale: 1 row refused, dropped; the first, standard input, line 2: ", "scale: 1 call in "]
    {
        ensure!(text.contains(expected), "{text:?} does not say {expected:?}");
    }
    Ok(())
}

#[test]
fn a_table_that_cannot_take_dead_letters_is_said_before_a_row_is_sent() -> Result<()> {
    let place = Place::start()?;
    place.run(&["table", "create", "wrong", "--schema", "time INT"])?;
    let output = place.append(&[&TENFOLD[..], &["--on-error", "dead-letter:wrong"]].concat(), ROWS)?;
    ensure!(output.status.code() == Some(1), "{}", said(&output));
    ensure!(said(&output).contains("its column `time` is INT, not TIMESTAMP_LTZ(3)"), "{}", said(&output));
    ensure!(place.run(&["scan", "t"])?.is_empty(), "rows were sent");
    Ok(())
}

#[test]
fn a_dry_run_shows_what_becomes_of_rows_and_writes_nothing() -> Result<()> {
    let place = Place::start()?;
    let chain =
        ["--module", "where", "--set", "if=id <> 3", "--module", "scale", "--set", "column=id", "--set", "factor=10"];
    let rows = format!("{ROWS}{{\"id\":0}}\n");
    let options = ["--dry-run", "--on-error", "dead-letter:rejects", "--summary", "json"];
    let output = place.append(&[&chain[..], &options[..]].concat(), &rows)?;
    let expected = json!({"rows_read": 4, "filtered": {"where": 1, "scale": 0}, "dead_lettered": 1, "produced": 2, "acknowledged": 0});
    summary(&output, 0, &expected)?;
    let at = |line: u32| format!("standard input, line {line}");
    let shown = [
        json!({"row": 1, "at": at(1), "fate": "changed", "before": {"id": 1}, "after": {"id": 10}}),
        json!({"row": 2, "at": at(2), "fate": "dead-lettered", "module": "scale", "before": {"id": 2000000000}, "error": "the result does not fit INT"}),
        json!({"row": 3, "at": at(3), "fate": "filtered", "module": "where", "before": {"id": 3}}),
        json!({"row": 4, "at": at(4), "fate": "kept", "before": {"id": 0}, "after": {"id": 0}}),
    ];
    let lines = json_lines(&String::from_utf8(output.stdout)?)?;
    ensure!(lines == shown, "{lines:#?}");
    ensure!(
        !place.run(&["table", "list"])?.contains("rejects") && place.run(&["scan", "t"])?.is_empty(),
        "something was written"
    );

    // Of many rows of a fate some are shown, and all are counted.
    let many: String = (0..1000).map(|_| "{\"id\":3}\n").collect();
    let output = place.append(&[&chain[..], &options[..]].concat(), &many)?;
    summary(&output, 0, &json!({"rows_read": 1000, "filtered": {"where": 1000, "scale": 0}}))?;
    ensure!(json_lines(&String::from_utf8(output.stdout)?)?.len() == 10, "ten of them are shown");
    Ok(())
}

#[test]
fn a_scan_says_what_its_modules_did() -> Result<()> {
    let place = Place::start()?;
    ensure!(place.append(&[], ROWS)?.status.success());
    for (policy, rows) in [("drop", 2), ("pass", 3)] {
        let file = place.folder.path().join(policy);
        std::fs::write(
            &file,
            format!("[[module]]\npath = 'scale'\nconfig = {{ column = 'id', factor = 10 }}\non-error = '{policy}'\n"),
        )?;
        let file = file.to_str().context("a path")?;
        let output = binary::run_with(&place.node.address, ["scan", "t", "--chain", file], "")?;
        ensure!(String::from_utf8_lossy(&output.stdout).lines().count() == rows, "{policy}");
        let said = said(&output);
        ensure!(
            said.contains("scale: 1 row refused, ") && said.contains("bucket 0, offset 1: the result does not fit INT"),
            "{said}"
        );
    }
    Ok(())
}

fn follow(place: &Place) -> Result<Child> {
    Ok(binary::command(["append", "t", "--follow", "--summary", "json", "--chain", "chain.toml", "rows.json"])
        .current_dir(place.folder.path())
        .env("THALWEG_SERVER", &place.node.address)
        .stderr(File::create(place.folder.path().join(SAID))?)
        .spawn()?)
}

/// A chain that lets a range of rows pass.
fn chain(condition: &str) -> String {
    format!("[[module]]\npath = 'where'\nconfig = {{ if = \"{condition}\" }}\n")
}

/// Appends rows to the file until the table has one that a chain lets pass.
fn until(place: &Place, rows: &Path, row: i32) -> Result<()> {
    let look = || {
        writeln!(OpenOptions::new().create(true).append(true).open(rows)?, "{{\"id\":{row}}}")?;
        Ok(place.run(&["scan", "t"])?.contains(&format!("{{\"id\":{row}}}")).then_some(()))
    };
    wait::until(PATIENCE, look, || format!("row {row} does not come"))
}

/// What the command that follows has said so far.
fn said_so_far(place: &Place) -> Result<String> {
    Ok(std::fs::read_to_string(place.folder.path().join(SAID))?)
}

#[test]
fn a_chain_file_that_changes_is_taken_up_while_rows_flow() -> Result<()> {
    let place = Place::start()?;
    let rows = place.folder.path().join("rows.json");
    place.write("rows.json", "")?;
    place.write("chain.toml", &chain("id = 1"))?;
    let mut child = follow(&place)?;
    until(&place, &rows, 1)?;
    // A wrong one leaves the old one running.
    place.write("chain.toml", &chain("nobody = 1"))?;
    let refused = "chain.toml not taken up, and the modules so far go on: ";
    let look = || Ok(said_so_far(&place)?.contains(refused).then_some(()));
    wait::until(PATIENCE, look, || "nothing is said of the wrong chain".to_owned())?;
    until(&place, &rows, 1)?;
    place.write("chain.toml", &chain("id = 2"))?;
    until(&place, &rows, 2)?;
    ensure!(Command::new("kill").args(["-INT", &child.id().to_string()]).status()?.success(), "no signal was sent");
    let status = wait::ended(&mut child, PATIENCE)?;
    let said = said_so_far(&place)?;
    ensure!(status.code() == Some(130), "{said}");
    let refused = said.find(refused).context(said.clone())?;
    let taken = said.find("chain.toml taken up: where").context(said.clone())?;
    ensure!(refused < taken && said.contains("nobody"), "{said}");
    let summary: Value = serde_json::from_str(said.lines().last().context("a summary")?)?;
    ensure!(summary["acknowledged"].as_u64() >= Some(3) && summary["failed"] == 0, "{summary}");
    Ok(())
}

/// Rows whose columns are not those of the table, until modules have made them so.
#[test]
fn modules_make_the_columns_of_the_table() -> Result<()> {
    let place = Place::start()?;
    place.run(&["table", "create", "tags", "--schema", "id BIGINT, tag STRING", "--buckets", "1"])?;
    let parse = ["--module", "parse-json", "--set", "column=payload", "--set"];
    let fields = r#"fields={"id": "BIGINT", "tags": "ARRAY<STRING>"}"#;
    let explode = ["--module", "explode", "--set", "column=tags", "--set", "as=tag"];
    let options = [&["append", "tags", "--summary", "json"][..], &parse, &[fields], &explode].concat();
    let rows = r#"{"payload": "{\"id\": 7, \"tags\": [\"a\", \"b\"]}"}
{"payload": "{\"id\": 8, \"tags\": []}"}
"#;
    let given = [&options[..], &["--input-schema", "payload STRING"]].concat();
    let output = binary::run_with(&place.node.address, given, rows)?;
    let filtered = json!({"parse-json": 0, "explode": 1});
    summary(&output, 0, &json!({"rows_read": 2, "filtered": filtered, "produced": 2, "acknowledged": 2}))?;
    let expected = [json!({"id": 7, "tag": "a"}), json!({"id": 7, "tag": "b"})];
    ensure!(json_lines(&place.run(&["scan", "tags"])?)? == expected);

    // The same in a file, and what is wrong with it said.
    let chain = "input = 'payload STRING'\n[[module]]\npath = 'parse-json'\n\
        config = { column = 'payload', fields = { id = 'BIGINT', tag = 'STRING' } }\n";
    place.write("chain.toml", chain)?;
    let path = place.folder.path().join("chain.toml").display().to_string();
    let arguments = ["append", "tags", "--summary", "json", "--chain", &path];
    let output = binary::run_with(&place.node.address, arguments, r#"{"payload": "{\"id\": 9, \"tag\": \"c\"}"}"#)?;
    summary(&output, 0, &json!({"rows_read": 1, "acknowledged": 1}))?;
    let output = binary::run_with(&place.node.address, ["append", "tags", "--input-schema", "a INT"], "")?;
    ensure!(said(&output).contains("--input-schema is for rows that modules change"), "{}", said(&output));
    let output =
        binary::command(["scan", "tags", "--chain", &path]).env("THALWEG_SERVER", &place.node.address).output()?;
    ensure!(said(&output).contains("is for writes; on a scan"), "{}", said(&output));
    Ok(())
}
