//! What the steps of a scenario do.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::{Stream, StreamExt};
use thalweg::client::{
    Bucket, ChangeType, CurrentOptions, End, Error, FoundRows, ScanBatch, ScanOptions, Start, Table, Writer,
};
use thalweg::formats::{Format, Input, ReadOptions, reader, writer};
use thalweg::module::{ChainSpec, ModuleSpec, Policy};
use thalweg::table::TablePath;

use super::case::{Scan, Scenario, Step, Word};

pub(crate) async fn take(table: &Table, step: &Step, scenario: &Scenario) -> Result<()> {
    ensure!(step.actions() == 1, "a step does one thing");
    let (client, path) = (table.client(), &table.info().path);
    let spec = |spec: &BTreeMap<String, String>| spec.clone().into_iter().collect();
    match step {
        Step { append: Some(rows), .. } => write(table.appender(), rows, step).await,
        Step { upsert: Some(rows), .. } => write(table.upserter(), rows, step).await,
        Step { delete: Some(keys), .. } => write(table.deleter()?, keys, step).await,
        Step { update: Some(update), .. } => write(table.updater(&update.columns)?, &update.rows, step).await,
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
    if let Some(wanted) = &step.letters {
        let table = table.client().table(&letters(table)).await?;
        let columns = ["module", "kind", "error", "batch", "position", "original"].map(str::to_owned).to_vec();
        let stream = table.scan(ScanOptions { columns: Some(columns), ..ScanOptions::default() }).await?;
        let schema = stream.schema();
        return check(&table, stream, schema, wanted, step).await;
    }
    let wanted = wanted(step, scenario)?;
    match step {
        Step { scan: Some(scan), .. } => {
            let stream = table.scan(log(scan, chain(table, step)?)).await?;
            let schema = stream.schema();
            check(table, stream, schema, wanted, step).await
        }
        Step { current: Some(scan), .. } => {
            let stream = table.scan_current(current(scan, chain(table, step)?)).await?;
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

fn chain(table: &Table, step: &Step) -> Result<Option<ChainSpec>> {
    let policy = |word: Option<Word>| match word {
        None | Some(Word::Fail) => Policy::Fail,
        Some(Word::Drop) => Policy::Drop,
        Some(Word::Pass) => Policy::Pass,
        Some(Word::DeadLetter) => Policy::DeadLetter(letters(table).to_string()),
    };
    let mut specs = Vec::new();
    for module in &step.modules {
        let (name, settings) = module.split_first().context("a module has a name")?;
        let mut spec = ModuleSpec::new(name, Path::new(""));
        settings.iter().try_for_each(|setting| spec.set(setting))?;
        spec.on_error = policy(step.on_error);
        spec.on_failure = policy(step.on_failure);
        specs.push(spec);
    }
    Ok((!specs.is_empty()).then_some(ChainSpec { modules: specs, ..ChainSpec::default() }))
}

/// The table of a scenario's dead letters.
fn letters(table: &Table) -> TablePath {
    let TablePath { database, table } = table.info().path.clone();
    TablePath { database, table: table + "_letters" }
}

/// Writes rows through the modules of a step; those that go on are acknowledged.
async fn write(writer: Writer, rows: &str, step: &Step) -> Result<()> {
    let writer = match chain(&writer.table(), step)? {
        Some(chain) => writer.with_chain(&chain).await?,
        None => writer,
    };
    let (mut filtered, mut dropped, mut dead_lettered) = (BTreeMap::new(), 0, 0);
    for batch in read(rows, writer.schema())? {
        let outcome = writer.write(batch).await?.await;
        if let Some((row, error)) = outcome.first_failure() {
            bail!("row {row}: {error}");
        }
        ensure!(outcome.acknowledged() == outcome.produced, "{outcome:?}");
        dropped += outcome.dropped;
        dead_lettered += outcome.dead_lettered();
        filtered.extend(outcome.filtered);
    }
    for (module, rows) in &step.filtered {
        ensure!(filtered.get(module) == Some(rows), "{filtered:?}");
    }
    ensure!(
        (dropped, dead_lettered) == (step.dropped, step.dead_lettered),
        "{dropped} dropped, {dead_lettered} letters"
    );
    Ok(())
}

fn log(scan: &Scan, chain: Option<ChainSpec>) -> ScanOptions {
    ScanOptions {
        columns: scan.columns.clone(),
        buckets: buckets(scan),
        partitions: scan.partitions.clone(),
        start: scan.start.map_or(Start::Earliest, Start::Offset),
        end: scan.end.map_or(End::Latest, End::Offset),
        limit: scan.limit,
        filter: scan.filter.clone(),
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
        filter: scan.filter.clone(),
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
    let ordered =
        !step.any_order && !table.is_partitioned() && batches.iter().all(|scanned| scanned.offsets().next().is_some());
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
        .flat_map(|scanned| {
            scanned.changes.clone().unwrap_or_else(|| vec![ChangeType::Append; scanned.batch.num_rows()])
        })
        .map(ChangeType::symbol)
        .collect();
    let found = order(text(&batches.into_iter().map(|scanned| scanned.batch).collect::<Vec<_>>(), schema)?);
    ensure!(found == wanted, "{}", difference(&found, &wanted));
    if let Some(wanted) = &step.changes {
        ensure!(changes.join(" ") == *wanted, "the changes are {changes:?}");
    }
    Ok(())
}

/// What was found instead of what was wanted; of much text only how it begins to differ.
fn difference(found: &str, wanted: &str) -> String {
    if found.len() + wanted.len() < 10_000 {
        return format!("found:\n{found}\nexpected:\n{wanted}");
    }
    let first = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    format!("{} rows instead of {}; the first that differs: {first:?}", found.lines().count(), wanted.lines().count())
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
    let options = ReadOptions::with_batch_rows(1000);
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
