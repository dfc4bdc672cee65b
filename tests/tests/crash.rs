//! The node killed with SIGKILL while rows are appended, and started again: everything acknowledged is there, in order,
//! once. `THALWEG_CRASHES` sets how often (default 4).

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use thalweg_tests::binary::{self, Node};

/// Rows a run; each carries its number.
const ROWS: u64 = 60_000;

#[test]
fn acknowledged_rows_survive_a_killed_node() -> Result<()> {
    let crashes: u32 = std::env::var("THALWEG_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let data = tempfile::tempdir()?;
    let mut node = Node::start(data.path(), None)?;
    let address = node.address.clone();
    binary::run(&address, ["table", "create", "numbers", "--schema", "id BIGINT NOT NULL", "--buckets", "1"])?;
    let mut append = binary::command(["append", "numbers", "-", "--batch-rows", "50", "--summary", "json"])
        .env("THALWEG_SERVER", &address)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = append.stdin.take().context("a pipe to the append")?;
    let feeder = std::thread::spawn(move || -> std::io::Result<()> {
        let rows_between_crashes = ROWS / u64::from(crashes + 1);
        for id in 0..ROWS {
            writeln!(input, "{{\"id\":{id}}}")?;
            if id % (rows_between_crashes / 20).max(1) == 0 {
                input.flush()?;
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    });
    for crash in 0..crashes {
        std::thread::sleep(Duration::from_millis(60 + 23 * u64::from(crash % 5)));
        node.kill()?;
        node = Node::start(data.path(), Some(&address))?;
    }
    feeder.join().map_err(|_| anyhow::anyhow!("the feeder panicked"))??;
    let output = append.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    binary::printed(output)?;
    let summary: serde_json::Value = serde_json::from_str(said.lines().last().context("a summary")?)?;
    ensure!(summary["acknowledged"] == ROWS && summary["unknown"] == 0, "{summary}");
    node.kill()?;
    let node = Node::start(data.path(), None)?;
    let scanned = binary::run(&node.address, ["scan", "numbers"])?;
    for (expected, line) in scanned.lines().enumerate() {
        ensure!(line == format!("{{\"id\":{expected}}}"), "row {expected} is {line}");
    }
    ensure!(scanned.lines().count() as u64 == ROWS, "{} rows", scanned.lines().count());
    Ok(())
}
