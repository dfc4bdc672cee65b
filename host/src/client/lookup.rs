//! Rows by their keys.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::{Error, message, open_table::OpenTable};
use crate::{
    columns::{fit, narrow},
    driver::{Command, FoundShare, Lookup, LookupBy},
};

/// The rows that a lookup found.
#[derive(Debug, Clone)]
pub struct FoundRows {
    /// The rows of all keys, those of one key together, in the order of the keys; with all columns of the table. They share
    /// their memory with the rows of other lookups that had their answer at once, at most 256 KiB of values beyond their own.
    pub rows: RecordBatch,
    /// Where the rows of each key end.
    ends: Vec<u32>,
}

impl FoundRows {
    /// How many keys were looked up.
    pub fn keys(&self) -> usize {
        self.ends.len()
    }

    /// How many keys have rows.
    pub fn found(&self) -> usize {
        (0..self.keys()).filter(|key| self.range(*key).is_some_and(|(first, end)| end > first)).count()
    }

    /// The rows of one key, by its position among those looked up; `None` if there are none.
    pub fn of(&self, key: usize) -> Option<RecordBatch> {
        let (first, end) = self.range(key)?;
        (end > first).then(|| self.rows.slice(first, end - first))
    }

    fn range(&self, key: usize) -> Option<(usize, usize)> {
        let first = if key == 0 { 0 } else { *self.ends.get(key - 1)? };
        Some((first as usize, *self.ends.get(key)? as usize))
    }
}

/// Looks rows up by these columns.
pub(super) async fn lookup(
    table: &OpenTable,
    keys: RecordBatch,
    columns: &SchemaRef,
    by: LookupBy,
) -> Result<FoundRows, Error> {
    let keys = fit(&narrow(&keys, table.schema(), columns)?, columns)?;
    let (client, handle) = (table.client(), table.handle());
    let found = client.call(|reply| Command::Lookup(Lookup { table: handle, keys, by, reply })).await??;
    read(table, &found).map_err(|cause| Error::unreadable(&table.name(), cause))
}

fn read(table: &OpenTable, found: &FoundShare) -> Result<FoundRows, String> {
    let rows = found.rows(|metadata, body| message::read(metadata, body, Arc::clone(table.schema()), None))?;
    let mut end = 0_u32;
    let ends = found.counts().iter().map(|count| {
        end = end.saturating_add(*count);
        end
    });
    Ok(FoundRows { ends: ends.collect(), rows })
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, Int32Array};

    use super::*;

    #[test]
    fn each_key_has_its_rows() {
        let ids: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
        let found = FoundRows { rows: RecordBatch::try_from_iter([("id", ids)]).unwrap(), ends: vec![0, 2, 2, 3] };
        assert_eq!((found.keys(), found.found()), (4, 2));
        let rows: Vec<_> = (0..5).map(|key| found.of(key).map(|rows| rows.num_rows())).collect();
        assert_eq!(rows, [None, Some(2), None, Some(1), None]);
    }
}
