//! A flow at work: a scan that follows, a writer with modules, and the outcomes of what it writes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow_array::RecordBatch;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::watch;

use super::STOP_TIME;
use super::counts::Counts;
use super::spec::FlowSpec;
use crate::client::{
    Client, ClientOptions, End, Error, Outcome, Pending, ScanOptions, ScanStream, ServerErrorCode, Start, Table, Writer,
};
use crate::http::modules::Modules;
use crate::module::{Chain, ChainContext, ChainSpec, Operation};
use crate::runtime::Runtime;
use crate::table::{TableDescriptor, TablePath};

/// Batches whose fate is waited for at once.
const UNDER_WAY: usize = 8;
/// What the scan may read ahead, in bytes.
const READ_AHEAD: u64 = 8 << 20;
/// How long a server may take to answer when a flow starts.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// A flow whose tables are open and whose modules are loaded.
pub(super) struct Ready {
    client: Client,
    rows: ScanStream,
    writer: Writer,
}

impl Ready {
    /// Opens everything that a flow needs. The error is a sentence.
    pub(super) async fn open(
        mut options: ClientOptions,
        spec: &FlowSpec,
        modules: &Arc<Modules>,
    ) -> Result<Self, String> {
        let connection = &mut options.settings.connection;
        connection.command_timeout = connection.command_timeout.min(ANSWER_TIME);
        let client = Client::connect(options).await.map_err(|error| error.to_string())?;
        let opened = Self::open_tables(&client, spec, modules).await;
        match opened {
            Ok((rows, writer)) => Ok(Self { client, rows, writer }),
            Err(reason) => {
                let _ = client.close(Duration::ZERO).await;
                Err(reason)
            }
        }
    }

    async fn open_tables(
        client: &Client,
        spec: &FlowSpec,
        modules: &Arc<Modules>,
    ) -> Result<(ScanStream, Writer), String> {
        let said = |error: Error| error.to_string();
        let source = client.table(&spec.source).await.map_err(said)?;
        if source.is_keyed() {
            let reason = "it has a primary key, and a flow reads rows that are appended; choose a log table";
            return Err(format!("table {}: {reason}", spec.source));
        }
        let chain = spec.chain(&source.info().descriptor.schema, modules)?;
        let sink = match client.table(&spec.sink).await {
            Err(error) if spec.create && is_missing(&error) => create(client, &source, &spec.sink, &chain).await?,
            other => other.map_err(said)?,
        };
        let writer = if sink.is_keyed() { sink.upserter() } else { sink.appender() };
        let writer = writer.with_chain(&chain).await.map_err(said)?;
        let options = ScanOptions {
            start: if spec.earliest { Start::Earliest } else { Start::Latest },
            end: End::Never,
            buffer: READ_AHEAD,
            ..ScanOptions::default()
        };
        Ok((source.scan(options).await.map_err(said)?, writer))
    }

    /// The modules, as outcomes name them.
    pub(super) fn module_names(&self) -> Vec<String> {
        self.writer.module_names()
    }

    /// Reads, writes and counts until it is to stop or something fails. Rows on their way when it stops get a little time
    /// to arrive. The error is a sentence.
    pub(super) async fn run(
        self,
        counts: Arc<Mutex<Counts>>,
        mut stopping: watch::Receiver<bool>,
    ) -> Result<(), String> {
        let Self { client, mut rows, writer } = self;
        let mut under_way = FuturesUnordered::<Pending>::new();
        let ended = loop {
            tokio::select! {
                biased;
                () = stopped(&mut stopping) => break Ok(()),
                Some(outcome) = under_way.next() => {
                    if let Err(reason) = count(&counts, &outcome) {
                        break Err(reason);
                    }
                }
                read = rows.next(), if under_way.len() < UNDER_WAY => {
                    let batch = match read {
                        Some(Ok(scanned)) => scanned.batch,
                        Some(Err(error)) => break Err(error.to_string()),
                        None => break Err("the rows of the source have ended".to_owned()),
                    };
                    match write(&writer, batch, &counts, &mut stopping).await {
                        Ok(Some(pending)) => under_way.push(pending),
                        Ok(None) => break Ok(()),
                        Err(reason) => break Err(reason),
                    }
                }
            }
        };
        drop(rows);
        let arrived = async {
            while let Some(outcome) = under_way.next().await {
                let _ = count(&counts, &outcome);
            }
        };
        let _ = tokio::time::timeout(STOP_TIME, arrived).await;
        let _ = client.close(Duration::from_millis(500)).boxed().await;
        ended
    }
}

/// Resolves when the flow is to stop.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Gives rows to the writer; `None` when the flow is to stop before they are taken.
async fn write(
    writer: &Writer,
    batch: RecordBatch,
    counts: &Mutex<Counts>,
    stopping: &mut watch::Receiver<bool>,
) -> Result<Option<Pending>, String> {
    let rows = batch.num_rows() as u64;
    let written = tokio::select! {
        written = writer.write(batch) => written,
        () = stopped(stopping) => return Ok(None),
    };
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    counts.read += rows;
    written.map(Some).map_err(|error| {
        counts.refuse(rows);
        error.to_string()
    })
}

/// Counts an outcome; rows that were not written end the flow.
fn count(counts: &Mutex<Counts>, outcome: &Outcome) -> Result<(), String> {
    counts.lock().unwrap_or_else(PoisonError::into_inner).add(outcome);
    match outcome.first_failure() {
        Some((_, error)) => Err(format!("rows were not written: {error}")),
        None => Ok(()),
    }
}

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Engine(error) if error.server_code() == Some(ServerErrorCode::TABLE_NOT_EXIST))
}

/// Creates the sink with the columns that come out of the modules, and as many buckets as the source has.
async fn create(client: &Client, source: &Table, sink: &TablePath, chain: &ChainSpec) -> Result<Table, String> {
    let (input, table, spec) = (source.info().descriptor.schema.clone(), sink.clone(), chain.clone());
    let load = move || -> Result<_, String> {
        let runtime = Runtime::shared().map_err(|error| error.to_string())?;
        let context = ChainContext { table: &table, operation: Operation::Append, input: &input, output: None };
        let chain = Chain::load(&runtime, &spec, &context).map_err(|error| error.to_string())?;
        Ok(chain.output().clone())
    };
    let schema = tokio::task::spawn_blocking(load).await.map_err(|error| error.to_string())??;
    let mut descriptor = TableDescriptor::new(schema);
    descriptor.bucket_count = source.info().descriptor.bucket_count;
    client.create_table(sink, descriptor, true).await.map_err(|error| error.to_string())?;
    client.table(sink).await.map_err(|error| error.to_string())
}
