//! `upsert`, `delete`, `lookup`, `partition` and the scans of keyed tables at the command line, command after command: what
//! each prints, says and returns. One list; adding a case is adding a line.

use std::time::Duration;

use anyhow::{Result, ensure};
use thalweg_tests::{
    binary::{self, Node},
    wait,
};

/// A command, what it reads, and what comes of it.
struct Step {
    command: &'static str,
    input: &'static str,
    status: i32,
    /// Its lines, sorted.
    prints: &'static [&'static str],
    /// What standard error must have in it.
    says: &'static [&'static str],
}

const fn step(command: &'static str, input: &'static str) -> Step {
    Step { command, input, status: 0, prints: &[], says: &[] }
}

impl Step {
    const fn prints(self, prints: &'static [&'static str]) -> Self {
        Self { prints, ..self }
    }

    const fn says(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }

    const fn status(self, status: i32) -> Self {
        Self { status, ..self }
    }

    const fn fails(self, says: &'static [&'static str]) -> Self {
        Self { status: 1, says, ..self }
    }
}

/// Words are parted by blanks; `'a b'` is one.
const STEPS: &[Step] = &[
    step("table create t --schema 'id INT, region STRING, note STRING' --primary-key id,region --bucket-key id --buckets 2", ""),
    step("table create log --schema 'id INT'", ""),
    step("upsert t --summary json", "{\"id\":1,\"region\":\"eu\",\"note\":\"a\"}\n{\"id\":1,\"region\":\"us\"}\n{\"id\":2,\"region\":\"eu\",\"note\":\"b\"}\n")
        .says(&["\"table\":\"fluss.t\",\"rows_read\":3,", "\"produced\":3,\"acknowledged\":3,\"failed\":0,"]),
    // Only the named columns change, and others in the input do not matter.
    step("upsert t --columns id,region,note -q", "{\"id\":1,\"region\":\"us\",\"note\":\"c\"}\n"),
    step("lookup t 1,us", "").prints(&["{\"id\":1,\"region\":\"us\",\"note\":\"c\"}"]),
    step("lookup t region=eu,id=2 9,eu --columns note", "")
        .prints(&["{\"note\":\"b\"}"])
        .says(&["1 of 2 keys were not found"]),
    step("lookup t 9,eu", "").fails(&["fluss.t has no row with this key"]),
    step("lookup t 9,eu 8,eu", "").fails(&["fluss.t", "none of these 2 keys"]),
    step("lookup t 1", "").fails(&["key \"1\" has 1 values, and must have 2: id, region"]),
    step("lookup t x,eu", "").fails(&["column `id`", "\"x\" is no INT"]),
    step("lookup t", "").status(2),
    step("lookup log 1", "").fails(&["fluss.log has no primary key"]),
    step("lookup t 1 --prefix --columns region", "").prints(&["{\"region\":\"eu\"}", "{\"region\":\"us\"}"]),
    step("lookup t --keys - --format csv", "{\"id\":2,\"region\":\"eu\",\"note\":\"is not read\"}\n{\"id\":3,\"region\":\"eu\"}\n")
        .prints(&["2,eu,b", "id,region,note"])
        .says(&["1 of 2 keys"]),
    step("scan t --columns id,note", "").prints(&["{\"id\":1,\"note\":\"a\"}", "{\"id\":1,\"note\":\"c\"}", "{\"id\":2,\"note\":\"b\"}"]),
    step("scan t --columns id --module where --set 'if=id > 1'", "").prints(&["{\"id\":2}"]),
    step("scan t --start 0", "").fails(&["fluss.t has a primary key", "--changelog"]),
    step("scan t --partition x", "").fails(&["fluss.t has no partitions"]),
    step("delete t --summary json", "{\"id\":1,\"region\":\"us\",\"note\":\"is not read\"}\n").says(&["\"acknowledged\":1"]),
    step("lookup t 1,us", "").fails(&["has no row with this key"]),
    step("upsert log", "{\"id\":1}\n").fails(&["fluss.log"]),
    step("append t", "{\"id\":1,\"region\":\"eu\"}\n").fails(&["fluss.t"]),
    step("delete log", "{\"id\":1}\n").fails(&["fluss.log has no primary key"]),
    step("delete t", "{\"id\":1}\n").fails(&["standard input, line 1", "region"]),
    step("upsert t --columns note", "").fails(&["fluss.t", "column `id` is missing"]),
    step("upsert t --module where --set 'if=id > 5' --summary json", "{\"id\":6,\"region\":\"eu\"}\n{\"id\":5,\"region\":\"eu\"}\n")
        .says(&["\"filtered\":{\"where\":1}", "\"acknowledged\":1"]),
    step("delete t --module where --set 'if=id > 5' --summary json", "{\"id\":6,\"region\":\"eu\"}\n{\"id\":2,\"region\":\"eu\"}\n")
        .says(&["\"filtered\":{\"where\":1}", "\"acknowledged\":1"]),
    step("scan t --columns id,region", "").prints(&["{\"id\":1,\"region\":\"eu\"}", "{\"id\":2,\"region\":\"eu\"}"]),
    // The changes of one bucket, each with its type.
    step("table create one --schema 'id INT, n INT' --primary-key id", ""),
    step("upsert one -q", "{\"id\":1,\"n\":1}\n"),
    step("upsert one -q", "{\"id\":1,\"n\":2}\n"),
    step("delete one -q", "{\"id\":1}\n"),
    step("scan one --changelog --columns n", "").prints(&["{\"n\":1}", "{\"n\":1}", "{\"n\":2}", "{\"n\":2}"]),
    step("scan one", ""),
    // The aggregation merge engine, by properties.
    step("table create sums --schema 'id INT, total BIGINT' --primary-key id --property table.merge-engine=aggregation --property fields.total.agg=sum", ""),
    step("upsert sums -q", "{\"id\":1,\"total\":40}\n{\"id\":1,\"total\":2}\n"),
    step("lookup sums 1", "").prints(&["{\"id\":1,\"total\":42}"]),
    step("table create never --schema 'id INT' --primary-key id --property fields.x.agg=sum", "").fails(&["fields.x.agg", "no column `x`"]),
    // Partitions.
    step("table create p --schema 'id INT, day STRING, n INT' --primary-key id,day --partition-by day", ""),
    step("partition create p day=mon", ""),
    step("partition create p day=mon", "").fails(&["mon"]),
    step("partition create p day=mon --if-not-exists", ""),
    step("partition create p month=1", "").fails(&["month"]),
    step("upsert p --no-create-partitions", "{\"id\":1,\"day\":\"tue\"}\n").fails(&["standard input, line 1", "tue"]),
    step("upsert p --summary json", "{\"id\":1,\"day\":\"mon\",\"n\":1}\n{\"id\":1,\"day\":\"tue\",\"n\":2}\n{\"id\":2,\"day\":\"mon\",\"n\":3}\n")
        .says(&["\"acknowledged\":3"]),
    step("scan p --partition mon --columns id,n", "").prints(&["{\"id\":1,\"n\":1}", "{\"id\":2,\"n\":3}"]),
    step("scan p --partition day=tue --columns id,n", "").prints(&["{\"id\":1,\"n\":2}"]),
    step("scan p --changelog --partition tue --columns n", "").prints(&["{\"n\":2}"]),
    step("scan p --bucket 0 --partition tue --columns n", "").prints(&["{\"n\":2}"]),
    step("scan p --partition sun", "").fails(&["fluss.p has no partition `sun`", "mon, tue"]),
    step("lookup p 1,tue 1,sun", "").prints(&["{\"id\":1,\"day\":\"tue\",\"n\":2}"]).says(&["1 of 2 keys"]),
    step("partition drop p day=tue", ""),
    step("scan p --columns n", "").prints(&["{\"n\":1}", "{\"n\":3}"]),
    step("partition drop p day=tue", "").fails(&["tue"]),
    step("partition drop p day=tue --if-exists", ""),
];

