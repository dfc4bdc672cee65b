//! The stream of current rows, and of the changes that follow.

use std::{
    pin::Pin,
    sync::{Arc, PoisonError},
    task::{Context, Poll, ready},
};

use arrow_schema::SchemaRef;
use futures::Stream;
use tokio::sync::mpsc;

use super::{
    options::CurrentOptions,
    reader::{Message, Reader, buckets},
};
use crate::{
    client::{
        Error,
        open_table::OpenTable,
        scan::{Filter, ScanBatch, ScanChain, SharedTally},
        tally::ChainTally,
    },
    module::Operation,
    panics::caught,
};

/// A scan of current rows: a stream of batches, each of one bucket. Current rows have neither offsets nor timestamp; the
/// changes that follow have both. A scan that fails gives its error last. Dropping the stream ends the scan.
pub struct CurrentStream {
    schema: SchemaRef,
    batches: mpsc::Receiver<Message>,
    tally: SharedTally,
    over: bool,
}

impl CurrentStream {
    pub(in crate::client) async fn open(table: &Arc<OpenTable>, options: CurrentOptions) -> Result<Self, Error> {
        let columns = options.columns.as_deref();
        let tally = SharedTally::default();
        let filter = options.filter.as_deref().map(Filter::parse).transpose()?;
        let whole = filter.map(|filter| filter.before(options.chain.as_ref()));
        let chain = match whole.as_ref().or(options.chain.as_ref()) {
            Some(spec) => {
                let rows = (Operation::Scan, table.schema_of(None)?);
                let chain = ScanChain::load(table, spec, columns, rows, Arc::clone(&tally)).await?;
                Some(Arc::new(chain))
            }
            None => None,
        };
        let schema = match (&chain, columns) {
            (Some(chain), _) => chain.schema(),
            (None, Some(names)) => Arc::new(table.schema().project(&table.positions(names)?)?),
            (None, None) => Arc::clone(table.schema()),
        };
        let buckets = buckets(table, &options).await?;
        let (out, batches) = mpsc::channel(2);
        let left = options.limit.unwrap_or(u64::MAX);
        let reader =
            Reader { table: Arc::clone(table), options, chain, tally: Arc::clone(&tally), out, left, changelogs: None };
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
        let item = ready!(self.batches.poll_recv(context)).unwrap_or(Err(Error::Closed)).transpose();
        self.over = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}
