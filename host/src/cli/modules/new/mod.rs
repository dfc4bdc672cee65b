//! `module new`: a folder that builds and passes its test at once.

mod lock;
mod manifest;
mod name;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};

use crate::cli::terminal::{Common, Outcome};

use sources::{LOCK, SDK, Source, TEMPLATES, TYPES, WIT, WORKSPACE};

/// `thalweg module new`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg module new late\n  thalweg module new modules/kilometres --kind map\n  \
    thalweg module new late --lang js\n\n\
    The folder stands alone: what the module is built from lies in it.")]
pub(in crate::cli) struct New {
    /// The folder to make; its last part is the module's name
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// What the module does with rows
    #[arg(long, value_enum, default_value_t = Kind::Filter)]
    kind: Kind,
    /// The language that it is written in
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
}

/// What a module does with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Leaves rows out
    Filter,
    /// Changes or adds columns
    Map,
    /// Does both at once
    FilterMap,
    /// Makes any number of rows of each
    FlatMap,
}

/// The languages that there are templates for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Rust,
    Js,
    Python,
    Go,
}

impl New {
    pub(super) fn run(self, common: &Common) -> Outcome {
        let name = self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Err(problem) = name::check(name) {
            return Err(anyhow::anyhow!("{:?} {problem}", self.folder.display().to_string()).into());
        }
        let files = files(name, self.kind, self.lang)?;
        require_empty(&self.folder)?;
        for (path, text) in &files {
            write(&self.folder.join(path), text)?;
        }
        if !common.quiet {
            eprint!("{}", next(&self.folder, name, self.lang));
        }
        Ok(())
    }
}

/// What there is to do now.
fn next(folder: &Path, name: &str, lang: Language) -> String {
    let shown = folder.display();
    let unit_tests = match lang {
        Language::Rust => "cargo test",
        Language::Js => "npm test",
        Language::Python => "python3 -m unittest",
        Language::Go => "go test .",
    };
    format!(
        "made {shown}; what now:\n  cd {shown}\n  \
         thalweg module test                       build it, and run rows.jsonl through it\n  \
         {unit_tests:<42}its unit tests, without a host\n  \
         thalweg module build --release            make {name}.wasm of it\n  \
         thalweg module inspect {name}.wasm\n  \
         thalweg append TABLE FILE --module {shown}/{name}.wasm --dry-run\n"
    )
}

/// The members of the workspace that the SDK stands on, and where they lie in its copy.
const MEMBERS: [(&str, &str); 2] = [("guest-sdk/macros", "macros"), ("modules/core/types", "types")];

/// The files of a new module: path in its folder, and text.
fn files(name: &str, kind: Kind, lang: Language) -> anyhow::Result<BTreeMap<String, String>> {
    let (lang_name, kind_name) = (value_name(lang), value_name(kind));
    let own = format!("{lang_name}/{kind_name}/");
    let all = format!("{lang_name}/all/");
    if !TEMPLATES.iter().any(|source| source.path.starts_with(&own)) {
        bail!("there is no template for --kind {kind_name} --lang {lang_name}; there are: {}", templates());
    }
    let mut files = BTreeMap::new();
    let fill = |text: &str| text.replace("{{name}}", name).replace("{{snake}}", &name.replace('-', "_"));
    for source in TEMPLATES {
        if let Some(path) = source.path.strip_prefix(&own).or_else(|| source.path.strip_prefix(&all)) {
            files.insert(path.trim_end_matches(".template").to_owned(), fill(source.text));
        }
    }
    if lang != Language::Rust {
        files.extend(WIT.iter().map(|source| (format!("wit/{}", source.path), source.text.to_owned())));
        return Ok(files);
    }
    for (folder, sources) in [("", SDK), ("types/", TYPES)] {
        for Source { path, text } in sources {
            let path = format!("{folder}{path}");
            let text = match path.strip_suffix("Cargo.toml") {
                Some(own) => manifest::standalone(text, WORKSPACE, own, &MEMBERS).context(path.clone())?,
                None => (*text).to_owned(),
            };
            files.insert(format!("sdk/{path}"), text);
        }
    }
    files.insert("Cargo.lock".to_owned(), lock::part(LOCK, "thalweg-module", name)?);
    Ok(files)
}

fn value_name(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The templates that there are, in words.
fn templates() -> String {
    let parts = |path: &'static str| {
        let mut parts = path.split('/');
        parts.next().zip(parts.next()).filter(|(_, kind)| *kind != "all")
    };
    let known: BTreeSet<_> = TEMPLATES.iter().filter_map(|source| parts(source.path)).collect();
    known.iter().map(|(lang, kind)| format!("{kind} in {lang}")).collect::<Vec<_>>().join(", ")
}

/// Nothing that is there is touched.
fn require_empty(folder: &Path) -> anyhow::Result<()> {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => {
            ensure!(entries.next().is_none(), "{} is there already, and not empty", folder.display());
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("{} cannot be made", folder.display())),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let unwritable = || format!("{} cannot be written", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).with_context(unwritable)?;
    std::fs::write(path, text).with_context(unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_whole() {
        for source in TEMPLATES {
            let mut parts = source.path.split('/');
            let (Some(lang), Some(kind)) = (parts.next(), parts.next()) else { panic!("{}", source.path) };
            if kind == "all" {
                continue;
            }
            let (lang, kind) = (Language::from_str(lang, false), Kind::from_str(kind, false));
            let files =
                files("late-only", kind.expect(source.path), lang.clone().expect(source.path)).expect(source.path);
            for name in ["module.toml", "rows.jsonl", "expect.jsonl", ".gitignore"] {
                assert!(files.contains_key(name), "{}: {name}", source.path);
            }
            assert!(files["module.toml"].contains("name = \"late-only\""));
            let own = files.iter().filter(|(path, _)| !path.starts_with("sdk/") && !path.starts_with("wit/"));
            assert!(own.into_iter().all(|(_, text)| !text.contains("{{name}}")), "{}", source.path);
            let carried = if lang == Ok(Language::Rust) { "sdk/src/lib.rs" } else { "wit/transform.wit" };
            assert!(files.contains_key(carried), "{}: {carried}", source.path);
        }
    }
}
