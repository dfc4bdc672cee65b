//! What upserts cost a node: rows a second, its CPU a row, its memory, the time of one awaited row, and its start after a
//! kill. `cargo run --release -p thalweg-node --example upserts -- SERVER [upsert|memory|size|awaited|lookup]...`, where SERVER is
//! the built example `serve`, of this version or another one.

mod client;
mod load;
mod server;

use std::time::{Duration, Instant};

use client::Client;
use load::{Batches, ROWS, Table};
use server::Server;

type Failure = Box<dyn std::error::Error>;

/// Rows that a measurement writes.
const ALL: usize = 2_000_000;
/// Batches of one bucket on the way at once.
const WINDOW: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().ok_or("name the example serve that is to be measured")?;
    let wanted: Vec<String> = arguments.collect();
    let wants = |what: &str| wanted.is_empty() || wanted.iter().any(|one| one == what);
    if wants("upsert") {
        for (buckets, scattered) in [(1, false), (1, true), (4, false), (4, true)] {
            upsert(&server, buckets, scattered).await?;
        }
    }
    if wants("memory") {
        memory(&server).await?;
    }
    if wants("size") {
        for (megabytes, scattered) in [(128, false), (128, true), (16, false), (16, true)] {
            at_size(&server, megabytes, scattered).await?;
        }
    }
    for durability in ["fsync", "os"] {
        if wants("awaited") {
            awaited(&server, durability).await?;
        }
    }
    if wants("lookup") {
        lookups(&server).await?;
    }
    Ok(())
}

/// New keys, as fast as they go.
async fn upsert(server: &str, buckets: u32, scattered: bool) -> Result<(), Failure> {
    let server = Server::start(server, "fsync")?;
    let mut client = Client::connect(server.address).await?;
    let table = client.table("t", buckets, false).await?;
    let batches = Batches::new(table.clone(), buckets, ALL, scattered);
    let (cpu, begun) = (server.cpu()?, Instant::now());
    client.put_all(batches, WINDOW * buckets as usize).await?;
    let (wall, cpu) = (begun.elapsed(), server.cpu()? - cpu);
    let order = if scattered { "scattered" } else { "rising" };
    println!(
        "upsert, {buckets} bucket(s), {order} keys: {:.3} M rows/s, server CPU {:.2} us/row, {} MB",
        ALL as f64 / wall.as_secs_f64() / 1e6,
        cpu.as_secs_f64() * 1e6 / ALL as f64,
        server.memory()?
    );
    let settled = Instant::now();
    while server.is_busy()? && settled.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let all = server.cpu()?.as_secs_f64() * 1e6 / ALL as f64;
    println!("  with what it did afterwards: {all:.2} us/row, {} MB", server.memory()?);
    let begun = Instant::now();
    let server = server.restart()?;
    println!("  killed and started again in {:.2} s, {} MB", begun.elapsed().as_secs_f64(), server.memory()?);
    if buckets == 1 && !scattered {
        let mut client = Client::connect(server.address).await?;
        let found = client.look_up(table.id, ALL as i64, 2000, 100).await?;
        println!("  of 200000 keys looked up then, {found} are there");
    }
    Ok(())
}

/// Three tables of 16 buckets, one of them with 61 partitions, of a million rows each.
async fn memory(server: &str) -> Result<(), Failure> {
    let server = Server::start(server, "fsync")?;
    let mut client = Client::connect(server.address).await?;
    for name in ["a", "b"] {
        let table = client.table(name, 16, false).await?;
        client.put_all(Batches::new(table, 16, 1_000_000, true), 16).await?;
    }
    let Table { id, .. } = client.table("c", 16, true).await?;
    for day in 0..61 {
        let table = client.partition("c", id, day).await?;
        client.put_all(Batches::new(table, 16, 1_000_000 / 61, true), 16).await?;
    }
    println!("3 M rows in 3 tables of 16 buckets, one with 61 partitions: {} MB", server.memory()?);
    let ended = Instant::now();
    server.stop()?;
    println!("  stopped in {:.2} s", ended.elapsed().as_secs_f64());
    Ok(())
}

/// Four tables of one bucket and 3 M rows each, or as many as `UPSERTS_ROWS` says, one after the other, with so much memory for rows.
async fn at_size(server: &str, megabytes: usize, scattered: bool) -> Result<(), Failure> {
    let rows = std::env::var("UPSERTS_ROWS").map_or(Ok(3_000_000), |rows| rows.parse())?;
    let server = Server::start_with(server, "fsync", Some(megabytes << 20))?;
    let mut client = Client::connect(server.address).await?;
    let mut taken = Duration::ZERO;
    for name in ["a", "b", "c", "d"] {
        let table = client.table(name, 1, false).await?;
        let batches = Batches::new(table, 1, rows, scattered);
        let begun = Instant::now();
        client.put_all(batches, WINDOW).await?;
        taken += begun.elapsed();
    }
    let order = if scattered { "scattered" } else { "rising" };
    println!(
        "4 tables of {rows} rows, {megabytes} MiB, {order} keys: {:.3} M rows/s, {} MB, at most {} MB",
        4.0 * rows as f64 / taken.as_secs_f64() / 1e6,
        server.memory()?,
        server.most_memory()?
    );
    let begun = Instant::now();
    let server = server.restart()?;
    println!("  killed and started again in {:.2} s, {} MB", begun.elapsed().as_secs_f64(), server.memory()?);
    Ok(())
}

/// One row after another, each awaited.
async fn awaited(server: &str, durability: &str) -> Result<(), Failure> {
    let server = Server::start(server, durability)?;
    let mut client = Client::connect(server.address).await?;
    let table = client.table("t", 1, false).await?;
    let mut times = Vec::new();
    for at in 0..3000 {
        let batch = load::batch(&table, 0, (at..at + 1).map(|at| at as i64));
        let begun = Instant::now();
        client.put_one(&batch).await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!("one awaited row, {durability}: p50 {:.3} ms, p99 {:.3} ms", at(50), at(99));
    Ok(())
}

/// Keys that are there, 100 a request, some requests at once.
async fn lookups(server: &str) -> Result<(), Failure> {
    let server = Server::start(server, "fsync")?;
    let mut client = Client::connect(server.address).await?;
    let table = client.table("t", 1, false).await?;
    let rows = 1_000_000;
    client.put_all(Batches::new(table.clone(), 1, rows, false), WINDOW).await?;
    let (cpu, begun) = (server.cpu()?, Instant::now());
    let found = client.look_up(table.id, rows as i64, 2000, 100).await?;
    let (wall, cpu) = (begun.elapsed(), server.cpu()? - cpu);
    println!(
        "lookups, 100 keys a request: {:.3} M keys/s, server CPU {:.2} us/key, {} MB (batches of {ROWS} rows before)",
        found as f64 / wall.as_secs_f64() / 1e6,
        cpu.as_secs_f64() * 1e6 / found as f64,
        server.memory()?
    );
    Ok(())
}
