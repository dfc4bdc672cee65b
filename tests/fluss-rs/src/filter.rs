//! A log read with a filter that the server applies.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fluss::client::{EARLIEST_OFFSET, FlussConnection, FlussTable};
use fluss::predicate::{Literal, Predicate, col};
use fluss::row::{Decimal, TimestampNtz};
use fluss::rpc::message::OffsetSpec;
use serde_json::{Value, json};

/// How long it may take until the last row comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A literal as a case has it: `{"int": 3}`, and so on.
fn literal(value: &Value) -> Result<Literal> {
    let (kind, value) = value.as_object().and_then(|map| map.iter().next()).context("a literal")?;
    let number = || value.as_i64().context("a number");
    Ok(match kind.as_str() {
        "int" => i32::try_from(number()?)?.into(),
        "bigint" => number()?.into(),
        "double" => value.as_f64().context("a number")?.into(),
        "string" => value.as_str().context("a text")?.into(),
        "date" => Literal::Date(i32::try_from(number()?)?),
        "timestamp" => TimestampNtz::new(number()?).into(),
        "decimal" => Decimal::from_unscaled_long(number()?, 10, 2)?.into(),
        other => bail!("no such literal: {other}"),
    })
}

fn predicate(test: &Value) -> Result<Predicate> {
    let column = col(test["column"].as_str().context("no column")?);
    let value = || literal(&test["literal"]);
    Ok(match test["test"].as_str().context("no test")? {
        "eq" => column.eq(value()?),
        "ne" => column.ne(value()?),
        "lt" => column.lt(value()?),
        "ge" => column.ge(value()?),
        "null" => column.is_null(),
        "not-null" => column.is_not_null(),
        "starts-with" => column.starts_with(test["literal"]["string"].as_str().context("a text")?),
        other => bail!("no such test: {other}"),
    })
}

/// The offsets of the rows that come of bucket 0, up to its last one, which must come.
pub async fn offsets(connection: &FlussConnection, table: &FlussTable<'_>, test: &Value) -> Result<Vec<Value>> {
    let latest = connection.get_admin()?.list_offsets(table.table_path(), &[0], OffsetSpec::Latest).await?;
    let end = *latest.get(&0).context("the end of bucket 0")?;
    let scanner = table.new_scan().filter(predicate(test)?)?.create_log_scanner()?;
    scanner.subscribe(0, EARLIEST_OFFSET).await?;
    let (mut found, deadline) = (Vec::new(), Instant::now() + PATIENCE);
    while found.last().is_none_or(|offset| *offset + 1 < end) {
        ensure!(Instant::now() < deadline, "the last row of {end} does not come; there are {found:?}");
        for (_, records) in scanner.poll(Duration::from_millis(500)).await?.into_records_by_buckets() {
            found.extend(records.iter().map(|record| record.offset()));
        }
    }
    Ok(found.into_iter().map(|offset| json!(offset)).collect())
}
