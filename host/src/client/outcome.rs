//! What became of the rows of one append.

use thalweg_engine::api::{Error, Fate, RowSelection};

/// What became of the rows of one append. Every row that came out of the modules (all that went in, where there is no
/// module) has exactly one fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How many rows were appended.
    pub rows: u64,
    /// How many came out of the modules; `rows` without modules.
    pub produced: u64,
    /// The rows that each module filtered out, in the order of the chain.
    pub filtered: Vec<(String, u64)>,
    /// The fates of the produced rows, by their position.
    pub fates: Vec<(RowSelection, Fate)>,
    /// For each produced row the appended row that it came from; `None`: the same.
    pub(super) origins: Option<Vec<u32>>,
}

impl Outcome {
    /// The appended row that a produced row came from.
    pub fn origin(&self, produced: u32) -> u32 {
        match &self.origins {
            Some(origins) => origins.get(produced as usize).copied().unwrap_or(produced),
            None => produced,
        }
    }

    /// How many produced rows the server has.
    pub fn acknowledged(&self) -> u64 {
        self.count(|fate| matches!(fate, Fate::Acknowledged { .. }))
    }

    /// How many produced rows were not written.
    pub fn failed(&self) -> u64 {
        self.count(|fate| matches!(fate, Fate::Failed { may_have_been_written: false, .. }))
    }

    /// How many produced rows may have been written, or not.
    pub fn unknown(&self) -> u64 {
        self.count(|fate| matches!(fate, Fate::Failed { may_have_been_written: true, .. }))
    }

    /// The first appended row that is not known to be written, and why.
    pub fn first_failure(&self) -> Option<(u32, &Error)> {
        let failures = self.fates.iter().filter_map(|(rows, fate)| match fate {
            Fate::Failed { error, .. } => first(rows).map(|row| (self.origin(row), error)),
            Fate::Acknowledged { .. } => None,
        });
        failures.min_by_key(|(row, _)| *row)
    }

    /// The offset of each produced row that was acknowledged on a log table, with its bucket's number.
    pub fn offsets(&self) -> impl Iterator<Item = (u32, u32, u64)> + '_ {
        self.fates.iter().flat_map(|(selection, fate)| {
            let at = match fate {
                Fate::Acknowledged { bucket, first: Some(first), .. } => Some((bucket.bucket, *first)),
                _ => None,
            };
            let rows = rows(selection).zip(0u64..);
            at.into_iter().flat_map(move |(bucket, first)| {
                rows.clone().map(move |(row, n)| (row, bucket, first.saturating_add(n)))
            })
        })
    }

    fn count(&self, of: impl Fn(&Fate) -> bool) -> u64 {
        self.fates.iter().filter(|(_, fate)| of(fate)).map(|(selection, _)| count(selection)).sum()
    }
}

fn count(selection: &RowSelection) -> u64 {
    match selection {
        RowSelection::Span { count, .. } => u64::from(*count),
        RowSelection::Rows(rows) => rows.len() as u64,
    }
}

fn first(selection: &RowSelection) -> Option<u32> {
    match selection {
        RowSelection::Span { count: 0, .. } => None,
        RowSelection::Span { first, .. } => Some(*first),
        RowSelection::Rows(rows) => rows.first().copied(),
    }
}

/// The rows of a selection, rising.
fn rows(selection: &RowSelection) -> impl Iterator<Item = u32> + Clone + '_ {
    let (span, list) = match selection {
        RowSelection::Span { first, count } => (*first..first.saturating_add(*count), &[][..]),
        RowSelection::Rows(rows) => (0..0, &rows[..]),
    };
    span.chain(list.iter().copied())
}

/// The same rows, counted from `base` rows earlier.
pub(super) fn shift(selection: RowSelection, base: u32) -> RowSelection {
    match selection {
        RowSelection::Span { first, count } => RowSelection::Span { first: first.saturating_add(base), count },
        RowSelection::Rows(mut rows) if base > 0 => {
            rows.iter_mut().for_each(|row| *row = row.saturating_add(base));
            RowSelection::Rows(rows)
        }
        rows => rows,
    }
}

#[cfg(test)]
mod tests {
    use thalweg_engine::api::{Bucket, ErrorCode};

    use super::*;

    #[test]
    fn counts_offsets_and_failures_are_those_of_the_fates() {
        let bucket = Bucket { partition: None, bucket: 2 };
        let error = Error { code: ErrorCode::Other("full disk".into()), retriable: false };
        let outcome = Outcome {
            rows: 3,
            produced: 6,
            filtered: vec![],
            fates: vec![
                (RowSelection::Rows(vec![0, 3]), Fate::Acknowledged { bucket, first: Some(10), end: 12 }),
                (
                    RowSelection::Span { first: 4, count: 2 },
                    Fate::Failed { error: error.clone(), may_have_been_written: true },
                ),
                (
                    RowSelection::Span { first: 1, count: 2 },
                    Fate::Failed { error: error.clone(), may_have_been_written: false },
                ),
            ],
            origins: Some(vec![0, 0, 1, 2, 2, 2]),
        };
        assert_eq!((outcome.acknowledged(), outcome.failed(), outcome.unknown()), (2, 2, 2));
        assert_eq!(outcome.offsets().collect::<Vec<_>>(), [(0, 2, 10), (3, 2, 11)]);
        assert_eq!(outcome.first_failure(), Some((0, &error)));
    }
}
