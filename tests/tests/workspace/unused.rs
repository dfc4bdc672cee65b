//! Dependencies that a crate declares are used: their names occur in its code.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Package};
use proc_macro2::{TokenStream, TokenTree};

use crate::{crates, files};

/// Dependencies that are not named in code, and why they are there.
const UNNAMED: &[(&str, &str, &str)] = &[
    ("thalweg-shell", "arrow-buffer", "named in files of thalweg-wire's tests, which its own take in by their paths"),
    ("thalweg-shell", "lz4_flex", "likewise"),
    ("thalweg-shell", "zstd", "likewise"),
    ("thalweg-tests", "lz4_flex", "named in files of thalweg-wire's tests, which `fuzz` takes in by their paths"),
    ("thalweg-tests", "thalweg-wire", "likewise"),
    ("thalweg-python", "xxhash-rust", "for its feature, so that the wheel is built of what the workspace is built of"),
];

#[test]
fn every_dependency_is_used() {
    let metadata = crates::metadata();
    let root = metadata.workspace_root.clone();
    let packages: Vec<(String, &Package)> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let folder = package.manifest_path.parent().expect("a manifest is in a folder");
            (format!("{}/", folder.strip_prefix(&root).expect("a member of the workspace")), package)
        })
        .collect();
    // The words of each package's code, by whether it is in `src`, the build script, or elsewhere.
    let mut words: BTreeMap<(&str, Place), BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files::all_sources() {
        let inside = packages.iter().filter(|(folder, _)| path.starts_with(folder.as_str()));
        let Some((folder, package)) = inside.max_by_key(|(folder, _)| folder.len()) else { continue };
        let place = Place::of(&path[folder.len()..]);
        let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{path}: {e}"));
        collect(tokens, words.entry((package.name.as_str(), place)).or_default());
    }
    let mut unused = Vec::new();
    for (_, package) in &packages {
        for dependency in &package.dependencies {
            let name = dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_");
            let places: &[Place] = match dependency.kind {
                DependencyKind::Build => &[Place::Build],
                DependencyKind::Development => &[Place::Source, Place::Other],
                _ => &[Place::Source],
            };
            let occurs =
                |place: &Place| words.get(&(package.name.as_str(), *place)).is_some_and(|words| words.contains(&name));
            let excused = UNNAMED.iter().any(|(of, what, _)| *of == package.name.as_str() && *what == dependency.name);
            if !places.iter().any(occurs) && !excused {
                unused.push(format!("{} does not use {}", package.name, dependency.name));
            }
        }
    }
    assert!(unused.is_empty(), "{}", unused.join("\n"));
}

/// Where a file of a package stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Source,
    Build,
    Other,
}

impl Place {
    fn of(path: &str) -> Self {
        match path.split('/').next() {
            Some("build.rs" | "build") => Self::Build,
            Some("src" | "rust") => Self::Source,
            _ => Self::Other,
        }
    }
}

fn collect(tokens: TokenStream, words: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                words.insert(ident.to_string());
            }
            TokenTree::Group(group) => collect(group.stream(), words),
            // The attributes of derives name crates in texts: `#[serde(with = "humantime_serde")]`.
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let names = text
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .filter(|name| text.len() < 100 && !name.is_empty());
                words.extend(names.map(str::to_owned));
            }
            TokenTree::Punct(_) => {}
        }
    }
}
