//! CPU and memory of processes, as Linux tells them; 0 where nobody does.

use std::time::Instant;

use serde_json::{Value, json};

/// A measurement that has begun, of this process and of the server's.
pub(crate) struct Begun {
    at: Instant,
    server: u64,
    cpu: [f64; 2],
}

impl Begun {
    /// `server` is the number of the server's process.
    pub(crate) fn new(server: u64) -> Self {
        Self { at: Instant::now(), server, cpu: cpu(server) }
    }

    /// What `count` things cost since then, as `tests/fluss-rs` says it: `seconds`, those of this process's CPU and of
    /// the server's (`cpu`, `server_cpu`), and the most memory that this process ever had, in bytes (`peak`).
    pub(crate) fn end(&self, count: u64) -> Value {
        let (seconds, [client, server]) = (self.at.elapsed().as_secs_f64(), cpu(self.server));
        json!({
            "count": count,
            "seconds": seconds,
            "cpu": client - self.cpu[0],
            "server_cpu": server - self.cpu[1],
            "peak": memory("self", "VmHWM"),
        })
    }
}

/// Seconds of CPU of this process and of another.
fn cpu(other: u64) -> [f64; 2] {
    ["self".to_owned(), other.to_string()].map(|process| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let ticks = stat.rsplit(") ").next().into_iter().flat_map(str::split_whitespace).skip(11).take(2);
        ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
    })
}

/// Memory of a process in bytes: `VmRSS` what it has, `VmHWM` the most that it ever had.
pub(crate) fn memory(process: &str, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}
