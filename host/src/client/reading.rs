//! What a scan asks of the engine, and how its messages become what the reader asked for.

use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

use super::{Error, ScanOptions, Table, decode::Decoder, scan_chain::ScanChain};

/// How a scan reads.
pub(super) struct Reading {
    /// The columns to ask for, by position, rising; `None`: all.
    pub(super) columns: Option<Vec<u32>>,
    /// The columns that the reader gets.
    pub(super) schema: SchemaRef,
    /// What makes the one of the other.
    pub(super) decoder: Decoder,
}

impl Reading {
    pub(super) async fn plan(table: &Table, options: &ScanOptions) -> Result<Self, Error> {
        let (all, schema_id) = (table.schema(), table.info().schema_id);
        let decoder = |message, order, chain| Decoder { table: table.name(), schema_id, message, order, chain };
        let names = options.columns.as_deref();
        if let Some(spec) = &options.chain {
            // Modules see every column; what is asked for is taken of what they give.
            let chain = ScanChain::load(table, spec, names).await?;
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
}

fn projected(schema: &SchemaRef, order: Option<&[usize]>) -> Result<SchemaRef, Error> {
    match order {
        Some(order) => Ok(Arc::new(schema.project(order)?)),
        None => Ok(Arc::clone(schema)),
    }
}

/// The positions of columns in a schema.
pub(super) fn positions(table: &str, schema: &Schema, names: &[String]) -> Result<Vec<usize>, Error> {
    let position = |name: &String| {
        schema.fields().iter().position(|field| field.name() == name).ok_or_else(|| Error::NoColumn {
            table: table.to_owned(),
            column: name.clone(),
            known: schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", "),
        })
    };
    names.iter().map(position).collect()
}
