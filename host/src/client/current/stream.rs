//! The current rows of a keyed table, and, if asked for, the changes that follow: none missing between, none double.
//!
//! Bucket by bucket: what the server tells of its current rows (SCAN_KV) together with the offset that they stand for, or,
//! where it does not offer that, what a replay of its whole changelog gives. The changes are then read from these offsets.

use std::{
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, ready},
};

use arrow_schema::SchemaRef;
use futures::{Stream, StreamExt};
use thalweg_contract::{Bucket, End, ErrorCode, Start};
use tokio::sync::mpsc;

use super::replay::Replayed;
use crate::{
    client::{
        ChainTally, Error, Offsets, ScanBatch, ScanOptions, ScanStream, Table,
        scan::{ScanChain, SharedTally},
        table::off_the_runtime,
    },
    module::{ChainSpec, Operation},
    panics::caught,
};

/// Up to so many rows are read with a limit scan, which every server has.
const FEW: u64 = 10_000;

/// What a scan of current rows reads.
#[derive(Debug, Clone)]
pub struct CurrentOptions {
    /// Columns by name, in the order wanted, behind any modules; `None`: all. Default `None`.
    pub columns: Option<Vec<String>>,
    /// The buckets; empty: all, or those of `partitions`. Default empty.
    pub buckets: Vec<Bucket>,
    /// The partitions by name; empty: all. Default empty.
    pub partitions: Vec<String>,
    /// At most so many rows, behind any modules; `None`: all. Default `None`.
    pub limit: Option<u64>,
    /// Modules that the rows go through; `None`: none. Default `None`.
    pub chain: Option<ChainSpec>,
    /// Whether the changes that follow are read too, without end. Default false.
    pub follow: bool,
    /// How many bytes of batches may be read ahead of the reader. Default 64 MiB.
    pub buffer: u64,
    /// What the rows of a bucket may take while its changelog is replayed, in bytes. Default 1 GiB.
    pub replay_limit: u64,
}

impl Default for CurrentOptions {
    fn default() -> Self {
        Self {
            columns: None,
            buckets: Vec::new(),
            partitions: Vec::new(),
            limit: None,
            chain: None,
            follow: false,
            buffer: 64 << 20,
            replay_limit: 1 << 30,
        }
    }
}

/// A scan of current rows: a stream of batches, each of one bucket. Current rows have neither offsets nor timestamp; the
/// changes that follow have both. A scan that fails gives its error last. Dropping the stream ends the scan.
pub struct CurrentStream {
    schema: SchemaRef,
    batches: mpsc::Receiver<Told>,
    tally: SharedTally,
    over: bool,
}

/// What the task of a scan tells: a batch, or `None` at the end.
type Told = Result<Option<ScanBatch>, Error>;

impl CurrentStream {
    pub(in crate::client) async fn open(table: &Table, options: CurrentOptions) -> Result<Self, Error> {
        let columns = options.columns.as_deref();
        let tally = SharedTally::default();
        let chain = match &options.chain {
            Some(spec) => {
                let chain = ScanChain::load(table, spec, columns, Operation::Scan, Arc::clone(&tally)).await?;
                Some(Arc::new(chain))
            }
            None => None,
        };
        let schema = match (&chain, columns) {
            (Some(chain), _) => chain.schema(),
            (None, Some(names)) => Arc::new(table.schema().project(&table.positions(names)?)?),
            (None, None) => table.schema(),
        };
        let buckets = buckets(table, &options).await?;
        let (out, batches) = mpsc::channel(2);
        let left = options.limit.unwrap_or(u64::MAX);
        let reader =
            Reader { table: table.clone(), options, chain, tally: Arc::clone(&tally), out, left, replays: None };
        let last_word = reader.out.clone();
        tokio::spawn(async move {
            if let Err(cause) = caught(reader.run(buckets)).await {
                let _ = last_word.send(Err(Error::Panicked { cause })).await;
            }
        });
        Ok(Self { schema, batches, tally, over: false })
    }

    /// What the modules did so far, to rows that were read ahead of the reader too.
    pub fn tally(&self) -> ChainTally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The columns of every batch.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Stream for CurrentStream {
    type Item = Result<ScanBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        // A task that is gone without a word did not come to the end.
        let told = ready!(self.batches.poll_recv(context)).unwrap_or(Err(Error::Closed)).transpose();
        self.over = !matches!(told, Some(Ok(_)));
        Poll::Ready(told)
    }
}

/// The task behind a scan.
struct Reader {
    table: Table,
    options: CurrentOptions,
    chain: Option<Arc<ScanChain>>,
    tally: SharedTally,
    out: mpsc::Sender<Told>,
    /// How many more rows are wanted.
    left: u64,
    /// Once the server is known to lack SCAN_KV: what is known of its changelogs.
    replays: Option<Replayed>,
}

impl Reader {
    async fn run(mut self, buckets: Vec<Bucket>) {
        let out = self.out.clone();
        tokio::select! {
            () = out.closed() => {}
            read = self.read(buckets) => drop(out.send(read.map(|()| None)).await),
        }
    }

