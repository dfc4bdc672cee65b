//! The files of `tests/scenarios` through the client component.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use arrow_array::RecordBatch;
use arrow_schema::{Schema as ArrowSchema, SchemaRef};
use thalweg::client::{ChangeType, Table};
use thalweg::formats::{Format, Input, ReadOptions, reader, writer};
use thalweg_bindings::types::Batch;
use thalweg_client_command::request::{Answer, Operation, Request};

use super::case::{Scan, Scenario, Step};
use super::session::{Session, into_arrow};

/// Why a scenario is not for a composition with the module that it has; `None`: it is.
pub(crate) fn unfit(scenario: &Scenario) -> Option<&'static str> {
    let steps = &scenario.step;
    if steps.iter().any(|step| step.letters.is_some()) {
        return Some("dead letters are given back to the caller, who writes them");
    }
    let filters = |scan: &Option<Scan>| scan.as_ref().is_some_and(|scan| scan.filter.is_some());
    if steps.iter().any(|step| !step.modules.is_empty() || filters(&step.scan) || filters(&step.current)) {
        return Some("a composition has one instance of one module; modules have tests of their own");
    }
    None
}

/// Carries out the steps of a scenario on a table that is there.
pub(crate) fn run(session: &mut Session, server: &str, table: &Table, scenario: &Scenario) -> Result<()> {
    session.ask(
        &Request::Connect {
            server: server.to_owned(),
            fetch_bytes: scenario.settings.fetch_bytes,
            bucket_bytes: scenario.settings.bucket_bytes,
            batch_rows: scenario.settings.batch_rows,
            create_partitions: scenario.create_partitions,
        },
        None,
    )?;
    for (number, step) in scenario.step.iter().enumerate() {
        let context = || format!("step {number} ({})", scenario.about);
        match (&step.fails, take(session, table, step, scenario)) {
            (None, result) => result.with_context(context)?,
            (Some(text), Err(error)) if format!("{error:#}").contains(text) => {}
            (Some(text), Err(error)) => bail!("{}: {error:#} does not say {text:?}", context()),
            (Some(text), Ok(())) => bail!("{} succeeds instead of failing with {text:?}", context()),
        }
    }
    session.ask(&Request::Close, None)?;
    Ok(())
}

fn take(session: &mut Session, table: &Table, step: &Step, scenario: &Scenario) -> Result<()> {
    ensure!(step.actions() == 1, "a step does one thing");
    let name = table.info().path.to_string();
    let spec = |spec: &BTreeMap<String, String>| spec.clone().into_iter().collect::<Vec<_>>();
    match step {
        Step { append: Some(rows), .. } => write(session, table, Operation::Append, None, rows),
        Step { upsert: Some(rows), .. } => write(session, table, Operation::Upsert, None, rows),
        Step { delete: Some(keys), .. } => write(session, table, Operation::Delete, None, keys),
        Step { update: Some(update), .. } => {
            let columns = positions(table, &update.columns)?;
            write(session, table, Operation::Upsert, Some(columns), &update.rows)
        }
        Step { create_partition: Some(values), .. } => {
            session.ask(&Request::CreatePartition { table: name, spec: spec(values) }, None).map(|_| ())
        }
        Step { drop_partition: Some(values), .. } => {
            session.ask(&Request::DropPartition { table: name, spec: spec(values) }, None).map(|_| ())
        }
        Step { partitions: Some(names), .. } => {
            let (mut answer, _) = session.ask(&Request::Partitions { table: name }, None)?;
            answer.names.sort();
            ensure!(answer.names == *names, "there are the partitions {:?}", answer.names);
            Ok(())
        }
        _ => look(session, table, step, scenario),
    }
}

/// The positions of columns; one that the table has not as a position that it has not either.
fn positions(table: &Table, names: &[String]) -> Result<Vec<u32>> {
    let schema = &table.info().descriptor.schema;
    let position = |name: &String| {
        schema.position(name).map(|at| at as u32).with_context(|| format!("there is no column {name:?}"))
    };
    names.iter().map(position).collect()
}

