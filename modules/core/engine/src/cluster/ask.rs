//! When something is to be asked for: as soon as it is wanted, and no sooner than back-off allows.

use crate::{backoff::Backoff, chance::Chance};
use thalweg_contract::{ConnectionSettings, Error, Instant};

/// One thing that is asked for again and again.
#[derive(Debug, Default)]
pub(super) struct Ask {
    /// When it is to be asked for; `None`: no need.
    pub(super) due: Option<Instant>,
    /// The last failure.
    pub(super) trouble: Option<Error>,
    asking: bool,
    backoff: Backoff,
}

impl Ask {
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

    /// Whether a request is under way or to come.
    pub(super) fn is_open(&self) -> bool {
        self.asking || self.due.is_some()
    }

    /// The request ended and everything is known: asks again as soon as somebody wanted meanwhile.
    pub(super) fn settled(&mut self) {
        self.asking = false;
        self.trouble = None;
    }

    /// Asks at `due` at the latest.
    pub(super) fn at_latest(&mut self, due: Instant) {
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }

    /// Whether what is known of it need not be asked for before it is used.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        !self.asking && self.due.is_none_or(|due| due > now)
    }

    /// Slows down the next refresh.
    pub(super) fn slow(&mut self, now: Instant, settings: &ConnectionSettings, chance: &mut Chance) {
        if self.is_rested(now, settings) {
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

    /// The request failed, and is not tried again until it is wanted.
    pub(super) fn given_up(&mut self, error: Error) {
        self.asking = false;
        self.trouble = Some(error);
        self.due = None;
    }

    /// Whether the last time is so long past that the next is not slowed down any more.
    pub(super) fn is_rested(&self, now: Instant, settings: &ConnectionSettings) -> bool {
        now.saturating_sub(self.backoff.not_before()) > crate::backoff::micros(settings.backoff_limit)
    }

    /// Whether a request is under way.
    pub(super) fn is_asking(&self) -> bool {
        self.asking
    }

    /// When it is to be asked for, with no request under way.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.due.filter(|_| !self.asking)
    }
}
