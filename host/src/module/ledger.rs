//! The rows of one batch that a module's policies dealt with, and the count of all rows that ended at it.

use arrow_array::UInt32Array;
use arrow_schema::{ArrowError, SchemaRef};

use super::exception::{Exception, ExceptionKind, Tally};
use super::flow::Flow;
use super::sandbox::log::printable;
use super::spec::Policy;

/// The exceptions at one module so far, in rows of its input.
#[derive(Default)]
pub(super) struct Ledger {
    refused: Entries,
    failed: Entries,
}

#[derive(Default)]
struct Entries {
    rows: Vec<u32>,
    causes: Vec<u32>,
    messages: Vec<String>,
    /// What the messages hold, in bytes.
    bytes: usize,
}

/// What the messages of one kind may hold, in bytes: a module may have one for each row of a long batch.
const MESSAGES: usize = 1 << 20;

/// Stands for all others.
const MORE: &str = "another reason (the module gave more texts than are kept)";

impl Entries {
    fn extend(&mut self, causes: &[u32], messages: &[String]) {
        let base = self.messages.len();
        for message in messages {
            if self.bytes > MESSAGES {
                break;
            }
            let message = printable(message);
            self.bytes += message.len() + size_of::<String>();
            self.messages.push(message);
        }
        let kept = self.messages.len() - base;
        let full = causes.iter().any(|&cause| cause as usize >= kept);
        if full && self.messages.last().is_none_or(|last| last != MORE) {
            self.messages.push(MORE.to_owned());
        }
        let more = self.messages.len().saturating_sub(1);
        let place = |&cause: &u32| if (cause as usize) < kept { base + cause as usize } else { more };
        self.causes.extend(causes.iter().map(place).map(|place| place as u32));
    }
}

impl Ledger {
    /// Adds rows, in their order; `causes` are positions in `messages`, which come from a module and are cleaned here.
    pub(super) fn add(
        &mut self,
        kind: ExceptionKind,
        rows: impl IntoIterator<Item = u32>,
        causes: &[u32],
        messages: Vec<String>,
    ) {
        let entries = match kind {
            ExceptionKind::Refused => &mut self.refused,
            ExceptionKind::Failed => &mut self.failed,
        };
        entries.rows.extend(rows);
        match (&entries.messages[..], &messages[..]) {
            // The same text call after call is kept once.
            ([.., last], [message]) if *last == printable(message) => {
                let known = (entries.messages.len() - 1) as u32;
                entries.causes.extend(causes.iter().map(|_| known));
            }
            _ => entries.extend(causes, &messages),
        }
    }

    /// The exceptions, while the flow still has the rows that entered the module.
    pub(super) fn finish(
        self,
        module: &str,
        policies: [(ExceptionKind, &Policy); 2],
        schema: &SchemaRef,
        flow: &mut Flow,
    ) -> Result<Vec<Exception>, ArrowError> {
        let mut exceptions = Vec::new();
        for ((kind, policy), entries) in policies.into_iter().zip([self.refused, self.failed]) {
            if entries.rows.is_empty() {
                continue;
            }
            let Entries { rows, causes, messages, .. } = entries;
            let rows = UInt32Array::from(rows);
            let letters = match policy {
                Policy::DeadLetter(_) => Some(flow.take(&rows, schema)?),
                _ => None,
            };
            let rows = flow.input_rows(rows.values());
            let (module, policy) = (module.to_owned(), policy.clone());
            exceptions.push(Exception { module, kind, policy, rows, causes, messages, letters });
        }
        Ok(exceptions)
    }
}

/// What ended at a module: `ended` of its input rows; `made` tells, where an earlier module made several rows of one, the
/// given rows that its input came from.
pub(super) fn tally(made: Option<&[u32]>, ended: usize, exceptions: &[Exception], flow: &Flow) -> Tally {
    let of = |wanted: fn(&Policy) -> bool| exceptions.iter().filter(move |exception| wanted(&exception.policy));
    let (letters, drops) =
        (|policy: &Policy| matches!(policy, Policy::DeadLetter(_)), |policy: &Policy| *policy == Policy::Drop);
    let Some(before) = made else {
        let count = |wanted: fn(&Policy) -> bool| of(wanted).map(|exception| exception.rows.len() as u64).sum::<u64>();
        let (dropped, dead_lettered) = (count(drops), count(letters));
        return Tally { filtered: (ended as u64).saturating_sub(dropped + dead_lettered), dropped, dead_lettered };
    };
    let after = flow.fanned_origins().unwrap_or_default();
    let mut tally = Tally::default();
    for group in before.chunk_by(|one, next| one == next) {
        let row = group[0];
        let among =
            |wanted: fn(&Policy) -> bool| of(wanted).any(|exception| exception.rows.binary_search(&row).is_ok());
        match () {
            () if after.binary_search(&row).is_ok() => {}
            () if among(letters) => tally.dead_lettered += 1,
            () if among(drops) => tally.dropped += 1,
            () => tally.filtered += 1,
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int32Array, RecordBatch};
    use arrow_buffer::BooleanBuffer;

    use super::*;

    fn exception(policy: Policy, rows: Vec<u32>) -> Exception {
        let causes = vec![0; rows.len()];
        let (kind, messages) = (ExceptionKind::Refused, vec!["no".to_owned()]);
        Exception { module: "m".into(), kind, policy, rows, causes, messages, letters: None }
    }

    #[test]
    fn messages_are_kept_up_to_a_bound() {
        let (mut entries, long) = (Entries::default(), "x".repeat(4000));
        let messages: Vec<String> = (0..200).map(|number| format!("{number} {long}")).collect();
        for _ in 0..3 {
            entries.extend(&(0..200).collect::<Vec<u32>>(), &messages);
        }
        assert_eq!((entries.causes.len(), entries.causes[150]), (600, 150));
        assert!(entries.messages.iter().map(String::len).sum::<usize>() < MESSAGES + 10_000);
        let last = entries.messages.len() - 1;
        assert_eq!((entries.causes[599] as usize, entries.messages[last].as_str()), (last, MORE));
        assert!(entries.causes.iter().all(|cause| (*cause as usize) <= last));
        assert_eq!(entries.messages.iter().filter(|message| *message == MORE).count(), 1);
    }

    #[test]
    fn a_row_of_many_ends_once_where_its_last_ended() {
        let column: ArrayRef = Arc::new(Int32Array::from_iter_values(0..5));
        let mut flow = Flow::new(&RecordBatch::try_from_iter([("i", column)]).expect("a batch"));
        flow.produce(vec![0, 0, 1, 2, 2, 3, 4]).expect("rows of the flow");
        let before = flow.fanned_origins().expect("several rows of one");
        // One of row 0 stays; 1 is dropped, of 2 one is a letter, 3 filtered, 4 dropped in part.
        let kept = [true, false, false, false, false, false, true];
        flow.keep(BooleanBuffer::from(kept.to_vec()));
        let exceptions =
            [exception(Policy::Drop, vec![0, 1, 2, 4]), exception(Policy::DeadLetter("t".into()), vec![2])];
        let expected = Tally { filtered: 1, dropped: 1, dead_lettered: 1 };
        assert_eq!(tally(Some(&before), 5, &exceptions, &flow), expected);
    }
}
