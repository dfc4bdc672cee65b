//! What the steps of a scenario do.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::{Stream, StreamExt};
use thalweg::client::{CurrentOptions, Error, FoundRows, Pending, ScanBatch, ScanOptions, Table};
use thalweg::formats::{Format, Input, ReadOptions, reader, writer};
use thalweg::module::{ChainSpec, ModuleSpec};
use thalweg_engine::api::{Bucket, End, Start};

use super::case::{Scan, Scenario, Step, Update};

pub(crate) async fn take(table: &Table, step: &Step, scenario: &Scenario) -> Result<()> {
    ensure!(step.actions() == 1, "a step does one thing");
    let (client, path) = (table.client(), &table.info().path);
    let spec = |spec: &BTreeMap<String, String>| spec.clone().into_iter().collect();
    match step {
        Step { append: Some(rows), .. } => append(table, rows, step).await,
        Step { upsert: Some(rows), .. } => write(rows, table.schema(), async |rows| table.upsert(rows).await).await,
        Step { delete: Some(keys), .. } => write(keys, table.key_schema(), async |keys| table.delete(keys).await).await,
        Step { update: Some(update), .. } => partial(table, update).await,
        Step { create_partition: Some(values), .. } => Ok(client.create_partition(path, spec(values), false).await?),
        Step { drop_partition: Some(values), .. } => Ok(client.drop_partition(path, spec(values), false).await?),
        Step { partitions: Some(names), .. } => {
            let mut found: Vec<String> = table.partitions().await?.into_iter().map(|found| found.name).collect();
            found.sort();
            ensure!(found == *names, "there are the partitions {found:?}");
            Ok(())
        }
        _ => look(table, step, scenario).await,
    }
}

/// The steps that read.
async fn look(table: &Table, step: &Step, scenario: &Scenario) -> Result<()> {
    let wanted = wanted(step, scenario)?;
    match step {
        Step { scan: Some(scan), .. } => {
            let stream = table.scan(log(scan, chain(&step.modules)?)).await?;
            let schema = stream.schema();
            check(table, stream, schema, wanted, step).await
        }
        Step { current: Some(scan), .. } => {
            let stream = table.scan_current(current(scan, chain(&step.modules)?)).await?;
            let schema = stream.schema();
            check(table, stream, schema, wanted, step).await
        }
        Step { limit_scan: Some(scan), .. } => {
            let bucket = Bucket { partition: None, bucket: scan.bucket };
            let stream = table.limit_scan(bucket, scan.limit, None).await?;
            let schema = stream.schema();
            check(table, stream, schema, wanted, step).await
        }
        Step { lookup: Some(keys), .. } => found(table, &table.lookup(one(keys, table.key_schema())?).await?, wanted),
        Step { lookup_or_insert: Some(keys), .. } => {
            found(table, &table.lookup_or_insert(one(keys, table.key_schema())?).await?, wanted)
        }
        Step { prefix: Some(prefixes), .. } => {
            let schema = table.prefix_schema().unwrap_or_else(|| table.key_schema());
            found(table, &table.prefix_lookup(one(prefixes, schema)?).await?, wanted)
        }
        _ => bail!("a step does one thing"),
    }
}

/// The rows that a step must give; none if it must fail.
fn wanted<'a>(step: &'a Step, scenario: &'a Scenario) -> Result<&'a str> {
    let of_step = |step: usize| scenario.step.get(step).and_then(|step| step.append.as_ref().or(step.upsert.as_ref()));
    match step.rows.as_ref().or_else(|| step.same_as_step.and_then(of_step)) {
        Some(rows) => Ok(rows),
        None if step.fails.is_some() => Ok(""),
        None => bail!("a step that reads says its rows"),
    }
}

fn chain(modules: &[Vec<String>]) -> Result<Option<ChainSpec>> {
    let mut specs = Vec::new();
    for module in modules {
        let (name, settings) = module.split_first().context("a module has a name")?;
        let mut spec = ModuleSpec::new(name, Path::new(""));
        settings.iter().try_for_each(|setting| spec.set(setting))?;
        specs.push(spec);
    }
    Ok((!specs.is_empty()).then_some(ChainSpec { modules: specs }))
}

async fn append(table: &Table, rows: &str, step: &Step) -> Result<()> {
    let table = match chain(&step.modules)? {
        Some(chain) => table.clone().with_chain(&chain).await?,
        None => table.clone(),
    };
    let mut filtered = BTreeMap::new();
    for batch in read(rows, table.schema())? {
        filtered.extend(settle(table.append(batch).await?).await?);
    }
    for (module, rows) in &step.filtered {
        ensure!(filtered.get(module) == Some(rows), "{filtered:?}");
    }
    Ok(())
}

async fn write(rows: &str, schema: SchemaRef, put: impl AsyncFn(RecordBatch) -> Result<Pending, Error>) -> Result<()> {
    for batch in read(rows, schema)? {
        settle(put(batch).await?).await?;
    }
    Ok(())
}

