//! Rows out: a scan as a stream of record batches.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, ready},
};

use arrow_schema::SchemaRef;
use futures::Stream;
use thalweg_contract::{Bucket, End, ScanSpec, Start, Ticket};
use tokio::sync::mpsc;

use super::{
    batch::ScanBatch,
    chain::SharedTally,
    decoder::Decoder,
    plan::Reading,
    workers::{Decoded, Decoding},
};
use crate::{
    client::{ChainTally, Client, Error, Table},
    driver::{Command, Delivered, Scan},
    module::ChainSpec,
};

/// What a scan reads.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Columns by name, in the order wanted, behind any modules; `None`: all. Default `None`.
    pub columns: Option<Vec<String>>,
    /// The buckets; empty: all, or those of `partitions`. Default empty.
    pub buckets: Vec<Bucket>,
    /// The partitions by name; empty: all, and a scan without end takes in those that appear. Default empty.
    pub partitions: Vec<String>,
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
            partitions: Vec::new(),
            start: Start::Earliest,
            end: End::Latest,
            limit: None,
            chain: None,
            buffer: 64 << 20,
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
    /// Of current rows, once it is told: the offset that they stand for.
    snapshot: Option<u64>,
    tally: SharedTally,
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
    /// What modules do is counted in `tally`.
    pub(in crate::client) async fn open(
        table: &Table,
        options: ScanOptions,
        tally: SharedTally,
    ) -> Result<Self, Error> {
        let Reading { columns, schema, decoder } = Reading::of_log(table, &options, Arc::clone(&tally)).await?;
        let ScanOptions { buckets, partitions, start, end, .. } = options;
        let what = Scan::Log(ScanSpec { columns, buckets, partitions, start, end });
        let mut stream = Self::start(table, what, options.buffer, schema, decoder, options.limit).await?;
        stream.tally = tally;
        Ok(stream)
    }

    /// Some rows of a bucket.
    pub(in crate::client) async fn some_of(
        table: &Table,
        bucket: Bucket,
        limit: u32,
        columns: Option<&[String]>,
    ) -> Result<Self, Error> {
        let Reading { schema, decoder, .. } = Reading::of_rows(table, columns)?;
        Self::start(table, Scan::Limit(bucket, limit), 1, schema, decoder, Some(u64::from(limit))).await
    }

    /// The current rows of a bucket.
    pub(in crate::client) async fn current_of(
        table: &Table,
        bucket: Bucket,
        columns: Option<&[String]>,
        buffer: u64,
    ) -> Result<Self, Error> {
        let Reading { schema, decoder, .. } = Reading::of_rows(table, columns)?;
        Self::start(table, Scan::Current(bucket), buffer, schema, decoder, None).await
    }

    async fn start(
        table: &Table,
        what: Scan,
        buffer: u64,
        schema: SchemaRef,
        decoder: Decoder,
        limit: Option<u64>,
    ) -> Result<Self, Error> {
        let (rows, delivered) = mpsc::unbounded_channel();
        let (client, handle) = (table.client().clone(), table.handle());
        let demand = buffer.max(1);
        let started = client.call(|reply| Command::Scan { table: handle, what, demand, rows, reply }).await?;
        Ok(Self {
            ticket: started?,
            client,
            schema,
            decoding: Decoding::start(decoder),
            delivered,
            slots: VecDeque::new(),
            left: limit.unwrap_or(u64::MAX),
            snapshot: None,
            tally: SharedTally::default(),
            state: State::Running,
        })
    }

    /// Of current rows, once it is told: the offset that they stand for.
    pub(in crate::client) fn snapshot(&self) -> Option<u64> {
        self.snapshot
    }

    /// The columns of every batch.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// What the modules did so far, to rows that were read ahead of the reader too.
    pub fn tally(&self) -> ChainTally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
                Poll::Ready(Some(Delivered::Snapshot(offset))) => self.snapshot = Some(offset),
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
