//! Documents name what is there: every path in backticks, and every linked file.

use crate::tree;

const DOCUMENTS: &[&str] = &["README.md", "CONTRIBUTING.md", "GLOSSARY.md"];

#[test]
fn every_path_that_documents_name_is_there() {
    let folders: Vec<String> = std::fs::read_dir(tree())
        .expect("a readable folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(tree().join(document)).unwrap_or_else(|e| panic!("{document}: {e}"));
        for path in named(&text) {
            let path = path.trim_end_matches('/');
            let first = path.split('/').next().unwrap_or_default();
            let is_path = folders.iter().any(|folder| folder == first) && first != "target";
            if is_path && !path.contains("NAME") && !tree().join(path).exists() {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}

/// What stands in backticks, outside of blocks of code, and what is linked.
fn named(text: &str) -> Vec<&str> {
    let prose: Vec<&str> = text.split("```").step_by(2).collect();
    let ticked = prose.iter().flat_map(|prose| prose.split('`').skip(1).step_by(2));
    let links = prose.iter().flat_map(|prose| prose.split("](").skip(1));
    let links = links.filter_map(|link| link.split([')', '#']).next());
    ticked.chain(links).filter(|name| !name.contains(char::is_whitespace)).collect()
}
