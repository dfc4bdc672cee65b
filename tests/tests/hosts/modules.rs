//! The client component with a module: a stock module composed with it, on both paths, and a client that has none.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use arrow_array::{Int32Array, RecordBatch};
use thalweg_client_command::request::{Module, Operation, Policy, Request};
use thalweg_tests::{binary, components};

use crate::session::{Session, into_arrow};
use crate::{command, server};

pub(crate) const ALL: &[crate::Case] = &[
    ("modules/filter_on_append", filter_on_append),
    ("modules/filter_on_scan", filter_on_scan),
    ("modules/refused_configuration", refused_configuration),
    ("modules/none_in_the_closed_client", none_in_the_closed_client),
];

static COMPOSED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// The command, the client with modules, the adapter, `where` and a log, as one component.
fn composed() -> Result<PathBuf> {
    let mut composed = COMPOSED.lock().unwrap_or_else(PoisonError::into_inner);
    if composed.is_none() {
        let (exported, command) = (components::exported()?, components::command("thalweg-client-command")?);
        let parts = ["quiet-log.wasm", "modules/where.wasm", "module-adapter.wasm", "client-with-modules.wasm"];
        let parts = parts.map(|part| exported.join(part));
        let parts: Vec<&Path> = parts.iter().chain([&command]).map(PathBuf::as_path).collect();
        let whole = command.with_file_name("command-with-where.wasm");
        components::compose(&parts, &whole)?;
        *composed = Some(whole);
    }
    composed.clone().context("it was just composed")
}

fn connected(component: &Path, table: &str) -> Result<Session> {
    let server = server()?;
    binary::run(&server, ["table", "create", table, "--schema", "id INT"])?;
    let mut session = Session::start(component)?;
    let (fetch_bytes, bucket_bytes, batch_rows) = (None, None, None);
    session.ask(&Request::Connect { server, fetch_bytes, bucket_bytes, batch_rows, create_partitions: true }, None)?;
    Ok(session)
}

fn where_module(condition: &str) -> Module {
    let config = serde_json::json!({ "if": condition }).to_string();
    Module { name: "where".into(), config, on_error: Policy::Fail, on_failure: Policy::Fail }
}

fn rows() -> Result<RecordBatch> {
    Ok(RecordBatch::try_from_iter([("id", Arc::new(Int32Array::from_iter_values(0..10)) as _)])?)
}

fn write(table: &str, modules: Vec<Module>) -> Request {
    Request::Write { table: table.into(), operation: Operation::Append, columns: None, modules }
}

fn scan(table: &str, modules: Vec<Module>) -> Request {
    let (columns, start, end, buckets, partitions) = (None, None, None, Vec::new(), Vec::new());
    Request::Scan { table: table.into(), columns, start, end, buckets, partitions, modules }
}

fn filter_on_append() -> Result<()> {
    let mut session = connected(&composed()?, "hosts_append")?;
    let (answer, _) = session.ask(&write("hosts_append", vec![where_module("id > 6")]), Some(&rows()?))?;
    ensure!((answer.acknowledged, &answer.filtered[..]) == (3, &[7][..]), "{answer:?}");
    let said = binary::run(&server()?, ["scan", "hosts_append"])?;
    ensure!(said.lines().count() == 3 && said.contains("\"id\":7"), "{said}");
    Ok(())
}

fn filter_on_scan() -> Result<()> {
    let mut session = connected(&composed()?, "hosts_scan")?;
    session.ask(&write("hosts_scan", Vec::new()), Some(&rows()?))?;
    let (answer, batches) = session.ask(&scan("hosts_scan", vec![where_module("id > 6")]), None)?;
    ensure!(answer.rows.iter().flat_map(|head| head.offsets.clone()).eq([7, 8, 9]), "{answer:?}");
    let schema = rows()?.schema();
    let ids = batches.into_iter().map(|batch| Ok(into_arrow(batch, &schema)?.num_rows())).sum::<Result<usize>>()?;
    ensure!(ids == 3, "{ids} rows");
    // In another place it would need another instance.
    let refused = session.ask(&scan("hosts_scan", vec![where_module("id > 1")]), None);
    let said = format!("{:#}", refused.err().context("a second place is refused")?);
    ensure!(said.contains("one instance of it"), "{said}");
    Ok(())
}

fn refused_configuration() -> Result<()> {
    let mut session = connected(&composed()?, "hosts_refused")?;
    let refused = session.ask(&write("hosts_refused", vec![where_module("there > 6")]), Some(&rows()?));
    let said = format!("{:#}", refused.err().context("it is refused")?);
    ensure!(said.contains("module where") && said.contains("there"), "{said}");
    Ok(())
}

fn none_in_the_closed_client() -> Result<()> {
    let mut session = connected(&command()?, "hosts_closed")?;
    let refused = session.ask(&write("hosts_closed", vec![where_module("id > 6")]), Some(&rows()?));
    let said = format!("{:#}", refused.err().context("it is refused")?);
    ensure!(said.contains("there is no module where"), "{said}");
    Ok(())
}
