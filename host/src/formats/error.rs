//! Why rows could not be read or written.

use arrow_schema::ArrowError;

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

/// Arrow's message without the name of its variant.
pub(super) fn arrow_reason(error: &ArrowError) -> String {
    let text = error.to_string();
    match text.split_once(": ") {
        Some((kind, rest)) if kind.to_lowercase().ends_with("error") => rest.to_owned(),
        _ => text,
    }
}
