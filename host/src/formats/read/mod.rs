//! Rows in: an input of any format as batches of rows.
//!
//! ```text
//! following  a file that is followed through rotation and truncation
//! guard      panics of libraries that read files, as errors
//! ```

mod following;
mod guard;

use arrow_schema::SchemaRef;

use super::error::FormatError;
use super::format::Format;
use super::input::Input;
use super::options::ReadOptions;
use super::rows::RowsIn;
use super::{columnar, csv, json};

use following::Following;
use guard::guarded_rows;

pub(crate) use guard::broken;
pub(super) use guard::guarded;

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
