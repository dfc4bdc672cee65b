//! Which modules to run, and how.
//!
//! ```text
//! file   a chain as a TOML file
//! units  sizes and times as people write them
//! ```

mod file;
mod units;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};
use thalweg_chain::{AnswerLimits, Policy};
use thalweg_wire::table::Schema;

pub(crate) use self::file::toml_problem;
pub use self::units::{UnitError, parse_bytes, parse_duration};
use crate::runtime::{COMPILE_TIME, COMPONENT_LIMIT, CompileLimits};

/// Where a module's component is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A stock module that the binary carries, by its name.
    Builtin(String),
    /// A file.
    File(PathBuf),
}

/// What a module may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory of an instance, in bytes. Default 64 MiB.
    pub memory: usize,
    /// How long a call may take. Default 1 s.
    pub deadline: Duration,
    /// What one answer may hold, in bytes as the host holds it, with the columns that it moves to new rows. Default 64 MiB.
    /// A call whose answer would hold more is cut into smaller ones, down to one row. The answers to one batch may hold 16
    /// times as much, at most 2 GiB.
    pub output: usize,
    /// How many rows one answer may make. Default 1,048,576. Treated as `output` is.
    pub rows: usize,
    /// What a call may write to the log, in bytes. Default 64 KiB; the rest is dropped and counted.
    pub log: usize,
    /// How long the component may be, in bytes. Default 64 MiB.
    pub size: usize,
    /// How long compiling it may take. Default 60 s. What is compiled once is kept.
    pub compile: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 64 << 20,
            deadline: Duration::from_secs(1),
            output: AnswerLimits::default().bytes,
            rows: AnswerLimits::default().rows,
            log: 64 << 10,
            size: COMPONENT_LIMIT,
            compile: COMPILE_TIME,
        }
    }
}

impl Limits {
    /// Those of them that bound how it is loaded.
    pub(in crate::module) fn compilation(&self) -> CompileLimits {
        CompileLimits { size: self.size, time: self.compile }
    }
}

/// One module of a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleSpec {
    /// Where its component is.
    pub source: Source,
    /// What summaries and errors call it.
    pub name: String,
    /// Its configuration.
    pub config: Map<String, Value>,
    /// For rows that it refuses.
    pub on_error: Policy,
    /// For calls that fail: a trap, the deadline, the memory, a wrong answer.
    pub on_failure: Policy,
    /// What it may use.
    pub limits: Limits,
}

/// The modules of a chain, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainSpec {
    /// The modules.
    pub modules: Vec<ModuleSpec>,
    /// The columns of the rows that go in, where they are not those of the table; on writes only. What comes out must fit
    /// the table all the same.
    pub input: Option<Schema>,
}

/// A chain that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The file cannot be read.
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not what a chain file must be.
    #[error("{}: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A setting without a value.
    #[error("{text:?} is no setting: write KEY=VALUE")]
    Setting {
        /// What was given.
        text: String,
    },
}

impl ModuleSpec {
    /// A module as the command line names it: a bare name is a stock module, anything with a folder or a suffix a file.
    /// The file's path is from `folder`.
    pub fn new(module: &str, folder: &Path) -> ModuleSpec {
        let path = Path::new(module);
        let bare = path.file_name().is_some_and(|name| name == module) && path.extension().is_none();
        let (source, name) = match bare {
            true => (Source::Builtin(module.to_owned()), module.to_owned()),
            false => {
                let stem = path.file_stem().map_or(module.to_owned(), |stem| stem.to_string_lossy().into_owned());
                (Source::File(folder.join(path)), stem)
            }
        };
        ModuleSpec {
            source,
            name,
            config: Map::new(),
            on_error: Policy::Fail,
            on_failure: Policy::Fail,
            limits: Limits::default(),
        }
    }

    /// Takes one `KEY=VALUE`. A value that is a JSON number, boolean, list or object is taken as such, any other as text.
    ///
    /// # Errors
    /// Without a `=`, or with nothing before it.
    pub fn set(&mut self, setting: &str) -> Result<(), SpecError> {
        let (key, text) = setting
            .split_once('=')
            .filter(|(key, _)| !key.trim().is_empty())
            .ok_or_else(|| SpecError::Setting { text: setting.to_owned() })?;
        let value = match serde_json::from_str(text) {
            Ok(Value::Null | Value::String(_)) | Err(_) => Value::String(text.to_owned()),
            Ok(value) => value,
        };
        self.config.insert(key.trim().to_owned(), value);
        Ok(())
    }
}

/// A policy for rows or calls, as options name it: `fail`, `drop`, `pass` or `dead-letter:TABLE`.
pub(crate) fn parse_policy(text: &str) -> Result<Policy, String> {
    match text {
        "fail" => Ok(Policy::Fail),
        "drop" => Ok(Policy::Drop),
        "pass" => Ok(Policy::Pass),
        _ => match text.strip_prefix("dead-letter:") {
            Some(table) if !table.is_empty() => Ok(Policy::DeadLetter(table.to_owned())),
            _ => Err("must be fail, drop, pass or dead-letter:TABLE".into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_a_stock_module() {
        let spec = ModuleSpec::new("where", Path::new("x"));
        assert_eq!((spec.source, spec.name.as_str()), (Source::Builtin("where".into()), "where"));
        for (text, path, name) in [("late.wasm", "x/late.wasm", "late"), ("./where", "x/./where", "where")] {
            let spec = ModuleSpec::new(text, Path::new("x"));
            assert_eq!((spec.source, spec.name.as_str()), (Source::File(path.into()), name));
        }
    }

    #[test]
    fn settings_keep_numbers_and_texts_apart() {
        let mut spec = ModuleSpec::new("where", Path::new(""));
        for setting in ["if=delay > 30", "factor=1.5", "list=[1]", "flag=true", "zip=\"007\"", "empty=", "a=b=c"] {
            spec.set(setting).expect("a setting");
        }
        let expected =
            r#"{"if":"delay > 30","factor":1.5,"list":[1],"flag":true,"zip":"\"007\"","empty":"","a":"b=c"}"#;
        assert_eq!(Value::Object(spec.config.clone()), serde_json::from_str::<Value>(expected).expect("JSON"));
        assert!(spec.set("novalue").is_err());
        assert!(spec.set("=1").is_err());
    }
}