async fn partial(table: &Table, update: &Update) -> Result<()> {
    let writer = table.updater(&update.columns)?;
    for batch in read(&update.rows, writer.schema())? {
        settle(writer.write(batch).await?).await?;
    }
    Ok(())
}

/// Waits until all rows are acknowledged, and gives how many each module filtered.
async fn settle(pending: Pending) -> Result<Vec<(String, u64)>> {
    let outcome = pending.await;
    if let Some((row, error)) = outcome.first_failure() {
        bail!("row {row}: {error}");
    }
    ensure!(outcome.acknowledged() == outcome.produced, "{outcome:?}");
    Ok(outcome.filtered)
}

fn log(scan: &Scan, chain: Option<ChainSpec>) -> ScanOptions {
    ScanOptions {
        columns: scan.columns.clone(),
        buckets: buckets(scan),
        partitions: scan.partitions.clone(),
        start: scan.start.map_or(Start::Earliest, Start::Offset),
        end: scan.end.map_or(End::Latest, End::Offset),
        limit: scan.limit,
        chain,
        ..ScanOptions::default()
    }
}

fn current(scan: &Scan, chain: Option<ChainSpec>) -> CurrentOptions {
    CurrentOptions {
        columns: scan.columns.clone(),
        buckets: buckets(scan),
        partitions: scan.partitions.clone(),
        limit: scan.limit,
        chain,
        ..CurrentOptions::default()
    }
}

fn buckets(scan: &Scan) -> Vec<Bucket> {
    scan.buckets.iter().map(|bucket| Bucket { partition: None, bucket: *bucket }).collect()
}

/// Compares what a scan gives: by bucket and offset, or, of partitions and of current rows, in the order of their text.
async fn check(
    table: &Table,
    mut stream: impl Stream<Item = Result<ScanBatch, Error>> + Unpin,
    schema: SchemaRef,
    wanted: &str,
    step: &Step,
) -> Result<()> {
    let mut batches = Vec::new();
    while let Some(scanned) = stream.next().await {
        batches.push(scanned?);
    }
    batches.sort_by_key(|scanned| (scanned.bucket, scanned.offsets().next()));
    let ordered = !table.is_partitioned() && batches.iter().all(|scanned| scanned.offsets().next().is_some());
    let order = |text: String| {
        let mut lines: Vec<&str> = text.lines().collect();
        if !ordered {
            lines.sort_unstable();
        }
        lines.join("\n")
    };
    let wanted = order(text(&read(wanted, schema.clone())?, schema.clone())?);
    let changes: Vec<&str> = batches
        .iter()
        .flat_map(|scanned| scanned.changes.clone().unwrap_or_else(|| vec![0; scanned.batch.num_rows()]))
        .map(|change| ["+A", "+I", "-U", "+U", "-D"][usize::from(change)])
        .collect();
    let found = order(text(&batches.into_iter().map(|scanned| scanned.batch).collect::<Vec<_>>(), schema)?);
    ensure!(found == wanted, "found:\n{found}\nexpected:\n{wanted}");
    if let Some(wanted) = &step.changes {
        ensure!(changes.join(" ") == *wanted, "the changes are {changes:?}");
    }
    Ok(())
}

/// Compares what a lookup gives: for each key its rows, or a line `null`.
fn found(table: &Table, found: &FoundRows, wanted: &str) -> Result<()> {
    let schema = table.schema();
    let mut lines = String::new();
    for key in 0..found.keys() {
        match found.of(key) {
            Some(rows) => lines += &text(&[rows], schema.clone())?,
            None => lines += "null\n",
        }
    }
    let mut expected = String::new();
    for line in wanted.lines().filter(|line| !line.is_empty()) {
        match line {
            "null" => expected += "null\n",
            row => expected += &text(&read(row, schema.clone())?, schema.clone())?,
        }
    }
    ensure!(lines == expected, "found:\n{lines}\nexpected:\n{expected}");
    Ok(())
}

/// JSON lines as one batch.
fn one(rows: &str, schema: SchemaRef) -> Result<RecordBatch> {
    read(rows, schema)?.into_iter().next().context("there are rows")
}

/// JSON lines as the table's columns.
fn read(rows: &str, schema: SchemaRef) -> Result<Vec<RecordBatch>> {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile()?;
    std::io::Write::write_all(&mut file, rows.as_bytes())?;
    let options = ReadOptions { batch_rows: 1000, follow: false };
    let rows = reader(&Input::File(file.path().into()), Format::Json, schema, options)?;
    rows.map(|rows| Ok(rows?.batch)).collect()
}

/// Batches as JSON lines.
fn text(batches: &[RecordBatch], schema: SchemaRef) -> Result<String> {
    let file = tempfile::NamedTempFile::new()?;
    let mut out = writer(Format::Json, schema, file.reopen()?)?;
    batches.iter().try_for_each(|batch| out.write(batch))?;
    out.finish()?;
    Ok(std::fs::read_to_string(file.path())?)
}
