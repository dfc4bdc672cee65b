//! One module in its place in a chain: batches are cut into calls for it, and its policies decide where it does not answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::ArrayRef;
use arrow_schema::{ArrowError, SchemaRef};

use crate::columns::{Flattened, flatten_arrays};
use crate::runtime::Runtime;

use super::budget::Budget;
use super::contract::{Answer, Outcome, Plan, Refusals, Selection};
use super::error::{Cause, ModuleError};
use super::exception::{Exception, ExceptionKind, Tally};
use super::flow::Flow;
use super::ledger::{Ledger, tally};
use super::parts::Parts;
use super::pass::Passage;
use super::sandbox::caller::{Caller, Calls, Place, Reply};
use super::sandbox::instance::Template;
use super::sandbox::log::printable;
use super::spec::{ModuleSpec, Policy, Source};

/// The most bytes of a call: `apply` in `wit/module/transform.wit`.
pub(super) const CALL_BYTES: usize = 4 << 20;

/// One module in its place.
pub(super) struct Stage {
    name: Arc<str>,
    caller: Caller,
    on_error: Policy,
    on_failure: Policy,
    /// The most bytes of an answer.
    output: usize,
    /// The columns before the module.
    input: SchemaRef,
    loading: Duration,
}

/// Some rows that were given to the module at once, and what came of it.
struct Done {
    rows: usize,
    result: Result<Reply, Cause>,
}

