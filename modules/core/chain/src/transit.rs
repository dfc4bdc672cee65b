//! The rows of one batch on their way through the modules of a chain, as far as one call after the other.

use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::column::Flattened;
use crate::error::{Cause, ChainError};
use crate::exception::{Exception, Tally};
use crate::given::Reply;
use crate::rows::Flow;
use crate::rules::Rules;
use crate::stage::{Checked, Done, Stage, Visit, fits};

/// What a chain made of a batch.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The rows that came out, with the columns of `Chain::output`.
    pub batch: RecordBatch,
    /// For each of them the row of the input that it came from, never falling; `None`: every row came out, once.
    pub origins: Option<Vec<u32>>,
    /// For each module, in order, how many rows ended there.
    pub tallies: Vec<Tally>,
    /// The rows that policies dealt with, in the order of the modules.
    pub exceptions: Vec<Exception>,
}

/// One batch, at a module or between two.
pub(crate) struct Transit {
    rules: Arc<Rules>,
    flow: Flow,
    /// The rows at the module that they are at; `None`: they are between two.
    visit: Option<Visit>,
    /// What ended at the modules that are behind.
    tallies: Vec<Tally>,
    exceptions: Vec<Exception>,
}

/// A call that is to be made.
pub(crate) struct Asked<'a> {
    /// The module's place.
    pub(crate) at: usize,
    stage: &'a Stage,
    pub(crate) rows: &'a Flattened,
}

impl Asked<'_> {
    /// Whether a call may carry these rows.
    pub(crate) fn fits(&self) -> Result<(), Cause> {
        fits(self.rows)
    }

    /// Checks the module's reply. Where that fails, the instance that gave it is not called again.
    pub(crate) fn check(&self, reply: Reply) -> Result<Checked, Cause> {
        self.stage.check(reply, self.rows.rows())
    }
}

impl Transit {
    /// Rows that have the columns of the chain's input.
    pub(crate) fn begin(rules: &Arc<Rules>, batch: &RecordBatch) -> Result<Transit, ChainError> {
        let input = |reason: &str| Err(ChainError::Input { reason: reason.to_owned() });
        if u32::try_from(batch.num_rows()).is_err() {
            return input("a batch has more than 4294967295 rows");
        }
        if *batch.schema_ref() != rules.input {
            return input("they are not cast to the columns of the chain");
        }
        Ok(Transit {
            rules: Arc::clone(rules),
            flow: Flow::new(batch),
            visit: None,
            tallies: Vec::with_capacity(rules.stages.len()),
            exceptions: Vec::new(),
        })
    }

    /// The rows as they are now.
    pub(crate) fn flow(&self) -> &Flow {
        &self.flow
    }

    /// The module that the rows are at, or come to next.
    fn stage(&self) -> Option<&Stage> {
        self.rules.stages.get(self.tallies.len())
    }

    /// Brings the rows to the next module. Gives whether there is one.
    pub(crate) fn enter(&mut self) -> Result<bool, ChainError> {
        let Some(stage) = self.rules.stages.get(self.tallies.len()) else { return Ok(false) };
        self.visit = Some(Visit::begin(stage, &mut self.flow)?);
        Ok(true)
    }

    /// Whether rows wait at the module for a call.
    pub(crate) fn has_rows(&self) -> bool {
        self.visit.as_ref().is_some_and(|visit| visit.has_rows(&self.flow))
    }

    /// The next call to the module that the rows are at; `None`: they are at none.
    pub(crate) fn cut(&mut self) -> Result<Option<Asked<'_>>, ChainError> {
        let at = self.tallies.len();
        let (Some(stage), Some(visit)) = (self.rules.stages.get(at), &mut self.visit) else { return Ok(None) };
        let rows = visit.cut(stage, &self.flow)?;
        Ok(Some(Asked { at, stage, rows }))
    }

    /// The call under way.
    pub(crate) fn asked(&self) -> Option<Asked<'_>> {
        let rows = self.visit.as_ref()?.call()?;
        Some(Asked { at: self.tallies.len(), stage: self.stage()?, rows })
    }

    /// What comes of rows whose call is not made; `None`: they are at no module.
    pub(crate) fn skip(&self, cause: Cause) -> Option<Done> {
        Some(self.visit.as_ref()?.skip(self.stage()?, &self.flow, cause))
    }

    /// Takes what came of the call under way; `None`: smaller calls come in its place.
    pub(crate) fn reply(&mut self, result: Result<Checked, Cause>) -> Option<Done> {
        let stage = self.rules.stages.get(self.tallies.len())?;
        self.visit.as_mut()?.reply(stage, &mut self.flow, result)
    }

    /// Lets the policies decide on the rows of a call.
    pub(crate) fn settle(&mut self, done: Done) -> Result<(), ChainError> {
        match (self.rules.stages.get(self.tallies.len()), &mut self.visit) {
            (Some(stage), Some(visit)) => visit.settle(stage, &mut self.flow, done),
            _ => Ok(()),
        }
    }

    /// Lets the rows go on behind the module, of which all calls were made.
    pub(crate) fn leave(&mut self) -> Result<(), ChainError> {
        if let (Some(stage), Some(visit)) = (self.rules.stages.get(self.tallies.len()), self.visit.take()) {
            let tally = visit.finish(stage, &mut self.flow, &mut self.exceptions)?;
            self.tallies.push(tally);
        }
        Ok(())
    }

    /// The rows that came out, once they are behind every module.
    pub(crate) fn finish(self) -> Result<Applied, ChainError> {
        let finished = self.flow.finish(&self.rules.columns, &self.rules.arrow_output);
        let (batch, origins) = finished.map_err(|error| ChainError::Input { reason: error.to_string() })?;
        Ok(Applied { batch, origins, tallies: self.tallies, exceptions: self.exceptions })
    }
}
