//! One batch at one module: its rows are cut into calls, and what comes of each call is taken.

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;

use super::settle::CallEnd;
use super::{Checked, Stage, input};
use crate::call::{CALL_BYTES, cut};
use crate::checks::Outcome;
use crate::column::Flattened;
use crate::error::{Cause, ChainError};
use crate::exception::{Collector, Exception, Tally, tally};
use crate::rows::{Budget, Flow, Parts};

/// The rows of one batch in front of one module.
pub(crate) struct Visit {
    /// The columns that the module reads.
    columns: Vec<ArrayRef>,
    parts: Parts,
    collector: Collector,
    budget: Budget,
    /// The first of the rows of which nothing came yet.
    begin: usize,
    /// The call under way.
    call: Option<Flattened>,
    /// The most rows of the next call, after an answer that was too large.
    most: Option<usize>,
}

/// Some rows that were given to the module at once, and what came of it.
pub(crate) struct Done {
    rows: usize,
    result: Result<Checked, Cause>,
}

impl Done {
    /// Why the call failed, if it did.
    pub(crate) fn failure(&self) -> Option<&Cause> {
        self.result.as_ref().err()
    }
}

impl Visit {
    /// The rows that there are now, before the module.
    pub(crate) fn begin(stage: &Stage, flow: &mut Flow) -> Result<Visit, ChainError> {
        let columns = stage.plan.reads.iter().map(|&column| flow.column(column)).collect::<Result<_, _>>();
        Ok(Visit {
            columns: columns.map_err(|error| input(&error))?,
            parts: Parts::default(),
            collector: Collector::default(),
            budget: Budget::new(stage.limits.bytes),
            begin: 0,
            call: None,
            most: None,
        })
    }

    /// Whether there are rows of which nothing came yet.
    pub(crate) fn has_rows(&self, flow: &Flow) -> bool {
        self.begin < flow.rows()
    }

    /// Leaves the rows of a call out that is not made.
    pub(crate) fn skip(&self, stage: &Stage, flow: &Flow, cause: Cause) -> Done {
        Done { rows: stage.size.rows().min(flow.rows() - self.begin), result: Err(cause) }
    }

    /// Cuts the next call: as many rows as it may carry, and as its answer may hold.
    pub(crate) fn cut(&mut self, stage: &Stage, flow: &Flow) -> Result<&Flattened, ChainError> {
        let most = self.most.take().unwrap_or_else(|| stage.size.rows().min(flow.rows() - self.begin));
        // Words as they were when the error came out of Arrow.
        let call =
            cut(&self.columns, self.begin, most).map_err(|error| input(&ArrowError::ExternalError(Box::new(error))))?;
        Ok(self.call.insert(call))
    }

    /// The call under way.
    pub(crate) fn call(&self) -> Option<&Flattened> {
        self.call.as_ref()
    }

    /// Takes what came of the call under way; `None`: its answer was too large, and smaller calls come in its place.
    pub(crate) fn reply(&mut self, stage: &Stage, flow: &mut Flow, result: Result<Checked, Cause>) -> Option<Done> {
        let rows = self.call.take().map_or(0, |call| call.rows());
        let result = result.and_then(|checked| self.paid(stage, flow, rows, checked));
        if let Err(Cause::Output(_) | Cause::Rows(_)) = &result
            && rows > 1
        {
            self.most = Some(rows / 2);
            stage.size.shrink(rows / 2);
            return None;
        }
        if result.is_ok() {
            stage.size.grow(rows);
        }
        Some(Done { rows, result })
    }

    /// Takes what a reply holds from the budget of the batch.
    fn paid(&mut self, stage: &Stage, flow: &mut Flow, rows: usize, checked: Checked) -> Result<Checked, Cause> {
        let bytes = match &checked {
            Checked::Answer(answer) => {
                self.budget.measure(&answer.outcome, self.begin..self.begin + rows, &stage.plan, flow)?
            }
            Checked::Refused(_) => 0,
        };
        self.budget.take(bytes).map(|()| checked)
    }

    /// Lets the policies decide on the rows of a call. When the answers to the batch hold too much together, all rows that
    /// are left end with it.
    pub(crate) fn settle(&mut self, stage: &Stage, flow: &mut Flow, done: Done) -> Result<(), ChainError> {
        let spent = match &done.result {
            Err(cause @ Cause::Batch(_)) => Some(cause.clone()),
            _ => None,
        };
        self.push(stage, flow, done)?;
        match spent {
            Some(cause) if self.has_rows(flow) => {
                self.push(stage, flow, Done { rows: flow.rows() - self.begin, result: Err(cause) })
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, stage: &Stage, flow: &mut Flow, Done { rows, result }: Done) -> Result<(), ChainError> {
        let (at, collector) = (self.begin..self.begin + rows, &mut self.collector);
        let outcome: Outcome = match result {
            Ok(Checked::Answer(answer)) => stage.answered(answer, at, flow, collector)?,
            Ok(Checked::Refused(message)) => stage.left_out(CallEnd::Refused(message), at, flow, collector)?,
            Err(cause) => stage.left_out(CallEnd::Failed(cause), at, flow, collector)?,
        };
        self.parts.push(self.begin, rows, outcome);
        self.begin += rows;
        Ok(())
    }

    /// Lets the rows go on behind the module. Gives how many ended here; rows that a policy dealt with are added to
    /// `exceptions`.
    pub(crate) fn finish(
        self,
        stage: &Stage,
        flow: &mut Flow,
        exceptions: &mut Vec<Exception>,
    ) -> Result<Tally, ChainError> {
        let made = flow.fanned_origins();
        let new = self.collector.finish(&stage.name, &stage.policies, &stage.input, flow);
        let new = new.map_err(|error| input(&error))?;
        let ended = self.parts.merge(&stage.plan, flow);
        let ended = ended.map_err(|error| stage.failed(Cause::Answer(error.to_string())))?;
        let tally = tally(made.as_deref(), ended, &new, flow);
        exceptions.extend(new);
        Ok(tally)
    }
}

/// Whether a call may carry these rows: one that is too long for it fails without being called.
pub(crate) fn fits(call: &Flattened) -> Result<(), Cause> {
    match call.bytes() {
        bytes if bytes > CALL_BYTES => Err(Cause::RowTooLong { bytes }),
        _ => Ok(()),
    }
}
