//! Rows on their way in: parts that the engine took, and the future of their outcome.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use arrow_array::RecordBatch;
use thalweg_engine::api::{self, ErrorCode, Fate, RowSelection, TableHandle};
use tokio::sync::oneshot;

use super::{
    Client, Error, Outcome,
    outcome::shift,
    split::{PartLimit, split},
};
use crate::driver::{Change, Command, Settled, Write};

/// The future of the outcome of a write. The rows are on their way whether it is awaited or not; dropping it only
/// gives their outcome up.
#[must_use = "the outcome of the rows is lost if this is dropped"]
#[derive(Debug)]
pub struct Pending {
    parts: VecDeque<Part>,
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
pub(super) struct Provenance {
    /// How many rows were appended; `None`: all that are sent.
    pub(super) appended: Option<usize>,
    /// As in `Outcome`.
    pub(super) filtered: Vec<(String, u64)>,
    /// As in `Outcome`.
    pub(super) origins: Option<Vec<u32>>,
}

/// Gives the engine rows that fit the table, part by part, waiting for room before each.
///
/// Fails if it refuses the first part: then nothing was taken. Later parts that it refuses have that as their fate.
pub(super) async fn send(
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
        outcome: Outcome {
            rows: provenance.appended.unwrap_or(produced) as u64,
            produced: produced as u64,
            filtered: provenance.filtered,
            fates: Vec::new(),
            origins: provenance.origins,
        },
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
fn cause(error: Error) -> api::Error {
    match error {
        Error::Engine(error) => error,
        other => api::Error { retriable: other.is_retriable(), code: ErrorCode::Other(other.to_string()) },
    }
}

impl Pending {
    /// The rows that each module filtered out, in the order of the chain.
    pub fn filtered(&self) -> &[(String, u64)] {
        &self.outcome.filtered
    }

    /// How many rows are on their way, after any modules.
    pub fn produced(&self) -> u64 {
        self.outcome.produced
    }
}

impl Future for Pending {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let this = &mut *self;
        while let Some(part) = this.parts.front_mut() {
            let (base, rows) = (part.first, part.rows);
            let fates = match Pin::new(&mut part.settled).poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(fates)) => fates,
                // The driver is gone without a word.
                Poll::Ready(Err(_)) => {
                    let error = cause(this.client.ended());
                    let all = RowSelection::Span { first: 0, count: rows };
                    vec![(all, Fate::Failed { error, may_have_been_written: true })]
                }
            };
            this.parts.pop_front();
            this.outcome.fates.extend(fates.into_iter().map(|(rows, fate)| (shift(rows, base), fate)));
        }
        let empty = Outcome { rows: 0, produced: 0, filtered: vec![], fates: vec![], origins: None };
        Poll::Ready(std::mem::replace(&mut this.outcome, empty))
    }
}
