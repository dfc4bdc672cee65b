//! Dead letters: rows that the policy `dead-letter` takes out of a write, and the tables that they go to.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use thalweg_contract::ServerErrorCode;
use thalweg_wire::table::{Column, Schema, TableDescriptor, TablePath};

use crate::{
    client::{
        Client, Error, Pending, Table,
        delivery::{Provenance, cause, send},
    },
    columns::fit,
    driver::Change,
    formats::json_lines,
    module::{ChainSpec, Exception, ModuleSpec, Operation, Policy},
};

/// The columns of a table of dead letters, as SQL.
pub(in crate::client) const COLUMNS: &str = "\
    time TIMESTAMP_LTZ(3) COMMENT 'when the row was taken out', \
    source STRING COMMENT 'the table that it was on its way to', \
    operation STRING COMMENT 'append, upsert or delete', \
    module STRING COMMENT 'the module that refused it or failed', \
    kind STRING COMMENT 'refused: by the module; failed: a call with it', \
    error STRING COMMENT 'why', \
    batch BIGINT COMMENT 'which write of the writer it came with, from 0', \
    position BIGINT COMMENT 'its place in that write, from 0', \
    original STRING COMMENT 'the row as it entered the module, as JSON'";

/// How many dead letters are composed at once, so that their texts stay far below what a column may hold.
const AT_ONCE: usize = 1024;

/// Whether dead letters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum LettersMode {
    /// Their tables are created where they are missing.
    Write,
    /// Tables that are there are checked, and nothing is written.
    CheckOnly,
}

/// Where the dead letters of a chain go.
pub(in crate::client) struct Letters {
    /// By the name that the policy has.
    tables: BTreeMap<String, Table>,
}

/// Dead letters that were given to the engine, or refused.
#[derive(Debug)]
pub(in crate::client) struct Sent {
    pub(in crate::client) table: String,
    /// For each the row that it is of, in the batch that was given to the chain.
    pub(in crate::client) rows: Vec<u32>,
    pub(in crate::client) result: Result<Pending, thalweg_contract::Error>,
}

/// What dead letters say of the write that they come from.
#[derive(Debug, Clone, Copy)]
pub(in crate::client) struct About<'a> {
    pub(in crate::client) source: &'a TablePath,
    pub(in crate::client) operation: Operation,
    pub(in crate::client) batch: u64,
}

impl Letters {
    /// Opens the tables that a chain names, and checks that they take dead letters.
    pub(in crate::client) async fn open(source: &Table, spec: &ChainSpec, mode: LettersMode) -> Result<Self, Error> {
        let mut tables = BTreeMap::new();
        for name in spec.modules.iter().flat_map(dead_letter_tables) {
            if tables.contains_key(name) {
                continue;
            }
            let path: TablePath = name.parse().map_err(|error| unfit(name, error))?;
            if path == source.info().path {
                return Err(unfit(name, "the rows that they come from are on their way to it; name another"));
            }
            if let Some(table) = open(source.client(), &path, mode).await? {
                check(&table)?;
                tables.insert(name.to_owned(), table);
            }
        }
        Ok(Self { tables })
    }

    /// Writes the dead letters of an exception, and takes them out of it.
    pub(in crate::client) async fn send(&self, exception: &mut Exception, about: About<'_>) -> Vec<Sent> {
        let (Policy::DeadLetter(name), Some(letters)) = (&exception.policy, exception.dead_letters.take()) else {
            return Vec::new();
        };
        let mut sent = Vec::new();
        for first in (0..letters.num_rows()).step_by(AT_ONCE) {
            let part = first..letters.num_rows().min(first + AT_ONCE);
            let rows = exception.rows.get(part.clone()).unwrap_or_default().to_vec();
            let result = self.send_part(name, exception, &letters, part, about).await;
            sent.push(Sent { table: name.clone(), rows, result: result.map_err(cause) });
        }
        sent
    }

    async fn send_part(
        &self,
        name: &str,
        exception: &Exception,
        letters: &RecordBatch,
        part: Range<usize>,
        about: About<'_>,
    ) -> Result<Pending, Error> {
        let table = self.tables.get(name).ok_or_else(|| unfit(name, "it was not opened for writing"))?;
        let rows = fit(&compose(exception, letters, part, about)?, table.schema_ref())?;
        send(table.client(), table.handle(), &Change::Append, &rows, Provenance::default()).await
    }
}

