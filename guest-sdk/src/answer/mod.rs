//! What became of the rows of one batch.

mod returned;

use std::fmt;

use crate::bindings::exports::thalweg::module::transform;
use crate::{Bitmap, Bits, Written};

pub use returned::{Columns, kept, produced, refused, replaced, selected};

/// Which rows go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every row.
    All,
    /// No row.
    Nothing,
    /// The rows whose bit is set.
    Rows(Bitmap),
}

impl Selection {
    /// The rows for which `f` says yes.
    ///
    /// ```
    /// use thalweg_module::Selection;
    /// assert_eq!(Selection::from_fn(3, |row| row < 3), Selection::All);
    /// ```
    pub fn from_fn(rows: usize, f: impl FnMut(usize) -> bool) -> Self {
        Bitmap::from_fn(rows, f).into()
    }

    /// The rows that are valid and for which `f` says yes; `f` is not asked about nulls.
    pub fn from_fn_where(validity: Option<Bits<'_>>, rows: usize, f: impl FnMut(usize) -> bool) -> Self {
        match validity {
            Some(validity) => Bitmap::from_fn_where(&validity.to_bitmap(), f).into(),
            None => Self::from_fn(rows, f),
        }
    }

    fn into_wire(self) -> transform::Selection {
        match self {
            Self::All => transform::Selection::All,
            Self::Nothing => transform::Selection::Nothing,
            Self::Rows(bitmap) => transform::Selection::Rows(bitmap.into_bytes()),
        }
    }
}

impl From<Bitmap> for Selection {
    /// The shortest form: a bitmap that is full or empty need not cross the boundary.
    fn from(bitmap: Bitmap) -> Self {
        match bitmap.count() {
            count if count == bitmap.len() => Self::All,
            0 => Self::Nothing,
            _ => Self::Rows(bitmap),
        }
    }
}

/// Rows that a module cannot treat. The host's policy decides their fate.
///
/// ```
/// use thalweg_module::Refusals;
/// let mut refusals = Refusals::default();
/// refusals.push(3, "the distance is negative");
/// assert_eq!(refusals.len(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals {
    rows: Vec<u32>,
    causes: Vec<u32>,
    messages: Vec<String>,
}

impl Refusals {
    /// How far back a message is looked for before it is stored again.
    const REMEMBERED: usize = 8;

    /// Refuses a row, with one sentence; the host adds which row it is. Rows must rise from call to call; one that does
    /// not is left out.
    pub fn push(&mut self, row: usize, message: impl fmt::Display) {
        let row = row as u32;
        if self.rows.last().is_some_and(|&last| last >= row) {
            return;
        }
        let message = message.to_string();
        let known = self.messages.iter().rev().take(Self::REMEMBERED).position(|known| *known == message);
        let cause = match known {
            Some(back) => self.messages.len() - 1 - back,
            None => {
                self.messages.push(message);
                self.messages.len() - 1
            }
        };
        self.rows.push(row);
        self.causes.push(cause as u32);
    }

    /// How many rows are refused.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row is refused.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows with their messages.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.rows.iter().zip(&self.causes).map(|(&row, &cause)| (row as usize, self.messages[cause as usize].as_str()))
    }
}

/// The answer to one batch.
#[derive(Debug)]
pub struct Answer {
    outcome: Outcome,
    refusals: Refusals,
}

/// What goes on.
#[derive(Debug)]
enum Outcome {
    Kept(Selection),
    Replaced(Selection, Vec<Written>),
    Produced(Vec<u32>, Vec<Written>),
}

impl Answer {
    /// The selected rows go on unchanged.
    pub fn kept(selection: Selection) -> Self {
        Self::new(Outcome::Kept(selection))
    }

    /// The selected rows go on with the columns written for them, in any order. Each has as many rows as the batch.
    pub fn replaced(selection: Selection, written: impl IntoIterator<Item = Written>) -> Self {
        Self::new(Outcome::Replaced(selection, written.into_iter().collect()))
    }

    /// New rows go on, any number for each row of the batch. `origins` says for each new row which row of the batch it
    /// comes from, never decreasing; columns that are not written are taken from there. The written columns, in any order,
    /// have as many rows as `origins`.
    pub fn produced(origins: Vec<u32>, written: impl IntoIterator<Item = Written>) -> Self {
        Self::new(Outcome::Produced(origins, written.into_iter().collect()))
    }

    fn new(outcome: Outcome) -> Self {
        Self { outcome, refusals: Refusals::default() }
    }

    /// Refuses rows of the batch. They need not be left out of the selection, nor of the new rows: the host does that.
    #[must_use]
    pub fn refusing(mut self, refusals: Refusals) -> Self {
        self.refusals = refusals;
        self
    }

    /// The form that crosses the boundary. `ranks` holds for each written column of the plan its place among them.
    pub(crate) fn into_wire(self, ranks: &[usize]) -> transform::Answer {
        // By place and not by sorting: a sort is a tenth of a small module's code.
        let ranked = |written: Vec<Written>| {
            let mut places: Vec<Vec<_>> = (0..=ranks.len()).map(|_| Vec::new()).collect();
            for Written { ordinal, columns } in written {
                places[ranks.get(ordinal).copied().unwrap_or(ranks.len())].extend(columns);
            }
            places.into_iter().flatten().collect()
        };
        let outcome = match self.outcome {
            Outcome::Kept(selection) => transform::Outcome::Kept(selection.into_wire()),
            Outcome::Replaced(selection, written) => {
                transform::Outcome::Replaced((selection.into_wire(), ranked(written)))
            }
            Outcome::Produced(origins, written) => transform::Outcome::Produced(transform::Production {
                rows: origins.len() as u32,
                origins,
                written: ranked(written),
            }),
        };
        let Refusals { rows, causes, messages } = self.refusals;
        let refused = (!rows.is_empty()).then_some(transform::Refusals { rows, causes, messages });
        transform::Answer { outcome, refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_messages_are_sent_once() {
        let mut refusals = Refusals::default();
        for (row, message) in [(1, "a"), (2, "b"), (2, "again"), (5, "a")] {
            refusals.push(row, message);
        }
        assert_eq!(refusals.iter().collect::<Vec<_>>(), [(1, "a"), (2, "b"), (5, "a")]);
        assert_eq!(refusals.messages.len(), 2);
    }

    #[test]
    fn a_selection_takes_its_shortest_form() {
        assert_eq!(Selection::from_fn(70, |_| false), Selection::Nothing);
        assert_eq!(Selection::from_fn(0, |_| false), Selection::All);
        let validity = Bits::new(&[0b110], 3);
        assert_eq!(Selection::from_fn_where(validity, 3, |row| row != 2), Bitmap::from_fn(3, |row| row == 1).into());
    }
}