fn project(table: &Table, columns: &[u32]) -> Result<SchemaRef> {
    let columns: Vec<usize> = columns.iter().map(|column| *column as usize).collect();
    Ok(std::sync::Arc::new(ArrowSchema::project(&table.schema(), &columns)?))
}

fn write(
    session: &mut Session,
    table: &Table,
    operation: Operation,
    columns: Option<Vec<u32>>,
    rows: &str,
) -> Result<()> {
    let schema = match (&columns, operation) {
        (Some(columns), _) => project(table, columns)?,
        (None, Operation::Delete) => table.key_schema(),
        (None, _) => table.schema(),
    };
    for batch in read(rows, schema)? {
        let table = table.info().path.to_string();
        let request = Request::Write { table, operation, columns: columns.clone(), modules: Vec::new() };
        let (answer, _) = session.ask(&request, Some(&batch))?;
        if let Some((_, error)) = answer.failed {
            bail!(error);
        }
        ensure!(answer.acknowledged == batch.num_rows() as u64, "{} acknowledged", answer.acknowledged);
    }
    Ok(())
}

/// The steps that read.
fn look(session: &mut Session, table: &Table, step: &Step, scenario: &Scenario) -> Result<()> {
    let of_step = |step: usize| scenario.step.get(step).and_then(|step| step.append.as_ref().or(step.upsert.as_ref()));
    let wanted = match step.rows.as_ref().or_else(|| step.same_as_step.and_then(of_step)) {
        Some(rows) => rows,
        None if step.fails.is_some() => "",
        None => bail!("a step that reads says its rows"),
    };
    let name = table.info().path.to_string();
    match step {
        Step { scan: Some(scan), .. } => {
            let columns = scan.columns.as_ref().map(|names| positions(table, names)).transpose()?;
            let schema = columns.as_ref().map_or_else(|| Ok(table.schema()), |it| project(table, it))?;
            let Scan { start, end, buckets, partitions, .. } = scan.clone();
            let modules = Vec::new();
            let request = Request::Scan { table: name, columns, start, end, buckets, partitions, modules };
            check(table, session.ask(&request, None)?, schema, (scan.limit, None), wanted, step)
        }
        Step { current: Some(scan), .. } => {
            let columns = scan.columns.as_ref().map(|names| positions(table, names)).transpose()?;
            let Scan { buckets, partitions, limit, .. } = scan.clone();
            let found = session.ask(&Request::Current { table: name, buckets, partitions }, None)?;
            check(table, found, table.schema(), (limit, columns), wanted, step)
        }
        Step { limit_scan: Some(scan), .. } => {
            let request = Request::LimitScan { table: name, bucket: scan.bucket, limit: scan.limit };
            check(table, session.ask(&request, None)?, table.schema(), (None, None), wanted, step)
        }
        Step { lookup: Some(keys), .. } => {
            let keys = one(keys, &table.key_schema())?;
            found(table, session.ask(&Request::Lookup { table: name, insert: false }, Some(&keys))?, wanted)
        }
        Step { lookup_or_insert: Some(keys), .. } => {
            let keys = one(keys, &table.key_schema())?;
            found(table, session.ask(&Request::Lookup { table: name, insert: true }, Some(&keys))?, wanted)
        }
        Step { prefix: Some(prefixes), .. } => {
            let schema = table.prefix_schema().unwrap_or_else(|| table.key_schema());
            let prefixes = one(prefixes, &schema)?;
            found(table, session.ask(&Request::PrefixLookup { table: name }, Some(&prefixes))?, wanted)
        }
        _ => bail!("a step does one thing"),
    }
}

