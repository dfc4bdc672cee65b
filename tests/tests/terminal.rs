//! What commands say at a terminal: what was done in one line, failures in a few hundred characters, and tables that no cell
//! of theirs can steer.

use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use thalweg_tests::binary::{self, Node};

fn ends(output: &Output, status: i32, said: &str) -> Result<()> {
    let found = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(status), "{} instead of {status}: {found}", output.status);
    ensure!(found == said, "it says {found:?} instead of {said:?}");
    Ok(())
}

/// A command, its status, and what it says.
type Step = (&'static [&'static str], i32, &'static str);

const STEPS: &[Step] = &[
    (&["database", "create", "sales"], 0, "thalweg: created database sales\n"),
    (
        &["database", "create", "sales", "--if-not-exists"],
        0,
        "thalweg: database sales exists already; nothing was changed\n",
    ),
    (
        &["table", "create", "sales.t", "--schema", "id INT, name STRING", "--buckets", "3"],
        0,
        "thalweg: created table sales.t, 2 columns, 3 buckets\n",
    ),
    (
        &["table", "create", "sales.t", "--schema", "id INT", "--if-not-exists"],
        0,
        "thalweg: table sales.t exists already; nothing was changed\n",
    ),
    (
        &["table", "create", "p", "--schema", "id INT, day STRING", "--primary-key", "id,day", "--partition-by", "day"],
        0,
        "thalweg: created table fluss.p, 2 columns, 1 bucket, primary key id, day, partitioned by day\n",
    ),
    (&["table", "create", "quiet", "--schema", "id INT", "--quiet"], 0, ""),
    (&["table", "alter", "sales.t", "--set", "owner=me"], 0, "thalweg: altered table sales.t: owner = me\n"),
    (&["table", "alter", "sales.t", "--reset", "owner"], 0, "thalweg: altered table sales.t: owner reset\n"),
    (&["table", "alter", "sales.t", "--add", "note STRING"], 0, "thalweg: altered table sales.t: note added\n"),
    (&["partition", "create", "p", "day=a"], 0, "thalweg: created partition day=a of table fluss.p\n"),
    (
        &["partition", "create", "p", "day=a", "--if-not-exists"],
        0,
        "thalweg: table fluss.p has partition day=a already; nothing was changed\n",
    ),
    (&["partition", "drop", "p", "day=a"], 0, "thalweg: dropped partition day=a of table fluss.p\n"),
    (
        &["partition", "drop", "p", "day=a", "--if-exists"],
        0,
        "thalweg: table fluss.p has no partition day=a; nothing was changed\n",
    ),
    (&["table", "drop", "p"], 0, "thalweg: dropped table fluss.p\n"),
    (&["table", "drop", "p", "--if-exists"], 0, "thalweg: there is no table fluss.p; nothing was changed\n"),
    (&["database", "drop", "sales", "--cascade"], 0, "thalweg: dropped database sales with its tables\n"),
    (&["database", "drop", "sales", "--if-exists"], 0, "thalweg: there is no database sales; nothing was changed\n"),
];

#[test]
fn changes_say_what_they_did() -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    for (command, status, said) in STEPS {
        let output = binary::command(*command).env("THALWEG_SERVER", &node.address).output()?;
        ends(&output, *status, said).with_context(|| command.join(" "))?;
    }
    for command in [["table", "drop", "p"], ["database", "drop", "sales"]] {
        let output = binary::command(command).env("THALWEG_SERVER", &node.address).output()?;
        ensure!(output.status.code() == Some(1), "{command:?}: {}", output.status);
    }
    Ok(())
}

#[test]
fn messages_are_short_whatever_stands_in_the_file() -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    binary::run(&node.address, ["table", "create", "t", "--schema", "id INT NOT NULL, name STRING"])?;
    let long = "x".repeat(300_000);
    let steering = "\u{1b}[2J\r\u{202e}".repeat(50_000);
    let cases = [
        ("json", format!("{{\"id\":\"{long}\"}}\n")),
        ("json", format!("{{\"{long}\":1}}\n")),
        ("json", format!("{long}\n")),
        ("csv", format!("id,name\n{long},a\n")),
        ("csv", format!("{long}\n1\n")),
        ("csv", format!("id,{steering}\n1,a\n")),
        ("csv", format!("id,name\n\"{steering}\",a\n")),
    ];
    for (format, text) in cases {
        for more in [&[][..], &["--dry-run"]] {
            let arguments = [&["append", "t", "-", "--format", format, "--quiet"], more].concat();
            let output = binary::run_with(&node.address, arguments, &text)?;
            let said = String::from_utf8(output.stderr)?;
            ensure!(output.status.code() == Some(1) && said.starts_with("thalweg: standard input, line"), "{said}");
            ensure!(said.chars().count() < 600 && said.lines().count() == 1, "{} characters: {said}", said.len());
            ensure!(!said.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}'), "{said:?}");
        }
    }
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_once() -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    binary::run(&node.address, ["table", "create", "t", "--schema", "id INT"])?;
    binary::printed(binary::run_with(&node.address, ["append", "t"], "{\"id\":1}\n")?)?;
    for format in ["json", "csv", "table", "parquet", "arrow"] {
        let arguments = ["scan", "t", "--format", format, "--output", "/dev/full"];
        let output = binary::command(arguments).env("THALWEG_SERVER", &node.address).output()?;
        let said = String::from_utf8(output.stderr)?;
        ensure!(output.status.code() == Some(1) && said.lines().count() == 1, "{format}: {said}");
        ensure!(said.matches("No space left on device").count() == 1, "{format}: {said}");
    }
    Ok(())
}

#[test]
fn tables_hold_what_would_steer_a_terminal() -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    let comment = "red \u{1b}[31m\nand \u{202e}back";
    binary::run(&node.address, ["table", "create", "t", "--schema", "id INT, name STRING", "--comment", comment])?;
    let rows = "{\"id\":1,\"name\":\"a\\u001b[2J\\nb\\tc\\u0000\"}\n{\"id\":2,\"name\":\"\u{202e}中文\"}\n";
    binary::printed(binary::run_with(&node.address, ["append", "t"], rows)?)?;
    let printed = binary::run(&node.address, ["scan", "t", "--format", "table"])?;
    for line in [r"|  1 | a\u{1b}[2J\nb\tc\u{0} |", r"|  2 | \u{202e}中文          |"] {
        ensure!(printed.lines().any(|found| found == line), "{line} is not in\n{printed}");
    }
    let shown = binary::run(&node.address, ["table", "show", "t"])?;
    ensure!(shown.lines().any(|line| line == r"  red \u{1b}[31m\nand \u{202e}back"), "{shown}");
    Ok(())
}
