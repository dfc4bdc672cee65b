//! The node that is measured: a process of its own, its CPU time and its memory.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::Failure;

/// Clock ticks a second in `/proc`.
const TICKS: u64 = 100;

/// A running node.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    process: Child,
    program: String,
    options: Vec<String>,
    folder: Option<TempDir>,
}

impl Server {
    /// Starts one with an empty folder.
    pub(super) fn start(program: &str, durability: &str) -> Result<Self, Failure> {
        Self::start_with(program, durability, None)
    }

    /// Starts one with an empty folder, and so many bytes for rows of primary-key tables.
    pub(super) fn start_with(program: &str, durability: &str, memory: Option<usize>) -> Result<Self, Failure> {
        let root = std::env::var_os("UPSERTS_DIR").map_or_else(std::env::temp_dir, Into::into);
        let options = ["127.0.0.1:0".to_owned(), durability.to_owned()].into_iter();
        let options = options.chain(memory.map(|bytes| bytes.to_string())).collect();
        Self::start_in(program, options, TempDir::new_in(root)?)
    }

    fn start_in(program: &str, options: Vec<String>, folder: TempDir) -> Result<Self, Failure> {
        let mut process = Command::new(program).arg(folder.path()).args(&options).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.split_whitespace().nth(2).ok_or_else(|| format!("no address in '{line}'"))?.parse()?;
        Ok(Self { address, process, program: program.to_owned(), options, folder: Some(folder) })
    }

    /// Kills it, and starts another one with its folder.
    pub(super) fn restart(mut self) -> Result<Self, Failure> {
        self.process.kill()?;
        self.process.wait()?;
        let folder = self.folder.take().ok_or("no folder")?;
        Self::start_in(&self.program.clone(), self.options.clone(), folder)
    }

    /// Stops it in order.
    pub(super) fn stop(mut self) -> Result<(), Failure> {
        Command::new("kill").args(["-INT", &self.process.id().to_string()]).status()?;
        self.process.wait()?;
        Ok(())
    }

    /// The CPU time that it has taken so far.
    pub(super) fn cpu(&self) -> Result<Duration, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).ok_or("no ticks");
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS))
    }

    /// The memory that it takes, in megabytes.
    pub(super) fn memory(&self) -> Result<u64, Failure> {
        self.status("VmRSS:")
    }

    /// The most memory that it has taken, in megabytes.
    pub(super) fn most_memory(&self) -> Result<u64, Failure> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
        Ok(line.split_whitespace().next().ok_or("no size")?.parse::<u64>()? / 1000)
    }

    /// Whether it takes CPU time now.
    pub(super) fn is_busy(&self) -> Result<bool, Failure> {
        let before = self.cpu()?;
        std::thread::sleep(Duration::from_millis(300));
        Ok(self.cpu()? > before + Duration::from_millis(10))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