/// The words of a command.
fn words(command: &str) -> Vec<String> {
    let pieces = command.split('\'').enumerate();
    let mut words: Vec<String> = vec![String::new()];
    for (at, piece) in pieces {
        if at % 2 == 1 {
            words.last_mut().expect("a word").push_str(piece);
            continue;
        }
        for (part, word) in piece.split(' ').enumerate() {
            if part > 0 {
                words.push(String::new());
            }
            words.last_mut().expect("a word").push_str(word);
        }
    }
    words
}

#[test]
fn keyed_tables_and_partitions_do_as_the_command_line_says() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    for Step { command, input, status, prints, says } in STEPS {
        let output = binary::run_with(&node.address, words(command), input)?;
        let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        let mut lines: Vec<&str> = out.lines().collect();
        lines.sort_unstable();
        let as_said = says.iter().all(|text| err.contains(text)) && output.status.code() == Some(*status);
        ensure!(as_said && lines == *prints, "{command}: {}\nstdout: {out}\nstderr: {err}", output.status);
    }
    let rows = binary::run(&node.address, ["scan", "one", "--changelog", "--with-metadata"])?;
    let changes: Vec<_> = rows.lines().map(serde_json::from_str::<serde_json::Value>).collect::<Result<_, _>>()?;
    let change = |row: &serde_json::Value| format!("{} {} {}", row["__offset"], row["__change_type"], row["n"]);
    let changes: Vec<String> = changes.iter().map(change).collect();
    ensure!(changes == ["0 \"+I\" 1", "1 \"-U\" 1", "2 \"+U\" 2", "3 \"-D\" 2"], "{changes:?}");
    let offsets = binary::run(&node.address, ["offsets", "p", "--format", "json"])?;
    ensure!(offsets.contains("\"partition\":\"mon\"") && offsets.contains("\"rows\":2"), "{offsets}");
    let listed = binary::run(&node.address, ["partition", "list", "p", "--format", "json"])?;
    ensure!(listed.contains("\"partition\":\"mon\"") && listed.contains("\"values\":{\"day\":\"mon\"}"), "{listed}");
    Ok(())
}

