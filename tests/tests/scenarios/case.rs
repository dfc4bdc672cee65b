//! What a file of `tests/scenarios` holds.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Scenario {
    pub about: String,
    pub schema: String,
    #[serde(default)]
    pub primary_key: Vec<String>,
    #[serde(default)]
    pub partition_by: Vec<String>,
    #[serde(default = "one")]
    pub buckets: u32,
    #[serde(default)]
    pub bucket_key: Vec<String>,
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// By column, how the aggregation merge engine combines its values.
    #[serde(default)]
    pub aggregate: BTreeMap<String, String>,
    /// Whether a write creates the partitions that it lacks.
    #[serde(default = "yes")]
    pub create_partitions: bool,
    #[serde(default)]
    pub settings: Limits,
    pub step: Vec<Step>,
}

/// Settings of the client that runs it, where they are not the defaults.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Limits {
    pub fetch_bytes: Option<u32>,
    pub bucket_bytes: Option<u32>,
    pub batch_rows: Option<u32>,
}

impl Scenario {
    /// Writes out the steps that are said once for many rows.
    pub(crate) fn written_out(mut self) -> Self {
        self.step.iter_mut().for_each(Step::write_out);
        self
    }
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// One step: one thing done to the table, and what comes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Step {
    /// Rows.
    pub append: Option<String>,
    /// Rows.
    pub upsert: Option<String>,
    /// Rows of just these columns.
    pub update: Option<Update>,
    /// Keys.
    pub delete: Option<String>,
    pub scan: Option<Scan>,
    pub current: Option<Scan>,
    pub limit_scan: Option<LimitScan>,
    /// Keys.
    pub lookup: Option<String>,
    /// Keys.
    pub lookup_or_insert: Option<String>,
    /// Prefixes of keys.
    pub prefix: Option<String>,
    pub create_partition: Option<BTreeMap<String, String>>,
    pub drop_partition: Option<BTreeMap<String, String>>,
    /// The names of all partitions.
    pub partitions: Option<Vec<String>>,
    /// Name and settings of each module that rows go through.
    #[serde(default)]
    pub modules: Vec<Vec<String>>,
    /// What becomes of rows that a module refuses, as `--on-error` says it; the table of dead letters is `letters`.
    pub on_error: Option<Word>,
    /// What becomes of rows of failed calls.
    pub on_failure: Option<Word>,
    #[serde(default)]
    pub filtered: BTreeMap<String, u64>,
    #[serde(default)]
    pub dropped: u64,
    #[serde(default)]
    pub dead_lettered: u64,
    /// The dead letters so far, without their time, source and operation.
    pub letters: Option<String>,
    /// So many times the texts of rows, each time with `#` as the number of the time.
    pub repeat: Option<u32>,
    pub rows: Option<String>,
    /// Rows are read in an order of their own.
    #[serde(default)]
    pub any_order: bool,
    /// The rows are those that this step wrote.
    pub same_as_step: Option<usize>,
    /// The change of each row of a scan, by name.
    pub changes: Option<String>,
    pub fails: Option<String>,
}

impl Step {
    fn write_out(&mut self) {
        let Some(times) = self.repeat else { return };
        let lines = |text: &String| {
            let lines: Vec<String> = (0..times).map(|time| text.trim().replace('#', &time.to_string())).collect();
            lines.join("\n")
        };
        for text in [&mut self.append, &mut self.upsert, &mut self.delete, &mut self.lookup, &mut self.rows] {
            *text = text.as_ref().map(lines);
        }
    }

    /// How many things it does.
    pub(crate) fn actions(&self) -> usize {
        let texts = [&self.append, &self.upsert, &self.delete, &self.lookup, &self.lookup_or_insert, &self.prefix];
        let partitions = [&self.create_partition, &self.drop_partition];
        let others =
            [self.update.is_some(), self.limit_scan.is_some(), self.partitions.is_some(), self.letters.is_some()];
        let scans = [&self.scan, &self.current];
        texts.into_iter().flatten().count()
            + partitions.into_iter().flatten().count()
            + scans.into_iter().flatten().count()
            + others.into_iter().filter(|there| *there).count()
    }
}

/// A policy.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Word {
    Fail,
    Drop,
    Pass,
    DeadLetter,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Update {
    pub columns: Vec<String>,
    pub rows: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scan {
    pub columns: Option<Vec<String>>,
    pub start: Option<u64>,
    pub end: Option<u64>,
    pub limit: Option<u64>,
    #[serde(rename = "where")]
    pub filter: Option<String>,
    #[serde(default)]
    pub buckets: Vec<u32>,
    #[serde(default)]
    pub partitions: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitScan {
    pub bucket: u32,
    pub limit: u32,
}
