//! Thalweg as a library: a client of streaming storage that speaks the protocol of Apache Fluss, with sandboxed modules on
//! the way in and out. The `thalweg` command line is made of it.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use arrow_array::{Int32Array, RecordBatch, StringArray};
//! use futures::TryStreamExt;
//! use thalweg::client::{Client, ClientOptions, ScanOptions};
//! use thalweg::table::{Schema, TableDescriptor};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect(ClientOptions::new(vec!["127.0.0.1:9123".into()])).await?;
//! let path = "delays".parse()?;
//! let schema = Schema::parse_sql("origin STRING NOT NULL, delay INT")?;
//! client.create_table(&path, TableDescriptor::new(schema), true).await?;
//!
//! let table = client.table(&path).await?;
//! let rows = RecordBatch::try_from_iter([
//!     ("origin", Arc::new(StringArray::from(vec!["SEA", "PDX"])) as _),
//!     ("delay", Arc::new(Int32Array::from(vec![Some(12), None])) as _),
//! ])?;
//! let outcome = table.append(rows).await?.await;
//! assert_eq!(outcome.acknowledged(), 2);
//!
//! let batches: Vec<_> = table.scan(ScanOptions::default()).await?.try_collect().await?;
//! println!("{} batches", batches.len());
//! # Ok(()) }
//! ```
//!
//! What it is not: a server (`thalweg_node` is one, for one machine), a query engine, or a client that decides how rows are
//! replicated. It has no threads of its own but those that modules run on: a session lives on the tokio runtime that it was
//! started on. A module reaches nothing but its rows and a bounded log.
//!
//! ```text
//! profiles named ways to connect to clusters, in a file of the user's
//! client   a session with a cluster: append, scan, look up, the catalogue, with Arrow at its surface
//! table    tables: paths, columns and types, what they are made with
//! module   smart modules, each in a sandbox of its own, in a chain on the write or the read path
//! driver   one task that gives the engine sockets, time and threads
//! runtime  wasmtime, for the engine and for modules
//! columns  Arrow <-> the columns that cross into components
//! formats  rows in files: JSON lines, CSV, Parquet, Arrow
//! panics   how tasks end that break down
//! text     texts that strangers wrote, fit for a terminal
//! http     the page of a node, and a gateway for it
//! cli      the command line
//! wit      the interfaces of `wit/` as wasmtime makes them, and their conversions
//! ```

pub mod cli;
pub mod client;
pub mod columns;
mod driver;
pub mod formats;
mod http;
pub mod module;
mod panics;
pub mod profiles;
pub mod runtime;
pub mod table;
mod text;
mod wit;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
