//! Which changes a table takes at all.

use thalweg_wire::table::TableDescriptor;

use super::{
    Change,
    form::{Unfit, invalid},
};

/// How a table says what it does when rows are to be deleted (`fluss.md` 3.2).
const DELETE_BEHAVIOUR: &str = "table.delete.behavior";
/// How it says what becomes of rows with the same key (`fluss.md` 3.2).
const MERGE_ENGINE: &str = "table.merge-engine";

/// Whether the table takes this change.
pub(super) fn check(table: &TableDescriptor, change: &Change) -> Result<(), Unfit> {
    let keyed = !table.schema.primary_key.is_empty();
    let is = |property: &str, value: &str| {
        let found = table.properties.get(property).filter(|found| found.eq_ignore_ascii_case(value));
        found.map(|found| format!("{property} = {found}"))
    };
    let refused = match change {
        Change::Append if keyed => Some("has a primary key; upsert rows into it".into()),
        Change::Upsert(_) if !keyed => Some("has no primary key; append rows to it".into()),
        Change::Delete if !keyed => Some("has no primary key; rows of a log are not deleted".into()),
        Change::Delete => is(DELETE_BEHAVIOUR, "disable").map(|why| format!("has {why}; its rows are not deleted")),
        // A server would answer with an error of its own language.
        Change::Upsert(Some(_)) => {
            let engine = is(MERGE_ENGINE, "first_row").or_else(|| is(MERGE_ENGINE, "versioned"));
            engine.map(|why| format!("has {why}; upsert whole rows into it"))
        }
        Change::Append | Change::Upsert(None) => None,
    };
    refused.map_or(Ok(()), |why| Err(invalid(why)))
}
