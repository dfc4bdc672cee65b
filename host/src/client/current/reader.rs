//! The task behind a scan of current rows: bucket by bucket, then the changes that follow.

use std::sync::Arc;

use futures::StreamExt;
use thalweg_contract::{Bucket, End, ErrorCode, Start};
use tokio::sync::mpsc;

use super::{options::CurrentOptions, replay::Changelogs};
use crate::{
    client::{
        Error,
        open_table::OpenTable,
        scan::{Offsets, ScanBatch, ScanChain, ScanOptions, ScanStream, SharedTally},
    },
    runtime::off_the_runtime,
};

/// Up to so many rows are read with a limit scan, which every server has.
const FEW: u64 = 10_000;

/// What the task sends: a batch, or `None` at the end.
pub(super) type Message = Result<Option<ScanBatch>, Error>;

/// The task behind a scan.
pub(super) struct Reader {
    pub(super) table: Arc<OpenTable>,
    pub(super) options: CurrentOptions,
    pub(super) chain: Option<Arc<ScanChain>>,
    pub(super) tally: SharedTally,
    pub(super) out: mpsc::Sender<Message>,
    /// How many more rows are wanted.
    pub(super) left: u64,
    /// Once the server is known to lack SCAN_KV: where its changelogs lie.
    pub(super) changelogs: Option<Changelogs>,
}

impl Reader {
    pub(super) async fn run(mut self, buckets: Vec<Bucket>) {
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
        if self.changelogs.is_none() {
            match self.offered(bucket).await {
                Err(Error::Engine(thalweg_contract::Error { code: ErrorCode::Unsupported(_), .. })) => {
                    self.changelogs = Some(Changelogs::of(&self.table).await?);
                }
                read => return read,
            }
        }
        let changelogs = self.changelogs.as_ref().ok_or(Error::Closed)?;
        let columns = if self.chain.is_some() { None } else { self.options.columns.as_deref() };
        let (rows, end) = changelogs.replay(&self.table, bucket, columns, self.options.replay_limit).await?;
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
            filter: self.options.filter.clone(),
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
pub(super) async fn buckets(table: &OpenTable, options: &CurrentOptions) -> Result<Vec<Bucket>, Error> {
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
async fn chosen(table: &OpenTable, names: &[String]) -> Result<Vec<i64>, Error> {
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
