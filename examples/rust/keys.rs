//! A Rust program that keeps rows by key: puts them, changes one column, looks keys up, and follows what changes.
//!
//! ```sh
//! cargo run --release -- serve &
//! cargo run -p thalweg-examples --example keys
//! ```
//!
//! It prints `found 2 of 3 airports`, the two rows, and the current rows followed by one change.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use futures::StreamExt;
use thalweg::client::{ChangeType, Client, ClientOptions, CurrentOptions};
use thalweg::table::{Schema, TableDescriptor};

fn texts(columns: &[(&str, &[&str])]) -> anyhow::Result<RecordBatch> {
    let array = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    Ok(RecordBatch::try_from_iter(columns.iter().map(|(name, values)| (*name, array(values))))?)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = std::env::var("THALWEG_SERVER").unwrap_or_else(|_| "127.0.0.1:9123".into());
    let client = Client::connect(ClientOptions::new(vec![server])).await?;

    let path = "airports".parse()?;
    let schema = Schema::parse_sql("code STRING NOT NULL, name STRING, state STRING")?.with_primary_key(&["code"])?;
    client.create_table(&path, TableDescriptor::new(schema), true).await?;
    let table = client.table(&path).await?;

    let rows = texts(&[("code", &["SEA", "PDX"]), ("name", &["Seattle", "Portland"]), ("state", &["WA", "OR"])])?;
    let outcome = table.upsert(rows).await?.await;
    anyhow::ensure!(outcome.first_failure().is_none(), "{:?}", outcome.first_failure());

    // A partial update: the state stays as it is.
    let names = table.updater(&["code", "name"])?;
    names.write(texts(&[("code", &["SEA"]), ("name", &["Seattle-Tacoma"])])?).await?.await;

    let found = table.lookup(texts(&[("code", &["SEA", "PDX", "XXX"])])?).await?;
    println!("found {} of {} airports", found.found(), found.keys());
    println!("{:?}", found.rows);

    // The current rows, and behind them every change.
    let mut stream = table.scan_current(CurrentOptions { follow: true, ..CurrentOptions::default() }).await?;
    table.delete(texts(&[("code", &["PDX"])])?).await?.await;
    while let Some(scanned) = stream.next().await {
        let scanned = scanned?;
        println!("{:?} {:?}", scanned.changes, scanned.batch);
        if scanned.changes.is_some_and(|changes| changes.contains(&ChangeType::Delete)) {
            break;
        }
    }
    client.close(Duration::from_secs(5)).await?;
    Ok(())
}
