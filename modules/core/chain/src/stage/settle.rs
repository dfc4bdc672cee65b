//! What becomes of the rows of a call, by the policies of its module.

use std::ops::Range;

use super::{Stage, input};
use crate::checks::{Answer, Outcome, Refusals, Selection};
use crate::error::{Cause, ChainError};
use crate::exception::{Collector, ExceptionKind};
use crate::policy::Policy;
use crate::rows::{Flow, Passage};
use crate::text::message;

/// Why nothing came of a whole call.
pub(super) enum CallEnd {
    Refused(String),
    Failed(Cause),
}

impl Stage {
    /// What an answer comes to after the policy for the rows that it refuses.
    pub(super) fn answered(
        &self,
        answer: Answer,
        at: Range<usize>,
        flow: &mut Flow,
        collector: &mut Collector,
    ) -> Result<Outcome, ChainError> {
        let Answer { outcome, refused } = answer;
        let Some(Refusals { rows, causes, messages }) = refused else { return Ok(outcome) };
        if self.policies.on_error == Policy::Fail {
            let first = rows.first().map_or(0, |&row| row as usize);
            let cause = causes.first().map_or(0, |&cause| cause as usize);
            return Err(ChainError::Refused {
                module: self.name.to_string(),
                row: flow.input_row(at.start + first),
                message: messages.get(cause).map(|text| message(text)).unwrap_or_default(),
                refused: rows.len(),
            });
        }
        let outcome = match self.policies.on_error {
            Policy::Pass => self.passage(at.clone(), flow)?.beside(outcome, &rows).map_err(|error| input(&error))?,
            _ => outcome,
        };
        // A batch has at most u32::MAX rows: `Transit::begin`.
        let begin = at.start as u32;
        collector.add(ExceptionKind::Refused, rows.iter().map(|row| begin + row), &causes, messages);
        Ok(outcome)
    }

    /// What becomes of all rows of a call that was refused or failed.
    pub(super) fn left_out(
        &self,
        end: CallEnd,
        at: Range<usize>,
        flow: &mut Flow,
        collector: &mut Collector,
    ) -> Result<Outcome, ChainError> {
        let (kind, policy) = match &end {
            CallEnd::Refused(_) => (ExceptionKind::Refused, &self.policies.on_error),
            CallEnd::Failed(_) => (ExceptionKind::Failed, &self.policies.on_failure),
        };
        if *policy == Policy::Fail {
            return Err(match end {
                CallEnd::Refused(message) => {
                    let (module, row) = (self.name.to_string(), flow.input_row(at.start));
                    ChainError::RefusedCall { module, row, rows: at.len(), message }
                }
                CallEnd::Failed(cause) => self.failed(cause),
            });
        }
        let outcome = match policy {
            Policy::Pass => self.passage(at.clone(), flow)?.alone(),
            _ => Outcome::Selected(Selection::Nothing, Vec::new()),
        };
        let message = match end {
            CallEnd::Refused(message) => message,
            CallEnd::Failed(cause) => cause.to_string(),
        };
        let causes = vec![0; at.len()];
        collector.add(kind, at.start as u32..at.end as u32, &causes, vec![message]);
        Ok(outcome)
    }

    /// The columns that the module replaces, as they were before it.
    fn passage(&self, at: Range<usize>, flow: &mut Flow) -> Result<Passage, ChainError> {
        let replaced = self.plan.replaced();
        let column = |column: usize| flow.column(column).map(|array| array.slice(at.start, at.len()));
        let before = replaced.map(column).collect::<Result<_, _>>().map_err(|error| input(&error))?;
        Ok(Passage { before, rows: at.len() })
    }
}
