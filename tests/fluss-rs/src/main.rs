//! fluss-rs 1.0.0 as a foreign client of the tests: `fluss-rs-client SERVER` carries out commands, one JSON object a line
//! on standard input, and answers each with a line: a list, or `{"error": ..}`. Rows are as `thalweg` prints them.
//!
//! ```text
//! {"do": "append", "table": "fluss.t", "rows": [..]}
//! {"do": "upsert", "table": "fluss.t", "rows": [..], "columns": ["a", "b"]}   with columns: a partial update
//! {"do": "delete", "table": "fluss.t", "rows": [..]}     rows with at least the key's columns
//! {"do": "changes", "table": "fluss.t"}                  the whole log: {"change", "partition", "bucket", "offset", "row"}
//! {"do": "filtered", "table": "fluss.t", "rows": [{"column": "a", "test": "lt", "literal": {"int": 3}}]}   offsets that come
//! {"do": "limit", "table": "fluss.t", "limit": 10}       up to so many rows of each bucket
//! {"do": "lookup", "table": "fluss.t", "rows": [..]}     for each key its row, or null
//! {"do": "prefix", "table": "fluss.t", "rows": [..], "columns": ["a"]}   for each prefix the list of its rows
//! {"do": "bench-append", "table": "fluss.t", "rows": 1000, "batch": 0, "server": 4711}   batch 0: one row at a time
//! {"do": "bench-await", "table": "fluss.t", "rows": 1000, "server": 4711}
//! {"do": "bench-scan", "table": "fluss.t", "rows": 1000, "server": 4711}
//! {"do": "bench-lookup", "table": "fluss.t", "keys": 1000, "callers": 1, "lookups": 100, "server": 4711}
//! {"do": "bench-upsert", "table": "fluss.t", "rows": 1000, "server": 4711}
//! ```
//!
//! A second argument is the longest wait for a fuller batch, in milliseconds, of lookups and writes; the default is
//! that of fluss-rs.

mod bench;
mod filter;
mod scan;
mod values;

use std::io::BufRead;

use anyhow::{Context, Result, bail};
use fluss::client::{FlussConnection, FlussTable};
use fluss::config::Config;
use fluss::metadata::{DataField, RowType, TablePath};
use fluss::row::GenericRow;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut config = Config { bootstrap_servers: arguments.next().context("SERVER")?, ..Config::default() };
    if let Some(wait) = arguments.next() {
        config.lookup_batch_timeout_ms = wait.parse()?;
        config.writer_batch_timeout_ms = wait.parse()?;
    }
    if let Ok(user) = std::env::var("THALWEG_USER") {
        config.security_protocol = "sasl".into();
        config.security_sasl_username = user;
        config.security_sasl_password = std::env::var("THALWEG_PASSWORD")?;
    }
    let connection = FlussConnection::new(config).await?;
    for line in std::io::stdin().lock().lines() {
        let answer = match run(&connection, &serde_json::from_str(&line?)?).await {
            Ok(list) => Value::Array(list),
            Err(error) => serde_json::json!({"error": format!("{error:#}")}),
        };
        println!("{answer}");
    }
    Ok(())
}

async fn run(connection: &FlussConnection, command: &Value) -> Result<Vec<Value>> {
    let (database, name) = command["table"].as_str().and_then(|t| t.split_once('.')).context("DATABASE.TABLE")?;
    let table = connection.get_table(&TablePath::new(database, name)).await?;
    let number = |name: &str| command[name].as_i64().with_context(|| format!("no {name}"));
    let columns: Option<Vec<String>> = serde_json::from_value(command["columns"].clone())?;
    match command["do"].as_str().context("no command")? {
        "append" => append(&table, command).await,
        "upsert" => upsert(&table, command, columns).await,
        "delete" => delete(&table, command).await,
        "changes" => scan::changes(connection, &table).await,
        "filtered" => filter::offsets(connection, &table, &command["rows"][0]).await,
        "limit" => scan::limit(connection, &table, number("limit")?.try_into()?).await,
        "lookup" => lookup(&table, command).await,
        "prefix" => prefix(&table, command, columns.context("no columns")?).await,
        "bench-append" => bench::appends(&table, number("rows")?, number("batch")?, number("server")?).await,
        "bench-await" => bench::awaits(&table, number("rows")?, number("server")?).await,
        "bench-scan" => bench::scan(&table, number("rows")?, number("server")?).await,
        "bench-lookup" => {
            let (keys, callers, lookups) = (number("keys")?, number("callers")?, number("lookups")?);
            bench::lookups(&table, keys, callers, lookups, number("server")?).await
        }
        "bench-upsert" => bench::upserts(&table, number("rows")?, number("server")?).await,
        other => bail!("no such command: {other}"),
    }
}

