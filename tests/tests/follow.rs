//! `append --follow`: rows flow while a file or a pipe grows, half a line waits for its rest, an interrupt settles all.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
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

    fn append(&self, input: &str) -> Result<Running> {
        let child = binary::command(["append", "t", "--follow", "--summary", "json", input])
            .current_dir(self.folder.path())
            .env("THALWEG_SERVER", &self.node.address)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Running(Some(child)))
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

/// A command that runs; it ends with this.
struct Running(Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Running {
    fn child(&mut self) -> Result<&mut Child> {
        self.0.as_mut().context("it ended")
    }
}

/// Waits for a command, but not forever.
fn ended(mut running: Running) -> Result<Output> {
    let until = Instant::now() + Duration::from_secs(20);
    while running.child()?.try_wait()?.is_none() {
        ensure!(Instant::now() < until, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(running.0.take().context("it ended")?.wait_with_output()?)
}

fn interrupt(running: &mut Running) -> Result<()> {
    let child = running.child()?;
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
        let mut child = follow.append(name)?;
        for (line, rows) in lines.iter().zip([1, 2, 3]) {
            std::thread::sleep(Duration::from_millis(300));
            file.write_all(line.as_bytes())?;
            let there = follow.rows(rows)?;
            ensure!(there.lines().count() == rows, "{there}");
        }
        interrupt(&mut child)?;
        says(&ended(child)?, 130, "\"rows_read\":3,")?;
    }
    Ok(())
}

#[test]
fn a_pipe_flows_and_ends() -> Result<()> {
    let follow = Follow::start()?;
    let mut child = follow.append("-")?;
    let mut pipe = child.child()?.stdin.take().context("a pipe")?;
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
    let mut pipe = child.child()?.stdin.take().context("a pipe")?;
    writeln!(pipe, "{{\"id\":1}}")?;
    follow.rows(1)?;
    follow.node.kill()?;
    writeln!(pipe, "{{\"id\":2}}")?;
    std::thread::sleep(Duration::from_secs(1));
    interrupt(&mut child)?;
    std::thread::sleep(Duration::from_millis(500));
    ensure!(child.child()?.try_wait()?.is_none(), "it ends though a row has no fate");
    interrupt(&mut child)?;
    let output = ended(child)?;
    says(&output, 130, "1 rows were given up; they may have been written")?;
    says(&output, 130, "\"acknowledged\":1,\"failed\":0,\"unknown\":1,")
}

/// What happens to a file that is followed, step by step.
enum Step {
    /// Bytes are written behind its last.
    Append(&'static str),
    /// Bytes are written behind the last of another file.
    AppendTo(&'static str, &'static str),
    /// It gets this name.
    Rename(&'static str),
    /// It is cut to nothing and written anew, in place.
    Rewrite(&'static str),
    /// So many rows are there.
    Rows(usize),
    /// Time goes by.
    Wait,
}

/// The steps of a case, the rows that are there in the end, and what is said.
type Change = (&'static str, &'static str, &'static [Step], &'static [&'static str], &'static [&'static str]);

const CHANGES: &[Change] = &[
    (
        "rotated, and written to under its old name for a moment",
        "a.json",
        &[
            Step::Append("{\"id\":1}\n"),
            Step::Rows(1),
            Step::Rename("a.json.1"),
            Step::Append("{\"id\":3}\n"),
            Step::AppendTo("a.json.1", "{\"id\":2}\n"),
            Step::Rows(3),
            Step::Append("{\"id\":4}\n"),
            Step::Rows(4),
        ],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,", "\"id\":4,"],
        &["a.json is another file now, and is read from its start", "to its end, 18 bytes"],
    ),
    (
        "gone for a while",
        "a.json",
        &[
            Step::Append("{\"id\":1}\n"),
            Step::Rows(1),
            Step::Rename("away"),
            Step::Wait,
            Step::AppendTo("away", "{\"id\":2}\n"),
            Step::Rows(2),
            Step::Append("{\"id\":3}\n"),
            Step::Rows(3),
        ],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,"],
        &["a.json is another file now"],
    ),
    (
        "copied and truncated",
        "a.json",
        &[
            Step::Append("{\"id\":1,\"note\":\"long\"}\n{\"id\":2}\n"),
            Step::Rows(2),
            Step::Rewrite("{\"id\":3}\n"),
            Step::Append("{\"id\":4}\n"),
            Step::Rows(4),
        ],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,", "\"id\":4,"],
        &["a.json was truncated from 32 to", "read from its start", "may have been missed"],
    ),
    (
        "written anew, and longer than before",
        "a.json",
        &[Step::Append("{\"id\":1}\n"), Step::Rows(1), Step::Rewrite("{\"id\":2}\n{\"id\":3}\n"), Step::Rows(3)],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,"],
        &["a.json was written anew; it is read from its start"],
    ),
    (
        "another header in the new file",
        "a.csv",
        &[
            Step::Append("id,note\n1,one\n"),
            Step::Rows(1),
            Step::Rename("a.csv.1"),
            Step::Append("note,id\ntwo,2\n"),
            Step::Rows(2),
            Step::Append("three,x\n"),
        ],
        &["\"id\":1,\"note\":\"one\"", "\"id\":2,\"note\":\"two\""],
        &["a.csv is another file now", "a.csv, line 3: "],
    ),
    (
        "a row that is not finished",
        "a.json",
        &[
            Step::Append("{\"id\":1}\n{\"id\":7,\"no"),
            Step::Rows(1),
            Step::Rename("a.json.1"),
            Step::Append("{\"id\":2}\n"),
            Step::Rows(2),
        ],
        &["\"id\":1,", "\"id\":2,"],
        &["a.json is another file now", "a.json, line 2: ", "it was not finished when the file ended, and is left out"],
    ),
    (
        "a whole row without an end of line",
        "a.json",
        &[
            Step::Append("{\"id\":1}\n{\"id\":2}"),
            Step::Rows(1),
            Step::Rename("a.json.1"),
            Step::Append("{\"id\":3}\n"),
            Step::Rows(3),
        ],
        &["\"id\":1,", "\"id\":2,", "\"id\":3,"],
        &["a.json is another file now", "no end of line behind its last row before, which was taken as it stood"],
    ),
];

#[test]
#[cfg(unix)]
fn a_file_is_followed_through_rotation_and_truncation() -> Result<()> {
    for (case, name, steps, rows, said) in CHANGES {
        let follow = Follow::start()?;
        drop(follow.file(name)?);
        let mut child = follow.append(name)?;
        for step in *steps {
            let path = |name: &str| follow.folder.path().join(name);
            match step {
                Step::Append(text) => follow.file(name)?.write_all(text.as_bytes())?,
                Step::AppendTo(other, text) => follow.file(other)?.write_all(text.as_bytes())?,
                Step::Rename(other) => std::fs::rename(path(name), path(other))?,
                Step::Rewrite(text) => std::fs::write(path(name), text)?,
                Step::Rows(count) => drop(follow.rows(*count).context(*case)?),
                Step::Wait => std::thread::sleep(Duration::from_millis(1500)),
            }
        }
        // A row that cannot be read ends it by itself.
        let status = if said.last().is_some_and(|last| last.ends_with("line 3: ")) { 1 } else { 130 };
        if status == 130 {
            interrupt(&mut child)?;
        }
        let output = ended(child)?;
        said.iter().try_for_each(|said| says(&output, status, said)).context(*case)?;
        let there = follow.rows(rows.len())?;
        let right = rows.iter().all(|row| there.contains(row)) && there.lines().count() == rows.len();
        ensure!(right, "{case}: {there}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_followed_is_said() -> Result<()> {
    let follow = Follow::start()?;
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
