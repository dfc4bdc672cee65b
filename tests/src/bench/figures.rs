//! What was measured: each run, medians over the runs, and ratios between clients.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::work::Work;

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Thalweg as it comes.
    Component,
    /// Thalweg with its engine linked natively.
    Native,
    /// fluss-rs with its defaults.
    FlussRs,
    /// fluss-rs with a wait of 1 ms for fuller batches.
    FlussRsTuned,
}

impl Client {
    /// As the table names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Component => "thalweg",
            Self::Native => "thalweg, native",
            Self::FlussRs => "fluss-rs",
            Self::FlussRsTuned => "fluss-rs, 1 ms",
        }
    }

    /// Whether this is thalweg.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Component | Self::Native)
    }
}

/// What one run of one client cost; CPU in microseconds each, memory in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// How many a second.
    pub rate: f64,
    /// CPU of the client.
    pub cpu: f64,
    /// CPU of the server.
    pub server: f64,
    /// The most memory that the client ever had.
    pub peak: f64,
    /// The microseconds that half of all took at most, where each was timed.
    pub p50: Option<f64>,
}

impl Run {
    /// From what a client answers.
    pub fn read(answer: &Value) -> Result<Self> {
        let figure = |name: &str| answer[name].as_f64().with_context(|| format!("no {name} in {answer}"));
        let count = figure("count")?;
        Ok(Self {
            rate: count / figure("seconds")?,
            cpu: figure("cpu")? * 1e6 / count,
            server: figure("server_cpu")? * 1e6 / count,
            peak: figure("peak")?,
            p50: answer["p50"].as_f64(),
        })
    }
}

/// The runs of one client of one kind of work.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Who.
    pub client: Client,
    /// At least one.
    pub runs: Vec<Run>,
}

impl Measured {
    /// The median of a figure.
    pub fn median(&self, of: impl Fn(&Run) -> f64) -> f64 {
        let mut all: Vec<f64> = self.runs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        match all.as_slice() {
            [] => f64::NAN,
            [.., a, b] if all.len() == 2 => (a + b) / 2.0,
            all => all.get(all.len() / 2).copied().unwrap_or(f64::NAN),
        }
    }

    /// The least and the most of it.
    pub fn spread(&self, of: impl Fn(&Run) -> f64) -> [f64; 2] {
        let all = || self.runs.iter().map(&of);
        [all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max)]
    }
}

/// What keyed tables cost a node.
#[derive(Debug, Clone)]
pub struct Node {
    /// From the call of an empty node to its being ready.
    pub start_empty: Duration,
    /// The same with all rows, after a kill.
    pub start_full: Duration,
    /// Bytes that it had when all rows were written.
    pub memory: u64,
    /// How many rows, in three tables of 16 buckets.
    pub rows: u64,
    /// Partitions of the third of them.
    pub partitions: u32,
}

/// All that was measured.
#[derive(Debug, Clone)]
pub struct Figures {
    /// By kind of work; those of each client that does it.
    pub works: Vec<(Work, Vec<Measured>)>,
    /// `None`: not measured.
    pub node: Option<Node>,
    /// What all clients used.
    pub server: &'static str,
}

/// How one of our clients does against fluss-rs, whichever way of it does better in each respect.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// Of how many a second: more is better.
    pub rate: f64,
    /// Of the client's CPU: less is better. `None`: too little to be told.
    pub cpu: Option<f64>,
}

impl Figures {
    /// A client against fluss-rs; `None` without fluss-rs.
    pub fn ratio(measured: &[Measured], of: &Measured) -> Option<Ratio> {
        let theirs = || measured.iter().filter(|one| !one.client.is_ours());
        theirs().next()?;
        let rate = theirs().map(|one| one.median(|run| run.rate)).fold(0.0, f64::max);
        let cpu = theirs().map(|one| one.median(|run| run.cpu)).fold(f64::INFINITY, f64::min);
        Some(Ratio { rate: of.median(|run| run.rate) / rate, cpu: quotient(of.median(|run| run.cpu), cpu) })
    }

    /// What the sandbox costs: CPU of the component against the native engine's; `None` without one of
    /// them, and where it is too little to be told.
    pub fn tax(measured: &[Measured]) -> Option<f64> {
        let cpu = |client| Some(measured.iter().find(|one| one.client == client)?.median(|run| run.cpu));
        quotient(cpu(Client::Component)?, cpu(Client::Native)?)
    }
}

/// Of figures that are there.
fn quotient(of: f64, by: f64) -> Option<f64> {
    (of > 0.0 && by > 0.0).then(|| of / by)
}