/// Compares what a scan gives: by bucket and offset, or, of partitions and of current rows, in the order of their text.
fn check(
    table: &Table,
    (answer, batches): (Answer, Vec<Batch>),
    schema: SchemaRef,
    (limit, columns): (Option<u64>, Option<Vec<u32>>),
    wanted: &str,
    step: &Step,
) -> Result<()> {
    let batches = batches.into_iter().map(|batch| into_arrow(batch, &schema)).collect::<Result<Vec<_>>>()?;
    let mut all: Vec<_> = answer.rows.into_iter().zip(batches).collect();
    all.sort_by_key(|(head, _)| (head.bucket, head.offsets.first().copied()));
    let ordered = !step.any_order && !table.is_partitioned() && all.iter().all(|(head, _)| !head.offsets.is_empty());
    let symbol = |change: &u8| ["+A", "+I", "-U", "+U", "-D"].get(usize::from(*change)).copied().unwrap_or("?");
    let appended = |rows: usize| vec![ChangeType::Append.symbol(); rows];
    let changes: Vec<&str> = all
        .iter()
        .flat_map(|(head, batch)| match &head.changes {
            Some(changes) => changes.iter().map(symbol).collect(),
            None => appended(batch.num_rows()),
        })
        .collect();
    let mut left = limit.unwrap_or(u64::MAX);
    let mut batches = Vec::new();
    for (_, batch) in all {
        let rows = batch.num_rows().min(usize::try_from(left).unwrap_or(usize::MAX));
        left -= rows as u64;
        let batch = batch.slice(0, rows);
        batches.push(match &columns {
            Some(columns) => batch.project(&columns.iter().map(|at| *at as usize).collect::<Vec<_>>())?,
            None => batch,
        });
    }
    let schema = columns.map_or_else(|| Ok(schema), |columns| project(table, &columns))?;
    let order = |text: String| {
        let mut lines: Vec<&str> = text.lines().collect();
        if !ordered {
            lines.sort_unstable();
        }
        lines.join("\n")
    };
    let wanted = order(text(&read(wanted, schema.clone())?, schema.clone())?);
    let found = order(text(&batches, schema)?);
    ensure!(found == wanted, "found:\n{:.5000}\nexpected:\n{:.5000}", found, wanted);
    if let Some(wanted) = &step.changes {
        ensure!(changes.join(" ") == *wanted, "the changes are {changes:?}");
    }
    Ok(())
}

/// Compares what a lookup gives: for each key its rows, or a line `null`.
fn found(table: &Table, (answer, batches): (Answer, Vec<Batch>), wanted: &str) -> Result<()> {
    let schema = table.schema();
    let rows = into_arrow(batches.into_iter().next().context("rows of a lookup")?, &schema)?;
    let (mut lines, mut at) = (String::new(), 0);
    for count in answer.counts {
        match count as usize {
            0 => lines += "null\n",
            count => lines += &text(&[rows.slice(at, count)], schema.clone())?,
        }
        at += count as usize;
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
fn one(rows: &str, schema: &SchemaRef) -> Result<RecordBatch> {
    read(rows, schema.clone())?.into_iter().next().context("there are rows")
}

/// JSON lines as columns of these types.
pub(crate) fn read(rows: &str, schema: SchemaRef) -> Result<Vec<RecordBatch>> {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile()?;
    std::io::Write::write_all(&mut file, rows.as_bytes())?;
    let options = ReadOptions::with_batch_rows(1000);
    let rows = reader(&Input::File(file.path().into()), Format::Json, schema, options)?;
    rows.map(|rows| Ok(rows?.batch)).collect()
}

/// Batches as JSON lines.
pub(crate) fn text(batches: &[RecordBatch], schema: SchemaRef) -> Result<String> {
    let file = tempfile::NamedTempFile::new()?;
    let mut out = writer(Format::Json, schema, file.reopen()?)?;
    batches.iter().try_for_each(|batch| out.write(batch))?;
    out.finish()?;
    Ok(std::fs::read_to_string(file.path())?)
}
