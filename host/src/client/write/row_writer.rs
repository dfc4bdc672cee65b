//! Rows one at a time, gathered into batches by number and time.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use futures::{StreamExt, stream::FuturesUnordered};
use serde::Serialize;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{row_json, writer::Writer};
use crate::{
    client::{Error, Outcome},
    formats::{JsonRows, Rounding},
    panics::caught,
};

/// When gathered rows are appended.
#[derive(Debug, Clone)]
pub struct RowWriterOptions {
    /// As soon as there are so many. Default 8192.
    pub rows: usize,
    /// At the latest so long after the first of them. Default 100 ms.
    pub interval: Duration,
}

impl Default for RowWriterOptions {
    fn default() -> Self {
        Self { rows: 8192, interval: Duration::from_millis(100) }
    }
}

/// What became of all rows of a row writer so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowsWritten {
    /// Rows written.
    pub rows: u64,
    /// Rows that the server has.
    pub acknowledged: u64,
    /// Rows that were not written, those that do not fit the table included.
    pub failed: u64,
    /// Rows that may have been written, or not.
    pub unknown: u64,
    /// Rows that modules filtered out.
    pub filtered: u64,
    /// Rows that the policy `drop` left out.
    pub dropped: u64,
    /// Rows that went to tables of dead letters.
    pub dead_lettered: u64,
    /// The first failures: the row's number (the first written is 0) and why. At most 100.
    pub failures: Vec<(u64, String)>,
}

/// The most failures that are kept.
const FAILURES: usize = 100;
/// How many appends may be under way.
const UNDER_WAY: usize = 64;

/// Takes rows one at a time and appends them in batches. A row that does not fit the table fails alone.
///
/// Rows are gathered by a task of their own, so that they are appended in time whether more come or not. Dropping the
/// writer appends what is gathered and gives its outcome up; call [`flush`](RowWriter::flush) to learn it.
#[derive(Debug)]
pub struct RowWriter {
    messages: mpsc::Sender<Message>,
    /// Why the task is no more, if it broke down.
    broken: Arc<OnceLock<String>>,
}

#[derive(Debug)]
enum Message {
    /// A row as JSON.
    Row(String),
    Flush(oneshot::Sender<RowsWritten>),
}

impl RowWriter {
    pub(in crate::client) fn new(writer: Writer, options: RowWriterOptions) -> Result<Self, Error> {
        // Fails on a type that rows cannot be given for, before there is a row.
        let table = JsonRows::new(writer.schema()).map_err(ArrowError::JsonError)?;
        let limit = options.rows.max(1);
        let (messages, mut receiver) = mpsc::channel(limit.min(1024));
        let gatherer = Gatherer { writer, table, limit, interval: options.interval, gathered: Vec::new(), first: 0 };
        let broken = Arc::new(OnceLock::new());
        let told = Arc::clone(&broken);
        tokio::spawn(async move {
            // The receiver outlives what is told: whoever finds it gone finds why.
            if let Err(cause) = caught(gatherer.run(&mut receiver)).await {
                let _ = told.set(cause);
            }
        });
        Ok(Self { messages, broken })
    }

    /// Writes one row: a struct or a map with the names of the table's columns, whose values are taken as JSON's are:
    /// exactly or not at all. Waits while the writer cannot keep up. What is wrong with the row comes out of the next
    /// `flush`.
    ///
    /// # Errors
    /// When the row cannot be put as JSON, or the tokio runtime of the writer is gone.
    pub async fn write(&self, row: impl Serialize) -> Result<(), Error> {
        let row = row_json::json(row).map_err(|error| ArrowError::JsonError(error.to_string()))?;
        match self.messages.send(Message::Row(row)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.ended().await),
        }
    }

    /// Appends what is gathered, and waits until every row has a fate.
    ///
    /// # Errors
    /// When the tokio runtime of the writer is gone.
    pub async fn flush(&self) -> Result<RowsWritten, Error> {
        let (reply, written) = oneshot::channel();
        match self.messages.send(Message::Flush(reply)).await {
            Ok(()) => match written.await {
                Ok(written) => Ok(written),
                Err(_) => Err(self.ended().await),
            },
            Err(_) => Err(self.ended().await),
        }
    }

    /// Why the task does not answer.
    async fn ended(&self) -> Error {
        self.messages.closed().await;
        self.broken.get().map_or(Error::Closed, |cause| Error::Panicked { cause: cause.clone() })
    }
}

/// The task behind a row writer.
struct Gatherer {
    writer: Writer,
    table: JsonRows,
    limit: usize,
    interval: Duration,
    gathered: Vec<String>,
    /// The number of the first row that is gathered.
    first: u64,
}

