//! What a scan asks of the engine, and how its messages become what the reader asked for.

use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

use super::{
    chain::{ScanChain, SharedTally},
    decoder::Decoder,
    stream::ScanOptions,
};
use crate::{
    client::{Error, Table},
    module::Operation,
};

/// How a scan reads.
pub(in crate::client) struct Reading {
    /// The columns to ask for, by position, rising; `None`: all.
    pub(in crate::client) columns: Option<Vec<u32>>,
    /// The columns that the reader gets.
    pub(in crate::client) schema: SchemaRef,
    /// What makes the one of the other.
    pub(in crate::client) decoder: Decoder,
}

impl Reading {
    /// Of a log: columns are left out by the server.
    pub(in crate::client) async fn of_log(
        table: &Table,
        options: &ScanOptions,
        tally: SharedTally,
    ) -> Result<Self, Error> {
        let (all, schema_id) = (table.schema(), table.info().schema_id);
        let (name, placed) = (table.name(), true);
        let decoder = |message, order, chain| Decoder { table: name, schema_id, message, order, chain, placed };
        let names = options.columns.as_deref();
        if let Some(spec) = &options.chain {
            // Modules see every column; what is asked for is taken of what they give.
            let operation = if table.is_keyed() { Operation::Changelog } else { Operation::Scan };
            let chain = ScanChain::load(table, spec, names, operation, tally).await?;
            let schema = chain.schema();
            return Ok(Self { columns: None, schema, decoder: decoder(all, None, Some(chain)) });
        }
        let Some(names) = names else {
            return Ok(Self { columns: None, schema: Arc::clone(&all), decoder: decoder(all, None, None) });
        };
        let positions = positions(&table.name(), &all, names)?;
        // The engine gives columns in the order of the table, whatever order they are asked for in.
        let mut rising = positions.clone();
        rising.sort_unstable();
        rising.dedup();
        let message = projected(&all, Some(&rising))?;
        let order = (positions != rising)
            .then(|| positions.iter().filter_map(|position| rising.binary_search(position).ok()).collect::<Vec<_>>());
        let schema = projected(&message, order.as_deref())?;
        let columns = Some(rising.into_iter().map(|position| position as u32).collect());
        Ok(Self { columns, schema, decoder: decoder(message, order, None) })
    }

    /// Of rows that come whole and without offsets: columns are left out here.
    pub(in crate::client) fn of_rows(table: &Table, columns: Option<&[String]>) -> Result<Self, Error> {
        let (name, schema_id, message) = (table.name(), table.info().schema_id, table.schema());
        let order = columns.map(|names| positions(&name, &message, names)).transpose()?;
        let schema = projected(&message, order.as_deref())?;
        let decoder = Decoder { table: name, schema_id, message, order, chain: None, placed: false };
        Ok(Self { columns: None, schema, decoder })
    }
}

fn projected(schema: &SchemaRef, order: Option<&[usize]>) -> Result<SchemaRef, Error> {
    match order {
        Some(order) => Ok(Arc::new(schema.project(order)?)),
        None => Ok(Arc::clone(schema)),
    }
}

/// The positions of columns in a schema.
pub(in crate::client) fn positions<S: AsRef<str>>(
    table: &str,
    schema: &Schema,
    names: &[S],
) -> Result<Vec<usize>, Error> {
    let position = |name: &S| {
        let name = name.as_ref();
        schema.fields().iter().position(|field| field.name() == name).ok_or_else(|| Error::NoColumn {
            table: table.to_owned(),
            column: name.to_owned(),
            known: schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", "),
        })
    };
    names.iter().map(position).collect()
}
