//! Commands of the binary under a guard: they end in time, take no more memory than they should, and fail in a sentence.

use std::fs::File;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use thalweg_tests::binary;

/// No file here is worth more: generous, for machines that do much else.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a command may take, in bytes, whatever a file of a few hundred kilobytes says of itself.
const MEMORY: u64 = 768 << 20;
/// The longest line that a person is to read.
const LINE: usize = 1000;

/// How a command ended that ended as it should.
pub(crate) enum Ended {
    /// With 0.
    Done,
    /// With 1, and what it said.
    Refused(String),
}

/// Runs a command; standard output goes to a file.
///
/// # Errors
/// What no file may bring about: a panic, an end by a signal, another exit status, too much time or memory.
pub(crate) fn run(server: &str, arguments: &[&str], out: &Path) -> Result<Ended> {
    let said = out.with_extension("stderr");
    let mut child = binary::command(arguments)
        .args(["--server", server])
        .env("RUST_BACKTRACE", "0")
        .stdout(File::create(out)?)
        .stderr(File::create(&said)?)
        .spawn()?;
    let (status, peak) = watched(&mut child)?;
    let said = String::from_utf8_lossy(&std::fs::read(&said)?).into_owned();
    let command = format!("{} {}", arguments[0], if arguments[0] == "table" { arguments[1] } else { "" });
    let command = command.trim();
    ensure!(!said.contains("panicked at"), "{command} panics: {said:.300}");
    ensure!(peak <= MEMORY, "{command} takes {} MiB", peak >> 20);
    if let Some(long) = said.lines().find(|line| line.len() > LINE) {
        bail!("{command} says {} bytes in one line: {long:.200}", long.len());
    }
    match status.code() {
        Some(0) => Ok(Ended::Done),
        Some(1) => {
            ensure!(!said.trim().is_empty(), "{command} fails without a word");
            Ok(Ended::Refused(said.trim().to_owned()))
        }
        _ => bail!("{command} ends with {status}: {said:.300}"),
    }
}

/// Waits for the end, and gives the most memory that was seen.
fn watched(child: &mut Child) -> Result<(ExitStatus, u64)> {
    let begin = Instant::now();
    let mut peak = 0;
    loop {
        peak = peak.max(resident(child.id()));
        if let Some(status) = child.try_wait()? {
            return Ok((status, peak));
        }
        let late = begin.elapsed() > PATIENCE;
        if late || peak > MEMORY {
            child.kill()?;
            child.wait()?;
            ensure!(!late, "it does not end");
            bail!("it takes more than {} MiB", MEMORY >> 20);
        }
        std::thread::sleep(Duration::from_millis(4));
    }
}

/// The most memory that a process has had so far, in bytes; 0 where that is not known.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kibibytes.unwrap_or(0) << 10
}