/// The numbers of the rows of an append, and its outcome.
type Appended = (Vec<u64>, Outcome);

impl Gatherer {
    async fn run(mut self, messages: &mut mpsc::Receiver<Message>) {
        let mut written = RowsWritten::default();
        let mut under_way = FuturesUnordered::new();
        let mut due = None;
        loop {
            let message = tokio::select! {
                Some(appended) = under_way.next() => { written.settle(appended); continue }
                message = messages.recv(), if under_way.len() < UNDER_WAY => message,
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    due = None;
                    under_way.extend(self.append(&mut written).await);
                    continue;
                }
            };
            match message {
                Some(Message::Row(row)) => {
                    self.gathered.push(row);
                    written.rows += 1;
                    due = due.or_else(|| Instant::now().checked_add(self.interval));
                    if self.gathered.len() >= self.limit {
                        due = None;
                        under_way.extend(self.append(&mut written).await);
                    }
                }
                Some(Message::Flush(reply)) => {
                    due = None;
                    under_way.extend(self.append(&mut written).await);
                    let _ = self.writer.client().flush().await;
                    while let Some(appended) = under_way.next().await {
                        written.settle(appended);
                    }
                    let _ = reply.send(written.clone());
                }
                None => {
                    under_way.extend(self.append(&mut written).await);
                    while under_way.next().await.is_some() {}
                    return;
                }
            }
        }
    }

    /// Appends what is gathered; rows that do not fit fail.
    async fn append(&mut self, written: &mut RowsWritten) -> Option<impl Future<Output = Appended> + use<>> {
        let rows = std::mem::take(&mut self.gathered);
        let numbers: Vec<u64> = (self.first..).take(rows.len()).collect();
        self.first += rows.len() as u64;
        let (batch, numbers) = self.decode(rows, numbers, written)?;
        match self.writer.write(batch).await {
            Ok(pending) => Some(async move { (numbers, pending.await) }),
            Err(error) => {
                let cause = error.to_string();
                numbers.iter().for_each(|number| written.fail(*number, &cause));
                None
            }
        }
    }

    /// The rows that fit as a batch, and their numbers; the others fail.
    fn decode(
        &mut self,
        rows: Vec<String>,
        numbers: Vec<u64>,
        written: &mut RowsWritten,
    ) -> Option<(RecordBatch, Vec<u64>)> {
        let (mut fitting, mut failed) = (Vec::with_capacity(rows.len()), Vec::new());
        for (row, number) in rows.into_iter().zip(numbers) {
            match self.table.push(&row) {
                Ok(()) => fitting.push((row, number)),
                Err(problem) => failed.push((number, problem)),
            }
        }
        let mut batch = self.finish();
        if batch.is_err() {
            // A value does not fit; each row is tried alone, and those that fit are put together again.
            fitting.retain(|(row, number)| match self.table.push(row).and_then(|()| self.finish()) {
                Ok(_) => true,
                Err(problem) => {
                    failed.push((*number, problem));
                    false
                }
            });
            batch = fitting.iter().try_for_each(|(row, _)| self.table.push(row)).and_then(|()| self.finish());
        }
        let numbers: Vec<u64> = fitting.into_iter().map(|(_, number)| number).collect();
        if let Err(problem) = &batch {
            failed.extend(numbers.iter().map(|number| (*number, problem.clone())));
        }
        failed.sort_by_key(|(number, _)| *number);
        failed.iter().for_each(|(number, problem)| written.fail(*number, problem));
        batch.ok().filter(|batch| batch.num_rows() > 0).map(|batch| (batch, numbers))
    }

    fn finish(&mut self) -> Result<RecordBatch, String> {
        self.table.finish(Rounding::Refuse).map_err(|(_, problem)| problem)
    }
}

impl RowsWritten {
    fn fail(&mut self, row: u64, cause: &str) {
        self.failed += 1;
        if self.failures.len() < FAILURES {
            self.failures.push((row, cause.to_owned()));
        }
    }

    fn settle(&mut self, (numbers, outcome): Appended) {
        self.acknowledged += outcome.acknowledged();
        self.failed += outcome.failed();
        self.unknown += outcome.unknown();
        self.filtered += outcome.filtered.iter().map(|(_, rows)| rows).sum::<u64>();
        self.dropped += outcome.dropped;
        self.dead_lettered += outcome.dead_lettered();
        if let Some((row, error)) = outcome.first_failure()
            && self.failures.len() < FAILURES
        {
            self.failures.push((numbers.get(row as usize).copied().unwrap_or_default(), error.to_string()));
        }
    }
}
