//! The tables that dead letters go to: created where they are missing, checked where they are there.

use std::sync::Arc;

use thalweg_contract::ServerErrorCode;
use thalweg_wire::table::{Column, Schema, TableDescriptor, TablePath};

use crate::client::{Client, Error, open_table::OpenTable};

/// The columns of a table of dead letters, as SQL.
const COLUMNS: &str = "\
    time TIMESTAMP_LTZ(3) COMMENT 'when the row was taken out', \
    source STRING COMMENT 'the table that it was on its way to', \
    operation STRING COMMENT 'append, upsert or delete', \
    module STRING COMMENT 'the module that refused it or failed', \
    kind STRING COMMENT 'refused: by the module; failed: a call with it', \
    error STRING COMMENT 'why', \
    batch BIGINT COMMENT 'which write of the writer it came with, from 0', \
    position BIGINT COMMENT 'its place in that write, from 0', \
    original STRING COMMENT 'the row as it entered the module, as JSON'";

/// Whether dead letters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum DeadLetterMode {
    /// Their tables are created where they are missing.
    Write,
    /// Tables that are there are checked, and nothing is written.
    CheckOnly,
}

/// Opens a table; `None` where it is missing and is not to be created.
pub(super) async fn open(
    client: &Client,
    path: &TablePath,
    mode: DeadLetterMode,
) -> Result<Option<Arc<OpenTable>>, Error> {
    let missing = match OpenTable::open(client, path).await {
        Ok(table) => return Ok(Some(table)),
        Err(error) => error,
    };
    match (&missing, mode) {
        (Error::Engine(error), _) if error.server_code() != Some(ServerErrorCode::TABLE_NOT_EXIST) => Err(missing),
        (Error::Engine(_), DeadLetterMode::CheckOnly) => Ok(None),
        (Error::Engine(_), DeadLetterMode::Write) => {
            let mut descriptor = TableDescriptor::new(schema()?);
            descriptor.comment = Some("rows that modules refused or failed on".to_owned());
            client.create_table(path, descriptor, true).await?;
            OpenTable::open(client, path).await.map(Some)
        }
        _ => Err(missing),
    }
}

fn schema() -> Result<Schema, Error> {
    Schema::parse_sql(COLUMNS).map_err(|error| Error::invalid(error.to_string()))
}

/// A table of dead letters is a log, has their columns, and nothing beside them that must have a value.
pub(super) fn check(table: &OpenTable) -> Result<(), Error> {
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

pub(super) fn unfit(table: &str, cause: impl std::fmt::Display) -> Error {
    Error::DeadLetters { table: table.to_owned(), cause: cause.to_string() }
}
