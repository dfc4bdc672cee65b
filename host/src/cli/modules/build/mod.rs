//! `module build`: a module's folder into a component, in whichever language it is written.
//!
//! A recipe for each language makes the component; what is the same for all stands here: which language it is, where the
//! component goes, and that it is a module which may be loaded.

mod go;
mod js;
mod python;
mod rust;
mod tool;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::cli::terminal::{Common, Outcome, grouped};
use crate::module::{ModuleSpec, describe};
use crate::runtime::Runtime;

use super::folder::Folder;

/// `thalweg module build`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg module build\n  thalweg module build late --release\n\n\
    The language follows from the files: Cargo.toml is Rust, go.mod Go, package.json JavaScript, app.py Python.\n\
    The component is written beside them, as NAME.wasm; nothing else is needed to run it.")]
pub(in crate::cli) struct Build {
    /// The module's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Build for speed; takes longer
    #[arg(long)]
    release: bool,
}

impl Build {
    pub(super) fn run(self, common: &Common) -> Outcome {
        let folder = Folder::open(&self.folder)?;
        let options = Options { release: self.release, quiet: common.quiet };
        let path = build(&folder, folder.path(), options)?;
        let size = std::fs::metadata(&path)?.len();
        println!("{}  {} bytes", path.display(), grouped(size));
        Ok(())
    }
}

/// How long the first load of a component may take: CPython is compiled for many seconds on a slow machine. The code is
/// kept, so later loads do not wait.
const FIRST_LOAD: Duration = Duration::from_secs(600);

/// How a module is built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// For speed.
    pub(super) release: bool,
    /// Without the compiler's progress.
    pub(super) quiet: bool,
}

/// The language that a module is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Rust,
    Go,
    Js,
    Python,
}

impl Language {
    /// By the file that each of them must have.
    const MARKS: [(&str, Language); 4] = [
        ("Cargo.toml", Language::Rust),
        ("go.mod", Language::Go),
        ("package.json", Language::Js),
        ("app.py", Language::Python),
    ];

    fn of(folder: &Path) -> anyhow::Result<Language> {
        let found = Language::MARKS.iter().find(|(file, _)| folder.join(file).is_file());
        found.map(|(_, language)| *language).with_context(|| {
            let marks: Vec<_> = Language::MARKS.iter().map(|(file, _)| *file).collect();
            format!(
                "{} is no module's folder: it has none of {}; `thalweg module new NAME` makes one",
                folder.display(),
                marks.join(", ")
            )
        })
    }
}

/// Builds the module of a folder into a component in the folder `into`, and checks that it may be loaded. Gives its path.
pub(super) fn build(folder: &Folder, into: &Path, options: Options) -> anyhow::Result<PathBuf> {
    let out = folder.component(into);
    let path = folder.path();
    match Language::of(path)? {
        Language::Rust => rust::build(path, &out, options)?,
        Language::Go => go::build(path, &out, options)?,
        Language::Js => js::build(path, &out, options)?,
        Language::Python => python::build(path, &out, options)?,
    }
    if !out.is_file() {
        bail!("{} was not made", out.display());
    }
    let mut spec = ModuleSpec::new(&out.display().to_string(), Path::new(""));
    spec.limits.compile = FIRST_LOAD;
    describe(&*Runtime::shared()?, &spec)
        .with_context(|| format!("{} was built, but cannot be loaded", out.display()))?;
    Ok(out)
}
