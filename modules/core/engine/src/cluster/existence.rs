//! Tables that the server may not have: a real server fails GET_METADATA for an unknown table with -1 and for all tables
//! of the request (`server-behaviour.md`), so each is asked for by GET_TABLE_INFO, which says 7.

use thalweg_wire::{message::ServerErrorCode, table::TablePath};

use super::{Cluster, News};
use crate::{
    call::{Answered, Failure},
    chance::Chance,
};
use thalweg_contract::{Error, Instant};

impl Cluster {
    /// The answer to the question whether there is a table.
    pub(super) fn existence(
        &mut self,
        now: Instant,
        path: TablePath,
        answer: Answered,
        chance: &mut Chance,
    ) -> Result<(), String> {
        let absent = [ServerErrorCode::TABLE_NOT_EXIST.code(), ServerErrorCode::DATABASE_NOT_EXIST.code()];
        match answer.result {
            // It is there, so the server that was asked before did not know of it yet, or another table failed that.
            Ok(_) => self.entries.entry(path).or_default().ask.failed(self.trouble.clone()),
            Err(Failure::Refused { code, message }) if absent.contains(&code) => {
                let error = Failure::Refused { code, message }.into_error();
                self.lose(&path, error.clone());
                self.entries.entry(path.clone()).or_default().ask.failed(Some(error.clone()));
                self.refuse(&path, error);
            }
            Err(failure) => self.failed(now, &[path], failure.into_error(), chance),
        }
        Ok(())
    }

    /// The open table of this name is of no use any more.
    pub(super) fn lose(&mut self, path: &TablePath, error: Error) {
        let Some(entry) = self.entries.get_mut(path) else { return };
        let handles: Vec<_> = entry.handles().collect();
        (entry.table, entry.older) = (None, Vec::new());
        for handle in handles {
            if let Some(table) = self.tables.get_mut(handle as usize) {
                table.gone = Some(error.clone());
            }
            self.news.push(News::Gone(handle, error.clone()));
        }
    }

    /// Tells everybody who waits for this table that it cannot be had.
    pub(super) fn refuse(&mut self, path: &TablePath, error: Error) {
        if let Some(entry) = self.entries.get_mut(path) {
            entry.ask.due = None;
            for (ticket, _) in entry.waiting.drain(..) {
                self.news.push(News::Opened(ticket, Err(error.clone())));
            }
        }
    }
}
