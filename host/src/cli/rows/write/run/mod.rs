//! One run of a command that writes: rows as they are read, through any modules, each with its fate.

mod check;

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesOrdered;
use tokio::sync::mpsc;

use crate::cli::rows::write::summary::{Summary, SummaryFormat};
use crate::cli::terminal::{Bar, Failure, Interrupts, Outcome, say};
use crate::client::{self, ChainTally, Client, Prepared, Writer};
use crate::formats::{FormatError, Place, Rows};

/// How long connections get to close.
const CLOSING: Duration = Duration::from_secs(1);

/// Rows that were read, behind the modules.
struct Read {
    rows: u64,
    place: Place,
    prepared: Result<Prepared, client::Error>,
}

/// Rows whose outcome is known.
struct Settled {
    place: Place,
    dead_letters: u64,
    outcome: client::Outcome,
}

/// Takes the turn of rows, and gives the future that runs them through the modules; what could not be read has its turn
/// too, so that what was read before it goes on.
fn prepare(
    writer: &Writer,
    read: Result<Rows, FormatError>,
) -> impl Future<Output = Result<Read, FormatError>> + use<> {
    let begun = read.map(|Rows { batch, place }| (batch.num_rows() as u64, place, writer.prepare(batch)));
    async move {
        let (rows, place, prepare) = begun?;
        Ok(Read { rows, place, prepared: prepare.await })
    }
}

/// How many batches are in the modules at once: one runs while another is sent.
fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8))
}

/// The state of one run of the command.
pub(in crate::cli::rows::write) struct Run {
    summary: Summary,
    started: Instant,
    bar: Bar,
    /// What the modules did.
    tally: ChainTally,
    /// Rows that came out of the chain and have no fate yet.
    under_way: u64,
    /// Dead letters that have no fate yet.
    dead_letters: u64,
    /// Whether something failed; it was said at once.
    failed: bool,
    interrupts: Interrupts,
    interrupted: bool,
}

impl Run {
    pub(in crate::cli::rows::write) fn new(writer: &Writer, quiet: bool) -> std::io::Result<Self> {
        Ok(Self {
            summary: Summary::new(writer.table().name(), writer.module_names()),
            started: Instant::now(),
            bar: Bar::new(quiet),
            tally: ChainTally::default(),
            under_way: 0,
            dead_letters: 0,
            failed: false,
            interrupts: Interrupts::listen()?,
            interrupted: false,
        })
    }

    pub(in crate::cli::rows::write) fn bar(&self) -> &Bar {
        &self.bar
    }

    /// Writes until the rows end, something fails, or an interrupt; then waits for what is on its way. Several batches are
    /// in the modules at once, and go on in their order.
    pub(in crate::cli::rows::write) async fn write(
        &mut self,
        writer: &Writer,
        mut rows: mpsc::Receiver<Result<Rows, FormatError>>,
    ) {
        let at_once = if writer.module_names().is_empty() { 1 } else { parallelism() };
        let (mut preparing, mut pending) = (FuturesOrdered::new(), FuturesOrdered::new());
        let mut ended = false;
        while !(self.failed || self.interrupted || ended && preparing.is_empty()) {
            tokio::select! {
                biased;
                () = self.interrupts.next() => self.interrupted = true,
                Some(settled) = pending.next() => self.settle(settled),
                Some(prepared) = preparing.next() => match self.send(prepared).await {
                    Some(sent) => pending.extend(sent),
                    None => return self.give_up(),
                },
                next = rows.recv(), if !ended && preparing.len() < at_once => {
                    ended = !matches!(next, Some(Ok(_)));
                    preparing.extend(next.map(|next| prepare(writer, next)));
                }
            }
        }
        drop(rows);
        // What is in the modules goes on, unless rows before it failed: then they are as if they had not been read.
        while !self.failed {
            match self.unless_given_up(preparing.next()).await {
                Some(Some(prepared)) => match self.send(prepared).await {
                    Some(sent) => pending.extend(sent),
                    None => return self.give_up(),
                },
                Some(None) => break,
                None => return self.give_up(),
            }
        }
        drop(preparing);
        while let Some(settled) = self.unless_given_up(pending.next()).await {
            match settled {
                Some(settled) => self.settle(settled),
                None => return,
            }
        }
        self.give_up();
    }

    /// Sends rows that are through the modules, and gives the future of their outcome, if they were taken; `None`: given up.
    async fn send(&mut self, read: Result<Read, FormatError>) -> Option<Option<impl Future<Output = Settled> + use<>>> {
        let Read { rows, place, prepared } = match read {
            Ok(read) => read,
            Err(error) => {
                self.fail(error.to_string());
                return Some(None);
            }
        };
        self.count(rows);
        let sent = match prepared {
            Ok(prepared) => self.unless_given_up(prepared.send()).await,
            Err(error) => Some(Err(error)),
        };
        match sent {
            Some(Ok(taken)) => {
                let (produced, dead_letters) = (taken.produced(), taken.dead_letters());
                self.tally
                    .add(taken.filtered().to_vec(), taken.dropped(), taken.exceptions(), |row| place.of(row as usize));
                self.summary.produced += produced;
                self.under_way += produced;
                self.dead_letters += dead_letters;
                Some(Some(async move { Settled { place, dead_letters, outcome: taken.await } }))
            }
            Some(Err(error)) => {
                self.refused(&place, rows, &error);
                Some(None)
            }
            // They wait for room, and may still get it.
            None => {
                self.summary.produced += rows;
                self.under_way += rows;
                None
            }
        }
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
        let dead_letters = std::mem::take(&mut self.dead_letters);
        let under_way = std::mem::take(&mut self.under_way) + dead_letters;
        if under_way > 0 {
            self.fail(format!("{under_way} rows were given up; they may have been written"));
            self.summary.produced += dead_letters;
            self.summary.unknown += under_way;
        }
    }

    /// Counts rows that were read.
    fn count(&mut self, rows: u64) {
        self.summary.rows_read += rows;
        self.bar.add(rows);
    }

    /// Counts rows of which nothing was sent, and says why.
    fn refused(&mut self, place: &Place, rows: u64, error: &client::Error) {
        self.summary.produced += rows;
        self.summary.failed += rows;
        match error.row() {
            Some(row) => self.fail(format!("{}: {}", place.of(row), error.reason())),
            None => self.fail(format!("{} and on: {error}", place.of(0))),
        }
    }

    /// Counts the fates of rows, and says the first failure.
    fn settle(&mut self, settled: Settled) {
        let Settled { place, dead_letters, outcome } = settled;
        self.under_way = self.under_way.saturating_sub(outcome.produced);
        self.dead_letters = self.dead_letters.saturating_sub(dead_letters);
        let lost: u64 = outcome.undelivered.iter().map(|undelivered| undelivered.rows.len() as u64).sum();
        // A row whose dead letter was not written did go on, and failed.
        self.summary.produced += lost;
        self.summary.dead_lettered += outcome.dead_lettered();
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
            self.bar.suspend(|| say(&message));
        }
        self.failed = true;
    }

    /// Ends the session and says what became of the rows.
    pub(in crate::cli::rows::write) async fn finish(
        mut self,
        client: &Client,
        writer: &Writer,
        format: SummaryFormat,
        quiet: bool,
    ) -> Outcome {
        self.close(client).await;
        self.summary.take(std::mem::take(&mut self.tally));
        self.summary.modules = writer.module_report();
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
        self.bar.finish();
    }
}
