//! A module chain on the read path: rows, their offsets and changes after it.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_schema::{Schema, SchemaRef};
use thalweg_wire::table;

use super::batch::{Offsets, ScanBatch};
use crate::{
    client::{
        Error,
        dead_letters::dead_letter_tables,
        open_table::{OpenTable, positions},
        tally::ChainTally,
    },
    module::{Applied, Chain, ChainSpec, Operation},
};

/// The chain of one scan, and the columns asked for of what it gives.
pub(in crate::client) struct ScanChain {
    chain: Chain,
    /// Positions in the chain's output, in the order asked for; `None`: all.
    columns: Option<Vec<usize>>,
    schema: SchemaRef,
    tally: SharedTally,
}

/// What the modules of a scan did so far.
pub(in crate::client) type SharedTally = Arc<Mutex<ChainTally>>;

impl ScanChain {
    /// Loads the chain for these columns of the table; the columns asked for are found in what it gives.
    pub(in crate::client) async fn load(
        table: &Arc<OpenTable>,
        spec: &ChainSpec,
        columns: Option<&[String]>,
        (operation, input): (Operation, table::Schema),
        tally: SharedTally,
    ) -> Result<Self, Error> {
        if let Some(module) = spec.modules.iter().find(|module| dead_letter_tables(module).next().is_some()) {
            return Err(Error::DeadLettersOfScan { module: module.name.clone() });
        }
        if spec.input.is_some() {
            return Err(Error::invalid(format!(
                "a chain that says its own input columns is for writes; on a scan it is given those of table {}",
                table.name()
            )));
        }
        let chain = table.load_chain(spec, operation, input, None).await?;
        let output = Schema::from(chain.output());
        let columns = columns.map(|names| positions(&table.name(), &output, names)).transpose()?;
        let schema = Arc::new(match &columns {
            Some(columns) => output.project(columns)?,
            None => output,
        });
        Ok(Self { chain, columns, schema, tally })
    }

    /// The columns that it gives.
    pub(in crate::client) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Runs the rows of one batch through the chain.
    pub(in crate::client) fn apply(&self, scanned: ScanBatch) -> Result<ScanBatch, Error> {
        let applied = self.chain.run(&scanned.batch)?;
        self.count(&scanned, &applied);
        let batch = match &self.columns {
            Some(columns) => applied.batch.project(columns)?,
            None => applied.batch,
        };
        let Some(origins) = applied.origins else { return Ok(ScanBatch { batch, ..scanned }) };
        let before: Vec<u64> = scanned.offsets().collect();
        let origins = || origins.iter().map(|origin| *origin as usize);
        Ok(ScanBatch {
            batch,
            offsets: match scanned.offsets {
                Offsets::Unknown => Offsets::Unknown,
                _ => Offsets::Each(origins().filter_map(|origin| before.get(origin).copied()).collect()),
            },
            changes: scanned
                .changes
                .as_ref()
                .map(|changes| origins().filter_map(|origin| changes.get(origin).copied()).collect()),
            ..scanned
        })
    }

    fn count(&self, scanned: &ScanBatch, applied: &Applied) {
        let filtered = self.chain.names().map(str::to_owned).zip(applied.tallies.iter().map(|tally| tally.filtered));
        let dropped = applied.tallies.iter().map(|tally| tally.dropped).sum();
        let bucket = scanned.bucket.bucket;
        let place = |row: u32| match scanned.offsets().nth(row as usize) {
            Some(offset) => format!("bucket {bucket}, offset {offset}"),
            None => format!("bucket {bucket}"),
        };
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).add(filtered, dropped, &applied.exceptions, place);
    }
}
