//! Which changes a table takes at all.

use thalweg_wire::table::{DeleteBehavior, MergeEngine, TableDescriptor};

use crate::write::{
    Change,
    table::unfit::{Unfit, invalid},
};

/// Whether the table takes this change.
pub(crate) fn check(table: &TableDescriptor, change: &Change) -> Result<(), Unfit> {
    let keyed = !table.schema.primary_key.is_empty();
    let has = |key: &str| {
        let value = table.properties.get(key).map_or("", String::as_str);
        format!("has {key} = {value}")
    };
    let refused = match change {
        Change::Append if keyed => Some("has a primary key; upsert rows into it".into()),
        Change::Upsert(_) if !keyed => Some("has no primary key; append rows to it".into()),
        Change::Delete if !keyed => Some("has no primary key; rows of a log are not deleted".into()),
        Change::Delete => (table.delete_behavior()? == Some(DeleteBehavior::Disable))
            .then(|| format!("{}; its rows are not deleted", has(DeleteBehavior::KEY))),
        // A server would answer with an error of its own language.
        Change::Upsert(Some(_)) => {
            matches!(table.merge_engine()?, Some(MergeEngine::FirstRow | MergeEngine::Versioned))
                .then(|| format!("{}; upsert whole rows into it", has(MergeEngine::KEY)))
        }
        Change::Append | Change::Upsert(None) => None,
    };
    refused.map_or(Ok(()), |why| Err(invalid(why)))
}
