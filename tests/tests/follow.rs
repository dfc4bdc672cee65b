//! `append --follow`: rows flow while a file or a pipe grows, half a line waits for its rest, an interrupt settles all.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use thalweg_tests::binary::{self, Node};

struct Follow {
    node: Node,
    folder: tempfile::TempDir,
}

impl Follow {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let node = Node::start(&folder.path().join("data"), None)?;
        let schema = "id INT NOT NULL, note STRING, raw BYTES";
        binary::run(&node.address, ["table", "create", "t", "--schema", schema, "--buckets", "1"])?;
        Ok(Self { node, folder })
    }

    fn append(&self, input: &str) -> Result<Child> {
        Ok(binary::command(["append", "t", "--follow", "--summary", "json", input])
            .current_dir(self.folder.path())
            .env("THALWEG_SERVER", &self.node.address)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?)
    }

    /// Waits until the table has so many rows, and gives them.
    fn rows(&self, count: usize) -> Result<String> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let rows = binary::run(&self.node.address, ["scan", "t"])?;
            if rows.lines().count() >= count {
                return Ok(rows);
            }
            ensure!(Instant::now() < until, "{count} rows did not come: {rows}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn file(&self, name: &str) -> Result<File> {
        Ok(OpenOptions::new().create(true).append(true).open(self.folder.path().join(name))?)
    }
}

/// Waits for a child, but not forever.
fn ended(mut child: Child) -> Result<Output> {
    let until = Instant::now() + Duration::from_secs(20);
    while child.try_wait()?.is_none() {
        if Instant::now() > until {
            child.kill()?;
            bail!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(child.wait_with_output()?)
}

fn interrupt(child: &Child) -> Result<()> {
    ensure!(Command::new("kill").args(["-INT", &child.id().to_string()]).status()?.success(), "no signal was sent");
    Ok(())
}

fn says(output: &Output, status: i32, text: &str) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(status) && said.contains(text), "{}: {said}", output.status);
    Ok(())
}

#[test]
#[cfg(unix)]
fn a_growing_file_is_appended_as_it_grows() -> Result<()> {
    for (name, head, lines) in [
        ("a.json", "", ["{\"id\":1}\n", "{\"id\":2}\n{\"id\"", ":3,\"note\":\"x\"}\n"]),
        ("a.csv", "note,id", ["\n,1\n", "\"\",2\n\"a", "\nb\",3\n"]),
    ] {
        let follow = Follow::start()?;
        let mut file = follow.file(name)?;
        file.write_all(head.as_bytes())?;
        let child = follow.append(name)?;
        for (line, rows) in lines.iter().zip([1, 2, 3]) {
            std::thread::sleep(Duration::from_millis(300));
            file.write_all(line.as_bytes())?;
            let there = follow.rows(rows)?;
            ensure!(there.lines().count() == rows, "{there}");
        }
        interrupt(&child)?;
        says(&ended(child)?, 130, "\"rows_read\":3,")?;
    }
    Ok(())
}

#[test]
fn a_pipe_flows_and_ends() -> Result<()> {
    let follow = Follow::start()?;
    let mut child = follow.append("-")?;
    let mut pipe = child.stdin.take().context("a pipe")?;
    for id in 0..3 {
        writeln!(pipe, "{{\"id\":{id}}}")?;
        follow.rows(id + 1)?;
    }
    write!(pipe, "{{\"id\":3}}")?;
    drop(pipe);
    says(&ended(child)?, 0, "\"acknowledged\":4,")
}

#[test]
#[cfg(unix)]
fn a_second_interrupt_gives_up_what_is_under_way() -> Result<()> {
    let follow = Follow::start()?;
    let mut child = follow.append("-")?;
    let mut pipe = child.stdin.take().context("a pipe")?;
    writeln!(pipe, "{{\"id\":1}}")?;
    follow.rows(1)?;
    follow.node.kill()?;
    writeln!(pipe, "{{\"id\":2}}")?;
    std::thread::sleep(Duration::from_secs(1));
    interrupt(&child)?;
    std::thread::sleep(Duration::from_millis(500));
    ensure!(child.try_wait()?.is_none(), "it ends though a row has no fate");
    interrupt(&child)?;
    let output = ended(child)?;
    says(&output, 130, "1 rows were given up; they may have been written")?;
    says(&output, 130, "\"acknowledged\":1,\"failed\":0,\"unknown\":1,")
}

#[test]
fn what_cannot_be_followed_is_said() -> Result<()> {
    let follow = Follow::start()?;
    let mut file = follow.file("a.json")?;
    writeln!(file, "{{\"id\":1}}")?;
    let child = follow.append("a.json")?;
    follow.rows(1)?;
    file.set_len(3)?;
    says(&ended(child)?, 1, "a.json: it shrank from 9 to 3 bytes")?;
    says(&ended(follow.append("a.parquet")?)?, 1, "only JSON lines and CSV can be followed")
}

#[test]
fn bytes_come_back_from_csv() -> Result<()> {
    let follow = Follow::start()?;
    let text = "id,note,raw\n1,\"a \"\"b\"\"\nc\",00ff10\n2,,\n";
    let output = binary::run_with(&follow.node.address, ["append", "t", "-", "--format", "csv"], text)?;
    says(&output, 0, "2 acknowledged")?;
    let scanned = binary::run(&follow.node.address, ["scan", "t", "--format", "csv"])?;
    ensure!(scanned == text, "{scanned}");
    Ok(())
}
