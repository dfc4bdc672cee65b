//! How the sources are laid out: every file says what it is, and none and no folder grows out of hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::tree;

/// No file is longer than this.
const LINES: usize = 500;
/// Only one file in ten is longer than this.
const LONG: usize = 300;
/// No folder holds more files of Rust than this.
const FILES: usize = 12;

/// Written by a program, which the test beside it runs again.
const GENERATED: &[&str] = &["guest-sdk/src/bindings/generated.rs"];

/// Folders that hold more files, and why.
const FULL: &[(&str, &str)] = &[("tests/tests", "one file a suite: cargo makes a test binary of each")];

/// The sources of the tree but what a program writes, relative to it, each with its text.
fn sources() -> Vec<(String, String)> {
    let mut sources = all_sources();
    sources.retain(|(path, _)| !GENERATED.contains(&path.as_str()));
    sources
}

/// The sources of the tree, relative to it, each with its text.
pub(crate) fn all_sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    walk(&tree(), &mut files);
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            let path = file.strip_prefix(tree()).expect("a file of the tree").to_string_lossy().into_owned();
            (path, text)
        })
        .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let skipped = name == "target" || name == "node_modules" || name.to_string_lossy().starts_with('.');
        if path.is_dir() && !skipped {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    let opens = |text: &str| text.starts_with("//!") || text.starts_with("#![doc");
    let silent: Vec<_> = sources().into_iter().filter(|(_, text)| !opens(text)).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "these do not open with a `//!` sentence:\n{}", silent.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let sources: Vec<_> = sources().into_iter().map(|(path, text)| (text.lines().count(), path)).collect();
    let too_long: Vec<_> = sources.iter().filter(|(lines, _)| *lines > LINES).collect();
    assert!(too_long.is_empty(), "split these: {too_long:?}");
    let long: Vec<_> = sources.iter().filter(|(lines, _)| *lines > LONG).collect();
    println!("{} of {} files have more than {LONG} lines: {long:#?}", long.len(), sources.len());
    assert!(long.len() * 10 <= sources.len(), "more than one file in ten has more than {LONG} lines: {long:#?}");
}

#[test]
fn no_folder_holds_too_many_files() {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for (path, _) in sources() {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        *folders.entry(folder.to_owned()).or_default() += 1;
    }
    let known = |folder: &str| FULL.iter().any(|(full, _)| *full == folder);
    let full: Vec<_> = folders.iter().filter(|(folder, files)| **files > FILES && !known(folder)).collect();
    assert!(full.is_empty(), "folders of more than {FILES} files: {full:?}");
    let holds = |folder: &str| folders.get(folder).copied().unwrap_or(0);
    let stale: Vec<_> = FULL.iter().filter(|(folder, _)| holds(folder) <= FILES).collect();
    assert!(stale.is_empty(), "these need no exception any more: {stale:?}");
}