impl Stage {
    /// Loads a module and opens it.
    pub(super) fn load(runtime: &Runtime, spec: &ModuleSpec, name: &str, place: Place) -> Result<Stage, ModuleError> {
        let started = Instant::now();
        let component = match &spec.source {
            Source::Builtin(stock) => runtime.stock_module(stock),
            Source::File(path) => runtime.component_file_within(path, spec.limits.compilation()),
        };
        let component = component.map_err(|cause| ModuleError::Runtime { module: name.to_owned(), cause })?;
        // Starts the clock of the deadlines.
        runtime.engine();
        let name: Arc<str> = Arc::from(name);
        let template = Template::new(&component, &name, spec.limits)?;
        let input = Arc::new((&place.input).into());
        let schema = place.input.clone();
        let caller = Caller::open(template, place, &name, spec.limits)?;
        for (setting, policy) in [("on-error", &spec.on_error), ("on-failure", &spec.on_failure)] {
            if *policy == Policy::Pass && !caller.plan().keeps(&schema) {
                return Err(ModuleError::Pass { module: name.to_string(), setting });
            }
        }
        let (on_error, on_failure) = (spec.on_error.clone(), spec.on_failure.clone());
        let output = spec.limits.output;
        Ok(Stage { name, caller, on_error, on_failure, output, input, loading: started.elapsed() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn plan(&self) -> &Plan {
        self.caller.plan()
    }

    /// How long loading took.
    pub(super) fn loading(&self) -> Duration {
        self.loading
    }

    /// How many calls were made, and how long they took.
    pub(super) fn calls(&self) -> Calls {
        self.caller.calls()
    }

    /// What the memories of its instances have, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.caller.memory()
    }

    /// Runs all rows through the module. Gives how many ended here; rows that a policy dealt with are added to `exceptions`.
    pub(super) fn run(&self, flow: &mut Flow, exceptions: &mut Vec<Exception>) -> Result<Tally, ModuleError> {
        let columns = self.plan().reads.iter().map(|&column| flow.column(column)).collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(|error| input(&error))?;
        let (mut parts, mut ledger) = (Parts::default(), Ledger::default());
        let (mut budget, mut spent) = (Budget::new(self.output), None);
        let turn = self.caller.turn();
        let mut begin = 0;
        while begin < flow.rows() {
            let Done { rows, result } = match spent {
                Some(ref cause) => Done { rows: flow.rows() - begin, result: Err(Cause::clone(cause)) },
                None => self.step(&columns, begin, flow, &mut budget)?,
            };
            if let Err(cause @ Cause::Batch(_)) = &result {
                spent = Some(cause.clone());
            }
            let outcome = match result {
                Ok(Reply::Answer(answer)) => self.answered(answer, begin..begin + rows, flow, &mut ledger)?,
                Ok(Reply::Refused(message)) => {
                    self.left_out(ExceptionKind::Refused, begin..begin + rows, message, flow, &mut ledger)?
                }
                Err(cause) => self.left_out(ExceptionKind::Failed, begin..begin + rows, cause, flow, &mut ledger)?,
            };
            parts.push(begin, rows, outcome);
            begin += rows;
        }
        drop(turn);
        let before = flow.rows();
        let made = flow.fanned_origins();
        let policies = [(ExceptionKind::Refused, &self.on_error), (ExceptionKind::Failed, &self.on_failure)];
        let new = ledger.finish(&self.name, policies, &self.input, flow).map_err(|error| input(&error))?;
        let ended = parts.merge(self.plan(), flow).map_err(|error| self.failed(Cause::Answer(error.to_string())))?;
        tracing::trace!(module = &*self.name, before, ended, after = flow.rows(), "batch");
        let tally = tally(made.as_deref(), ended, &new, flow);
        exceptions.extend(new);
        Ok(tally)
    }

    /// Gives the module the next rows: as many as a call may carry, and as its answers may hold.
    fn step(
        &self,
        columns: &[ArrayRef],
        begin: usize,
        flow: &mut Flow,
        budget: &mut Budget,
    ) -> Result<Done, ModuleError> {
        let left = flow.rows() - begin;
        if let Err(open) = self.caller.admit() {
            let rows = self.caller.rows().min(left);
            return Ok(Done { rows, result: Err(open) });
        }
        let mut most = self.caller.rows().min(left);
        loop {
            let slice = cut(columns, begin, most).map_err(|error| input(&error))?;
            let rows = slice.rows();
            let result = match slice.bytes() {
                bytes if bytes > CALL_BYTES => Err(Cause::RowTooLong { bytes }),
                _ => self.caller.call(&slice).and_then(|reply| {
                    let bytes = match &reply {
                        Reply::Answer(answer) => {
                            budget.measure(&answer.outcome, begin..begin + rows, self.plan(), flow)?
                        }
                        Reply::Refused(_) => 0,
                    };
                    budget.take(bytes).map(|()| reply)
                }),
            };
            if let Err(Cause::Output(_) | Cause::Rows(_)) = &result
                && rows > 1
            {
                most = rows / 2;
                self.caller.shrink(most);
                continue;
            }
            if result.is_ok() {
                self.caller.grow(rows);
            }
            self.caller.record(result.as_ref().err());
            return Ok(Done { rows, result });
        }
    }

    /// What an answer comes to after the policy for the rows that it refuses.
    fn answered(
        &self,
        answer: Answer,
        at: std::ops::Range<usize>,
        flow: &mut Flow,
        ledger: &mut Ledger,
    ) -> Result<Outcome, ModuleError> {
        let Answer { outcome, refused } = answer;
        let Some(Refusals { rows, causes, messages }) = refused else { return Ok(outcome) };
        if self.on_error == Policy::Fail {
            let first = rows.first().map_or(0, |&row| row as usize);
            let cause = causes.first().map_or(0, |&cause| cause as usize);
            return Err(ModuleError::Refused {
                module: self.name.to_string(),
                row: flow.input_row(at.start + first),
                message: messages.get(cause).map(|message| printable(message)).unwrap_or_default(),
                refused: rows.len(),
            });
        }
        let outcome = match self.on_error {
            Policy::Pass => self.passage(at.clone(), flow)?.beside(outcome, &rows).map_err(|error| input(&error))?,
            _ => outcome,
        };
        // A batch has at most u32::MAX rows: `Chain::apply`.
        let begin = at.start as u32;
        ledger.add(ExceptionKind::Refused, rows.iter().map(|row| begin + row), &causes, messages);
        Ok(outcome)
    }

    /// What becomes of all rows of a call that was refused or failed.
    fn left_out(
        &self,
        kind: ExceptionKind,
        at: std::ops::Range<usize>,
        cause: impl Into<Whole>,
        flow: &mut Flow,
        ledger: &mut Ledger,
    ) -> Result<Outcome, ModuleError> {
        let cause = cause.into();
        let policy = match kind {
            ExceptionKind::Refused => &self.on_error,
            ExceptionKind::Failed => &self.on_failure,
        };
        if *policy == Policy::Fail {
            let (module, row) = (self.name.to_string(), flow.input_row(at.start));
            return Err(match cause {
                Whole::Refused(message) => ModuleError::RefusedCall { module, row, rows: at.len(), message },
                Whole::Failed(cause) => self.failed(cause),
            });
        }
        let outcome = match policy {
            Policy::Pass => self.passage(at.clone(), flow)?.alone(),
            _ => Outcome::Selected(Selection::Nothing, Vec::new()),
        };
        let message = match cause {
            Whole::Refused(message) => message,
            Whole::Failed(cause) => cause.to_string(),
        };
        let causes = vec![0; at.len()];
        ledger.add(kind, at.start as u32..at.end as u32, &causes, vec![message]);
        Ok(outcome)
    }

    /// The columns that the module replaces, as they were before it.
    fn passage(&self, at: std::ops::Range<usize>, flow: &mut Flow) -> Result<Passage, ModuleError> {
        let replaced = self.plan().replaced();
        let column = |column: usize| flow.column(column).map(|array| array.slice(at.start, at.len()));
        let before = replaced.map(column).collect::<Result<_, _>>().map_err(|error| input(&error))?;
        Ok(Passage { before, rows: at.len() })
    }

    fn failed(&self, cause: Cause) -> ModuleError {
        ModuleError::Failed { module: self.name.to_string(), cause }
    }
}

/// Why nothing came of a whole call.
enum Whole {
    Refused(String),
    Failed(Cause),
}

impl From<String> for Whole {
    fn from(message: String) -> Self {
        Whole::Refused(message)
    }
}

impl From<Cause> for Whole {
    fn from(cause: Cause) -> Self {
        Whole::Failed(cause)
    }
}

/// The rows from `begin` on, at most so many and no more than a call may carry; one row at least.
fn cut(columns: &[ArrayRef], begin: usize, most: usize) -> Result<Flattened, ArrowError> {
    let mut rows = most.max(1);
    loop {
        let slices: Vec<ArrayRef> = columns.iter().map(|column| column.slice(begin, rows)).collect();
        let slice = flatten_arrays(rows, &slices).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
        if slice.bytes() <= CALL_BYTES || rows == 1 {
            return Ok(slice);
        }
        rows /= 2;
    }
}

fn input(error: &ArrowError) -> ModuleError {
    ModuleError::Input { reason: error.to_string() }
}
