//! Embeds the component file `engine.wasm` with plain wasmtime: a client for Fluss in a program that has nothing of Thalweg
//! but that file and its WIT.
//!
//! ```sh
//! thalweg serve &
//! thalweg component export out
//! cargo run --release -p thalweg-example-embedded --example embedded -- out/engine.wasm 127.0.0.1:9123
//! ```
//!
//! `engine.wasm` imports nothing of WASI, so that the crate wasmtime is enough, without wasmtime-wasi: sockets and time are
//! this program's own. A third argument says how many seconds an answer may take (30).
//!
//! ```text
//! session  the driver of an engine: calls, turns, sockets, deadlines
//! rows     columns in and out
//! ```

mod rows;
mod session;

use std::{path::Path, process::ExitCode, time::Duration};

use wasmtime::{Result, bail, error::Context};

use bindings::catalog::{End, Error, ErrorCode, Fate, Request, RowSelection, ScanSpec, Start, TablePath};
use bindings::engine::{Command, Event, Operation, Piece};
use bindings::types::{Batch, Column};
use rows::{View, longs, texts};
use session::Session;

/// The contract as wasmtime makes it from the WIT: in an export `wit/client`, and `wit/client/deps/module`.
#[allow(clippy::all, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../../wit/module", "../../../wit/client"],
        inline: "
            package example:embedded;

            world embedding {
              import thalweg:client/buffers@0.2.2;
              export thalweg:client/engine@0.2.2;
              export thalweg:client/tables@0.2.2;
            }
        ",
        world: "example:embedded/embedding",
    });

    pub(crate) use exports::thalweg::client::{engine, tables};
    pub(crate) use thalweg::{
        client::{buffers, catalog},
        module::types,
    };
}

/// How far a scan reads ahead, in bytes.
const AHEAD: u64 = 8 << 20;

