//! Rows one at a time, gathered into batches by number and time.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use arrow_schema::ArrowError;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::{
    super::writer::Writer,
    gathered::Gathering,
    task::{Appended, Sender},
    values::RowValues,
};
use crate::{client::Error, formats::JsonRows, panics::caught};

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

/// Takes rows one at a time and appends them in batches. A row that does not fit the table fails alone.
///
/// Rows are gathered where they are written, in columns, and sent by a task of their own, in time whether more come or
/// not. Dropping the writer appends what is gathered and gives its outcome up; call [`flush`](RowWriter::flush) to learn it.
#[derive(Debug)]
pub struct RowWriter {
    gathering: Arc<Gathering>,
    flushes: mpsc::UnboundedSender<oneshot::Sender<RowsWritten>>,
    /// Why the task is no more, if it broke down.
    broken: Arc<OnceLock<String>>,
}

impl RowWriter {
    pub(in crate::client) fn new(writer: Writer, options: RowWriterOptions) -> Result<Self, Error> {
        // Fails on a type that rows cannot be given for, before there is a row.
        let table = JsonRows::new(writer.schema()).map_err(ArrowError::JsonError)?;
        let gathering = Arc::new(Gathering::new(writer.schema(), options.rows.max(1)));
        let (flushes, mut asked) = mpsc::unbounded_channel();
        let sender = Sender { writer, table, gathering: Arc::clone(&gathering), interval: options.interval };
        let broken = Arc::new(OnceLock::new());
        let told = Arc::clone(&broken);
        tokio::spawn(async move {
            // The receiver outlives what is told: whoever finds it gone finds why.
            if let Err(cause) = caught(sender.run(&mut asked)).await {
                let _ = told.set(cause);
            }
        });
        Ok(Self { gathering, flushes, broken })
    }

    /// Writes one row: a struct or a map with the names of the table's columns, whose values are taken as JSON's are:
    /// exactly or not at all. Waits while the writer cannot keep up. What is wrong with the row comes out of the next
    /// `flush`.
    ///
    /// Quickest are rows whose values are of their columns' types: whole numbers, floating-point numbers of the same width,
    /// texts, bytes (`serialize_bytes`), booleans, and counts for dates and timestamps; and whose members stand in the order
    /// of the columns.
    ///
    /// # Errors
    /// When the row cannot be put as JSON, or the tokio runtime of the writer is gone.
    pub async fn write(&self, row: impl Serialize) -> Result<(), Error> {
        self.add(|gathering| gathering.add(&row)).await
    }

    /// Writes one row by the positions of the table's columns, without looking for names: the quickest way. `fill` gives it
    /// its values. Waits as `write` does.
    ///
    /// # Errors
    /// That of `fill`, of a value that is not of its column's type, and of a column that is NOT NULL and has none: the row is
    /// not written then. Also when the tokio runtime of the writer is gone.
    pub async fn write_values(&self, fill: impl Fn(&mut RowValues<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.add(|gathering| gathering.add_values(&fill)).await
    }

    /// Adds a row, once there is room for it.
    async fn add(&self, add: impl Fn(&Gathering) -> Result<bool, Error>) -> Result<(), Error> {
        loop {
            if self.flushes.is_closed() {
                return Err(self.ended().await);
            }
            if add(&self.gathering)? {
                return Ok(());
            }
            let room = self.gathering.room.notified();
            tokio::pin!(room);
            // From here on it hears of room, also of what is made before it waits.
            room.as_mut().enable();
            if add(&self.gathering)? {
                return Ok(());
            }
            tokio::select! {
                () = room => {}
                () = self.flushes.closed() => {}
            }
        }
    }

    /// Appends what is gathered, and waits until every row has a fate.
    ///
    /// # Errors
    /// When the tokio runtime of the writer is gone.
    pub async fn flush(&self) -> Result<RowsWritten, Error> {
        let (reply, written) = oneshot::channel();
        match self.flushes.send(reply) {
            Ok(()) => match written.await {
                Ok(written) => Ok(written),
                Err(_) => Err(self.ended().await),
            },
            Err(_) => Err(self.ended().await),
        }
    }

    /// Why the task does not answer.
    async fn ended(&self) -> Error {
        self.flushes.closed().await;
        self.broken.get().map_or(Error::Closed, |cause| Error::Panicked { cause: cause.clone() })
    }
}

impl RowsWritten {
    pub(super) fn fail(&mut self, row: u64, cause: &str) {
        self.failed += 1;
        if self.failures.len() < FAILURES {
            self.failures.push((row, cause.to_owned()));
        }
    }

    pub(super) fn settle(&mut self, (numbers, outcome): Appended) {
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
