//! Gives the engine rows, in parts that fit its settings.

use arrow_array::RecordBatch;
use thalweg_contract::{Fate, RowSelection};

use super::{
    pending::{Part, Pending},
    provenance::Provenance,
    split::{PartLimit, split},
};
use crate::{
    client::{Error, open_table::OpenTable},
    driver::{Change, Command, Write},
};

/// Gives the engine rows that fit the table, part by part, waiting for room before each.
///
/// Fails if it refuses the first part: then nothing was taken. Later parts that it refuses have that as their fate.
pub(in crate::client) async fn send(
    table: &OpenTable,
    change: &Change,
    rows: &RecordBatch,
    provenance: Provenance,
) -> Result<Pending, Error> {
    let produced = rows.num_rows();
    if u32::try_from(produced).is_err() {
        return Err(Error::invalid(format!("{produced} rows are more than one write may have; write fewer")));
    }
    let (client, handle) = (table.client(), table.handle());
    let mut pending = Pending::new(client, provenance.outcome(produced));
    if produced == 0 {
        return Ok(pending);
    }
    for (first, part) in split(rows, PartLimit::of(&client.settings().write))? {
        let (first, count) = (first as u32, part.rows() as u32);
        let change = change.clone();
        let taken = client.call(|accepted| Command::Write(Write { table: handle, change, rows: part, accepted })).await;
        match taken.and_then(|taken| Ok(taken?)) {
            Ok(settled) => pending.parts.push_back(Part { first, rows: count, settled }),
            Err(error) if first == 0 => return Err(error),
            Err(error) => {
                let rest = RowSelection::Span { first, count: produced as u32 - first };
                pending
                    .outcome
                    .fates
                    .push((rest, Fate::Failed { error: error.into_cause(), may_have_been_written: false }));
                break;
            }
        }
    }
    Ok(pending)
}
