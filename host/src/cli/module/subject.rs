//! The module that a command is about: a folder, a component or a stock module, under its configuration.

use std::path::Path;

use super::build::{self, Options};
use super::folder::Folder;
use crate::module::ModuleSpec;

/// The module that a command is about.
pub(super) struct Subject {
    /// The folder that it lies in; a stock module has none.
    pub(super) folder: Option<Folder>,
    /// The module, with the configuration that its folder and the command line give it.
    pub(super) spec: ModuleSpec,
}

impl Subject {
    /// Finds a module by what a command calls it. A folder is built where `options` say how, and otherwise has to have its
    /// component already.
    pub(super) fn find(module: &str, settings: &[String], options: Option<Options>) -> anyhow::Result<Subject> {
        let path = Path::new(module);
        let here = |path: &Path| ModuleSpec::new(&path.display().to_string(), Path::new(""));
        let (folder, mut spec) = match (path.is_dir(), options) {
            (true, options) => {
                let folder = Folder::open(path)?;
                let component = match options {
                    Some(options) => build::build(&folder, options)?,
                    None => folder.component(),
                };
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
        Ok(Subject { folder, spec })
    }
}
