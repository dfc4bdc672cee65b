//! What became of the rows of one append.

use thalweg_contract::{Error, ErrorCode, Fate, RowSelection};

use crate::module::Exception;

/// What became of the rows of one append. Every row that came out of the modules (all that went in, where there is no
/// module) has exactly one fate; every other was filtered, dropped or dead-lettered.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How many rows were appended.
    pub rows: u64,
    /// How many came out of the modules; `rows` without modules.
    pub produced: u64,
    /// The rows that each module filtered out, in the order of the chain.
    pub filtered: Vec<(String, u64)>,
    /// How many rows the policy `drop` left out.
    pub dropped: u64,
    /// The rows that modules refused, or whose calls failed, and that the policies `drop`, `pass` and `dead-letter` dealt
    /// with; in the order of the chain, without the dead letters themselves.
    pub exceptions: Vec<Exception>,
    /// Dead letters that were not written. Their rows count as failed.
    pub undelivered: Vec<Undelivered>,
    /// The fates of the produced rows, by their position.
    pub fates: Vec<(RowSelection, Fate)>,
    /// For each produced row the appended row that it came from; `None`: the same.
    pub(in crate::client) origins: Option<Vec<u32>>,
    /// How many rows the policy `dead-letter` took out, whether their dead letters were written or not.
    pub(in crate::client) dead_lettered: u64,
}

/// Dead letters that were not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// For each the appended row that it is of; never falling. After a module that makes several rows of one, a row may
    /// stand here more than once.
    pub rows: Vec<u32>,
    /// Why.
    pub error: Error,
    /// Whether they may have been written all the same.
    pub may_have_been_written: bool,
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

    /// How many produced rows were not written, and how many dead letters.
    pub fn failed(&self) -> u64 {
        self.count(|fate| matches!(fate, Fate::Failed { may_have_been_written: false, .. })) + self.undelivered(false)
    }

    /// How many produced rows may have been written, or not, and how many dead letters.
    pub fn unknown(&self) -> u64 {
        self.count(|fate| matches!(fate, Fate::Failed { may_have_been_written: true, .. })) + self.undelivered(true)
    }

    /// How many rows went to tables of dead letters, every dead letter of them written.
    pub fn dead_lettered(&self) -> u64 {
        let mut lost: Vec<u32> =
            self.undelivered.iter().flat_map(|undelivered| undelivered.rows.iter().copied()).collect();
        lost.sort_unstable();
        lost.dedup();
        // Of a row that became several, some may have gone on; it is not among those counted.
        let went_on = |row: &u32| self.origins.as_ref().is_some_and(|origins| origins.binary_search(row).is_ok());
        lost.retain(|row| !went_on(row));
        self.dead_lettered.saturating_sub(lost.len() as u64)
    }

    /// The first appended row that is not known to be written, and why.
    pub fn first_failure(&self) -> Option<(u32, &Error)> {
        let failures = self.fates.iter().filter_map(|(rows, fate)| match fate {
            Fate::Failed { error, .. } => first(rows).map(|row| (self.origin(row), error)),
            Fate::Acknowledged { .. } => None,
        });
        let lost = self.undelivered.iter().filter_map(|lost| Some((*lost.rows.first()?, &lost.error)));
        failures.chain(lost).min_by_key(|(row, _)| *row)
    }

    /// Takes note of what became of dead letters, which are of these rows.
    pub(in crate::client) fn deliver(&mut self, table: &str, of: &[u32], fates: Vec<(RowSelection, Fate)>) {
        for (selection, fate) in fates {
            let Fate::Failed { error, may_have_been_written } = fate else { continue };
            let mut rows: Vec<u32> = rows(&selection).filter_map(|row| of.get(row as usize).copied()).collect();
            rows.sort_unstable();
            let code = ErrorCode::Other(format!("its dead letter was not written to table {table}: {}", error.code));
            let error = Error { code, ..error };
            self.undelivered.push(Undelivered { rows, error, may_have_been_written });
        }
    }

    fn undelivered(&self, may_have_been_written: bool) -> u64 {
        let lost = self.undelivered.iter().filter(|lost| lost.may_have_been_written == may_have_been_written);
        lost.map(|lost| lost.rows.len() as u64).sum()
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
pub(in crate::client) fn shift(selection: RowSelection, base: u32) -> RowSelection {
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
    use thalweg_contract::Bucket;

    use super::super::provenance::Provenance;
    use super::*;

    #[test]
    fn counts_offsets_and_failures_are_those_of_the_fates() {
        let bucket = Bucket { partition: None, bucket: 2 };
        let error = Error { code: ErrorCode::Other("full disk".into()), retriable: false };
        let outcome = Outcome {
            rows: 3,
            produced: 6,
            filtered: vec![],
            dropped: 0,
            dead_lettered: 0,
            exceptions: vec![],
            undelivered: vec![],
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

    #[test]
    fn a_dead_letter_that_is_not_written_makes_its_row_failed() {
        let mut outcome = Provenance { appended: Some(9), dead_lettered: 4, ..Provenance::default() }.outcome(2);
        outcome.origins = Some(vec![5, 7]);
        let error = Error { code: ErrorCode::Other("full disk".into()), retriable: false };
        let fates = |count| {
            let acknowledged =
                Fate::Acknowledged { bucket: Bucket { partition: None, bucket: 0 }, first: Some(0), end: 1 };
            let failed = Fate::Failed { error: error.clone(), may_have_been_written: false };
            vec![
                (RowSelection::Span { first: 0, count: 1 }, acknowledged),
                (RowSelection::Span { first: 1, count }, failed),
            ]
        };
        // Row 5 went on in part; of row 3 there are two dead letters.
        outcome.deliver("t", &[1, 3, 3, 5], fates(3));
        outcome.deliver("t", &[2, 3], fates(1));
        assert_eq!((outcome.dead_lettered(), outcome.failed(), outcome.unknown()), (3, 4, 0));
        let (row, error) = outcome.first_failure().unwrap();
        assert_eq!((row, error.to_string().as_str()), (3, "its dead letter was not written to table t: full disk"));
    }
}
