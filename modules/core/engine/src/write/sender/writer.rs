//! The writer id: asked for before the first send, renewed when sequences can no longer be continued.

use crate::backoff::Backoff;
use thalweg_contract::{Error, Instant};

/// Where the writer id stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Batches carry no writer id.
    Unused,
    /// There is none.
    Missing,
    /// It was asked for.
    Asked,
    /// This one.
    Held(i64),
    /// It is to be renewed, as soon as no request is under way.
    Draining,
}

/// The writer id and the waits between its renewals.
#[derive(Debug)]
pub(crate) struct Writer {
    /// Where it stands.
    pub(crate) state: State,
    /// The wait before the next one may be asked for; grows while renewals bring nothing.
    pub(crate) backoff: Backoff,
    /// Why the last try to get one did not succeed.
    pub(crate) trouble: Option<Error>,
}

impl Writer {
    /// No writer id yet, or none ever.
    pub(crate) fn new(idempotent: bool) -> Self {
        let state = if idempotent { State::Missing } else { State::Unused };
        Self { state, backoff: Backoff::default(), trouble: None }
    }

    /// Whether batches carry a writer id.
    pub(crate) fn is_used(&self) -> bool {
        self.state != State::Unused
    }

    /// Whether batches may be sent now, and the writer id that they carry.
    pub(crate) fn ready(&self) -> Option<Option<i64>> {
        match self.state {
            State::Unused => Some(None),
            State::Held(id) => Some(Some(id)),
            State::Missing | State::Asked | State::Draining => None,
        }
    }

    /// The sequences of some bucket cannot be continued.
    pub(crate) fn renew(&mut self) {
        if matches!(self.state, State::Held(_)) {
            self.state = State::Draining;
        }
    }

    /// Whether it may be asked for now.
    pub(crate) fn may_ask(&self, now: Instant) -> bool {
        self.state == State::Missing && self.backoff.not_before() <= now
    }
}
