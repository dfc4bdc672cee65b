//! `--dry-run`: everything is run and nothing is sent.

use arrow_array::RecordBatch;
use tokio::sync::mpsc;

use super::Run;
use crate::cli::rows::write::dry_run::DryRun;
use crate::cli::terminal::{is_broken_pipe, sentence};
use crate::client::{self, Writer};
use crate::formats::{FormatError, Place, Rows};

impl Run {
    /// Runs the chain over all rows, shows what it does to some, and sends nothing.
    pub(in crate::cli::rows::write) async fn check(
        &mut self,
        writer: &Writer,
        mut rows: mpsc::Receiver<Result<Rows, FormatError>>,
    ) {
        let mut shown_rows = DryRun::new();
        while !self.failed && !self.interrupted {
            let next = tokio::select! {
                biased;
                () = self.interrupts.next() => { self.interrupted = true; continue }
                next = rows.recv() => next,
            };
            let Rows { batch, place } = match next {
                Some(Ok(rows)) => rows,
                Some(Err(error)) => {
                    self.fail(error.to_string());
                    break;
                }
                None => break,
            };
            let rows = batch.num_rows() as u64;
            self.count(rows);
            let shown = match self.checked(writer, batch, &place, &mut shown_rows).await {
                Ok(shown) => shown,
                Err(error) => {
                    self.refused(&place, rows, &error);
                    error.row().map_or(Ok(()), |row| shown_rows.refused(row, &place, &error.reason()))
                }
            };
            // That the reader of standard output went away is no failure.
            if let Err(error) = shown
                && !is_broken_pipe(&error)
            {
                self.fail(sentence(&error));
            }
        }
    }

    /// Runs the chain over rows, counts what it does, and shows some of it. What cannot be shown is the inner result.
    async fn checked(
        &mut self,
        writer: &Writer,
        batch: RecordBatch,
        place: &Place,
        shown_rows: &mut DryRun,
    ) -> Result<anyhow::Result<()>, client::Error> {
        let (checked, shown) = match writer.trace(batch.clone()).await? {
            Some(traced) => {
                let shown = self.bar.suspend(|| shown_rows.show(&traced, place));
                (traced.outcome, shown)
            }
            None => (writer.check(batch).await?, Ok(())),
        };
        self.summary.dead_lettered += checked.dead_lettered();
        self.summary.produced += checked.produced;
        let place = |row| place.of(row as usize);
        self.tally.add(checked.filtered, checked.dropped, &checked.exceptions, place);
        Ok(shown)
    }
}
