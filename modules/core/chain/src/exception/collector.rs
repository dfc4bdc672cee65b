//! The rows of one batch that a module's policies dealt with.

use arrow_array::UInt32Array;
use arrow_schema::{ArrowError, SchemaRef};

use super::{Exception, ExceptionKind};
use crate::policy::{Policies, Policy};
use crate::rows::Flow;
use crate::text;

/// The exceptions at one module so far, in rows of its input.
#[derive(Default)]
pub(crate) struct Collector {
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
            let message = text::message(message);
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

impl Collector {
    /// Adds rows, in their order; `causes` are positions in `messages`, which come from a module and are cleaned here.
    pub(crate) fn add(
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
        match (entries.messages.as_slice(), messages.as_slice()) {
            // The same text call after call is kept once.
            ([.., last], [message]) if *last == text::message(message) => {
                let known = (entries.messages.len() - 1) as u32;
                entries.causes.extend(causes.iter().map(|_| known));
            }
            _ => entries.extend(causes, &messages),
        }
    }

    /// The exceptions, while the flow still has the rows that entered the module.
    pub(crate) fn finish(
        self,
        module: &str,
        policies: &Policies,
        schema: &SchemaRef,
        flow: &mut Flow,
    ) -> Result<Vec<Exception>, ArrowError> {
        let mut exceptions = Vec::new();
        let kinds = [
            (ExceptionKind::Refused, &policies.on_error, self.refused),
            (ExceptionKind::Failed, &policies.on_failure, self.failed),
        ];
        for (kind, policy, entries) in kinds {
            if entries.rows.is_empty() {
                continue;
            }
            let Entries { rows, causes, messages, .. } = entries;
            let rows = UInt32Array::from(rows);
            let dead_letters = match policy {
                Policy::DeadLetter(_) => Some(flow.take(&rows, schema)?),
                _ => None,
            };
            let rows = flow.input_rows(rows.values());
            let (module, policy) = (module.to_owned(), policy.clone());
            exceptions.push(Exception { module, kind, policy, rows, causes, messages, dead_letters });
        }
        Ok(exceptions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
