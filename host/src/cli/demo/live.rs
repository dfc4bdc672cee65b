//! The live half of the demonstration: flights that keep coming, a flow on the write path, and the page that shows them.

use std::io::Write;
use std::time::Duration;

use anyhow::anyhow;
use arrow_array::RecordBatch;
use serde_json::json;
use thalweg_node::Node;

use crate::cli::serve::interrupted;
use crate::cli::tables::schema_of;
use crate::client::{Client, ClientOptions};
use crate::http::{FlowSpec, HttpOptions, HttpServer, ModuleChoice, ModuleOrigin};
use crate::module::Policy;
use crate::table::{TableDescriptor, TablePath};

/// The time between two batches of flights.
const INTERVAL: Duration = Duration::from_millis(250);
/// Flights of a batch, at the least, and by how many their number goes up and down.
const FEWEST: usize = 40;
const SWELL: f64 = 80.0;
/// The table that flights come into, and the one for those that are late.
const SOURCE: &str = "departures";
const SINK: &str = "late_departures";

/// Serves the page of a node while flights come, until an interrupt.
pub(super) async fn run(
    node: &Node,
    client: &Client,
    options: ClientOptions,
    listen: String,
    flights: &RecordBatch,
) -> anyhow::Result<()> {
    let path: TablePath = SOURCE.parse()?;
    let mut descriptor = TableDescriptor::new(schema_of(&flights.schema())?);
    descriptor.bucket_count = Some(3);
    client.create_table(&path, descriptor, true).await?;
    let options = HttpOptions { listen, node: node.address(), names: Vec::new(), allow: Vec::new(), client: options };
    let page = HttpServer::start(options).await?;
    let ended = async {
        page.start_flow(late()?).await.map_err(|reason| anyhow!(reason))?;
        let mut out = std::io::stdout();
        writeln!(out, "\nflights come into table {SOURCE}, and those that are late go on into {SINK}")?;
        writeln!(out, "the page is at {}; Ctrl-C ends it", page.url())?;
        tokio::select! {
            failed = feed(client, flights) => failed,
            interrupted = interrupted() => interrupted,
            // Why is what `shutdown` says.
            _ = node.failed() => Ok(()),
        }
    };
    let ended = ended.await;
    page.shutdown().await;
    ended
}

/// Flights that are late, with their distance in kilometres.
fn late() -> anyhow::Result<FlowSpec> {
    let module = |name: &str, config: serde_json::Value| ModuleChoice {
        origin: ModuleOrigin::Stock(name.to_owned()),
        name: name.to_owned(),
        config: config.as_object().cloned().unwrap_or_default(),
        on_error: Policy::Fail,
        on_failure: Policy::Fail,
    };
    Ok(FlowSpec {
        source: SOURCE.parse()?,
        sink: SINK.parse()?,
        modules: vec![
            module("where", json!({ "if": "delay > 30" })),
            module("scale", json!({ "column": "distance", "factor": 1.609344 })),
        ],
        earliest: false,
        create: true,
    })
}

/// Appends flights again and again, a few at a time, and puts the last one from each airport into the keyed table.
async fn feed(client: &Client, flights: &RecordBatch) -> anyhow::Result<()> {
    let table = client.table(&SOURCE.parse()?).await?;
    let last = client.table(&super::keys::TABLE.parse()?).await?;
    let mut ticks = tokio::time::interval(INTERVAL);
    let (mut first, mut turn) = (0, 0.0f64);
    loop {
        ticks.tick().await;
        turn += 1.0;
        let swell = SWELL * (1.0 + (turn / 17.0).sin() * (turn / 5.0).cos()) / 2.0;
        let rows = (FEWEST + swell as usize).min(flights.num_rows() - first);
        let batch = flights.slice(first, rows);
        first = (first + rows) % flights.num_rows();
        let (appended, put) = (table.append(batch.clone()).await?, last.upsert(batch).await?);
        let (appended, put) = tokio::join!(appended, put);
        if let Some((_, error)) = appended.first_failure().or(put.first_failure()) {
            anyhow::bail!("rows were not written: {error}");
        }
    }
}
