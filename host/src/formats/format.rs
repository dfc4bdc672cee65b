//! The formats, and how they are told from the names of files.

use std::path::Path;
use std::str::FromStr;

use super::error::FormatError;
use super::stream::Compression;

/// How rows are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON objects: one a line, over many lines or in one array when reading, one a line when writing.
    Json,
    /// Comma-separated values, or separated otherwise, with a header or without.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC: the file format, or the stream format when reading.
    Arrow,
    /// A table for people; output only.
    Table,
}

impl Format {
    /// The format that a file's suffix names; behind it may stand `.gz` or `.zst`.
    pub fn of_path(path: &Path) -> Option<Self> {
        match suffix(path)?.as_str() {
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            "csv" | "tsv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            "arrow" | "arrows" | "feather" | "ipc" => Some(Self::Arrow),
            _ => None,
        }
    }
}

/// The suffix that names a file's format, in small letters.
fn suffix(path: &Path) -> Option<String> {
    let packed = Compression::of_path(path).is_some();
    let name = if packed { Path::new(path.file_stem()?) } else { path };
    Some(name.extension()?.to_str()?.to_ascii_lowercase())
}

/// What stands between the values of a CSV file, as its suffix says: a tab or a comma.
pub(crate) fn delimiter_of_path(path: &Path) -> u8 {
    if suffix(path).is_some_and(|suffix| suffix == "tsv") { b'\t' } else { b',' }
}

impl Format {
    /// Whether rows of this format can be read while they are written.
    pub(crate) fn check_follow(self, follow: bool) -> Result<(), FormatError> {
        match self {
            Self::Parquet | Self::Arrow if follow => Err(FormatError::Unsupported(
                "only JSON lines and CSV can be followed; a Parquet or Arrow file is whole only when it is closed"
                    .into(),
            )),
            _ => Ok(()),
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            "arrow" => Ok(Self::Arrow),
            "table" => Ok(Self::Table),
            other => Err(format!("{other:?} is no format: json, csv, parquet, arrow or table")),
        }
    }
}
