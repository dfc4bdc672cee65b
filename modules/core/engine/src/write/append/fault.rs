//! Rows that cannot be written while the others of their call can: each with what is wrong with it.

use thalweg_wire::record::RecordError;

use crate::write::table::unfit::misfit;
use thalweg_contract::{Error, RowSelection};

/// The rows of one call that cannot be written, rising.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(u32, RecordError)>);

impl Faults {
    /// No row of the next call.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes note of a row. Of several faults the first counts.
    pub(crate) fn note(&mut self, row: u32, error: RecordError) {
        match self.0.binary_search_by_key(&row, |(row, _)| *row) {
            Ok(_) => {}
            Err(at) => self.0.insert(at, (row, error)),
        }
    }

    /// Whether a row is among them.
    pub(crate) fn has(&self, row: u32) -> bool {
        !self.0.is_empty() && self.0.binary_search_by_key(&row, |(row, _)| *row).is_ok()
    }

    /// The rows, those with the same fault together, with why they were not written to the table of this name.
    pub(crate) fn take(&mut self, table: &str) -> Vec<(RowSelection, Error)> {
        let mut grouped: Vec<(String, Vec<u32>)> = Vec::new();
        for (row, error) in self.0.drain(..) {
            let text = error.of_row();
            // Neighbours mostly have the same; rows with ever other values each have a text of their own.
            match grouped.last_mut() {
                Some((last, rows)) if *last == text => rows.push(row),
                _ => grouped.push((text, vec![row])),
            }
        }
        grouped.into_iter().map(|(text, rows)| (RowSelection::Rows(rows), misfit(table, &text))).collect()
    }
}
