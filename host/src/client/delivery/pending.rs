//! Rows on their way: the parts that the engine took, and the future of their outcome.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use thalweg_contract::{Fate, RowSelection};
use tokio::sync::oneshot;

use super::{
    outcome::{Outcome, shift},
    provenance::Provenance,
};
use crate::{client::Client, driver::Settled, module::Exception};

/// The future of the outcome of a write. The rows are on their way whether it is awaited or not; dropping it only
/// gives their outcome up.
#[must_use = "the outcome of the rows is lost if this is dropped"]
#[derive(Debug)]
pub struct Pending {
    pub(super) parts: VecDeque<Part>,
    /// Dead letters that have no fate yet.
    dead_letters: VecDeque<SentDeadLetters>,
    pub(super) outcome: Outcome,
    /// So that the session lives at least as long.
    client: Client,
}

/// Dead letters that were given to the engine, or refused.
#[derive(Debug)]
pub(in crate::client) struct SentDeadLetters {
    /// The table that they go to.
    pub(in crate::client) table: String,
    /// For each the row that it is of, in the batch that was given to the chain.
    pub(in crate::client) rows: Vec<u32>,
    pub(in crate::client) result: Result<Pending, thalweg_contract::Error>,
}

/// Rows that the engine took at once.
#[derive(Debug)]
pub(super) struct Part {
    /// The first of them.
    pub(super) first: u32,
    pub(super) rows: u32,
    pub(super) settled: oneshot::Receiver<Settled>,
}

impl Pending {
    /// Of rows of which no part is taken yet.
    pub(super) fn new(client: &Client, outcome: Outcome) -> Self {
        Self { parts: VecDeque::new(), dead_letters: VecDeque::new(), outcome, client: client.clone() }
    }

    /// The rows that each module filtered out, in the order of the chain.
    pub fn filtered(&self) -> &[(String, u64)] {
        &self.outcome.filtered
    }

    /// How many rows the policy `drop` left out.
    pub fn dropped(&self) -> u64 {
        self.outcome.dropped
    }

    /// How many rows are on their way, after any modules.
    pub fn produced(&self) -> u64 {
        self.outcome.produced
    }

    /// How many dead letters are on their way.
    pub fn dead_letters(&self) -> u64 {
        self.dead_letters.iter().map(|sent| sent.rows.len() as u64).sum()
    }

    /// The rows that policies dealt with.
    pub fn exceptions(&self) -> &[Exception] {
        &self.outcome.exceptions
    }

    pub(in crate::client) fn exceptions_mut(&mut self) -> &mut [Exception] {
        &mut self.outcome.exceptions
    }

    /// Has the outcome wait for the fates of dead letters, too.
    pub(in crate::client) fn add_dead_letters(&mut self, sent: Vec<SentDeadLetters>) {
        self.dead_letters.extend(sent);
    }

    fn poll_parts(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(part) = self.parts.front_mut() {
            let (base, rows) = (part.first, part.rows);
            let fates = match Pin::new(&mut part.settled).poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(fates)) => fates,
                // The driver is gone without a word.
                Poll::Ready(Err(_)) => {
                    let error = self.client.ended().into_cause();
                    let all = RowSelection::Span { first: 0, count: rows };
                    vec![(all, Fate::Failed { error, may_have_been_written: true })]
                }
            };
            self.parts.pop_front();
            self.outcome.fates.extend(fates.into_iter().map(|(rows, fate)| (shift(rows, base), fate)));
        }
        Poll::Ready(())
    }

    fn poll_dead_letters(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(sent) = self.dead_letters.front_mut() {
            let fates = match &mut sent.result {
                Ok(pending) => ready!(Pin::new(pending).poll(context)).fates,
                Err(error) => {
                    let all = RowSelection::Span { first: 0, count: sent.rows.len() as u32 };
                    vec![(all, Fate::Failed { error: error.clone(), may_have_been_written: false })]
                }
            };
            if let Some(SentDeadLetters { table, rows, .. }) = self.dead_letters.pop_front() {
                self.outcome.deliver(&table, &rows, fates);
            }
        }
        Poll::Ready(())
    }
}

impl Future for Pending {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let this = &mut *self;
        ready!(this.poll_parts(context));
        ready!(this.poll_dead_letters(context));
        Poll::Ready(std::mem::replace(&mut this.outcome, Provenance::default().outcome(0)))
    }
}
