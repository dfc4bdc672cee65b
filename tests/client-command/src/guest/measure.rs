//! How fast the client is, and how it treats readers that are slow or leave.

use std::{cell::Cell, time::Instant};

use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use thalweg_bindings::{
    catalog::{End, Error, ScanSpec, Start},
    types::{Batch, Column, Values},
};
use wasip3::clocks::monotonic_clock;

use super::{
    State,
    client::{Reader, Table},
    commands::{invalid, written},
};
use crate::request::{Answer, Request};

pub(super) async fn carry_out(state: &mut State, request: Request, rows: Option<Batch>) -> Result<Answer, Error> {
    match request {
        Request::BenchRows { table, batches, at_once } => {
            let rows = rows.ok_or_else(|| invalid("a frame of rows was expected"))?;
            bench_rows(state.table(&table, Vec::new()).await?, &rows, batches, at_once as usize).await
        }
        Request::BenchLookups { table, keys, at_once, seconds } => {
            bench_lookups(state.table(&table, Vec::new()).await?, keys, at_once, seconds).await
        }
        Request::DropReader { table, milliseconds } => {
            let table = state.table(&table, Vec::new()).await?;
            let reader = all(table).await?;
            let first = reader.next().await?.map_or(0, |rows| rows.batch.rows);
            pause(milliseconds).await;
            drop(reader);
            let rows = read(&all(table).await?, 0, u32::MAX).await?;
            Ok(figures(&[("first", f64::from(first)), ("rows", rows as f64)]))
        }
        Request::SlowReader { table, milliseconds, batches } => {
            let reader = all(state.table(&table, Vec::new()).await?).await?;
            let rows = read(&reader, milliseconds, batches).await?;
            Ok(figures(&[("rows", rows as f64), ("memory", memory())]))
        }
        _ => Err(invalid("no such request")),
    }
}

/// What the memory of this component has, in bytes.
fn memory() -> f64 {
    (core::arch::wasm32::memory_size(0) * 65_536) as f64
}

async fn all(table: &Table) -> Result<Reader, Error> {
    let spec = ScanSpec {
        columns: None,
        buckets: Vec::new(),
        partitions: Vec::new(),
        start: Start::Earliest,
        end: End::Latest,
    };
    table.scan(spec, Vec::new()).await
}

/// Reads at most so many batches, with a pause after each.
async fn read(reader: &Reader, milliseconds: u64, batches: u32) -> Result<u64, Error> {
    let mut rows = 0;
    for _ in 0..batches {
        let Some(given) = reader.next().await? else { break };
        rows += u64::from(given.batch.rows);
        if milliseconds > 0 {
            pause(milliseconds).await;
        }
    }
    Ok(rows)
}

async fn pause(milliseconds: u64) {
    monotonic_clock::wait_for(milliseconds * 1_000_000).await;
}

fn figures(figures: &[(&str, f64)]) -> Answer {
    let figures = figures.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect();
    Answer { figures, ..Answer::default() }
}

async fn bench_rows(table: &Table, rows: &Batch, batches: u32, at_once: usize) -> Result<Answer, Error> {
    let began = Instant::now();
    let (mut under_way, mut acknowledged) = (FuturesUnordered::new(), 0);
    for _ in 0..batches {
        under_way.push(table.append(rows.clone()));
        while under_way.len() >= at_once {
            let outcome = under_way.next().await.transpose()?;
            acknowledged += outcome.map_or(0, |outcome| written(&outcome).acknowledged);
        }
    }
    while let Some(outcome) = under_way.next().await {
        acknowledged += written(&outcome?).acknowledged;
    }
    let append = began.elapsed();
    let began = Instant::now();
    let read = read(&all(table).await?, 0, u32::MAX).await?;
    let scan = began.elapsed();
    let nanoseconds = |time: std::time::Duration, rows: u64| time.as_nanos() as f64 / rows.max(1) as f64;
    Ok(figures(&[
        ("acknowledged", acknowledged as f64),
        ("append ns a row", nanoseconds(append, acknowledged)),
        ("read", read as f64),
        ("scan ns a row", nanoseconds(scan, read)),
    ]))
}

async fn bench_lookups(table: &Table, keys: i64, at_once: u32, seconds: f64) -> Result<Answer, Error> {
    let (began, done) = (Instant::now(), Cell::new(0u64));
    let caller = async |caller: i64| {
        let mut key = caller * 7919;
        while began.elapsed().as_secs_f64() < seconds {
            key = (key.wrapping_mul(1_103_515_245).wrapping_add(12_345)).rem_euclid(1 << 40);
            let keys = Column { validity: None, values: Values::Int64(vec![key.rem_euclid(keys)]) };
            let found = table.lookup(Batch { rows: 1, columns: vec![keys] }, false).await?;
            if found.counts != [1] {
                return Err(invalid("a key was not found"));
            }
            done.set(done.get() + 1);
        }
        Ok::<_, Error>(())
    };
    let results = join_all((0..i64::from(at_once)).map(caller)).await;
    results.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(figures(&[("lookups a second", done.get() as f64 / began.elapsed().as_secs_f64())]))
}
