//! A module's folder: its `module.toml`, which says what `module test` gives it, and what its component is called.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::module::toml_problem;
use crate::table::Schema;

/// What `module.toml` may say. It need not be there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    /// The module's name; else the folder's.
    name: Option<String>,
    /// The columns of the rows that `module test` gives it, in Fluss SQL.
    schema: Option<String>,
    /// The configuration that `module test` gives it.
    #[serde(default)]
    config: Map<String, Value>,
}

/// A module's folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    name: String,
    file: File,
}

impl Folder {
    /// Reads what the folder says of itself.
    pub(super) fn open(path: &Path) -> anyhow::Result<Folder> {
        ensure!(path.is_dir(), "{} is no folder", path.display());
        let absolute = path.canonicalize().with_context(|| format!("{} cannot be read", path.display()))?;
        let toml = path.join("module.toml");
        let file: File = match std::fs::read_to_string(&toml) {
            Ok(text) => {
                toml::from_str(&text).map_err(|error| anyhow!("{}, {}", toml.display(), toml_problem(&text, &error)))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => File::default(),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", toml.display())),
        };
        let own = absolute.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = file.name.clone().or(own).with_context(|| format!("{} has no name", path.display()))?;
        ensure!(
            Path::new(&name).file_name().is_some_and(|last| last == name.as_str()),
            "{}: name = {name:?} is no file's name",
            toml.display()
        );
        Ok(Folder { path: path.to_owned(), name, file })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The component's path in a folder: its own, or one for a trial.
    pub(super) fn component(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.wasm", self.name))
    }

    /// The columns that `module test` gives it; `None` where the folder does not say.
    pub(super) fn schema(&self) -> anyhow::Result<Option<Schema>> {
        let parse = |sql: &String| {
            Schema::parse_sql(sql).with_context(|| format!("{}: schema", self.path.join("module.toml").display()))
        };
        self.file.schema.as_ref().map(parse).transpose()
    }

    /// The configuration that `module test` gives it.
    pub(super) fn config(&self) -> &Map<String, Value> {
        &self.file.config
    }

    /// A file beside the module, if it is there.
    pub(super) fn companion(&self, name: &str) -> Option<PathBuf> {
        Some(self.path.join(name)).filter(|path| path.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_says_what_its_module_is_tested_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |text: &str| std::fs::write(folder.path().join("module.toml"), text).expect("written");
        let plain = Folder::open(folder.path()).expect("no file is fine");
        assert!(plain.schema().expect("no schema").is_none() && plain.config().is_empty());
        write("name = 'late'\nschema = 'delay INT'\nconfig = { min = 30 }");
        let late = Folder::open(folder.path()).expect("a module");
        assert_eq!(late.component(late.path()), folder.path().join("late.wasm"));
        assert_eq!(late.schema().expect("a schema").map(|schema| schema.columns.len()), Some(1));
        assert_eq!(Value::Object(late.config().clone()), serde_json::json!({"min": 30}));
        for (text, problem) in [
            ("name = '../late'", "is no file's name"),
            ("name = ''", "is no file's name"),
            ("schem = 'delay INT'", "unknown field `schem`"),
        ] {
            write(text);
            assert!(format!("{:#}", Folder::open(folder.path()).expect_err(text)).contains(problem), "{text}");
        }
        write("schema = 'delay'");
        assert!(
            format!("{:#}", Folder::open(folder.path()).expect("read").schema().expect_err("no type"))
                .contains("schema")
        );
    }
}
