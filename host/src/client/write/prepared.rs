//! Rows that went through the modules and wait for their turn to be sent.

use std::sync::Arc;

use arrow_array::RecordBatch;

use super::chain::ChainRun;
use crate::{
    client::{
        Error,
        dead_letters::WriteOrigin,
        delivery::{Outcome, Pending, Provenance, send},
        open_table::OpenTable,
    },
    driver::Change,
};

/// What modules made of rows.
pub(crate) struct Traced {
    pub(crate) before: RecordBatch,
    pub(crate) after: RecordBatch,
    /// For each row before the module that took the last of what was made of it; `None`: it went on.
    pub(crate) ends: Vec<Option<String>>,
    pub(crate) outcome: Outcome,
}

/// Rows that went through the modules, if there are any.
pub(crate) struct Prepared {
    pub(super) table: Arc<OpenTable>,
    pub(super) change: Change,
    pub(super) run: Option<ChainRun>,
    pub(super) batch: RecordBatch,
    pub(super) provenance: Provenance,
}

impl Prepared {
    /// Waits until every write that began before is sent or given up.
    pub(super) async fn wait_turn(&self) {
        if let Some(run) = &self.run {
            run.sending.wait().await;
        }
    }

    /// Sends the rows, when it is their turn, and behind them their dead letters.
    pub(crate) async fn send(self) -> Result<Pending, Error> {
        self.wait_turn().await;
        let mut pending = send(&self.table, &self.change, &self.batch, self.provenance).await?;
        if let Some(run) = &self.run {
            let (source, operation) = (&self.table.info().path, run.operation);
            let origin = WriteOrigin { source, operation, batch: run.sending.number() };
            let mut sent = Vec::new();
            for exception in pending.exceptions_mut() {
                sent.extend(run.loaded.dead_letters.send(exception, origin).await);
            }
            pending.add_dead_letters(sent);
        }
        Ok(pending)
    }
}
