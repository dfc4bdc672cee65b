//! Bad input at the command line: one sentence that names what, where and what to do, the right status, and nothing lost.

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use anyhow::{Context, Result, ensure};
use thalweg_tests::binary::{self, Node};

/// A file's text, the arguments behind `append t FILE`, and what the message must say.
struct Case {
    name: &'static str,
    file: &'static str,
    text: &'static str,
    arguments: &'static [&'static str],
    says: &'static [&'static str],
}

const SCHEMA: &str = "id INT NOT NULL, name STRING, price DECIMAL(6, 2), day DATE";

const CASES: &[Case] = &[
    Case {
        name: "unknown column",
        file: "a.json",
        text: "{\"id\":1}\n{\"id\":2,\"nmae\":\"x\"}\n",
        arguments: &[],
        says: &["a.json, line 2", "nmae"],
    },
    Case {
        name: "wrong type",
        file: "a.json",
        text: "{\"id\":1}\n{\"id\":\"many\"}\n",
        arguments: &[],
        says: &["a.json, line 2"],
    },
    Case {
        name: "a fraction in a column of whole numbers",
        file: "a.json",
        text: "{\"id\":1e0}\n{\"id\":1.5}\n",
        arguments: &[],
        says: &["a.json, line 2", "column \"id\": \"1.5\" has more digits than"],
    },
    Case {
        name: "null in a NOT NULL column",
        file: "a.json",
        text: "{\"id\":1}\n{\"name\":\"x\"}\n",
        arguments: &[],
        says: &["a.json, line 2", "id"],
    },
    Case {
        name: "half a line",
        file: "a.json",
        text: "{\"id\":1}\n{\"id\":2,\"na\n{\"id\":3}\n",
        arguments: &[],
        says: &["a.json, line 2"],
    },
    Case {
        name: "a decimal too large",
        file: "a.json",
        text: "{\"id\":1,\"price\":\"123456.78\"}\n",
        arguments: &[],
        says: &["a.json, line 1"],
    },
    Case {
        name: "csv with another column",
        file: "a.csv",
        text: "id,colour\n1,red\n",
        arguments: &[],
        says: &["a.csv", "colour", "id, name, price, day"],
    },
    Case {
        name: "csv with a wrong cell",
        file: "a.csv",
        text: "id,name\n1,a\nx,b\n",
        arguments: &[],
        says: &["a.csv", "x"],
    },
    Case {
        name: "no parquet",
        file: "a.parquet",
        text: "this is text",
        arguments: &[],
        says: &["a.parquet", "Parquet"],
    },
    Case { name: "no arrow", file: "a.arrow", text: "this is text", arguments: &[], says: &["a.arrow", "Arrow"] },
    Case { name: "no suffix", file: "rows", text: "{}", arguments: &[], says: &["rows", "--format"] },
    Case {
        name: "no such stock module",
        file: "a.json",
        text: "{\"id\":1}\n",
        arguments: &["--module", "wher"],
        says: &["wher"],
    },
    Case {
        name: "a module that is text",
        file: "a.json",
        text: "{\"id\":1}\n",
        arguments: &["--module", "a.json"],
        says: &["a.json"],
    },
    Case {
        name: "a column that is not there",
        file: "a.json",
        text: "{\"id\":1}\n",
        arguments: &["--module", "where", "--set", "if=delay > 30"],
        says: &["where", "delay"],
    },
    Case {
        name: "a condition that is none",
        file: "a.json",
        text: "{\"id\":1}\n",
        arguments: &["--module", "where", "--set", "if=id >"],
        says: &["where", "if"],
    },
    Case {
        name: "an unknown key",
        file: "a.json",
        text: "{\"id\":1}\n",
        arguments: &["--module", "where", "--set", "when=id > 1"],
        says: &["where", "when"],
    },
    Case {
        name: "a column that cannot be scaled",
        file: "a.json",
        text: "{\"id\":1}\n",
        arguments: &["--module", "scale", "--set", "column=name", "--set", "factor=2"],
        says: &["scale", "name"],
    },
    Case {
        name: "an overflow in a module",
        file: "a.json",
        text: "{\"id\":1}\n{\"id\":2000000000}\n",
        arguments: &["--module", "scale", "--set", "column=id", "--set", "factor=10"],
        says: &["a.json, line 2", "scale"],
    },
];

