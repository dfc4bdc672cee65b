//! Where rows are read from: a file or standard input, opened as a stream or at any place.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::FormatError;
use super::format::Format;
use super::options::ReadOptions;
use super::stream::{Compression, Growing, Piped, unpacked};

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
    pub(super) fn is_growing(&self, follow: bool) -> bool {
        follow && self.size().is_some()
    }

    /// Opens a stream of text, unpacked where it is compressed; one that is followed says `WouldBlock` when there is nothing
    /// more for now.
    pub(super) fn open(&self, options: &ReadOptions) -> Result<Box<dyn Read + Send>, FormatError> {
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
                unpacked(self.open_bytes(options)?, packed).map_err(failed)
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
    pub(super) fn open_file(&self) -> Result<File, FormatError> {
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
