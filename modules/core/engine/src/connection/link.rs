//! One address: its connection, if there is one, and the calls that wait for it.

use std::{sync::Arc, time::Duration};

use super::{Outbox, session::Session};
use crate::{
    backoff::{Backoff, micros},
    call::{Answered, Call, Failure, passing},
    chance::Chance,
};
use thalweg_contract::{Action, ConnectionId, ConnectionSettings, Error, ErrorCode, Instant, Login};

/// The limits that connections keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) connect_timeout: u64,
    pub(super) request_timeout: u64,
    /// How long a server may be silent before another is asked what any server knows.
    pub(super) patience: u64,
    pub(super) backoff: Duration,
    pub(super) backoff_limit: Duration,
}

/// The most that `Limits::patience` is; short timeouts make it a third of themselves.
const PATIENCE: Duration = Duration::from_secs(3);

impl Limits {
    pub(super) fn new(settings: &ConnectionSettings) -> Self {
        let shortest = settings.connect_timeout.min(settings.request_timeout);
        Self {
            connect_timeout: micros(settings.connect_timeout),
            request_timeout: micros(settings.request_timeout),
            patience: micros(PATIENCE.min(shortest / 3)),
            // Half of what the stages wait, so that what they try again finds a connection being made.
            backoff: settings.backoff / 2,
            backoff_limit: settings.backoff_limit / 2,
        }
    }

    /// When a call that waits for a connection is given up.
    pub(super) fn call_end(&self, deadline: Instant, call: &Call) -> Instant {
        if call.to.is_one_of_many() { self.patience_end(deadline) } else { deadline }
    }

    /// When patience ends for a call with this deadline.
    pub(super) fn patience_end(&self, deadline: Instant) -> Instant {
        deadline.saturating_sub(self.request_timeout.saturating_sub(self.patience))
    }
}

/// One address: its connection, if there is one, and the calls that wait for it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) address: String,
    pub(super) session: Option<Session>,
    pub(super) waiting: Vec<(Instant, Call)>,
    pub(super) backoff: Backoff,
    pub(super) trouble: Option<Error>,
    /// When its silence is to be looked at again.
    pub(super) doubted: Instant,
}

impl Link {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            session: None,
            waiting: Vec::new(),
            backoff: Backoff::default(),
            trouble: None,
            doubted: 0,
        }
    }

    /// When its silence has lasted longer than patience does, if it goes on.
    pub(super) fn silent_from(&self, limits: &Limits) -> Option<Instant> {
        self.session.as_ref().and_then(|session| session.silent_from(limits))
    }

    pub(super) fn is_silent(&self, now: Instant, limits: &Limits) -> bool {
        self.silent_from(limits).is_some_and(|from| from <= now)
    }

    pub(super) fn connect(
        &mut self,
        now: Instant,
        login: Option<Arc<Login>>,
        limits: &Limits,
        next: &mut ConnectionId,
        out: &mut Outbox,
    ) {
        let id = *next;
        *next += 1;
        let deadline = now.saturating_add(limits.connect_timeout);
        self.session = Some(Session::new(id, self.address.clone(), login, deadline));
        out.actions.push(Action::Connect { connection: id, address: self.address.clone() });
    }

    pub(super) fn close(&mut self, out: &mut Outbox) {
        if let Some(session) = &self.session {
            out.actions.push(Action::Close { connection: session.id() });
        }
    }

    /// Closes the connection because of what the server sent.
    pub(super) fn refuse(
        &mut self,
        now: Instant,
        reason: &str,
        limits: &Limits,
        chance: &mut Chance,
        out: &mut Outbox,
    ) {
        let error = format!("{} broke the protocol, its connection was closed: {reason}", self.address);
        self.close(out);
        self.fail(now, passing(ErrorCode::Unavailable(error)), limits, chance, out);
    }

    /// The connection is gone: what was under way on it and what waited for it fails.
    pub(super) fn fail(&mut self, now: Instant, error: Error, limits: &Limits, chance: &mut Chance, out: &mut Outbox) {
        let Some(session) = self.session.take() else { return };
        session.fail(&error, out);
        self.backoff.failed(now, limits.backoff, limits.backoff_limit, chance);
        for (_, call) in self.waiting.drain(..) {
            out.answers.push_back(lost(&self.address, &call, error.clone()));
        }
        self.trouble = Some(error);
    }

    /// Fails the calls that waited for a connection until their time was up; gives up what any server can be asked.
    pub(super) fn expire(&mut self, now: Instant, limits: &Limits, out: &mut Outbox) {
        let address = &self.address;
        let trouble = &self.trouble;
        self.waiting.retain(|(deadline, call)| {
            let alive = limits.call_end(*deadline, call) > now;
            if !alive {
                let error = trouble.clone().unwrap_or_else(|| no_connection(address));
                out.answers.push_back(lost(address, call, error));
            }
            alive
        });
        if let Some(session) = &mut self.session {
            session.abandon(now, limits, out);
        }
    }
}

pub(super) fn no_connection(address: &str) -> Error {
    passing(ErrorCode::TimedOut(format!("{address} could not be asked in time: no connection yet")))
}

pub(super) fn lost(address: &str, call: &Call, error: Error) -> Answered {
    Answered { key: call.key, result: Err(Failure::Lost { error, sent: false }), address: address.to_owned() }
}
