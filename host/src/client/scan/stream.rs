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
use thalweg_contract::{Bucket, ScanSpec, Ticket};
use tokio::sync::mpsc;

use super::{
    batch::ScanBatch,
    chain::SharedTally,
    decoder::Decoder,
    options::ScanOptions,
    plan::ScanPlan,
    workers::{DecodeWorkers, Decoded},
};
use crate::{
    client::{Client, Error, open_table::OpenTable, tally::ChainTally},
    driver::{Command, Delivered, Scan},
};

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
    workers: DecodeWorkers,
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
        table: &Arc<OpenTable>,
        options: ScanOptions,
        tally: SharedTally,
    ) -> Result<Self, Error> {
        let ScanPlan { columns, schema, decoder } = ScanPlan::of_log(table, &options, Arc::clone(&tally)).await?;
        let ScanOptions { buckets, partitions, start, end, .. } = options;
        let what = Scan::Log(ScanSpec { columns, buckets, partitions, start, end });
        let mut stream = Self::start(table, what, options.buffer, schema, decoder, options.limit).await?;
        stream.tally = tally;
        Ok(stream)
    }

    /// Some rows of a bucket.
    pub(in crate::client) async fn some_of(
        table: &Arc<OpenTable>,
        bucket: Bucket,
        limit: u32,
        columns: Option<&[String]>,
    ) -> Result<Self, Error> {
        let ScanPlan { schema, decoder, .. } = ScanPlan::of_rows(table, columns)?;
        Self::start(table, Scan::Limit(bucket, limit), 1, schema, decoder, Some(u64::from(limit))).await
    }

    /// The current rows of a bucket.
    pub(in crate::client) async fn current_of(
        table: &Arc<OpenTable>,
        bucket: Bucket,
        columns: Option<&[String]>,
        buffer: u64,
    ) -> Result<Self, Error> {
        let ScanPlan { schema, decoder, .. } = ScanPlan::of_rows(table, columns)?;
        Self::start(table, Scan::Current(bucket), buffer, schema, decoder, None).await
    }

    async fn start(
        table: &Arc<OpenTable>,
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
            workers: DecodeWorkers::start(decoder),
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
                    let cost = scanned.cost;
                    self.slots.push_back(Slot { cost, batch: self.workers.decode(*scanned, body) });
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
                    Err(Error::unreadable(self.workers.table(), "the decoder broke down; the log says where"))
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
