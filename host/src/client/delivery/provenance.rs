//! Where the rows of a write come from: what modules did before they were sent.

use arrow_array::RecordBatch;

use super::outcome::Outcome;
use crate::module::{Applied, Chain, Exception};

/// Where rows come from, if not from the caller as they are.
#[derive(Debug, Default)]
pub(in crate::client) struct Provenance {
    /// How many rows were appended; `None`: all that are sent.
    pub(in crate::client) appended: Option<usize>,
    /// As in `Outcome`.
    pub(in crate::client) filtered: Vec<(String, u64)>,
    /// As in `Outcome`.
    pub(in crate::client) dropped: u64,
    /// As in `Outcome`.
    pub(in crate::client) dead_lettered: u64,
    /// As in `Outcome`.
    pub(in crate::client) exceptions: Vec<Exception>,
    /// As in `Outcome`.
    pub(in crate::client) origins: Option<Vec<u32>>,
}

impl Provenance {
    /// Of rows that a chain gave.
    pub(in crate::client) fn of(chain: &Chain, appended: usize, applied: Applied) -> (RecordBatch, Self) {
        let Applied { batch, origins, tallies, exceptions } = applied;
        let provenance = Self {
            appended: Some(appended),
            filtered: chain.names().map(str::to_owned).zip(tallies.iter().map(|tally| tally.filtered)).collect(),
            dropped: tallies.iter().map(|tally| tally.dropped).sum(),
            dead_lettered: tallies.iter().map(|tally| tally.dead_lettered).sum(),
            exceptions,
            origins,
        };
        (batch, provenance)
    }

    /// The outcome of rows of which this many go on, before any has a fate.
    pub(in crate::client) fn outcome(self, produced: usize) -> Outcome {
        Outcome {
            rows: self.appended.unwrap_or(produced) as u64,
            produced: produced as u64,
            filtered: self.filtered,
            dropped: self.dropped,
            dead_lettered: self.dead_lettered,
            exceptions: self.exceptions,
            undelivered: Vec::new(),
            fates: Vec::new(),
            origins: self.origins,
        }
    }
}