/// The tables of dead letters that a module's policies name.
pub(in crate::client) fn dead_letter_tables(module: &ModuleSpec) -> impl Iterator<Item = &str> {
    [&module.on_error, &module.on_failure].into_iter().filter_map(|policy| match policy {
        Policy::DeadLetter(table) => Some(table.as_str()),
        _ => None,
    })
}

async fn open(client: &Client, path: &TablePath, mode: LettersMode) -> Result<Option<Table>, Error> {
    let missing = match client.table(path).await {
        Ok(table) => return Ok(Some(table)),
        Err(error) => error,
    };
    match (&missing, mode) {
        (Error::Engine(error), _) if error.server_code() != Some(ServerErrorCode::TABLE_NOT_EXIST) => Err(missing),
        (Error::Engine(_), LettersMode::CheckOnly) => Ok(None),
        (Error::Engine(_), LettersMode::Write) => {
            let mut descriptor = TableDescriptor::new(schema()?);
            descriptor.comment = Some("rows that modules refused or failed on".to_owned());
            client.create_table(path, descriptor, true).await?;
            client.table(path).await.map(Some)
        }
        _ => Err(missing),
    }
}

fn schema() -> Result<Schema, Error> {
    Schema::parse_sql(COLUMNS).map_err(|error| Error::invalid(error.to_string()))
}

/// A table of dead letters is a log, has their columns, and nothing beside them that must have a value.
fn check(table: &Table) -> Result<(), Error> {
    let name = table.name();
    if table.is_keyed() {
        return Err(unfit(&name, "it has a primary key; dead letters go to a log table"));
    }
    let (found, wanted) = (&table.info().descriptor.schema, schema()?);
    let column = |column: &Column| found.columns.iter().find(|found| found.name == column.name);
    for wanted in &wanted.columns {
        match column(wanted) {
            Some(found) if found.column_type.data_type == wanted.column_type.data_type => {}
            Some(found) => {
                let (is, must) = (&found.column_type, &wanted.column_type);
                return Err(unfit(&name, format!("its column `{}` is {is}, not {must}", wanted.name)));
            }
            None => return Err(unfit(&name, format!("it has no column `{}` {}", wanted.name, wanted.column_type))),
        }
    }
    let extra =
        found.columns.iter().find(|found| !found.column_type.nullable && wanted.position(&found.name).is_none());
    extra.map_or(Ok(()), |extra| Err(unfit(&name, format!("its column `{}` must have a value", extra.name))))
}

/// The dead letters as rows of their table.
fn compose(
    exception: &Exception,
    letters: &RecordBatch,
    part: Range<usize>,
    about: About<'_>,
) -> Result<RecordBatch, Error> {
    let rows = part.len();
    let letters = letters.slice(part.start, rows);
    let causes = exception.causes.get(part.clone()).unwrap_or_default();
    let positions = exception.rows.get(part).unwrap_or_default();
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::new_repeated(text, rows)) };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let text = |cause: &u32| exception.messages.get(*cause as usize).map_or("", String::as_str);
    let batch = i64::try_from(about.batch).unwrap_or(i64::MAX);
    let originals = json_lines(&letters)?;
    if originals.len() != rows || i32::try_from(originals.iter().map(String::len).sum::<usize>()).is_err() {
        return Err(Error::invalid(format!("{rows} rows are too long for dead letters")));
    }
    let columns: [(&str, ArrayRef); 9] = [
        ("time", Arc::new(TimestampMillisecondArray::from_value(now, rows).with_timezone("UTC"))),
        ("source", same(&about.source.to_string())),
        ("operation", same(operation(about.operation))),
        ("module", same(&exception.module)),
        ("kind", same(exception.kind.name())),
        ("error", Arc::new(StringArray::from_iter_values(causes.iter().map(text)))),
        ("batch", Arc::new(Int64Array::from_value(batch, rows))),
        ("position", Arc::new(Int64Array::from_iter_values(positions.iter().map(|row| i64::from(*row))))),
        ("original", Arc::new(StringArray::from(originals))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Append => "append",
        Operation::Upsert => "upsert",
        Operation::Delete => "delete",
        Operation::Scan => "scan",
        Operation::Changelog => "changelog",
    }
}

fn unfit(table: &str, cause: impl std::fmt::Display) -> Error {
    Error::DeadLetters { table: table.to_owned(), cause: cause.to_string() }
}
