//! What modules did to rows, counted over many batches.

use std::collections::BTreeMap;

use crate::module::{Exception, ExceptionKind};

/// The most messages that are kept of a module and a kind; rows with others are counted.
const MESSAGES: usize = 3;

/// What modules did to rows, counted over many batches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainTally {
    /// For each module, the rows that it filtered.
    pub filtered: BTreeMap<String, u64>,
    /// The rows that the policy `drop` left out.
    pub dropped: u64,
    /// The rows that policies dealt with, for each module and kind.
    pub exceptions: Vec<ExceptionTally>,
}

/// The rows that a module refused, or whose calls failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionTally {
    /// The module.
    pub module: String,
    /// Why.
    pub kind: ExceptionKind,
    /// The name of the policy that dealt with them.
    pub policy: &'static str,
    /// How many.
    pub rows: u64,
    /// The first messages, at most three, and the rows that they are about.
    pub causes: Vec<CauseTally>,
}

/// The rows with one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseTally {
    /// The message.
    pub message: String,
    /// How many.
    pub rows: u64,
    /// Where the first of them stands.
    pub first: String,
}

impl ChainTally {
    /// Counts what the modules did to a batch, whose rows stand at `place`.
    pub(crate) fn add(
        &mut self,
        filtered: impl IntoIterator<Item = (String, u64)>,
        dropped: u64,
        exceptions: &[Exception],
        place: impl Fn(u32) -> String,
    ) {
        for (module, rows) in filtered {
            *self.filtered.entry(module).or_default() += rows;
        }
        self.dropped += dropped;
        for exception in exceptions {
            self.note(exception, &place);
        }
    }

    fn note(&mut self, exception: &Exception, place: impl Fn(u32) -> String) {
        let same = |known: &&mut ExceptionTally| {
            (&known.module, known.kind, known.policy) == (&exception.module, exception.kind, exception.policy.name())
        };
        let tally = match self.exceptions.iter_mut().find(same) {
            Some(tally) => tally,
            None => self.exceptions.push_mut(ExceptionTally {
                module: exception.module.clone(),
                kind: exception.kind,
                policy: exception.policy.name(),
                rows: 0,
                causes: Vec::new(),
            }),
        };
        tally.rows += exception.rows.len() as u64;
        // By message: how many rows, and the first.
        let mut found: Vec<(u64, u32)> = vec![(0, 0); exception.messages.len()];
        for (row, cause) in exception.rows.iter().zip(&exception.causes) {
            if let Some((rows, first)) = found.get_mut(*cause as usize) {
                *first = if *rows == 0 { *row } else { *first };
                *rows += 1;
            }
        }
        for (message, (rows, first)) in exception.messages.iter().zip(found).filter(|(_, (rows, _))| *rows > 0) {
            if let Some(cause) = tally.causes.iter_mut().find(|cause| cause.message == *message) {
                cause.rows += rows;
            } else if tally.causes.len() < MESSAGES {
                tally.causes.push(CauseTally { message: message.clone(), rows, first: place(first) });
            }
        }
    }

    /// One line for each message, as `scale: 3 rows refused, dropped; the first, a.json, line 7: too large`.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.exceptions.iter().flat_map(|tally| {
            let ExceptionTally { module, policy, .. } = tally;
            let of = |rows: u64| {
                let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
                match tally.kind {
                    ExceptionKind::Refused => format!("{rows} refused"),
                    ExceptionKind::Failed => format!("{rows} of failed calls"),
                }
            };
            let what = match *policy {
                "drop" => "dropped",
                "pass" => "passed on",
                "dead-letter" => "dead-lettered",
                other => other,
            };
            let cause = move |cause: &CauseTally| {
                format!("{module}: {}, {what}; the first, {}: {}", of(cause.rows), cause.first, cause.message)
            };
            let others = tally.rows.saturating_sub(tally.causes.iter().map(|cause| cause.rows).sum());
            let rest = (others > 0).then(|| format!("{module}: {} for other reasons, {what}", of(others)));
            tally.causes.iter().map(cause).chain(rest).collect::<Vec<_>>()
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Policy;

    fn exception(rows: &[u32], causes: &[u32], messages: &[&str]) -> Exception {
        Exception {
            module: "m".into(),
            kind: ExceptionKind::Refused,
            policy: Policy::Drop,
            rows: rows.to_vec(),
            causes: causes.to_vec(),
            messages: messages.iter().map(|&message| message.to_owned()).collect(),
            dead_letters: None,
        }
    }

    #[test]
    fn messages_are_counted_and_the_first_are_kept() {
        let mut tally = ChainTally::default();
        let batches = [
            exception(&[1, 4, 4], &[0, 1, 0], &["one", "two"]),
            exception(&[2, 3, 9], &[0, 1, 2], &["two", "three", "four"]),
        ];
        for (number, batch) in batches.into_iter().enumerate() {
            tally.add([("m".to_owned(), 2)], 3, &[batch], |row| format!("{number}/{row}"));
        }
        assert_eq!((tally.filtered["m"], tally.dropped), (4, 6));
        assert_eq!(
            tally.lines(),
            [
                "m: 2 rows refused, dropped; the first, 0/1: one",
                "m: 2 rows refused, dropped; the first, 0/4: two",
                "m: 1 row refused, dropped; the first, 1/3: three",
                "m: 1 row refused for other reasons, dropped",
            ]
        );
    }
}
