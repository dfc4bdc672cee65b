//! The summary that closes an append: every row accounted for.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::cli::terminal::grouped;
use crate::client::{ChainTally, ExceptionTally};
use crate::module::StageReport;
use crate::text;

/// How the summary is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SummaryFormat {
    /// A sentence for people
    Text,
    /// One JSON object on one line
    Json,
}

/// What became of the rows. `rows_read` = filtered + dropped + dead-lettered + rows that went on; `produced` counts what
/// came out of the chain for those, and is acknowledged + failed + unknown.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub(super) table: String,
    pub(super) rows_read: u64,
    /// For each module, the rows that it filtered.
    pub(super) filtered: BTreeMap<String, u64>,
    pub(super) dropped: u64,
    pub(super) dead_lettered: u64,
    pub(super) produced: u64,
    pub(super) acknowledged: u64,
    pub(super) failed: u64,
    pub(super) unknown: u64,
    pub(super) bytes_sent: u64,
    pub(super) seconds: f64,
    /// The rows that policies dealt with, for each module; not there where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "exceptions")]
    pub(super) exceptions: Vec<ExceptionTally>,
    /// What the modules took.
    #[serde(skip)]
    pub(super) modules: Vec<StageReport>,
}

fn exceptions<S: Serializer>(tallies: &[ExceptionTally], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(tallies.iter().map(|tally| {
        let cause = |cause: &crate::client::CauseTally| {
            json!({"message": text::message(&cause.message), "rows": cause.rows, "first": cause.first})
        };
        json!({
            "module": tally.module,
            "kind": tally.kind.name(),
            "policy": tally.policy,
            "rows": tally.rows,
            "causes": tally.causes.iter().map(cause).collect::<Vec<_>>(),
        })
    }))
}

impl Summary {
    pub(super) fn new(table: String, modules: impl IntoIterator<Item = String>) -> Self {
        let filtered = modules.into_iter().map(|module| (module, 0)).collect();
        Self { table, filtered, ..Self::default() }
    }

    /// Takes over what modules did.
    pub(super) fn take(&mut self, tally: ChainTally) {
        for (module, rows) in tally.filtered {
            *self.filtered.entry(module).or_default() += rows;
        }
        self.dropped += tally.dropped;
        self.exceptions.extend(tally.exceptions);
    }

    pub(super) fn finish(&mut self, elapsed: Duration) {
        self.seconds = (elapsed.as_secs_f64() * 1e6).round() / 1e6;
    }

    pub(super) fn print(&self, format: SummaryFormat) -> anyhow::Result<()> {
        match format {
            SummaryFormat::Json => eprintln!("{}", serde_json::to_string(self)?),
            SummaryFormat::Text => {
                eprintln!("{}", self.sentence());
                let exceptions = ChainTally { exceptions: self.exceptions.clone(), ..ChainTally::default() }.lines();
                for line in exceptions.into_iter().chain(self.modules.iter().map(took)) {
                    eprintln!("  {}", text::message(&line));
                }
            }
        }
        Ok(())
    }

    /// Rows a second, of the rows read.
    pub(super) fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.rows_read as f64 / self.seconds } else { 0.0 }
    }

    fn sentence(&self) -> String {
        let mut parts = vec![format!("{} rows read", grouped(self.rows_read))];
        parts.extend(self.filtered.iter().map(|(module, rows)| format!("{} filtered by {module}", grouped(*rows))));
        let mut part = |rows: u64, what: &str| {
            if rows > 0 {
                parts.push(format!("{} {what}", grouped(rows)));
            }
        };
        part(self.dropped, "dropped");
        part(self.dead_lettered, "dead-lettered");
        part(self.failed, "failed");
        part(self.unknown, "with unknown fate");
        format!(
            "{}: {}, {} acknowledged, {} bytes sent in {:.3} s ({} rows/s)",
            self.table,
            parts.join(", "),
            grouped(self.acknowledged),
            grouped(self.bytes_sent),
            self.seconds,
            grouped(self.rate() as u64)
        )
    }
}

/// What a module took: its calls, and apart from them how long it took to load.
fn took(report: &StageReport) -> String {
    let StageReport { name, loading, calls, failed, running, .. } = report;
    let failed = if *failed > 0 { format!(", {} failed", grouped(*failed)) } else { String::new() };
    let s = if *calls == 1 { "" } else { "s" };
    let (calls, running, loading) = (grouped(*calls), running.as_secs_f64(), loading.as_secs_f64());
    format!("{name}: {calls} call{s}{failed} in {running:.3} s, loaded in {loading:.3} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form_has_the_keys_that_scripts_rely_on() {
        let summary = Summary::new("fluss.t".into(), ["where".to_owned()]);
        let text = serde_json::to_string(&summary).expect("serializes");
        assert_eq!(
            text,
            r#"{"table":"fluss.t","rows_read":0,"filtered":{"where":0},"dropped":0,"dead_lettered":0,"produced":0,"#
                .to_owned()
                + r#""acknowledged":0,"failed":0,"unknown":0,"bytes_sent":0,"seconds":0.0}"#
        );
    }
}
