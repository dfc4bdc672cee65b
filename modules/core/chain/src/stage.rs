//! One module in its place in a chain: batches are cut into calls for it, and its policies decide where it does not answer.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::{ArrowError, SchemaRef};
use thalweg_wire::table::Schema;

use crate::call::{CALL_BYTES, CallSize, cut};
use crate::checks::{Answer, Outcome, Plan, Refusals, Selection};
use crate::error::{Cause, ChainError};
use crate::exception::{Collector, Exception, ExceptionKind, Tally, tally};
use crate::given::{self, Refusal, Reply};
use crate::module::Module;
use crate::policy::{Policies, Policy};
use crate::rows::{Budget, Flow, Parts, Passage};
use crate::text::message;

/// How large one answer may be. A call whose answer would be larger is cut into smaller ones, down to one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerLimits {
    /// What it may hold, in bytes as the host holds it, with the columns that it moves to new rows. The answers to one batch
    /// may hold 16 times as much, at most 2 GiB.
    pub bytes: usize,
    /// How many rows it may make.
    pub rows: usize,
}

/// One module in its place.
#[derive(Debug)]
pub struct Stage<M> {
    name: Arc<str>,
    module: M,
    policies: Policies,
    limits: AnswerLimits,
    /// The columns before the module.
    input: SchemaRef,
    size: CallSize,
}

/// A reply, checked.
enum Checked {
    Answer(Answer),
    /// The module refuses all rows of the call.
    Refused(String),
}

/// Some rows that were given to the module at once, and what came of it.
struct Done {
    rows: usize,
    result: Result<Checked, Cause>,
}

/// Why nothing came of a whole call.
enum CallEnd {
    Refused(String),
    Failed(Cause),
}

impl<M: Module> Stage<M> {
    /// A module that was opened with rows of the columns `input`.
    ///
    /// # Errors
    /// `ChainError::Pass`, when rows are to pass a module by that changes the columns.
    pub fn new(
        name: Arc<str>,
        module: M,
        input: &Schema,
        policies: Policies,
        limits: AnswerLimits,
    ) -> Result<Stage<M>, ChainError> {
        for (setting, policy) in [("on-error", &policies.on_error), ("on-failure", &policies.on_failure)] {
            if *policy == Policy::Pass && !module.plan().keeps(input) {
                return Err(ChainError::Pass { module: name.to_string(), setting });
            }
        }
        Ok(Stage { name, module, policies, limits, input: Arc::new(input.into()), size: CallSize::new() })
    }

    /// What summaries and errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The module.
    pub fn module(&self) -> &M {
        &self.module
    }

    /// What it does with the columns.
    pub fn plan(&self) -> &Plan {
        self.module.plan()
    }

    /// Runs all rows through the module. Gives how many ended here; rows that a policy dealt with are added to `exceptions`.
    pub(crate) fn run(&self, flow: &mut Flow, exceptions: &mut Vec<Exception>) -> Result<Tally, ChainError> {
        let columns = self.plan().reads.iter().map(|&column| flow.column(column)).collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(|error| input(&error))?;
        let mut collector = Collector::default();
        let parts = self.module.in_turn(|| self.calls(&columns, flow, &mut collector))?;
        let made = flow.fanned_origins();
        let new = collector.finish(&self.name, &self.policies, &self.input, flow).map_err(|error| input(&error))?;
        let ended = parts.merge(self.plan(), flow).map_err(|error| self.failed(Cause::Answer(error.to_string())))?;
        let tally = tally(made.as_deref(), ended, &new, flow);
        exceptions.extend(new);
        Ok(tally)
    }

