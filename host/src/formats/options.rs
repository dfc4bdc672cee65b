//! How rows are read: what every format knows, and what only text has.

use super::progress::Progress;
use super::stream::Ending;
pub use crate::columns::Rounding;

/// How rows are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Rows in a batch at most, where the format does not say. Default 65,536.
    pub batch_rows: usize,
    /// Whether the input is followed: a file has no end, and rows are given as they come, at the latest about 200 ms
    /// later. Default: no.
    pub follow: bool,
    /// What becomes of values that the column's type cannot hold exactly. Default: they are refused.
    pub rounding: Rounding,
    /// How CSV is written down.
    pub csv: CsvOptions,
    /// Who is told how far reading is.
    pub progress: Progress,
    /// Of a file that is followed: why it ended. `None`: it is opened again then.
    pub(crate) ending: Option<Ending>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            batch_rows: 65_536,
            follow: false,
            rounding: Rounding::Refuse,
            csv: CsvOptions::default(),
            progress: Progress::default(),
            ending: None,
        }
    }
}

impl ReadOptions {
    /// The defaults, with at most so many rows in a batch.
    pub fn with_batch_rows(batch_rows: usize) -> Self {
        Self { batch_rows, ..Self::default() }
    }
}

/// How CSV is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// What stands between values; `None`: a tab where the file's suffix is `.tsv`, else a comma.
    pub delimiter: Option<u8>,
    /// The text of a cell without quotes that stands for null, beside the empty cell.
    pub null: Option<String>,
    /// Whether the first record names the columns; without it the columns stand in the order of the table. Default: yes.
    pub header: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: None, null: None, header: true }
    }
}
