//! `append`: rows of files or standard input into a log table, through any modules, each row accounted for.

use std::time::{Duration, Instant};

use clap::Args;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use indicatif::ProgressBar;
use thalweg_wire::table::TablePath;
use tokio::sync::mpsc;

use super::interrupt::Interrupts;
use super::modules::{Modules, Order, policy};
use super::options::Common;
use super::progress::rows_bar;
use super::summary::{Summary, SummaryFormat};
use super::{Failure, Outcome};
use crate::client::{self, Client, Table};
use crate::formats::{Format, FormatError, Input, Place, ReadOptions, Rows, reader};
use crate::module::Policy;

/// How long connections get to close.
const CLOSING: Duration = Duration::from_secs(1);

/// `thalweg append`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  thalweg append flights flights.parquet --summary json\n  \
    cat rows.jsonl | thalweg append flights\n  \
    thalweg append flights --follow today.jsonl\n  \
    thalweg append flights flights.parquet --module where --set \"if=delay > 30\" \\\n      \
    --module scale --set column=distance --set factor=1.609344")]
pub(super) struct Append {
    /// The table, as NAME or DATABASE.NAME
    table: TablePath,
    /// The files; - is standard input
    #[arg(value_name = "FILE|-", default_value = "-")]
    files: Vec<String>,
    /// How rows are written down [default: by the file's suffix; standard input is JSON lines]
    #[arg(long)]
    format: Option<Format>,
    /// Rows that are read and appended at once
    #[arg(long, value_name = "N", default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_rows: u32,
    #[command(flatten)]
    modules: Modules,
    /// What becomes of rows that a module refuses [default: fail, or as the chain file says]
    #[arg(long, value_name = "fail|drop|pass|dead-letter:TABLE", value_parser = policy)]
    on_error: Option<Policy>,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    summary: SummaryFormat,
    /// Check and run everything, send nothing
    #[arg(long)]
    dry_run: bool,
    /// Keep reading the last input, a growing file or a pipe, and append rows as they come, until an interrupt
    #[arg(long)]
    follow: bool,
}

impl Append {
    pub(super) async fn run(self, common: &Common, order: Order) -> Outcome {
        let inputs = self.inputs()?;
        let client = common.connect().await?;
        let mut table = client.table(&self.table).await?;
        if let Some(mut spec) = self.modules.chain(&order)? {
            if let Some(policy) = &self.on_error {
                spec.modules.iter_mut().for_each(|module| module.on_error = policy.clone());
            }
            table = table.with_chain(&spec).await?;
        }
        let mut run = Run::new(&table, common.quiet)?;
        let rows = self.start_reading(inputs, &table);
        match self.dry_run {
            true => run.check(&table, rows).await,
            false => run.append(&table, rows).await,
        }
        run.close(&client).await;
        if !common.quiet || self.summary == SummaryFormat::Json {
            run.summary.print(self.summary)?;
        }
        match (run.interrupted, run.failed) {
            (true, _) => Err(Failure::Interrupted),
            (_, true) => Err(Failure::Reported),
            _ => Ok(()),
        }
    }

    /// The inputs, each with a format, before anything is sent.
    fn inputs(&self) -> anyhow::Result<Vec<(Input, Format)>> {
        let inputs = self.files.iter().map(|file| Input::new(file));
        let inputs: Vec<_> = inputs
            .map(|input| input.format(self.format).map(|format| (input, format)))
            .collect::<Result<_, FormatError>>()?;
        if let Some((_, format)) = inputs.last() {
            format.check_follow(self.follow)?;
        }
        Ok(inputs)
    }

    /// Reads the inputs one after the other on a thread of its own, a few batches ahead.
    fn start_reading(&self, inputs: Vec<(Input, Format)>, table: &Table) -> mpsc::Receiver<Result<Rows, FormatError>> {
        let (sender, receiver) = mpsc::channel(2);
        let schema = table.schema();
        let (batch_rows, follow) = (self.batch_rows as usize, self.follow);
        let last = inputs.len().saturating_sub(1);
        tokio::task::spawn_blocking(move || {
            for (place, (input, format)) in inputs.into_iter().enumerate() {
                let options = ReadOptions { batch_rows, follow: follow && place == last };
                let rows = match reader(&input, format, schema.clone(), options) {
                    Ok(rows) => rows,
                    Err(error) => {
                        let _ = sender.blocking_send(Err(error));
                        return;
                    }
                };
                for batch in rows {
                    let failed = batch.is_err();
                    if sender.blocking_send(batch).is_err() || failed {
                        return;
                    }
                }
            }
        });
        receiver
    }
}

/// The state of one run of the command.
struct Run {
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
    fn new(table: &Table, quiet: bool) -> std::io::Result<Self> {
        Ok(Self {
            summary: Summary::new(table.name(), table.module_names()),
            started: Instant::now(),
            bar: rows_bar(quiet),
            under_way: 0,
            failed: false,
            interrupts: Interrupts::listen()?,
            interrupted: false,
        })
    }

    /// Appends until the rows end, something fails, or an interrupt; then waits for what is on its way.
    async fn append(&mut self, table: &Table, mut rows: mpsc::Receiver<Result<Rows, FormatError>>) {
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
            match self.unless_given_up(table.append(batch)).await {
                Some(Ok(appended)) => {
                    self.took(appended.filtered(), appended.produced());
                    self.under_way += appended.produced();
                    pending.push(async move { (place, appended.await) });
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
    async fn check(&mut self, table: &Table, mut rows: mpsc::Receiver<Result<Rows, FormatError>>) {
        while !self.failed && !self.interrupted {
            let next = tokio::select! {
                biased;
                () = self.interrupts.next() => { self.interrupted = true; continue }
                next = rows.recv() => next,
            };
            let Some(Rows { batch, place }) = self.read(next) else { break };
            let count = batch.num_rows() as u64;
            match table.check(batch).await {
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
