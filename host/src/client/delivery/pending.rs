//! Rows on their way in: parts that the engine took, and the future of their outcome.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use arrow_array::RecordBatch;
use thalweg_contract::{ErrorCode, Fate, RowSelection, TableHandle};
use tokio::sync::oneshot;

use super::{
    outcome::{Outcome, shift},
    split::{PartLimit, split},
};
use crate::{
    client::{
        Client, Error,
        dead_letters::{About, Letters, Sent},
    },
    driver::{Change, Command, Settled, Write},
    module::{Applied, Chain, Exception},
};

/// The future of the outcome of a write. The rows are on their way whether it is awaited or not; dropping it only
/// gives their outcome up.
#[must_use = "the outcome of the rows is lost if this is dropped"]
#[derive(Debug)]
pub struct Pending {
    parts: VecDeque<Part>,
    /// Dead letters that have no fate yet.
    letters: VecDeque<Sent>,
    outcome: Outcome,
    /// So that the session lives at least as long.
    client: Client,
}

/// Rows that the engine took at once.
#[derive(Debug)]
struct Part {
    /// The first of them.
    first: u32,
    rows: u32,
    settled: oneshot::Receiver<Settled>,
}

/// Where rows come from, if not from the caller as they are.
#[derive(Debug, Default)]
pub(in crate::client) struct Provenance {
    /// How many rows were appended; `None`: all that are sent.
    pub(in crate::client) appended: Option<usize>,
    /// As in `Outcome`.
    pub(in crate::client) filtered: Vec<(String, u64)>,
    /// As in `Outcome`.
    pub(in crate::client) dropped: u64,
    /// As in `Outcome`.
    pub(in crate::client) dead_lettered: u64,
    /// As in `Outcome`.
    pub(in crate::client) exceptions: Vec<Exception>,
    /// As in `Outcome`.
    pub(in crate::client) origins: Option<Vec<u32>>,
}

impl Provenance {
    /// Of rows that a chain gave.
    pub(in crate::client) fn of(chain: &Chain, appended: usize, applied: Applied) -> (RecordBatch, Self) {
        let Applied { batch, origins, tallies, exceptions } = applied;
        let provenance = Self {
            appended: Some(appended),
            filtered: chain.names().map(str::to_owned).zip(tallies.iter().map(|tally| tally.filtered)).collect(),
            dropped: tallies.iter().map(|tally| tally.dropped).sum(),
            dead_lettered: tallies.iter().map(|tally| tally.dead_lettered).sum(),
            exceptions,
            origins,
        };
        (batch, provenance)
    }

    /// The outcome of rows of which this many go on, before any has a fate.
    pub(in crate::client) fn outcome(self, produced: usize) -> Outcome {
        Outcome {
            rows: self.appended.unwrap_or(produced) as u64,
            produced: produced as u64,
            filtered: self.filtered,
            dropped: self.dropped,
            dead_lettered: self.dead_lettered,
            exceptions: self.exceptions,
            undelivered: Vec::new(),
            fates: Vec::new(),
            origins: self.origins,
        }
    }
}

/// Gives the engine rows that fit the table, part by part, waiting for room before each.
///
/// Fails if it refuses the first part: then nothing was taken. Later parts that it refuses have that as their fate.
pub(in crate::client) async fn send(
    client: &Client,
    table: TableHandle,
    change: &Change,
    rows: &RecordBatch,
    provenance: Provenance,
) -> Result<Pending, Error> {
    let produced = rows.num_rows();
    if u32::try_from(produced).is_err() {
        return Err(Error::invalid(format!("{produced} rows are more than one write may have; write fewer")));
    }
    let mut pending = Pending {
        parts: VecDeque::new(),
        letters: VecDeque::new(),
        outcome: provenance.outcome(produced),
        client: client.clone(),
    };
    if produced == 0 {
        return Ok(pending);
    }
    for (first, part) in split(rows, PartLimit::of(&client.settings().write))? {
        let (first, count) = (first as u32, part.rows() as u32);
        let change = change.clone();
        let taken = client.call(|accepted| Command::Write(Write { table, change, rows: part, accepted })).await;
        match taken.and_then(|taken| Ok(taken?)) {
            Ok(settled) => pending.parts.push_back(Part { first, rows: count, settled }),
            Err(error) if first == 0 => return Err(error),
            Err(error) => {
                let rest = RowSelection::Span { first, count: produced as u32 - first };
                pending.outcome.fates.push((rest, Fate::Failed { error: cause(error), may_have_been_written: false }));
                break;
            }
        }
    }
    Ok(pending)
}

/// An error as the cause of a fate.
pub(in crate::client) fn cause(error: Error) -> thalweg_contract::Error {
    match error {
        Error::Engine(error) => error,
        other => thalweg_contract::Error { retriable: other.is_retriable(), code: ErrorCode::Other(other.to_string()) },
    }
}

impl Pending {
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
    pub fn letters(&self) -> u64 {
        self.letters.iter().map(|sent| sent.rows.len() as u64).sum()
    }

    /// The rows that policies dealt with.
    pub fn exceptions(&self) -> &[Exception] {
        &self.outcome.exceptions
    }

    /// Writes the dead letters of the rows.
    pub(in crate::client) async fn send_letters(&mut self, letters: &Letters, about: About<'_>) {
        for exception in &mut self.outcome.exceptions {
            self.letters.extend(letters.send(exception, about).await);
        }
    }

    fn poll_parts(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(part) = self.parts.front_mut() {
            let (base, rows) = (part.first, part.rows);
            let fates = match Pin::new(&mut part.settled).poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(fates)) => fates,
                // The driver is gone without a word.
                Poll::Ready(Err(_)) => {
                    let error = cause(self.client.ended());
                    let all = RowSelection::Span { first: 0, count: rows };
                    vec![(all, Fate::Failed { error, may_have_been_written: true })]
                }
            };
            self.parts.pop_front();
            self.outcome.fates.extend(fates.into_iter().map(|(rows, fate)| (shift(rows, base), fate)));
        }
        Poll::Ready(())
    }

    fn poll_letters(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(sent) = self.letters.front_mut() {
            let fates = match &mut sent.result {
                Ok(pending) => ready!(Pin::new(pending).poll(context)).fates,
                Err(error) => {
                    let all = RowSelection::Span { first: 0, count: sent.rows.len() as u32 };
                    vec![(all, Fate::Failed { error: error.clone(), may_have_been_written: false })]
                }
            };
            if let Some(Sent { table, rows, .. }) = self.letters.pop_front() {
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
        ready!(this.poll_letters(context));
        Poll::Ready(std::mem::replace(&mut this.outcome, Provenance::default().outcome(0)))
    }
}