#[test]
fn a_following_scan_gives_current_rows_and_then_changes_and_new_partitions() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("data"), None)?;
    let create = "table create t --schema 'id INT, day STRING' --primary-key id,day --partition-by day";
    binary::run(&node.address, words(create))?;
    let upsert = |row: &str| binary::printed(binary::run_with(&node.address, ["upsert", "t", "-q"], row)?);
    upsert("{\"id\":1,\"day\":\"mon\"}")?;
    let file = folder.path().join("followed.json");
    let scan = ["scan", "t", "--follow", "--with-metadata", "--limit", "3", "--output"];
    let mut child = binary::command(scan).arg(&file).env("THALWEG_SERVER", &node.address).spawn()?;
    let rows = || std::fs::read_to_string(&file).unwrap_or_default();
    let wait = |count: usize| {
        let look = || Ok((rows().lines().count() >= count).then_some(()));
        wait::until(Duration::from_secs(40), look, || format!("{count} rows did not come: {}", rows()))
    };
    wait(1)?;
    upsert("{\"id\":2,\"day\":\"mon\"}")?;
    wait(2)?;
    upsert("{\"id\":3,\"day\":\"tue\"}")?;
    wait(3)?;
    let status = child.wait()?;
    ensure!(status.success(), "{status}");
    let found = rows().lines().map(serde_json::from_str::<serde_json::Value>).collect::<Result<Vec<_>, _>>()?;
    let found = found.iter().map(|row| (row["id"].as_i64(), row["__offset"].is_null(), row["__change_type"].as_str()));
    let expected = [(Some(1), true, Some("+I")), (Some(2), false, Some("+I")), (Some(3), false, Some("+I"))];
    ensure!(found.eq(expected), "{}", rows());
    Ok(())
}

#[test]
fn words_are_parted_by_blanks() -> Result<()> {
    let found = words("a 'b c' d='e f'");
    ensure!(found == ["a", "b c", "d=e f"], "{found:?}");
    Ok(())
}