fn main() -> ExitCode {
    match run(&std::env::args().collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let [_, component, server, rest @ ..] = arguments else { bail!("give ENGINE.WASM HOST:PORT [SECONDS]") };
    let seconds = rest.first().map_or("30", String::as_str).parse::<u64>().context("SECONDS is a number")?;
    let mut session = Session::open(Path::new(component), server, Duration::from_secs(seconds))?;

    // A log table: five appends of a thousand rows, all under way at once; then all rows back.
    let flights = create(&mut session, "flights_embedded", "id BIGINT NOT NULL, origin STRING NOT NULL")?;
    let mut tickets = Vec::new();
    for call in 0..5 {
        let ids: Vec<i64> = (call * 1000..(call + 1) * 1000).collect();
        let origins: Vec<&str> = ids.iter().map(|id| if id % 2 == 0 { "SEA" } else { "PDX" }).collect();
        tickets.push(submit(&mut session, flights, Operation::Append, 1000, vec![longs(ids), texts(&origins)])?);
    }
    for ticket in tickets {
        settle(&mut session, ticket, 1000)?;
    }
    println!("5000 rows acknowledged");
    scan(&mut session, flights)?;

    // A table with a primary key: two rows put, three keys looked up.
    let airports = create(&mut session, "airports_embedded", "code STRING, name STRING, PRIMARY KEY (code)")?;
    let rows = vec![texts(&["SEA", "PDX"]), texts(&["Seattle-Tacoma", "Portland"])];
    let ticket = submit(&mut session, airports, Operation::Upsert(None), 2, rows)?;
    settle(&mut session, ticket, 2)?;
    lookup(&mut session, airports, &["PDX", "XXX", "SEA"])?;
    session.close()
}

/// Creates a table anew from the SQL of its columns, and opens it.
fn create(session: &mut Session, name: &str, columns: &str) -> Result<u32> {
    let path = TablePath { database: "fluss".into(), table: name.into() };
    let (primary_key, partition_by, bucket_by, properties) = Default::default();
    let (buckets, comment) = (Some(3), None);
    let options = bindings::tables::TableOptions { primary_key, partition_by, bucket_by, buckets, comment, properties };
    let tables = session.component.thalweg_client_tables();
    let descriptor = tables.call_describe(&mut session.store, columns, &options)??;
    // One that is gone, or there, is fine: an answer may be lost, and the request made anew.
    for request in [Request::DropTable((path.clone(), true)), Request::CreateTable((path.clone(), descriptor, true))] {
        let ticket = session.call(|engine, store, this, now| engine.call_ask(store, this, now, &request))?;
        let Event::Answered((_, answer)) = session.event(ticket)? else { bail!("another answer") };
        answer?;
    }
    let ticket = session.call(|engine, store, this, now| engine.call_open_table(store, this, now, &path))?;
    let Event::Opened((_, opened)) = session.event(ticket)? else { bail!("another answer") };
    Ok(opened?.0)
}

/// Hands rows or keys over. Where the buffer of rows that are written is full it waits until there is room.
fn submit(session: &mut Session, table: u32, operation: Operation, rows: u32, columns: Vec<Column>) -> Result<u64> {
    let command = [Command { table, operation, rows: Batch { rows, columns } }];
    loop {
        let taken = session.call(|engine, store, this, now| engine.call_submit(store, this, now, &command))?;
        match taken.into_iter().next().context("no answer to a command")? {
            Err(Error { code: ErrorCode::Full(_), .. }) => session.until(|event| matches!(event, Event::Writable))?,
            taken => return Ok(taken?),
        };
    }
}

/// Waits until all rows of a write have a fate: the server has them, or it says why not.
fn settle(session: &mut Session, ticket: u64, rows: usize) -> Result<()> {
    let mut settled = 0;
    while settled < rows {
        let Event::Settled((_, fates)) = session.event(ticket)? else { bail!("another answer") };
        for (selection, fate) in fates {
            settled += match selection {
                RowSelection::Span((_, count)) => count as usize,
                RowSelection::Rows(rows) => rows.len(),
            };
            if let Fate::Failed(failure) = fate {
                Err(failure.error)?;
            }
        }
    }
    Ok(())
}

/// Scans a table from its first to its last row.
fn scan(session: &mut Session, table: u32) -> Result<()> {
    let (columns, buckets, partitions) = Default::default();
    let all = ScanSpec { columns, buckets, partitions, start: Start::Earliest, end: End::Latest };
    let ticket = session.call(|engine, store, this, now| engine.call_scan(store, this, now, table, &all))??;
    session.demand(ticket, AHEAD);
    let (mut count, mut sum, mut from_seattle) = (0, 0, 0);
    loop {
        match session.event(ticket)? {
            Event::Rows((_, batch)) => {
                let Piece::Inline(body) = &batch.body else { bail!("the engine names bytes that nobody holds") };
                let view = View { layout: &batch.layout, body, first: batch.first, rows: batch.rows };
                count += batch.rows;
                sum += view.longs(0)?.iter().sum::<i64>();
                from_seattle += view.texts(1)?.iter().filter(|origin| **origin == "SEA").count();
                // What was read may be fetched anew.
                session.demand(ticket, batch.cost);
            }
            Event::Ended((_, ended)) => break ended?,
            _ => bail!("another answer"),
        }
    }
    println!("{count} rows scanned: their ids sum to {sum}, {from_seattle} are from Seattle");
    Ok(())
}

/// Looks rows up by their keys.
fn lookup(session: &mut Session, table: u32, keys: &[&str]) -> Result<()> {
    let ticket = submit(session, table, Operation::Lookup(false), keys.len() as u32, vec![texts(keys)])?;
    let Event::Found((_, found)) = session.event(ticket)? else { bail!("another answer") };
    let found = found?;
    let view = View { layout: &found.layout, body: &found.body, first: 0, rows: found.rows };
    let mut names = view.texts(1)?.into_iter();
    for (key, count) in keys.iter().zip(&found.counts) {
        let name = if *count == 1 { names.next() } else { None };
        println!("{key}: {}", name.unwrap_or("not there"));
    }
    Ok(())
}
