//! Rows in files and pipes: JSON, CSV, Parquet and Arrow, in and out.
//!
//! Readers give record batches together with the place of each row, so that an error can name file and line.
//!
//! ```text
//! format, input, options  what is read and how
//! rows, progress, error   what comes of reading
//! stream                  the bytes of an input: compressed, growing, piped
//! scalar                  texts as values of a column's type
//! json, csv, columnar     rows in and out, a format each; Parquet and Arrow in
//! read                    rows in, of any format
//! write, rows_out         rows out, in any format
//! infer                   the columns that a file suggests
//! ```

mod columnar;
mod csv;
mod error;
mod format;
mod infer;
mod input;
mod json;
mod options;
mod progress;
mod read;
mod rows;
mod rows_out;
mod scalar;
mod stream;
mod write;

pub use csv::csv_writer;
pub use error::FormatError;
pub use format::Format;
pub(crate) use format::delimiter_of_path;
pub use infer::{InferOptions, Inferred, infer_schema};
pub use input::Input;
pub use json::json_lines;
pub(crate) use json::{JsonRows, json_rows};
pub use options::{CsvOptions, ReadOptions, Rounding};
pub use progress::Progress;
pub(crate) use read::broken;
pub use read::reader;
pub use rows::{Place, Rows, RowsIn, Unit};
pub use rows_out::RowsOut;
pub(crate) use scalar::column as column_of_texts;
pub(crate) use stream::Compression;
pub use write::{terminal_writer, writer};

#[cfg(test)]
mod tests;
