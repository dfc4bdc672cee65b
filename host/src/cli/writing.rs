//! One run of a command that writes: rows as they are read, through any modules, each with its fate.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use indicatif::ProgressBar;
use tokio::sync::mpsc;

use super::interrupt::Interrupts;
use super::progress::rows_bar;
use super::summary::{Summary, SummaryFormat};
use super::{Failure, Outcome};
use crate::client::{self, Client, Writer};
use crate::formats::{FormatError, Place, Rows};

/// How long connections get to close.
const CLOSING: Duration = Duration::from_secs(1);

/// The state of one run of the command.
pub(super) struct Run {
    summary: Summary,
    started: Instant,
    bar: ProgressBar,
    /// Rows that came out of the chain and have no fate yet.
    under_way: u64,
    /// Whether something failed; it was said at once.
    failed: bool,
    interrupts: Interrupts,
    interrupted: bool,
}

impl Run {
    pub(super) fn new(writer: &Writer, quiet: bool) -> std::io::Result<Self> {
        Ok(Self {
            summary: Summary::new(writer.table().name(), writer.module_names()),
            started: Instant::now(),
            bar: rows_bar(quiet),
            under_way: 0,
            failed: false,
            interrupts: Interrupts::listen()?,
            interrupted: false,
        })
    }

    /// Writes until the rows end, something fails, or an interrupt; then waits for what is on its way.
    pub(super) async fn write(&mut self, writer: &Writer, mut rows: mpsc::Receiver<Result<Rows, FormatError>>) {
        let mut pending = FuturesUnordered::new();
        while !self.failed && !self.interrupted {
            let next = tokio::select! {
                biased;
                () = self.interrupts.next() => { self.interrupted = true; continue }
                Some((place, outcome)) = pending.next() => { self.settle(&place, &outcome); continue }
                next = rows.recv() => next,
            };
            let Some(Rows { batch, place }) = self.read(next) else { break };
            let count = batch.num_rows() as u64;
            match self.unless_given_up(writer.write(batch)).await {
                Some(Ok(taken)) => {
                    self.took(taken.filtered(), taken.produced());
                    self.under_way += taken.produced();
                    pending.push(async move { (place, taken.await) });
                }
                Some(Err(error)) => self.refused(&place, count, &error),
                // They wait for room, and may still get it.
                None => {
                    self.took(&[], count);
                    self.under_way += count;
                    return self.give_up();
                }
            }
        }
        drop(rows);
        while let Some(settled) = self.unless_given_up(pending.next()).await {
            match settled {
                Some((place, outcome)) => self.settle(&place, &outcome),
                None => return,
            }
        }
        self.give_up();
    }

    /// Waits for something; `None` when a second interrupt, or one after a failure, does not wait for it.
    async fn unless_given_up<T>(&mut self, something: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(something);
        loop {
            tokio::select! {
                biased;
                () = self.interrupts.next() => {
                    let second = self.interrupted || self.failed;
                    self.interrupted = true;
                    if second {
                        return None;
                    }
                }
                done = &mut something => return Some(done),
            }
        }
    }

    /// Says how many rows have an unknown fate.
    fn give_up(&mut self) {
        if self.under_way > 0 {
            self.fail(format!("{} rows were given up; they may have been written", self.under_way));
            self.summary.unknown += std::mem::take(&mut self.under_way);
        }
    }

    /// Runs the chain over all rows and sends nothing.
    pub(super) async fn check(&mut self, writer: &Writer, mut rows: mpsc::Receiver<Result<Rows, FormatError>>) {
        while !self.failed && !self.interrupted {
            let next = tokio::select! {
                biased;
                () = self.interrupts.next() => { self.interrupted = true; continue }
                next = rows.recv() => next,
            };
            let Some(Rows { batch, place }) = self.read(next) else { break };
            let count = batch.num_rows() as u64;
            match writer.check(batch).await {
                Ok(checked) => self.took(&checked.filtered, checked.produced),
                Err(error) => self.refused(&place, count, &error),
            }
        }
    }

    /// The next rows, counted; `None` at the end or after a failure.
    fn read(&mut self, next: Option<Result<Rows, FormatError>>) -> Option<Rows> {
        match next? {
            Ok(rows) => {
                let count = rows.batch.num_rows() as u64;
                self.summary.rows_read += count;
                self.bar.inc(count);
                Some(rows)
            }
            Err(error) => {
                self.fail(error.to_string());
                None
            }
        }
    }

    /// Counts rows that went through the chain.
    fn took(&mut self, filtered: &[(String, u64)], produced: u64) {
        for (module, rows) in filtered {
            *self.summary.filtered.entry(module.clone()).or_default() += rows;
        }
        self.summary.produced += produced;
    }

    /// Counts rows of which nothing was sent, and says why.
    fn refused(&mut self, place: &Place, rows: u64, error: &client::Error) {
        self.summary.produced += rows;
        self.summary.failed += rows;
        match error.row() {
            Some(row) => self.fail(format!("{}: {error}", place.of(row))),
            None => self.fail(format!("{} and on: {error}", place.of(0))),
        }
    }

    /// Counts the fates of rows, and says the first failure.
    fn settle(&mut self, place: &Place, outcome: &client::Outcome) {
        self.under_way = self.under_way.saturating_sub(outcome.produced);
        self.summary.acknowledged += outcome.acknowledged();
        self.summary.failed += outcome.failed();
        self.summary.unknown += outcome.unknown();
        if let Some((row, error)) = outcome.first_failure() {
            self.fail(format!("{}: {error}", place.of(row as usize)));
        }
    }

    /// Says the first failure; those that follow are in the summary's counts.
    fn fail(&mut self, message: String) {
        if !self.failed {
            self.bar.suspend(|| eprintln!("thalweg: {message}"));
        }
        self.failed = true;
    }

    /// Ends the session and says what became of the rows.
    pub(super) async fn finish(mut self, client: &Client, format: SummaryFormat, quiet: bool) -> Outcome {
        self.close(client).await;
        if !quiet || format == SummaryFormat::Json {
            self.summary.print(format)?;
        }
        match (self.interrupted, self.failed) {
            (true, _) => Err(Failure::Interrupted),
            (_, true) => Err(Failure::Reported),
            _ => Ok(()),
        }
    }

    async fn close(&mut self, client: &Client) {
        if let Ok(counters) = client.statistics().await {
            self.summary.bytes_sent = counters.bytes_sent;
        }
        self.summary.finish(self.started.elapsed());
        // Every row has a fate or was given up: nothing is left to wait for.
        let _ = client.close(CLOSING).await;
        self.bar.finish_and_clear();
    }
}
