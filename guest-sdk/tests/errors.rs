//! Errors of the macros, and those of the compiler after them: message and place. The cases are in `errors/`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// An error that is expected, or that the compiler reports. Lines and columns begin at 1.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    line: usize,
    start: usize,
    end: usize,
}

/// The marks of a file: `//~   ^^^ text` stands below the line that it is about, the carets below what is wrong.
fn marks(source: &str) -> Vec<(Place, String)> {
    let (mut found, mut line) = (Vec::new(), 0);
    for (index, text) in source.lines().enumerate() {
        let Some(marked) = text.strip_prefix("//~") else {
            line = index + 1;
            continue;
        };
        let start = marked.find('^').unwrap_or_else(|| panic!("line {}: no caret", index + 1));
        let message = marked[start..].trim_start_matches('^');
        let length = marked.len() - start - message.len();
        // Columns begin at 1, and the mark itself takes three: what stands there is indented.
        let start = start + 4;
        found.push((Place { line, start, end: start + length }, message.trim().to_owned()));
    }
    found
}

/// The libraries that this test was built with: the newest, where several were built.
fn library(dependencies: &Path) -> PathBuf {
    let files = fs::read_dir(dependencies).expect("the folder of this test").filter_map(Result::ok);
    let libraries = files.filter(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libthalweg_module-") && name.ends_with(".rlib")
    });
    let built = |file: &fs::DirEntry| file.metadata().and_then(|metadata| metadata.modified()).ok();
    libraries.max_by_key(built).expect("the library is built for this test").path()
}

/// What the compiler says of a file.
fn errors(file: &Path) -> Vec<(Place, String)> {
    let test = env::current_exe().expect("this test has a path");
    let dependencies = test.parent().expect("a folder");
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler)
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--error-format=json", "--out-dir"])
        .arg(env!("CARGO_TARGET_TMPDIR"))
        .arg("--extern")
        .arg(format!("thalweg_module={}", library(dependencies).display()))
        .arg("-L")
        .arg(format!("dependency={}", dependencies.display()))
        .arg(file)
        .output()
        .expect("the compiler runs");
    let text = String::from_utf8_lossy(&output.stderr);
    let said = text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{text}")));
    said.filter(|said: &Value| said["level"] == "error" && said["spans"].as_array().is_some_and(|it| !it.is_empty()))
        .map(|said| {
            let spans = said["spans"].as_array().expect("spans");
            let primary = spans.iter().find(|span| span["is_primary"] == true).expect("a primary span");
            let number = |key: &str| primary[key].as_u64().expect("a number") as usize;
            let place = Place { line: number("line_start"), start: number("column_start"), end: number("column_end") };
            (place, said["message"].as_str().expect("a message").to_owned())
        })
        .collect()
}

/// Compares what is marked in a file with what the compiler says of it.
fn check(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors").join(name);
    let expected = marks(&fs::read_to_string(&file).expect("the file of cases"));
    let mut found = errors(&file);
    let mut wrong = Vec::new();
    for (place, part) in &expected {
        match found.iter().position(|(at, message)| at == place && message.contains(part)) {
            Some(position) => drop(found.remove(position)),
            None => wrong.push(format!("expected at {place:?}: {part}")),
        }
    }
    wrong.extend(found.iter().map(|(place, message)| format!("not expected, at {place:?}: {message}")));
    assert!(!expected.is_empty() && wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

#[test]
fn the_macros_point_at_what_is_wrong() {
    check("macros.rs");
}

#[test]
fn the_compiler_points_at_what_the_user_wrote() {
    check("types.rs");
}
