//! Rows out: a scan as a stream of record batches.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::Stream;
use thalweg_engine::api::{Bucket, End, ScanSpec, Start, Ticket};
use tokio::sync::mpsc;

use super::{
    Client, Error, Table,
    decoding::{Decoded, Decoding},
    reading::Reading,
};
use crate::{
    driver::{Command, Delivered, Scan},
    module::ChainSpec,
};

/// What a scan reads.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Columns by name, in the order wanted, behind any modules; `None`: all. Default `None`.
    pub columns: Option<Vec<String>>,
    /// The buckets; empty: all. Default empty.
    pub buckets: Vec<Bucket>,
    /// Where each bucket begins. Default: the first row that it still has.
    pub start: Start,
    /// Where each bucket ends. Default: behind the last row that is there when the scan begins.
    pub end: End,
    /// At most so many rows, behind any modules; `None`: all. Default `None`.
    pub limit: Option<u64>,
    /// Modules that the rows go through; `None`: none. Default `None`.
    pub chain: Option<ChainSpec>,
    /// How many bytes of batches may be read ahead of the reader. Default 64 MiB.
    pub buffer: u64,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            columns: None,
            buckets: Vec::new(),
            start: Start::Earliest,
            end: End::Latest,
            limit: None,
            chain: None,
            buffer: 64 << 20,
        }
    }
}

/// Rows of one bucket that a scan gives.
#[derive(Debug, Clone)]
pub struct ScanBatch {
    /// Where the rows come from.
    pub bucket: Bucket,
    /// Their offsets.
    pub offsets: Offsets,
    /// When the server took them, in milliseconds since 1970-01-01T00:00:00Z.
    pub timestamp: i64,
    /// The change of each row as the wire has it (0 +A, 1 +I, 2 -U, 3 +U, 4 -D); `None`: all are appended.
    pub changes: Option<Vec<u8>>,
    /// The rows, with the columns in the order asked for.
    pub batch: RecordBatch,
}

/// The offsets of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offsets {
    /// They follow each other from this one on.
    From(u64),
    /// One a row, never falling.
    Each(Vec<u64>),
}

impl ScanBatch {
    /// The offset of each row.
    pub fn offsets(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.batch.num_rows()).map(|row| match &self.offsets {
            Offsets::From(first) => first.saturating_add(row as u64),
            Offsets::Each(offsets) => offsets.get(row).copied().unwrap_or(u64::MAX),
        })
    }

    /// Only the first rows.
    fn truncate(&mut self, rows: usize) {
        self.batch = self.batch.slice(0, rows);
        if let Some(changes) = &mut self.changes {
            changes.truncate(rows);
        }
        if let Offsets::Each(offsets) = &mut self.offsets {
            offsets.truncate(rows);
        }
    }
}

/// How many messages are decoded at once, ahead of the reader.
const DECODED_AHEAD: usize = 4;

/// A scan: a stream of batches, each of one bucket and in the order of its offsets.
///
/// A scan that fails gives its error last. As the reader takes batches more are asked for, so that never much more than
/// `ScanOptions::buffer` bytes are held. Dropping the stream ends the scan.
pub struct ScanStream {
    client: Client,
    ticket: Ticket,
    schema: SchemaRef,
    decoding: Decoding,
    delivered: mpsc::UnboundedReceiver<Delivered>,
    slots: VecDeque<Slot>,
    /// How many more rows the reader wants.
    left: u64,
    state: State,
}

/// A batch on its way through the decoder.
struct Slot {
    /// What its reader pays back as demand.
    cost: u64,
    batch: Decoded,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Running,
    /// Nothing more comes from the engine; what is decoded is still to be given.
    Draining,
    Over,
}

