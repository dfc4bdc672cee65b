//! Rows as they are read, and where they stand in their file, for errors that a person can act on.

use std::fmt;
use std::sync::Arc;

use arrow_array::RecordBatch;

use super::error::FormatError;

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

/// What a file counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Lines of text; the first is 1.
    Line,
    /// Rows; the first is 1.
    Row,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "line",
            Self::Row => "row",
        })
    }
}

/// Where the rows of one batch stand.
#[derive(Debug, Clone)]
pub struct Place {
    file: Arc<str>,
    unit: Unit,
    first: u64,
    /// Each row's own number, where rows do not follow each other line by line.
    numbers: Option<Vec<u64>>,
}

impl Place {
    /// Rows that follow each other from `first`.
    pub fn consecutive(file: Arc<str>, unit: Unit, first: u64) -> Self {
        Self { file, unit, first, numbers: None }
    }

    /// Rows with a number each, rising.
    pub fn numbered(file: Arc<str>, unit: Unit, numbers: Vec<u64>) -> Self {
        let first = numbers.first().copied().unwrap_or(1);
        let gapless = numbers.last().is_none_or(|last| last - first + 1 == numbers.len() as u64);
        Self { file, unit, first, numbers: (!gapless).then_some(numbers) }
    }

    /// The place of one row of the batch, as `flights.json, line 17`.
    pub fn of(&self, row: usize) -> String {
        let number = match &self.numbers {
            Some(numbers) => numbers.get(row).copied().unwrap_or(self.first),
            None => self.first + row as u64,
        };
        format!("{}, {} {number}", self.file, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_by_their_own_number() {
        let rows = Place::consecutive("a.csv".into(), Unit::Row, 8);
        assert_eq!(rows.of(2), "a.csv, row 10");
        let lines = Place::numbered("a.json".into(), Unit::Line, vec![3, 4, 7]);
        assert_eq!(lines.of(2), "a.json, line 7");
        assert_eq!(Place::numbered("a.json".into(), Unit::Line, vec![3, 4, 5]).of(1), "a.json, line 4");
    }
}
