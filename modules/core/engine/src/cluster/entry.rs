//! What is known of one table by its name, and who waits for it.

use super::ask::Ask;
use thalweg_contract::{Instant, TableHandle, Ticket};

/// One table by its name.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The open table of this name, with the latest schema that is known.
    pub(super) table: Option<TableHandle>,
    /// The same table as it was opened before columns were added to it.
    pub(super) older: Vec<TableHandle>,
    /// When it is asked for.
    pub(super) ask: Ask,
    /// Who wants it opened, and until when.
    pub(super) waiting: Vec<(Ticket, Instant)>,
}

impl Entry {
    /// The table under every schema that it was opened with.
    pub(super) fn handles(&self) -> impl Iterator<Item = TableHandle> {
        self.older.iter().copied().chain(self.table)
    }

    /// When something is to be done.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.waiting.iter().map(|(_, deadline)| *deadline).chain(self.ask.next_wake()).min()
    }

    /// Whether anybody wants to know of it.
    pub(super) fn is_of_use(&self) -> bool {
        self.ask.is_asking() || self.table.is_some() || !self.waiting.is_empty()
    }
}
