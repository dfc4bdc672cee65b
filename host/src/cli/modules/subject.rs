//! The module that a command is about: a folder, a component or a stock module, under its configuration.

use std::path::Path;

use anyhow::ensure;
use tempfile::TempDir;

use super::build::{self, Options};
use super::folder::Folder;
use crate::module::ModuleSpec;

/// The module that a command is about.
pub(super) struct Subject {
    /// The folder that it lies in; a stock module has none.
    pub(super) folder: Option<Folder>,
    /// Where it was built for this command alone; it goes away with this.
    pub(super) built: Option<TempDir>,
    /// The module, with the configuration that its folder and the command line give it.
    pub(super) spec: ModuleSpec,
}

impl Subject {
    /// Finds a module by what a command calls it. A folder is built where `options` say how, apart from the component that
    /// it may have already; otherwise it has to have one.
    pub(super) fn find(module: &str, settings: &[String], options: Option<Options>) -> anyhow::Result<Subject> {
        let path = Path::new(module);
        let here = |path: &Path| ModuleSpec::new(&path.display().to_string(), Path::new(""));
        let mut built = None;
        let (folder, mut spec) = match (path.is_dir(), options) {
            (true, Some(options)) => {
                let folder = Folder::open(path)?;
                let apart = built.insert(tempfile::Builder::new().prefix("thalweg-").tempdir()?);
                let component = build::build(&folder, apart.path(), options)?;
                (Some(folder), here(&component))
            }
            (true, None) => {
                let folder = Folder::open(path)?;
                let component = folder.component(folder.path());
                ensure!(
                    component.is_file(),
                    "{} is not there; build it first: thalweg module build {} --release",
                    component.display(),
                    path.display()
                );
                (Some(folder), here(&component))
            }
            (false, _) => {
                let beside = path.parent().filter(|_| path.is_file());
                let beside = beside.map(|folder| if folder == Path::new("") { Path::new(".") } else { folder });
                (beside.map(Folder::open).transpose()?, ModuleSpec::new(module, Path::new("")))
            }
        };
        if let Some(folder) = &folder {
            spec.config.clone_from(folder.config());
        }
        for setting in settings {
            spec.set(setting)?;
        }
        Ok(Subject { folder, built, spec })
    }
}
