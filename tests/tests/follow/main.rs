//! `append --follow`: rows flow while a file or a pipe grows, half a line waits for its rest, an interrupt settles all.

mod changes;
mod command;

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use thalweg_tests::binary;

use changes::{CHANGES, Step};
use command::{Follow, ended, interrupt, says};

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
    // Nothing tells that the row was read.
    std::thread::sleep(Duration::from_secs(1));
    interrupt(&mut child)?;
    // It goes on waiting.
    std::thread::sleep(Duration::from_millis(500));
    ensure!(child.child()?.try_wait()?.is_none(), "it ends though a row has no fate");
    interrupt(&mut child)?;
    let output = ended(child)?;
    says(&output, 130, "1 rows were given up; they may have been written")?;
    says(&output, 130, "\"acknowledged\":1,\"failed\":0,\"unknown\":1,")
}

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
                // As long as it looks for a file that is away, and nothing tells that it looked.
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