    async fn read(&mut self, buckets: Vec<Bucket>) -> Result<(), Error> {
        let few = self.options.limit.filter(|limit| *limit <= FEW && self.chain.is_none() && !self.options.follow);
        let mut offsets = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            if self.left == 0 {
                return Ok(());
            }
            if few.is_some() {
                let columns = self.options.columns.as_deref();
                let rows = ScanStream::some_of(&self.table, bucket, self.left as u32, columns).await?;
                self.pass(rows).await?;
            } else {
                offsets.push((bucket, self.bucket(bucket).await?));
            }
        }
        if self.options.follow && self.left > 0 { self.follow(offsets).await } else { Ok(()) }
    }

    /// Gives the current rows of a bucket; the offset that they stand for.
    async fn bucket(&mut self, bucket: Bucket) -> Result<u64, Error> {
        if self.replays.is_none() {
            match self.offered(bucket).await {
                Err(Error::Engine(thalweg_contract::Error { code: ErrorCode::Unsupported(_), .. })) => {
                    self.replays = Some(Replayed::of(&self.table).await?);
                }
                read => return read,
            }
        }
        let replays = self.replays.as_ref().ok_or(Error::Closed)?;
        let columns = if self.chain.is_some() { None } else { self.options.columns.as_deref() };
        let (rows, end) = replays.replay(&self.table, bucket, columns, self.options.replay_limit).await?;
        for batch in rows {
            self.give(ScanBatch { bucket, offsets: Offsets::Unknown, timestamp: None, changes: None, batch }).await?;
        }
        Ok(end)
    }

    /// Gives what the server offers of a bucket's current rows; nothing is given yet when it does not offer any.
    async fn offered(&mut self, bucket: Bucket) -> Result<u64, Error> {
        let columns = if self.chain.is_some() { None } else { self.options.columns.as_deref() };
        let mut rows = ScanStream::current_of(&self.table, bucket, columns, self.options.buffer).await?;
        while self.left > 0 {
            let Some(batch) = rows.next().await else { break };
            self.give(batch?).await?;
        }
        match rows.snapshot() {
            Some(offset) => Ok(offset),
            None if self.left == 0 => Ok(0),
            None => Err(Error::unreadable(&self.table.name(), "the offset of its current rows was not told")),
        }
    }

    /// Gives the changes from these offsets on, and those of partitions that appear.
    async fn follow(&mut self, offsets: Vec<(Bucket, u64)>) -> Result<(), Error> {
        let options = ScanOptions {
            columns: self.options.columns.clone(),
            buckets: self.options.buckets.clone(),
            partitions: if self.options.buckets.is_empty() { self.options.partitions.clone() } else { Vec::new() },
            start: Start::Offsets(offsets),
            end: End::Never,
            limit: (self.left < u64::MAX).then_some(self.left),
            chain: self.options.chain.clone(),
            buffer: self.options.buffer,
        };
        let changes = ScanStream::open(&self.table, options, Arc::clone(&self.tally)).await?;
        self.pass(changes).await
    }

    /// Gives everything of a scan as it is.
    async fn pass(&mut self, mut rows: ScanStream) -> Result<(), Error> {
        while self.left > 0 {
            let Some(batch) = rows.next().await else { break };
            self.send(batch?).await?;
        }
        Ok(())
    }

    /// Gives rows, behind the modules if there are any.
    async fn give(&mut self, batch: ScanBatch) -> Result<(), Error> {
        let Some(chain) = &self.chain else { return self.send(batch).await };
        let chain = Arc::clone(chain);
        let batch = off_the_runtime(move || chain.apply(batch)).await?;
        self.send(batch).await
    }

    async fn send(&mut self, mut batch: ScanBatch) -> Result<(), Error> {
        let rows = batch.batch.num_rows() as u64;
        if rows == 0 {
            return Ok(());
        }
        if rows > self.left {
            batch.truncate(self.left as usize);
        }
        self.left -= rows.min(self.left);
        self.out.send(Ok(Some(batch))).await.map_err(|_| Error::Closed)
    }
}

/// The buckets to read.
async fn buckets(table: &Table, options: &CurrentOptions) -> Result<Vec<Bucket>, Error> {
    if !options.buckets.is_empty() {
        return Ok(options.buckets.clone());
    }
    let count = table.info().descriptor.bucket_count.unwrap_or(1);
    let partitions: Vec<Option<i64>> = match table.is_partitioned() {
        true => chosen(table, &options.partitions).await?.into_iter().map(Some).collect(),
        false if options.partitions.is_empty() => vec![None],
        false => return Err(Error::invalid(format!("table {} has no partitions to choose from", table.name()))),
    };
    let of = |partition: Option<i64>| (0..count).map(move |bucket| Bucket { partition, bucket });
    Ok(partitions.into_iter().flat_map(of).collect())
}

/// The numbers of these partitions; of all if none are named.
async fn chosen(table: &Table, names: &[String]) -> Result<Vec<i64>, Error> {
    let known = table.partitions().await?;
    if names.is_empty() {
        return Ok(known.iter().map(|partition| partition.partition_id).collect());
    }
    let find = |name: &String| match known.iter().find(|partition| partition.name == *name) {
        Some(partition) => Ok(partition.partition_id),
        None => Err(Error::NoPartition {
            table: table.name(),
            partition: name.clone(),
            known: match known.is_empty() {
                true => "none".to_owned(),
                false => known.iter().map(|partition| partition.name.as_str()).collect::<Vec<_>>().join(", "),
            },
        }),
    };
    names.iter().map(find).collect()
}