fn says(output: &Output, status: i32, texts: &[&str]) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(status), "{} instead of {status}: {said}", output.status);
    for text in texts {
        ensure!(said.contains(text), "{text:?} is not in: {said}");
    }
    ensure!(!said.contains("panicked"), "{said}");
    Ok(())
}

fn append(address: &str, folder: &Path, case: &Case) -> Result<Output> {
    std::fs::write(folder.join(case.file), case.text)?;
    let output = binary::command(["append", "t", case.file])
        .args(case.arguments)
        .args(["--summary", "json"])
        .current_dir(folder)
        .env("THALWEG_SERVER", address)
        .output()?;
    Ok(output)
}

#[test]
fn bad_rows_and_modules_are_named() -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    binary::run(&node.address, ["table", "create", "t", "--schema", SCHEMA])?;
    let folder = tempfile::tempdir()?;
    for case in CASES {
        let output = append(&node.address, folder.path(), case)?;
        says(&output, 1, case.says).with_context(|| case.name)?;
    }
    // Of all these batches nothing was sent: each was refused as a whole.
    ensure!(binary::run(&node.address, ["scan", "t"])?.is_empty(), "rows of a refused batch were written");
    Ok(())
}

#[test]
fn what_was_acknowledged_before_a_bad_line_is_reported() -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    binary::run(&node.address, ["table", "create", "t", "--schema", SCHEMA])?;
    let mut text: String = (0..5000).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    text.push_str("{\"id\":\n{\"id\":5001}\n");
    let arguments = ["append", "t", "-", "--batch-rows", "1000", "--summary", "json"];
    let output = binary::run_with(&node.address, arguments, &text)?;
    says(&output, 1, &["standard input, line 5001", "\"acknowledged\":5000"])?;
    ensure!(binary::run(&node.address, ["scan", "t"])?.lines().count() == 5000, "not 5000 rows");
    Ok(())
}

#[test]
fn servers_that_are_not_there_are_named() -> Result<()> {
    let free = TcpListener::bind("127.0.0.1:0")?;
    let refused = free.local_addr()?.to_string();
    drop(free);
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let silent_address = silent.local_addr()?.to_string();
    for address in [&refused, &silent_address] {
        let output = binary::command(["table", "list", "--timeout", "1s", "--server", address]).output()?;
        says(&output, 1, &[address])?;
    }
    Ok(())
}

#[test]
fn a_node_says_why_it_cannot_start() -> Result<()> {
    let data = tempfile::tempdir()?;
    let node = Node::start(data.path(), None)?;
    let folder = data.path().to_str().context("a plain name")?;
    let second = binary::command(["serve", "--listen", "127.0.0.1:0", "--data", folder]).output()?;
    says(&second, 1, &[folder])?;
    let other = tempfile::tempdir()?;
    let taken = binary::command(["serve", "--listen", &node.address, "--data"]).arg(other.path()).output()?;
    says(&taken, 1, &[&node.address])?;
    let newer = tempfile::tempdir()?;
    drop(Node::start(newer.path(), None)?);
    for entry in std::fs::read_dir(newer.path())?.flatten() {
        if entry.file_name().to_string_lossy().contains("format") {
            std::fs::write(entry.path(), "999\n")?;
        }
    }
    let refused = binary::command(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(newer.path()).output()?;
    says(&refused, 1, &["999"])?;
    Ok(())
}

#[test]
fn wrong_usage_ends_with_2() -> Result<()> {
    for arguments in
        [&["append"][..], &["scan", "t", "--start", "soonish"], &["serve", "--durability", "hope"], &["--nonsense"]]
    {
        let output = binary::command(arguments).output()?;
        ensure!(output.status.code() == Some(2), "{arguments:?}: {}", output.status);
    }
    Ok(())
}
