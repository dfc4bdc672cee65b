//! What came of the rows of a run, in WIT's words.

use thalweg_bindings::batch_into_wit;
use thalweg_chain::column::{LayoutError, flatten};
use thalweg_chain::{Applied, Exception, ExceptionKind, Policy, Tally};

use crate::bindings::chain as wit;

/// What a chain whose modules have these names made of the rows of a run.
pub(super) fn outcome(applied: Applied, names: &[String]) -> Result<wit::Outcome, LayoutError> {
    let Applied { batch, origins, tallies, exceptions } = applied;
    let exception = |exception| self::exception(exception, names);
    Ok(wit::Outcome {
        rows: batch_into_wit(&flatten(&batch)?.batch()),
        origins,
        tallies: tallies.into_iter().map(tally).collect(),
        exceptions: exceptions.into_iter().map(exception).collect::<Result<_, _>>()?,
    })
}

fn tally(Tally { filtered, dropped, dead_lettered }: Tally) -> wit::Tally {
    wit::Tally { filtered, dropped, dead_lettered }
}

fn exception(exception: Exception, names: &[String]) -> Result<wit::Exception, LayoutError> {
    let Exception { module, kind, policy, rows, causes, messages, dead_letters } = exception;
    // No two modules have the same name.
    let stage = (0..).zip(names).find(|(_, name)| **name == module).map_or(0, |(at, _)| at);
    Ok(wit::Exception {
        stage,
        kind: match kind {
            ExceptionKind::Refused => wit::ExceptionKind::Refused,
            ExceptionKind::Failed => wit::ExceptionKind::Failed,
        },
        policy: match policy {
            Policy::Fail => wit::Policy::Fail,
            Policy::Drop => wit::Policy::Drop,
            Policy::Pass => wit::Policy::Pass,
            Policy::DeadLetter(table) => wit::Policy::DeadLetter(table),
        },
        rows,
        causes,
        messages,
        dead_letters: match dead_letters {
            Some(rows) => Some(batch_into_wit(&flatten(&rows)?.batch())),
            None => None,
        },
    })
}
