//! The columns of a file, for `table create --like`.

mod columnar;
mod csv;
mod json;

use arrow_schema::Schema;

use super::read::guarded;
use super::{CsvOptions, Format, FormatError, Input};

/// How the columns of a file are found.
#[derive(Debug, Clone, Default)]
pub struct InferOptions {
    /// The format; `None`: as the suffix says.
    pub format: Option<Format>,
    /// How many rows of JSON or CSV are looked at; `None`: all.
    pub sample: Option<usize>,
    /// How CSV is written down.
    pub csv: CsvOptions,
}

/// Columns that a file suggests.
#[derive(Debug, Clone)]
pub struct Inferred {
    /// The columns, in the order of the file.
    pub schema: Schema,
    /// What a person should know of them, a sentence each: as columns without a value.
    pub hints: Vec<String>,
}

impl From<Schema> for Inferred {
    fn from(schema: Schema) -> Self {
        Self { schema, hints: Vec::new() }
    }
}

/// The columns that a file has (Parquet, Arrow), or that its rows suggest (JSON, CSV). `append` takes the same file into
/// a table of these columns.
///
/// # Errors
/// What cannot be read, and columns of which no table can be made.
pub fn infer_schema(input: &Input, options: &InferOptions) -> Result<Inferred, FormatError> {
    let format = input.format(options.format)?;
    guarded(&input.name(), || match format {
        Format::Json => json::infer(input, options),
        Format::Csv => csv::infer(input, options),
        Format::Parquet => columnar::infer_parquet(input),
        Format::Arrow => columnar::infer_arrow(input),
        Format::Table => Err(FormatError::Unsupported("a table for people has no columns to take".into())),
    })
}
