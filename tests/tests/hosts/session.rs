//! The command of `tests/client-command` in the wasmtime CLI: asked one thing after the other, never for longer than a
//! deadline.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use thalweg_bindings::types::{Batch, Column, Spans, Values};
use thalweg_chain::column::{OwnedColumn, OwnedValues, flatten, rows_to_arrow};
use thalweg_client_command::frames;
use thalweg_client_command::request::{Answer, Request};
use thalweg_tests::components;

/// No answer takes longer, on the slowest machine that runs the tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run of the command; killed when dropped.
pub(crate) struct Session {
    child: Child,
    input: ChildStdin,
    frames: Receiver<Vec<u8>>,
}

impl Session {
    /// Starts a composition of the command with a client component.
    pub(crate) fn start(component: &Path) -> Result<Self> {
        let mut child = components::run(component)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let input = child.stdin.take().context("a pipe to the command")?;
        let mut output = child.stdout.take().context("a pipe from the command")?;
        let (sender, frames) = channel();
        std::thread::spawn(move || {
            let mut length = [0; 4];
            while output.read_exact(&mut length).is_ok() {
                let mut frame = vec![0; u32::from_le_bytes(length) as usize];
                if output.read_exact(&mut frame).is_err() || sender.send(frame).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, input, frames })
    }

    /// Asks, with rows where the request has some; an error of the client's is an error.
    pub(crate) fn ask(&mut self, request: &Request, rows: Option<&RecordBatch>) -> Result<(Answer, Vec<Batch>)> {
        self.put(&serde_json::to_vec(request)?)?;
        if let Some(rows) = rows {
            self.put(&frames::encode(&of_arrow(rows)?))?;
        }
        let answer: Answer = serde_json::from_slice(&self.frame()?)?;
        if let Some(error) = answer.error {
            bail!(error);
        }
        let count = answer.rows.len() + usize::from(!answer.counts.is_empty());
        let batches = (0..count).map(|_| frames::decode(&self.frame()?).context("a damaged frame"));
        let batches = batches.collect::<Result<_>>()?;
        Ok((answer, batches))
    }

    fn put(&mut self, frame: &[u8]) -> Result<()> {
        self.input.write_all(&(frame.len() as u32).to_le_bytes())?;
        self.input.write_all(frame)?;
        Ok(self.input.flush()?)
    }

    fn frame(&self) -> Result<Vec<u8>> {
        self.frames.recv_timeout(PATIENCE).context("the command gave no answer")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Arrow rows as the columns that cross into components.
fn of_arrow(rows: &RecordBatch) -> Result<Batch> {
    let flat = flatten(rows)?;
    let batch = flat.batch();
    let column = |column| {
        let OwnedColumn { validity, values } = OwnedColumn::from(column);
        let values = match values {
            OwnedValues::Bits(v) => Values::Bits(v),
            OwnedValues::Int8(v) => Values::Int8(v),
            OwnedValues::Int16(v) => Values::Int16(v),
            OwnedValues::Int32(v) => Values::Int32(v),
            OwnedValues::Int64(v) => Values::Int64(v),
            OwnedValues::Float32(v) => Values::Float32(v),
            OwnedValues::Float64(v) => Values::Float64(v),
            OwnedValues::Fixed(v) => Values::Fixed(v),
            OwnedValues::Spans(offsets, bytes) => Values::Spans(Spans { offsets, bytes }),
            OwnedValues::Offsets(v) => Values::Offsets(v),
            OwnedValues::None => Values::None,
        };
        Column { validity, values }
    };
    Ok(Batch { rows: batch.rows as u32, columns: batch.columns.iter().map(column).collect() })
}

/// Columns that came out of a component as Arrow rows; every rule of the layout is checked.
pub(crate) fn into_arrow(batch: Batch, schema: &SchemaRef) -> Result<RecordBatch> {
    let rows = batch.rows as usize;
    let columns = batch.columns.into_iter().map(|Column { validity, values }| {
        let values = match values {
            Values::Bits(v) => OwnedValues::Bits(v),
            Values::Int8(v) => OwnedValues::Int8(v),
            Values::Int16(v) => OwnedValues::Int16(v),
            Values::Int32(v) => OwnedValues::Int32(v),
            Values::Int64(v) => OwnedValues::Int64(v),
            Values::Float32(v) => OwnedValues::Float32(v),
            Values::Float64(v) => OwnedValues::Float64(v),
            Values::Fixed(v) => OwnedValues::Fixed(v),
            Values::Spans(spans) => OwnedValues::Spans(spans.offsets, spans.bytes),
            Values::Offsets(v) => OwnedValues::Offsets(v),
            Values::None => OwnedValues::None,
        };
        OwnedColumn { validity, values }
    });
    Ok(rows_to_arrow(schema, rows, columns.collect())?)
}
