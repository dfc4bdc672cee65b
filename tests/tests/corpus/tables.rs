//! One file through `table create --like`, `append` and `scan`, and what came of it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};

use super::run::{Ended, run};

/// What came of a file.
pub(crate) enum Outcome {
    /// Its rows, as a scan prints them: a file of JSON lines.
    Read(PathBuf),
    /// Neither panic nor hang, but a sentence, by this command.
    Refused { by: &'static str, says: String },
}

/// Where files go: a node, and a folder for what is printed.
pub(crate) struct Place<'a> {
    pub(crate) server: &'a str,
    pub(crate) folder: &'a Path,
}

impl Place<'_> {
    /// Takes a file from its columns to its rows; each gets a table of its own.
    pub(crate) fn try_file(&self, file: &Path, format: &str) -> Result<Outcome> {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let number = TABLES.fetch_add(1, Ordering::Relaxed);
        let (table, out) = (format!("t{number}"), self.folder.join(format!("{number}.jsonl")));
        let path = file.to_str().context("files of the corpus have plain names")?;
        let create = ["table", "create", &table, "--like", path, "--format", format, "--buckets", "1"];
        let append = ["append", &table, path, "--format", format];
        if let Ended::Refused(says) = run(self.server, &create, &out)? {
            // Its rows may be broken in another way than its columns.
            let append = ["append", "any", path, "--format", format];
            run(self.server, &append, &out)?;
            return Ok(Outcome::Refused { by: "create", says: says.replace(path, "FILE") });
        }
        if let Ended::Refused(says) = run(self.server, &append, &out)? {
            return Ok(Outcome::Refused { by: "append", says: says.replace(path, "FILE") });
        }
        match run(self.server, &["scan", &table, "--format", "json"], &out)? {
            Ended::Done => Ok(Outcome::Read(out)),
            Ended::Refused(says) => anyhow::bail!("its rows cannot be scanned: {says}"),
        }
    }

    /// Whether columns and rows of a file are both refused, the rows by a table of these columns.
    pub(crate) fn refused(&self, file: &Path, columns: &str) -> Result<()> {
        let out = self.folder.join("refused.out");
        let path = file.to_str().context("temporary files have plain names")?;
        let table = format!("of_{}", columns.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join("_"));
        let table: String =
            table.chars().filter(|character| character.is_alphanumeric() || *character == '_').collect();
        let create = ["table", "create", &table, "--schema", columns, "--if-not-exists"];
        ensure!(matches!(run(self.server, &create, &out)?, Ended::Done), "no table of {columns}");
        let like = ["table", "create", "like", "--like", path, "--format", "json"];
        ensure!(matches!(run(self.server, &like, &out)?, Ended::Refused(_)), "table create --like takes it");
        let append = ["append", &table, path, "--format", "json"];
        ensure!(matches!(run(self.server, &append, &out)?, Ended::Refused(_)), "append takes it");
        Ok(())
    }
}
