//! Files that others wrote (`../shared/corpus`) through `table create --like`, `append` and `scan` of the binary: none may
//! make it panic, hang or take memory without bounds, and the rows are those that pyarrow and duckdb read. Where we differ
//! on purpose `expected.toml` says why. Left out where the folder is not there; values are not compared where python3 is
//! not.

mod expected;
mod files;
mod json_suite;
mod reference;
mod run;
mod tables;

use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Failed, Trial};
use thalweg_tests::binary::{self, Node};
use thalweg_tests::{python, shared_corpus};

use expected::{Comes, Expected};
use files::CorpusFile;
use reference::{Answer, Reference};
use tables::{Outcome, Place};

/// What all trials share.
#[derive(Clone)]
pub(crate) struct Shared {
    node: Arc<Mutex<Option<(Node, tempfile::TempDir)>>>,
    expected: Arc<Expected>,
    python: bool,
}

impl Shared {
    /// The address of the node, which is started once.
    fn server(&self) -> Result<String> {
        let mut node = self.node.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if node.is_none() {
            let data = tempfile::tempdir()?;
            let started = Node::start_with(data.path(), &["--listen", "127.0.0.1:0", "--durability", "memory"])?;
            binary::run(&started.address, ["table", "create", "any", "--schema", "nothing STRING"])?;
            *node = Some((started, data));
        }
        Ok(node.as_ref().context("a node")?.0.address.clone())
    }

    /// Tries files one after the other; the error lists every one that is not as it should be.
    pub(crate) fn try_files(&self, files: &[CorpusFile]) -> Result<()> {
        let (server, folder) = (self.server()?, tempfile::tempdir()?);
        let place = Place { server: &server, folder: folder.path() };
        let mut reference = if self.python { Some(Reference::start()?) } else { None };
        let mut wrong = Vec::new();
        for file in files {
            let judged = place
                .try_file(&file.path, file.format)
                .and_then(|outcome| self.judge(file, &outcome, reference.as_mut()));
            wrong.extend(judged.err().map(|error| format!("{}: {error:#}", file.name)));
        }
        ensure!(wrong.is_empty(), "{} of {} files:\n  {}", wrong.len(), files.len(), wrong.join("\n  "));
        Ok(())
    }

    fn judge(&self, file: &CorpusFile, outcome: &Outcome, reference: Option<&mut Reference>) -> Result<()> {
        let rows = match outcome {
            Outcome::Read(rows) => Some(rows.as_path()),
            Outcome::Refused { .. } => None,
        };
        let Some(reference) = reference else { return self.judge_alone(file, outcome) };
        let answer = reference.ask(&file.path, file.format, rows)?;
        let (came, says) = match (outcome, answer) {
            (Outcome::Read(_), Answer::Rows(_)) | (Outcome::Refused { .. }, Answer::Unreadable(_)) => {
                (None, String::new())
            }
            (Outcome::Read(_), Answer::Unreadable(says)) => (Some(Comes::Read), says),
            (_, Answer::Differs(says)) => (Some(Comes::Different), says),
            (Outcome::Refused { by, says }, Answer::Rows(rows)) => {
                (Some(Comes::Refused), format!("{rows} rows, but {by} says: {says:.300}"))
            }
        };
        match (self.expected.of(&file.name), came) {
            (None, None) => Ok(()),
            (Some(entry), Some(came)) if entry.comes == came && says.contains(&entry.says) => Ok(()),
            (None, Some(came)) => anyhow::bail!("{came:?}: {says}"),
            (Some(entry), came) => anyhow::bail!("{came:?} {says}, but expected.toml says {:?}", entry.comes),
        }
    }

    /// Without a reference only what is expected otherwise is known.
    fn judge_alone(&self, file: &CorpusFile, outcome: &Outcome) -> Result<()> {
        let refused = matches!(outcome, Outcome::Refused { .. });
        match self.expected.of(&file.name).map(|entry| entry.comes) {
            Some(Comes::Refused) => ensure!(refused, "it is read, but expected.toml says it is refused"),
            Some(Comes::Read | Comes::Different) => {
                ensure!(!refused, "it is refused, but expected.toml says it is read")
            }
            None => {}
        }
        Ok(())
    }
}

fn trials(corpus: &Path) -> Result<(Vec<Trial>, Shared)> {
    let folders = files::by_folder(corpus)?;
    let expected = Expected::read()?;
    let names = folders.values().flatten().flat_map(|file| [Some(file.name.clone()), json_suite::as_value(&file.name)]);
    expected.check(&names.flatten().collect::<Vec<_>>())?;
    let reference = python::reference();
    if let Err(why) = &reference {
        eprintln!("the corpus's values are not compared: it {why}");
    }
    let shared = Shared { node: Arc::default(), expected: Arc::new(expected), python: reference.is_ok() };
    let mut trials = Vec::new();
    for (folder, files) in folders {
        if folder.starts_with("json-test-suite") {
            trials.extend(json_suite::trials(&shared, &folder, files));
            continue;
        }
        let shared = shared.clone();
        trials.push(trial(folder, move || shared.try_files(&files)));
    }
    Ok((trials, shared))
}

fn trial(name: String, test: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, move || test().map_err(|e| Failed::from(format!("{e:#}"))))
}

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let Some(corpus) = shared_corpus() else {
        let left_out = trial("corpus".into(), || Ok(())).with_ignored_flag(true).with_kind("needs ../shared/corpus");
        libtest_mimic::run(&arguments, vec![left_out]).exit();
    };
    let (trials, shared) = trials(&corpus)?;
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(shared.node.lock().map(|mut node| node.take()));
    conclusion.exit();
}
