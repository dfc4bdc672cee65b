//! What became of the rows of a flow so far. Every row read is counted once its fate is known.

use serde_json::{Value, json};

use crate::client::{ChainTally, Outcome};
use crate::module::ExceptionKind;

/// Counts of rows; they never fall.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Rows of the source that were given to the modules.
    pub(super) read: u64,
    /// Rows that the sink has.
    acknowledged: u64,
    /// Rows that were not written.
    failed: u64,
    /// Rows of which it is not known.
    unknown: u64,
    dead_lettered: u64,
    /// What the modules did.
    pub(super) tally: ChainTally,
}

impl Counts {
    /// Counts an outcome.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.acknowledged += outcome.acknowledged();
        self.failed += outcome.failed();
        self.unknown += outcome.unknown();
        self.dead_lettered += outcome.dead_lettered();
        let read = self.read;
        self.tally.add(outcome.filtered.iter().cloned(), outcome.dropped, &outcome.exceptions, |row| {
            format!("row {row} of a batch, about {read} rows in")
        });
    }

    /// Counts rows that were refused whole.
    pub(super) fn refuse(&mut self, rows: u64) {
        self.failed += rows;
    }

    pub(super) fn told(&self) -> Value {
        let of =
            |kind| self.tally.exceptions.iter().filter(|tally| tally.kind == kind).map(|tally| tally.rows).sum::<u64>();
        json!({
            "read": self.read,
            "kept": self.acknowledged,
            "filtered": self.tally.filtered.values().sum::<u64>(),
            "dropped": self.tally.dropped,
            "refused": of(ExceptionKind::Refused),
            "broken": of(ExceptionKind::Failed),
            "deadLettered": self.dead_lettered,
            "failed": self.failed,
            "unknown": self.unknown,
        })
    }
}
