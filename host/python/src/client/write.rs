//! `Writer` and `Pending`: rows on their way.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::FutureExt;
use pyo3::prelude::*;
use thalweg::client::{Outcome as OfBatch, Pending as PendingBatch, Writer as BatchWriter};
use tokio::sync::Mutex;

use super::modules;
use super::outcome::Outcome;
use crate::batch::Schema;
use crate::call::Call;
use crate::error::Failure;
use crate::rows::{RowsIn, rows_in};

/// Writes rows of a table in one way.
#[pyclass(frozen, module = "thalweg._native")]
pub(crate) struct Writer {
    pub(super) writer: BatchWriter,
}

/// Batches that were sent, or have their outcome.
#[derive(Default)]
struct Delivery {
    sent: VecDeque<Sent>,
    done: Vec<OfBatch>,
    /// How many rows were given.
    rows: u64,
}

/// A batch on its way. It is held here until it has its outcome, so that buffers that Python's objects own are let go by a
/// thread that waits, not by one that has sockets to serve.
struct Sent {
    pending: PendingBatch,
    _rows: RecordBatch,
}

impl Delivery {
    async fn send(&mut self, writer: &BatchWriter, rows: RecordBatch) -> Result<(), Failure> {
        let count = rows.num_rows() as u64;
        let pending = writer.write(rows.clone()).await?;
        self.sent.push_back(Sent { pending, _rows: rows });
        self.rows = self.rows.saturating_add(count);
        Ok(())
    }

    /// Takes the outcomes that are there.
    fn collect(&mut self) {
        while let Some(outcome) = self.sent.front_mut().and_then(|sent| (&mut sent.pending).now_or_never()) {
            self.sent.pop_front();
            self.done.push(outcome);
        }
    }

    /// Waits for all outcomes. Nothing is lost if this is given up.
    async fn finish(&mut self) {
        while let Some(sent) = self.sent.front_mut() {
            let outcome = (&mut sent.pending).await;
            self.sent.pop_front();
            self.done.push(outcome);
        }
    }

    /// Sends all rows.
    async fn send_all(&mut self, writer: &BatchWriter, rows: RowsIn) -> Result<(), Failure> {
        let mut stream = match rows {
            RowsIn::Batch(rows) => return self.send(writer, rows).await,
            RowsIn::Stream(stream) => stream,
        };
        // The stream's maker may run Python, and wait.
        while let Some(rows) = tokio::task::block_in_place(|| stream.next()) {
            let sent = match rows {
                Ok(rows) => self.send(writer, rows).await,
                Err(error) => Err(error),
            };
            match sent {
                Ok(()) => self.collect(),
                Err(cause) if self.rows == 0 => return Err(cause),
                Err(cause) => {
                    self.finish().await;
                    let (first_row, outcome) = (self.rows, Outcome::of(std::mem::take(&mut self.done)));
                    return Err(Failure::midway(cause, first_row, |py| Ok(Py::new(py, outcome)?.into_any())));
                }
            }
        }
        Ok(())
    }
}

#[pymethods]
impl Writer {
    /// Writes rows, waits for room for them, and gives what is on its way.
    fn write(&self, rows: &Bound<'_, PyAny>) -> PyResult<Call> {
        let (writer, rows) = (self.writer.clone(), rows_in(rows, &self.writer.input_schema())?);
        Ok(Call::of(async move {
            let mut delivery = Delivery::default();
            delivery.send_all(&writer, rows).await?;
            let rows = delivery.rows;
            Ok(Pending { delivery: Arc::new(Mutex::new(delivery)), rows })
        }))
    }

    /// Writes rows, and gives their outcome.
    fn write_all(&self, rows: &Bound<'_, PyAny>) -> PyResult<Call> {
        let (writer, rows) = (self.writer.clone(), rows_in(rows, &self.writer.input_schema())?);
        Ok(Call::of(async move {
            let mut delivery = Delivery::default();
            delivery.send_all(&writer, rows).await?;
            delivery.finish().await;
            Ok(Outcome::of(delivery.done))
        }))
    }

    /// Does everything that `write` does but send.
    fn check(&self, rows: &Bound<'_, PyAny>) -> PyResult<Call> {
        let (writer, rows) = (self.writer.clone(), rows_in(rows, &self.writer.input_schema())?);
        Ok(Call::of(async move {
            let mut done = Vec::new();
            match rows {
                RowsIn::Batch(rows) => done.push(writer.check(rows).await?),
                RowsIn::Stream(mut stream) => {
                    while let Some(rows) = tokio::task::block_in_place(|| stream.next()) {
                        done.push(writer.check(rows?).await?);
                    }
                }
            }
            Ok(Outcome::of(done))
        }))
    }

    /// The same writer with modules that rows go through.
    #[pyo3(signature = (chain, input = None))]
    fn through(&self, chain: &Bound<'_, PyAny>, input: Option<&str>) -> PyResult<Call> {
        let (writer, chain) = (self.writer.clone(), modules::chain(chain, input)?.unwrap_or_default());
        Ok(Call::of(async move { Ok(Writer { writer: writer.with_chain(&chain).await? }) }))
    }

    /// The columns that rows may have.
    #[getter]
    fn schema(&self) -> Schema {
        Schema { schema: self.writer.input_schema() }
    }

    /// The modules that rows go through, in order.
    #[getter]
    fn modules(&self) -> Vec<String> {
        self.writer.module_names()
    }
}

/// Rows on their way.
#[pyclass(frozen, module = "thalweg._native")]
pub(crate) struct Pending {
    delivery: Arc<Mutex<Delivery>>,
    rows: u64,
}

#[pymethods]
impl Pending {
    /// Waits for the outcome of the rows. May be called again.
    fn outcome(&self) -> Call {
        let delivery = Arc::clone(&self.delivery);
        Call::of(async move {
            let mut delivery = delivery.lock_owned().await;
            delivery.finish().await;
            Ok(Outcome::of(delivery.done.clone()))
        })
    }

    /// Whether the outcome is there.
    fn done(&self) -> bool {
        match self.delivery.try_lock() {
            Ok(mut delivery) => {
                delivery.collect();
                delivery.sent.is_empty()
            }
            // Somebody waits for it.
            Err(_) => false,
        }
    }

    /// How many rows were given.
    #[getter]
    fn rows(&self) -> u64 {
        self.rows
    }
}
