//! What a scan asks of the engine, and how its messages become what the reader asked for.

use std::sync::Arc;

use arrow_schema::SchemaRef;

use super::{
    chain::{ScanChain, SharedTally},
    decoder::Decoder,
    filter::Filter,
    options::ScanOptions,
};
use crate::{
    client::{Error, open_table::OpenTable},
    module::Operation,
};

/// How a scan reads.
pub(super) struct ScanPlan {
    /// The columns to ask for, by position, rising; `None`: all.
    pub(super) columns: Option<Vec<u32>>,
    /// The columns that the reader gets.
    pub(super) schema: SchemaRef,
    /// What makes the one of the other.
    pub(super) decoder: Decoder,
}

impl ScanPlan {
    /// Of a log: columns are left out by the server.
    pub(super) async fn of_log(
        table: &Arc<OpenTable>,
        options: &ScanOptions,
        tally: SharedTally,
    ) -> Result<Self, Error> {
        let (all, name, placed) = (Arc::clone(table.schema()), table.name(), true);
        let decoder = |message, order, chain| Decoder { table: name, message, order, chain, placed };
        let names = options.columns.as_deref();
        let filter = options.filter.as_deref().map(Filter::parse).transpose()?;
        let whole = filter.as_ref().map(|filter| filter.before(options.chain.as_ref()));
        if let Some(spec) = whole.as_ref().or(options.chain.as_ref()) {
            // Modules see every column; what is asked for is taken of what they give. A filter alone sees what it tests.
            let columns = match (&filter, names, &options.chain) {
                (Some(filter), Some(names), None) => {
                    Some(rising([table.positions(names)?, table.positions(&filter.columns())?].concat()))
                }
                _ => None,
            };
            let message = projected(&all, columns.as_deref())?;
            let operation = if table.is_keyed() { Operation::Changelog } else { Operation::Scan };
            let input = table.schema_of(columns.as_deref())?;
            let chain = ScanChain::load(table, spec, names, (operation, input), tally).await?;
            let (schema, columns) = (chain.schema(), columns.map(as_asked));
            return Ok(Self { columns, schema, decoder: decoder(message, None, Some(chain)) });
        }
        let Some(names) = names else {
            return Ok(Self { columns: None, schema: Arc::clone(&all), decoder: decoder(all, None, None) });
        };
        let positions = table.positions(names)?;
        // The engine gives columns in the order of the table, whatever order they are asked for in.
        let rising = rising(positions.clone());
        let message = projected(&all, Some(&rising))?;
        let order = (positions != rising)
            .then(|| positions.iter().filter_map(|position| rising.binary_search(position).ok()).collect::<Vec<_>>());
        let schema = projected(&message, order.as_deref())?;
        Ok(Self { columns: Some(as_asked(rising)), schema, decoder: decoder(message, order, None) })
    }

    /// Of rows that come whole and without offsets: columns are left out here.
    pub(super) fn of_rows(table: &Arc<OpenTable>, columns: Option<&[String]>) -> Result<Self, Error> {
        let (name, message) = (table.name(), Arc::clone(table.schema()));
        let order = columns.map(|names| table.positions(names)).transpose()?;
        let schema = projected(&message, order.as_deref())?;
        let decoder = Decoder { table: name, message, order, chain: None, placed: false };
        Ok(Self { columns: None, schema, decoder })
    }
}

/// Each of these positions once, rising.
fn rising(mut positions: Vec<usize>) -> Vec<usize> {
    positions.sort_unstable();
    positions.dedup();
    positions
}

/// Positions as the engine takes them.
fn as_asked(positions: Vec<usize>) -> Vec<u32> {
    positions.into_iter().map(|position| position as u32).collect()
}

fn projected(schema: &SchemaRef, order: Option<&[usize]>) -> Result<SchemaRef, Error> {
    match order {
        Some(order) => Ok(Arc::new(schema.project(order)?)),
        None => Ok(Arc::clone(schema)),
    }
}
