//! The suite of JSON texts: `y_` must be taken, `n_` refused, `i_` either. Each is a text, not a file of rows: it is tried
//! as a file, and as the value of a row's column.

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;

use crate::files::CorpusFile;
use crate::tables::{Outcome, Place};
use crate::{Shared, trial};

/// So many files go into one test.
const PART: usize = 80;

/// The tests of the suite's files.
pub(crate) fn trials(shared: &Shared, folder: &str, files: Vec<CorpusFile>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (at, part) in files.chunks(PART).enumerate() {
        let (whole, shared_of_whole) = (part.to_vec(), shared.clone());
        trials.push(trial(format!("{folder}/as_files_{at}"), move || as_files(&shared_of_whole, &whole)));
        let (values, shared_of_values) = (part.to_vec(), shared.clone());
        trials.push(trial(format!("{folder}/as_values_{at}"), move || as_values(&shared_of_values, &values)));
    }
    trials
}

fn kind(file: &CorpusFile) -> &str {
    file.name.rsplit('/').next().and_then(|name| name.get(..2)).unwrap_or_default()
}

/// As files of rows: what is no JSON is refused whatever the reference says, all else is as by the reference.
fn as_files(shared: &Shared, files: &[CorpusFile]) -> Result<()> {
    let (broken, sound): (Vec<_>, Vec<_>) = files.iter().cloned().partition(|file| kind(file) == "n_");
    let (server, folder) = (shared.server()?, tempfile::tempdir()?);
    let place = Place { server: &server, folder: folder.path() };
    let mut wrong = Vec::new();
    for file in &broken {
        let refused = place.try_file(&file.path, "json").and_then(|outcome| {
            ensure!(matches!(outcome, Outcome::Refused { .. }), "it is read");
            Ok(())
        });
        wrong.extend(refused.err().map(|error| format!("{}: {error:#}", file.name)));
    }
    if let Err(error) = shared.try_files(&sound) {
        wrong.push(format!("{error:#}"));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n  "));
    Ok(())
}

/// As the value of `v` in a row.
fn as_values(shared: &Shared, files: &[CorpusFile]) -> Result<()> {
    let (server, folder) = (shared.server()?, tempfile::tempdir()?);
    let place = Place { server: &server, folder: folder.path() };
    let (mut wrong, mut rows) = (Vec::new(), Vec::new());
    for file in files {
        let text = std::fs::read(&file.path)?;
        let path = folder.path().join(file.path.file_name().context("a file has a name")?);
        std::fs::write(&path, [b"{\"v\": ", &text[..], b"}\n"].concat())?;
        if kind(file) == "n_" {
            let refused = place.refused(&path, columns(&text));
            wrong.extend(refused.err().map(|error| format!("{} as a value: {error:#}", file.name)));
        } else {
            let name = as_value(&file.name).unwrap_or_default();
            rows.push(CorpusFile { name, path, format: "json" });
        }
    }
    if let Err(error) = shared.try_files(&rows) {
        wrong.push(format!("{error:#}"));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n  "));
    Ok(())
}

/// What a file of the suite is called as a value of a row.
pub(crate) fn as_value(file: &str) -> Option<String> {
    Some(format!("values/{}", file.strip_prefix("json-test-suite/test_parsing/")?))
}

/// Columns that would fit the text if it were JSON: so it is not refused for its kind.
fn columns(text: &[u8]) -> &'static str {
    match text.trim_ascii_start().first() {
        Some(b'[') => "v ARRAY<STRING>",
        Some(b'{') => "v MAP<STRING, STRING>",
        _ => "v STRING",
    }
}
