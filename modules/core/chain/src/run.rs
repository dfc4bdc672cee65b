//! One batch on its way through a chain, step by step: for hosts that make the calls themselves.

use thalweg_wire::column::Batch;

use crate::error::{Cause, ChainError};
use crate::given::Reply;
use crate::transit::{Applied, Transit};

/// One batch on its way through a chain. It says which call is to be made, and takes the reply, until the rows are through.
pub struct Run {
    /// `None`: it is over.
    transit: Option<Transit>,
    broken: bool,
}

/// What is to be done next.
pub enum Next<'a> {
    /// Make a call, and come back with its reply.
    Call {
        /// The module's place in the chain; the first is 0.
        stage: usize,
        /// What it is given: the columns that its plan reads, at most `CALL_ROWS` and `CALL_BYTES`.
        batch: Batch<'a>,
    },
    /// The rows are through.
    Done(Box<Applied>),
}

impl Run {
    pub(crate) fn new(transit: Transit) -> Run {
        Run { transit: Some(transit), broken: false }
    }

    /// Takes the reply to the last call, or why there is none (`None` as a whole at first), and gives what is to be done
    /// next. Nothing that the reply says is believed.
    ///
    /// # Errors
    /// Where a policy refuses the batch, as `Chain::run`; the run is over then. On a reply that no call waits for, and on
    /// none where one does: `ChainError::Reply`; nothing changes then.
    pub fn next(&mut self, reply: Option<Result<Reply, Cause>>) -> Result<Next<'_>, ChainError> {
        let Some(transit) = &mut self.transit else { return Err(unexpected("the run is over")) };
        let done = match (reply, transit.asked()) {
            (None, None) => None,
            (None, Some(_)) => return Err(unexpected("the call that it gave waits for its reply")),
            (Some(_), None) => {
                return Err(unexpected("it gave no call that waits for a reply; its first `next` has none"));
            }
            (Some(reply), Some(asked)) => {
                let result = reply.and_then(|reply| asked.check(reply));
                self.broken = result.is_err();
                transit.reply(result)
            }
        };
        let advanced = match done {
            Some(done) => transit.settle(done).and_then(|()| advance(transit)),
            None => advance(transit),
        };
        match advanced {
            Ok(true) => {}
            Ok(false) => return self.finish(),
            Err(error) => {
                self.transit = None;
                return Err(error);
            }
        }
        match self.transit.as_ref().and_then(Transit::asked) {
            Some(asked) => Ok(Next::Call { stage: asked.at, batch: asked.rows.batch() }),
            None => Err(unexpected("the run is over")),
        }
    }

    /// Whether the instance that gave the last reply is not to be called again: it failed, or its answer broke the
    /// contract. A host starts another in its place.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    fn finish(&mut self) -> Result<Next<'_>, ChainError> {
        let transit = self.transit.take().ok_or_else(|| unexpected("the run is over"))?;
        Ok(Next::Done(Box::new(transit.finish()?)))
    }
}

/// Goes on to the next call. Gives whether there is one: otherwise the rows are behind every module.
fn advance(transit: &mut Transit) -> Result<bool, ChainError> {
    loop {
        while transit.has_rows() {
            let Some(asked) = transit.cut()? else { break };
            let Err(cause) = asked.fits() else { return Ok(true) };
            if let Some(done) = transit.reply(Err(cause)) {
                transit.settle(done)?;
            }
        }
        transit.leave()?;
        if !transit.enter()? {
            return Ok(false);
        }
    }
}

fn unexpected(reason: &'static str) -> ChainError {
    ChainError::Reply { reason }
}

#[cfg(test)]
mod tests;