    /// Gives the module all rows, call by call.
    fn calls(&self, columns: &[ArrayRef], flow: &mut Flow, collector: &mut Collector) -> Result<Parts, ChainError> {
        let mut parts = Parts::default();
        let (mut budget, mut spent) = (Budget::new(self.limits.bytes), None);
        let mut begin = 0;
        while begin < flow.rows() {
            let Done { rows, result } = match spent {
                Some(ref cause) => Done { rows: flow.rows() - begin, result: Err(Cause::clone(cause)) },
                None => self.step(columns, begin, flow, &mut budget)?,
            };
            if let Err(cause @ Cause::Batch(_)) = &result {
                spent = Some(cause.clone());
            }
            let at = begin..begin + rows;
            let outcome = match result {
                Ok(Checked::Answer(answer)) => self.answered(answer, at, flow, collector)?,
                Ok(Checked::Refused(message)) => self.left_out(CallEnd::Refused(message), at, flow, collector)?,
                Err(cause) => self.left_out(CallEnd::Failed(cause), at, flow, collector)?,
            };
            parts.push(begin, rows, outcome);
            begin += rows;
        }
        Ok(parts)
    }

    /// Gives the module the next rows: as many as a call may carry, and as its answers may hold.
    fn step(
        &self,
        columns: &[ArrayRef],
        begin: usize,
        flow: &mut Flow,
        budget: &mut Budget,
    ) -> Result<Done, ChainError> {
        let left = flow.rows() - begin;
        if let Err(open) = self.module.admit() {
            let rows = self.size.rows().min(left);
            return Ok(Done { rows, result: Err(open) });
        }
        let mut most = self.size.rows().min(left);
        loop {
            // Words as they were when the error came out of Arrow.
            let slice =
                cut(columns, begin, most).map_err(|error| input(&ArrowError::ExternalError(Box::new(error))))?;
            let rows = slice.rows();
            let result = match slice.bytes() {
                bytes if bytes > CALL_BYTES => Err(Cause::RowTooLong { bytes }),
                _ => self.module.apply(&slice.batch(), |reply| self.check(reply, rows)).and_then(|checked| {
                    let bytes = match &checked {
                        Checked::Answer(answer) => {
                            budget.measure(&answer.outcome, begin..begin + rows, self.plan(), flow)?
                        }
                        Checked::Refused(_) => 0,
                    };
                    budget.take(bytes).map(|()| checked)
                }),
            };
            if let Err(Cause::Output(_) | Cause::Rows(_)) = &result
                && rows > 1
            {
                most = rows / 2;
                self.size.shrink(most);
                continue;
            }
            if result.is_ok() {
                self.size.grow(rows);
            }
            self.module.record(result.as_ref().err());
            return Ok(Done { rows, result });
        }
    }

    fn check(&self, reply: Reply, rows: usize) -> Result<Checked, Cause> {
        match reply {
            Ok(given::Answer { outcome: given::Outcome::Produced(production), .. })
                if production.rows as usize > self.limits.rows =>
            {
                Err(Cause::Rows(self.limits.rows))
            }
            Ok(answer) => Answer::check(answer, rows, self.plan()).map(Checked::Answer).map_err(Cause::Answer),
            Err(refusal) => Ok(Checked::Refused(refusal_message(&refusal))),
        }
    }

    /// What an answer comes to after the policy for the rows that it refuses.
    fn answered(
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
        // A batch has at most u32::MAX rows: `Chain::run`.
        let begin = at.start as u32;
        collector.add(ExceptionKind::Refused, rows.iter().map(|row| begin + row), &causes, messages);
        Ok(outcome)
    }

    /// What becomes of all rows of a call that was refused or failed.
    fn left_out(
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
        let replaced = self.plan().replaced();
        let column = |column: usize| flow.column(column).map(|array| array.slice(at.start, at.len()));
        let before = replaced.map(column).collect::<Result<_, _>>().map_err(|error| input(&error))?;
        Ok(Passage { before, rows: at.len() })
    }

    fn failed(&self, cause: Cause) -> ChainError {
        ChainError::Failed { module: self.name.to_string(), cause }
    }
}

/// Why a module refuses a whole call, for people.
fn refusal_message(refusal: &Refusal) -> String {
    match refusal {
        Refusal::InvalidConfig { key, expected } => message(&format!("configuration {:?}: {expected}", message(key))),
        Refusal::UnsuitableInput(reason) | Refusal::Other(reason) => message(reason),
    }
}

fn input(error: &ArrowError) -> ChainError {
    ChainError::Input { reason: error.to_string() }
}
