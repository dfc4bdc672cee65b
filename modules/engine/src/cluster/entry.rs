//! What is known of one table by its name, and who waits for it.

use crate::{
    api::{ConnectionSettings, Error, Instant, TableHandle, Ticket},
    backoff::Backoff,
    chance::Chance,
};

/// One table by its name.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The open table of this name.
    pub(super) table: Option<TableHandle>,
    /// When it is to be asked for; `None`: no need.
    pub(super) due: Option<Instant>,
    /// Who wants it opened, and until when.
    pub(super) waiting: Vec<(Ticket, Instant)>,
    /// The last failure.
    pub(super) trouble: Option<Error>,
    asking: bool,
    backoff: Backoff,
}

impl Entry {
    /// It is wanted: asks as soon as back-off allows, at once if the last time is long past.
    pub(super) fn want(&mut self, now: Instant) {
        let due = now.max(self.backoff.not_before());
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }

    /// Whether it is to be asked for now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        !self.asking && self.due.is_some_and(|due| due <= now)
    }

    /// A request is under way.
    pub(super) fn asked(&mut self) {
        self.asking = true;
        self.due = None;
    }

    /// The request ended and everything is known: asks again at `due`, or as soon as somebody wanted meanwhile.
    pub(super) fn settled(&mut self, due: Instant) {
        self.asking = false;
        self.trouble = None;
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }

    /// Whether what is known of it need not be asked for before it is used.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        !self.asking && self.due.is_none_or(|due| due > now)
    }

    /// Slows down the next refresh.
    pub(super) fn slow(&mut self, now: Instant, settings: &ConnectionSettings, chance: &mut Chance) {
        if now.saturating_sub(self.backoff.not_before()) > crate::backoff::micros(settings.backoff_limit) {
            self.backoff.succeeded();
        }
        self.backoff.failed(now, settings.backoff, settings.backoff_limit, chance);
    }

    /// The request failed, or did not tell everything: asks again after a while.
    pub(super) fn failed(&mut self, error: Option<Error>) {
        self.asking = false;
        self.trouble = error;
        self.due = Some(self.backoff.not_before());
    }

    /// When something is to be done.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        let due = self.due.filter(|_| !self.asking);
        self.waiting.iter().map(|(_, deadline)| *deadline).chain(due).min()
    }

    /// Whether anybody wants to know of it.
    pub(super) fn is_of_use(&self) -> bool {
        self.asking || self.table.is_some() || !self.waiting.is_empty()
    }
}
