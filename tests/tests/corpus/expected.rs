//! Where we and the references part, with the reasons: `expected.toml`.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Files that come out otherwise than by the reference.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Paths in the corpus; `*` stands for any text.
    files: Vec<String>,
    /// How they come out: every one of them.
    pub(crate) comes: Comes,
    /// What the message or the difference says.
    #[serde(default)]
    pub(crate) says: String,
    /// Why that is right.
    reason: String,
}

/// How a file comes out that does not come out as by the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Comes {
    /// The reference reads it, we do not.
    Refused,
    /// We read it, the reference does not.
    Read,
    /// Both read it, to other values.
    Different,
}

#[derive(Deserialize)]
struct Data {
    expect: Vec<Entry>,
}

/// All entries.
#[derive(Clone)]
pub(crate) struct Expected(Vec<Entry>);

impl Expected {
    pub(crate) fn read() -> Result<Self> {
        let data: Data = toml::from_str(include_str!("expected.toml")).context("expected.toml")?;
        for entry in &data.expect {
            ensure!(!entry.reason.trim().is_empty(), "{:?} has no reason", entry.files);
        }
        Ok(Self(data.expect))
    }

    /// What is expected of a file, if that is not what the reference says.
    pub(crate) fn of(&self, file: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.files.iter().any(|glob| matches(glob, file)))
    }

    /// Fails if an entry is of no file.
    pub(crate) fn check(&self, files: &[String]) -> Result<()> {
        for glob in self.0.iter().flat_map(|entry| &entry.files) {
            ensure!(files.iter().any(|file| matches(glob, file)), "expected.toml: there is no {glob}");
        }
        Ok(())
    }
}

/// Whether a text is as a glob says; `*` stands for any text.
fn matches(glob: &str, text: &str) -> bool {
    match glob.split_once('*') {
        None => glob == text,
        Some((begin, rest)) => text
            .strip_prefix(begin)
            .is_some_and(|text| (0..=text.len()).any(|at| text.get(at..).is_some_and(|text| matches(rest, text)))),
    }
}
