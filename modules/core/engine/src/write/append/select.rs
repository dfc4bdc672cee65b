//! Some rows of a call.

use thalweg_contract::RowSelection;

/// Some rows of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selected<'a> {
    /// Consecutive ones.
    Span {
        /// The first.
        first: usize,
        /// How many.
        count: usize,
    },
    /// These, rising.
    Rows(&'a [u32]),
}

impl Selected<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Span { count, .. } => *count,
            Self::Rows(rows) => rows.len(),
        }
    }

    /// The first `count` of them, and the others.
    pub(crate) fn split(self, count: usize) -> (Self, Self) {
        let count = count.min(self.len());
        match self {
            Self::Span { first, count: all } => {
                (Self::Span { first, count }, Self::Span { first: first + count, count: all - count })
            }
            Self::Rows(rows) => {
                let (head, tail) = rows.split_at(count);
                (Self::Rows(head), Self::Rows(tail))
            }
        }
    }

    /// As the user is told.
    pub(crate) fn to_selection(self) -> RowSelection {
        match self {
            Self::Span { first, count } => RowSelection::Span { first: first as u32, count: count as u32 },
            Self::Rows(rows) => RowSelection::Rows(rows.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selections_split_where_they_are_told() {
        let span = Selected::Span { first: 3, count: 5 };
        assert_eq!(span.split(2), (Selected::Span { first: 3, count: 2 }, Selected::Span { first: 5, count: 3 }));
        let (all, none) = Selected::Rows(&[1, 4]).split(9);
        assert_eq!((all.to_selection(), none.len()), (RowSelection::Rows(vec![1, 4]), 0));
    }
}