/// The rows of a command, of these fields.
fn input(command: &Value, fields: &[DataField]) -> Result<Vec<GenericRow<'static>>> {
    command["rows"].as_array().context("no rows")?.iter().map(|row| values::row(row, fields)).collect()
}

fn fields(table: &FlussTable<'_>) -> Vec<DataField> {
    table.get_table_info().get_row_type().fields().clone()
}

async fn append(table: &FlussTable<'_>, command: &Value) -> Result<Vec<Value>> {
    let writer = table.new_append()?.create_writer()?;
    let rows = input(command, &fields(table))?;
    let results = rows.iter().map(|row| writer.append(row)).collect::<Result<Vec<_>, _>>()?;
    writer.flush().await?;
    for result in results {
        result.await?;
    }
    Ok(Vec::new())
}

async fn upsert(table: &FlussTable<'_>, command: &Value, columns: Option<Vec<String>>) -> Result<Vec<Value>> {
    let mut upsert = table.new_upsert()?;
    if let Some(columns) = columns {
        upsert = upsert.partial_update_with_column_names(&columns.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    let writer = upsert.create_writer()?;
    let rows = input(command, &fields(table))?;
    let results = rows.iter().map(|row| writer.upsert(row)).collect::<Result<Vec<_>, _>>()?;
    writer.flush().await?;
    for result in results {
        result.await?;
    }
    Ok(Vec::new())
}

async fn delete(table: &FlussTable<'_>, command: &Value) -> Result<Vec<Value>> {
    let writer = table.new_upsert()?.create_writer()?;
    let rows = input(command, &fields(table))?;
    let results = rows.iter().map(|row| writer.delete(row)).collect::<Result<Vec<_>, _>>()?;
    writer.flush().await?;
    for result in results {
        result.await?;
    }
    Ok(Vec::new())
}

/// The fields of these columns, in this order.
fn columns(row_type: &RowType, names: &[String]) -> Result<Vec<DataField>> {
    Ok(row_type.project_with_field_names(names)?.fields().clone())
}

async fn lookup(table: &FlussTable<'_>, command: &Value) -> Result<Vec<Value>> {
    let info = table.get_table_info();
    let keys = input(command, &columns(info.get_row_type(), info.get_primary_keys())?)?;
    let fields = fields(table);
    let mut lookuper = table.new_lookup()?.create_lookuper()?;
    let mut found = Vec::new();
    for key in keys {
        let row = lookuper.lookup(&key).await?;
        let row = row.get_single_row()?;
        found.push(row.map_or(Ok(Value::Null), |row| values::json(&row, &fields))?);
    }
    Ok(found)
}

async fn prefix(table: &FlussTable<'_>, command: &Value, names: Vec<String>) -> Result<Vec<Value>> {
    let prefixes = input(command, &columns(table.get_table_info().get_row_type(), &names)?)?;
    let fields = fields(table);
    let mut lookuper = table.new_lookup()?.lookup_by(names).create_lookuper()?;
    let mut found = Vec::new();
    for prefix in prefixes {
        let rows = lookuper.lookup(&prefix).await?;
        let rows = rows.get_rows()?.iter().map(|row| values::json(row, &fields)).collect::<Result<Vec<_>>>()?;
        found.push(Value::Array(rows));
    }
    Ok(found)
}