impl ScanStream {
    pub(super) async fn open(table: &Table, options: ScanOptions) -> Result<Self, Error> {
        let Reading { columns, schema, decoder } = Reading::plan(table, &options).await?;
        let (buckets, partitions, start, end) = (options.buckets, Vec::new(), options.start, options.end);
        let what = Scan::Log(ScanSpec { columns, buckets, partitions, start, end });
        let (rows, delivered) = mpsc::unbounded_channel();
        let (client, handle) = (table.client().clone(), table.handle());
        let demand = options.buffer.max(1);
        let started = client.call(|reply| Command::Scan { table: handle, what, demand, rows, reply }).await?;
        Ok(Self {
            ticket: started?,
            client,
            schema,
            decoding: Decoding::start(decoder),
            delivered,
            slots: VecDeque::new(),
            left: options.limit.unwrap_or(u64::MAX),
            state: State::Running,
        })
    }

    /// The columns of every batch.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Takes what the engine gave, as far ahead of the reader as is useful.
    fn fill(&mut self, context: &mut Context<'_>) {
        while self.state == State::Running && self.slots.len() < DECODED_AHEAD {
            match self.delivered.poll_recv(context) {
                Poll::Pending => return,
                Poll::Ready(Some(Delivered::Rows(scanned, body))) => {
                    let cost = scanned.cost();
                    self.slots.push_back(Slot { cost, batch: self.decoding.decode(*scanned, body) });
                }
                // A scan of a log has no snapshot.
                Poll::Ready(Some(Delivered::Snapshot(_))) => {}
                Poll::Ready(Some(Delivered::Ended(result))) => {
                    self.state = State::Draining;
                    self.fail(result.err().map(Error::Engine));
                }
                Poll::Ready(None) => {
                    self.state = State::Draining;
                    self.fail(Some(self.client.ended()));
                }
            }
        }
    }

    fn fail(&mut self, error: Option<Error>) {
        if let Some(error) = error {
            self.slots.push_back(Slot { cost: 0, batch: Decoded::Here(Some(Box::new(Err(error)))) });
        }
    }

    /// The next decoded batch.
    fn poll_decoded(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<ScanBatch, Error>>> {
        loop {
            self.fill(context);
            let Some(slot) = self.slots.front_mut() else {
                return if self.state == State::Running { Poll::Pending } else { Poll::Ready(None) };
            };
            let batch = match &mut slot.batch {
                Decoded::Here(batch) => batch.take().map(|batch| *batch),
                Decoded::Elsewhere(batch) => Some(ready!(Pin::new(batch).poll(context)).unwrap_or_else(|_| {
                    Err(Error::unreadable(self.decoding.table(), "the decoder broke down; the log says where"))
                })),
            };
            let cost = slot.cost;
            self.slots.pop_front();
            if cost > 0 && self.state == State::Running {
                let _ = self.client.command(Command::Demand { scan: self.ticket, bytes: cost });
            }
            match batch {
                // All of its rows were filtered out.
                Some(Ok(batch)) if batch.batch.num_rows() == 0 => {}
                Some(batch) => return Poll::Ready(Some(batch)),
                None => {}
            }
        }
    }

    /// Ends the scan, here and in the engine.
    fn stop(&mut self) {
        if self.state == State::Running {
            let _ = self.client.command(Command::Cancel { ticket: self.ticket });
        }
        self.state = State::Over;
        self.slots.clear();
        self.delivered.close();
    }
}

impl Stream for ScanStream {
    type Item = Result<ScanBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.state == State::Over || this.left == 0 {
            this.stop();
            return Poll::Ready(None);
        }
        let next = ready!(this.poll_decoded(context));
        Poll::Ready(match next {
            Some(Ok(mut batch)) => {
                if this.left <= batch.batch.num_rows() as u64 {
                    batch.truncate(this.left as usize);
                    this.left = 0;
                    this.stop();
                } else {
                    this.left -= batch.batch.num_rows() as u64;
                }
                Some(Ok(batch))
            }
            Some(Err(error)) => {
                this.stop();
                Some(Err(error))
            }
            None => {
                this.stop();
                None
            }
        })
    }
}

impl Drop for ScanStream {
    fn drop(&mut self) {
        self.stop();
    }
}
