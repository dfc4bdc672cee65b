//! Rows in files and pipes: JSON, CSV, Parquet and Arrow, in and out.
//!
//! Readers give record batches together with the place of each row, so that an error can name file and line.

mod columnar;
mod compressed;
mod csv;
mod following;
mod growing;
mod guard;
mod infer;
mod json;
mod options;
mod parquet_out;
mod place;
mod progress;
mod scalar;
mod table;
mod write;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use following::Following;
use growing::{Growing, Piped};
use guard::{guarded, guarded_rows};

pub(crate) use compressed::Compression;
pub use csv::csv_writer;
pub(crate) use guard::broken;
pub use infer::{InferOptions, Inferred, infer_schema};
pub use json::json_lines;
pub(crate) use json::{JsonRows, json_rows};
pub use options::{CsvOptions, ReadOptions, Rounding};
pub use place::{Place, Unit};
pub use progress::Progress;
pub(crate) use scalar::column as column_of_texts;
pub use write::{RowsOut, terminal_writer, writer};

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

/// Why rows could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file or pipe failed.
    #[error("{name}: {cause}")]
    Io {
        /// The file, or `standard input`.
        name: String,
        /// Why.
        cause: std::io::Error,
    },
    /// The suffix says nothing and no format was given.
    #[error("{name}: its suffix names no format; say which with --format json, csv, parquet or arrow")]
    Unknown {
        /// The file.
        name: String,
    },
    /// What stands there is not what the format or the table asks for.
    #[error("{place}: {problem}")]
    Malformed {
        /// The file, and the line or row where it is known.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A format that cannot do this.
    #[error("{0}")]
    Unsupported(String),
}

/// A batch of rows and where each of them stands.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The rows.
    pub batch: RecordBatch,
    /// Where they stand.
    pub place: Place,
}

/// Rows as they are read.
pub type RowsIn = Box<dyn Iterator<Item = Result<Rows, FormatError>> + Send>;

/// Where rows are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// `-` is standard input, all else a file.
    pub fn new(text: &str) -> Self {
        if text == "-" { Self::Stdin } else { Self::File(PathBuf::from(text)) }
    }

    /// What errors call it.
    pub fn name(&self) -> Arc<str> {
        match self {
            Self::Stdin => "standard input".into(),
            Self::File(path) => path.display().to_string().into(),
        }
    }

    /// Its size in bytes, where that is known.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File(path) => std::fs::metadata(path).ok().filter(|m| m.is_file()).map(|m| m.len()),
        }
    }

    /// The format: as given, else by the suffix; standard input is JSON.
    pub fn format(&self, given: Option<Format>) -> Result<Format, FormatError> {
        let by_name = match self {
            Self::Stdin => Some(Format::Json),
            Self::File(path) => Format::of_path(path),
        };
        let format = given.or(by_name).ok_or_else(|| FormatError::Unknown { name: self.name().to_string() })?;
        match (self, format) {
            (Self::File(path), Format::Parquet | Format::Arrow) if Compression::of_path(path).is_some() => {
                let problem = "only CSV and JSON are read from within gzip and zstd; unpack it first";
                Err(FormatError::Unsupported(format!("{}: {problem}", self.name())))
            }
            _ => Ok(format),
        }
    }

    /// Whether rows are followed through changes of the file: a pipe just ends.
    fn is_growing(&self, follow: bool) -> bool {
        follow && self.size().is_some()
    }

    /// Opens a stream of text, unpacked where it is compressed; one that is followed says `WouldBlock` when there is nothing
    /// more for now.
    fn open(&self, options: &ReadOptions) -> Result<Box<dyn Read + Send>, FormatError> {
        let packed = match self {
            Self::File(path) => Compression::of_path(path),
            Self::Stdin => None,
        };
        match (packed, options.follow) {
            (Some(packed), true) => Err(FormatError::Unsupported(format!(
                "{}: a {packed} file is whole only when it is closed, and cannot be followed",
                self.name()
            ))),
            (None, true) => self.open_bytes(options),
            (_, false) => {
                let failed = |cause| FormatError::Io { name: self.name().to_string(), cause };
                compressed::unpacked(self.open_bytes(options)?, packed).map_err(failed)
            }
        }
    }

    /// Opens a stream of bytes as they are, which are counted.
    fn open_bytes(&self, options: &ReadOptions) -> Result<Box<dyn Read + Send>, FormatError> {
        let failed = |cause| FormatError::Io { name: self.name().to_string(), cause };
        let progress = &options.progress;
        let bytes: Box<dyn Read + Send> = match self {
            Self::File(path) if self.is_growing(options.follow) => {
                let ending = options.ending.clone().unwrap_or_default();
                return Ok(Box::new(progress.count(Growing::open(path, ending).map_err(failed)?)));
            }
            Self::File(_) => Box::new(progress.count(self.open_file()?)),
            Self::Stdin => Box::new(progress.count(std::io::stdin())),
        };
        match options.follow {
            true => Ok(Box::new(Piped::new(bytes).map_err(failed)?)),
            false => Ok(bytes),
        }
    }

    /// Opens a file that can be read at any place; standard input is spooled to a temporary one.
    fn open_file(&self) -> Result<File, FormatError> {
        let failed = |cause| FormatError::Io { name: self.name().to_string(), cause };
        match self {
            Self::File(path) => File::open(path).map_err(failed),
            Self::Stdin => {
                let mut spool = tempfile::tempfile().map_err(failed)?;
                std::io::copy(&mut std::io::stdin(), &mut spool).map_err(failed)?;
                std::io::Seek::rewind(&mut spool).map_err(failed)?;
                Ok(spool)
            }
        }
    }
}

/// Opens an input as rows of a table. JSON and CSV are read as the table's columns; Parquet and Arrow as the columns
/// that the file has.
///
/// # Errors
/// What cannot be opened, and Parquet and Arrow that are to be followed. A file over which a library breaks down is an error
/// too, here and in the rows.
pub fn reader(input: &Input, format: Format, table: SchemaRef, options: ReadOptions) -> Result<RowsIn, FormatError> {
    format.check_follow(options.follow)?;
    if input.is_growing(options.follow) && options.ending.is_none() {
        return Ok(Box::new(Following::open(input, format, table, options)?));
    }
    let rows = guarded(&input.name(), || match format {
        Format::Json => json::read(input, table, options),
        Format::Csv => csv::read(input, table, options),
        Format::Parquet => columnar::read_parquet(input, &table, &options),
        Format::Arrow => columnar::read_arrow(input, &table, &options),
        Format::Table => Err(FormatError::Unsupported("rows cannot be read from a table for people".into())),
    })?;
    Ok(guarded_rows(input.name(), rows))
}

#[cfg(test)]
mod tests;
