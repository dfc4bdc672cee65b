//! Dead letters: rows that the policy `dead-letter` takes out of a write, and the tables that they go to.
//!
//! ```text
//! table   the tables: opened, created, checked
//! rows    dead letters as their rows
//! ```

mod rows;
mod table;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use arrow_array::RecordBatch;
use thalweg_wire::table::TablePath;

use super::{
    Error,
    delivery::{Pending, Provenance, SentDeadLetters, send},
    open_table::OpenTable,
};
use crate::{
    columns::fit,
    driver::Change,
    module::{ChainSpec, Exception, ModuleSpec, Policy},
};
use table::unfit;

pub(super) use rows::WriteOrigin;
pub(super) use table::DeadLetterMode;

/// How many dead letters are composed at once, so that their texts stay far below what a column may hold.
const AT_ONCE: usize = 1024;

/// Where the dead letters of a chain go.
pub(super) struct DeadLetters {
    /// By the name that the policy has.
    tables: BTreeMap<String, Arc<OpenTable>>,
}

impl DeadLetters {
    /// Opens the tables that a chain names, and checks that they take dead letters.
    pub(super) async fn open(source: &OpenTable, spec: &ChainSpec, mode: DeadLetterMode) -> Result<Self, Error> {
        let mut tables = BTreeMap::new();
        for name in spec.modules.iter().flat_map(dead_letter_tables) {
            if tables.contains_key(name) {
                continue;
            }
            let path: TablePath = name.parse().map_err(|error| unfit(name, error))?;
            if path == source.info().path {
                return Err(unfit(name, "the rows that they come from are on their way to it; name another"));
            }
            if let Some(table) = table::open(source.client(), &path, mode).await? {
                table::check(&table)?;
                tables.insert(name.to_owned(), table);
            }
        }
        Ok(Self { tables })
    }

    /// Writes the dead letters of an exception, and takes them out of it.
    pub(super) async fn send(&self, exception: &mut Exception, origin: WriteOrigin<'_>) -> Vec<SentDeadLetters> {
        let (Policy::DeadLetter(name), Some(dead_letters)) = (&exception.policy, exception.dead_letters.take()) else {
            return Vec::new();
        };
        let mut sent = Vec::new();
        for first in (0..dead_letters.num_rows()).step_by(AT_ONCE) {
            let part = first..dead_letters.num_rows().min(first + AT_ONCE);
            let rows = exception.rows.get(part.clone()).unwrap_or_default().to_vec();
            let result = self.send_part(name, exception, &dead_letters, part, origin).await;
            sent.push(SentDeadLetters { table: name.clone(), rows, result: result.map_err(Error::into_cause) });
        }
        sent
    }

    async fn send_part(
        &self,
        name: &str,
        exception: &Exception,
        dead_letters: &RecordBatch,
        part: Range<usize>,
        origin: WriteOrigin<'_>,
    ) -> Result<Pending, Error> {
        let table = self.tables.get(name).ok_or_else(|| unfit(name, "it was not opened for writing"))?;
        let rows = fit(&rows::compose(exception, dead_letters, part, origin)?, table.schema())?;
        send(table, &Change::Append, &rows, Provenance::default()).await
    }
}

/// The tables of dead letters that a module's policies name.
pub(super) fn dead_letter_tables(module: &ModuleSpec) -> impl Iterator<Item = &str> {
    [&module.on_error, &module.on_failure].into_iter().filter_map(|policy| match policy {
        Policy::DeadLetter(table) => Some(table.as_str()),
        _ => None,
    })
}
