//! The files of the corpus, by folder, and the format of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A file.
#[derive(Debug, Clone)]
pub(crate) struct CorpusFile {
    /// Its path in the corpus.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// As `--format` names it.
    pub(crate) format: &'static str,
}

/// The files that have rows, by the folder that they lie in.
pub(crate) fn by_folder(corpus: &Path) -> Result<BTreeMap<String, Vec<CorpusFile>>> {
    let mut folders: BTreeMap<String, Vec<CorpusFile>> = BTreeMap::new();
    let mut left = vec![corpus.to_path_buf()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
                continue;
            }
            let name = name(corpus, &path)?;
            if let Some(format) = format(&name) {
                folders.entry(self::name(corpus, &folder)?).or_default().push(CorpusFile { name, path, format });
            }
        }
    }
    folders.values_mut().for_each(|files| files.sort_by(|a, b| a.name.cmp(&b.name)));
    Ok(folders)
}

fn name(corpus: &Path, path: &Path) -> Result<String> {
    let name = path.strip_prefix(corpus)?.to_str().with_context(|| format!("{} is no text", path.display()))?;
    Ok(name.to_owned())
}

/// The format of a file: most findings of fuzzers have no suffix. `None`: it has no rows.
fn format(name: &str) -> Option<&'static str> {
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    let suffix = plain.rsplit('/').next()?.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    Some(match suffix {
        "md" | "txt" => return None,
        "parquet" => "parquet",
        "json" | "jsonl" => "json",
        "csv" | "tsv" => "csv",
        "arrow" | "arrows" | "arrow_file" | "stream" => "arrow",
        _ if name.contains("/csv/") => "csv",
        _ if name.contains("/arrow-ipc-") => "arrow",
        _ => return None,
    })
}
