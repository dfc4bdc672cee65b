//! A Rust program that creates a table, appends rows through a filter, and scans them back.
//!
//! ```sh
//! cargo run --release -- serve &
//! cargo run -p thalweg-examples --example append_and_scan
//! ```
//!
//! It prints `appended 3 rows, 1 kept at offset 0` (the offset grows when it is run again) and the row that was kept.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{Int32Array, RecordBatch, StringArray};
use futures::StreamExt;
use thalweg::client::{Client, ClientOptions, ScanOptions};
use thalweg::module::{ChainSpec, ModuleSpec};
use thalweg::table::{Schema, TableDescriptor};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = std::env::var("THALWEG_SERVER").unwrap_or_else(|_| "127.0.0.1:9123".into());
    let client = Client::connect(ClientOptions::new(vec![server])).await?;

    let path = "delays".parse()?;
    let schema = Schema::parse_sql("origin STRING NOT NULL, delay INT")?;
    client.create_table(&path, TableDescriptor::new(schema), true).await?;

    let mut filter = ModuleSpec::new("where", Path::new(""));
    filter.set("if=delay > 30")?;
    let table =
        client.table(&path).await?.with_chain(&ChainSpec { modules: vec![filter], ..ChainSpec::default() }).await?;

    let rows = RecordBatch::try_from_iter([
        ("origin", Arc::new(StringArray::from(vec!["SEA", "PDX", "SFO"])) as _),
        ("delay", Arc::new(Int32Array::from(vec![Some(12), Some(45), None])) as _),
    ])?;
    // The first await waits for room in the write buffer, the second for the server.
    let outcome = table.append(rows).await?.await;
    let offset = outcome.offsets().next().map_or(0, |(_, _, offset)| offset);
    println!("appended {} rows, {} kept at offset {offset}", outcome.rows, outcome.acknowledged());

    let mut stream = table.scan(ScanOptions::default()).await?;
    while let Some(scanned) = stream.next().await {
        println!("{:?}", scanned?.batch);
    }
    client.close(Duration::from_secs(5)).await?;
    Ok(())
}
