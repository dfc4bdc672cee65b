//! Connections: one for each address, made when a call needs it and made anew with back-off.
//!
//! ```text
//! link      one address: its connection, and the calls that wait for it
//! session   one connection: handshake, login, request ids, deadlines
//! login     what is sent to log in, and what a refusal means
//! versions  which APIs a server has
//! ```

mod link;
mod login;
mod session;
mod versions;

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use self::{
    link::{Limits, Link, lost, no_connection},
    session::Verdict,
};
use crate::{
    backoff::micros,
    call::{Answered, Call, passing},
    chance::Chance,
};
use thalweg_contract::{Action, BufferId, ConnectionId, ConnectionSettings, ErrorCode, Instant, Login};

/// What connections give: actions for the host, answers for the stages.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// For the host, in order.
    pub(crate) actions: Vec<Action>,
    /// For the stages, in order.
    pub(crate) answers: VecDeque<Answered>,
}

/// The connections of an engine.
#[derive(Debug)]
pub(crate) struct Connections {
    limits: Limits,
    /// Who logs in on every connection that is made from now on.
    login: Option<Arc<Login>>,
    links: Vec<Link>,
    next: ConnectionId,
    now: Instant,
}

impl Connections {
    /// No connection yet.
    pub(crate) fn new(settings: &ConnectionSettings) -> Self {
        let login = settings.login.clone().map(Arc::new);
        Self { limits: Limits::new(settings), login, links: Vec::new(), next: 1, now: 0 }
    }

    /// Logs in on every connection that is made from now on.
    pub(crate) fn log_in(&mut self, login: Login) {
        self.login = Some(Arc::new(login));
    }

    /// Sends a call to an address, once there is a connection. It ends in any case: with an answer, with the failure of
    /// its connection, or after `request_timeout` and its own `wait`; at once while the address is in back-off; and where
    /// another server can be asked, when patience ends.
    pub(crate) fn send(&mut self, now: Instant, address: &str, call: Call, out: &mut Outbox) {
        let deadline = now.saturating_add(self.limits.request_timeout).saturating_add(micros(call.wait));
        let at = self.links.iter().position(|link| link.address == address).unwrap_or_else(|| {
            self.links.push(Link::new(address));
            self.links.len() - 1
        });
        let Some(link) = self.links.get_mut(at) else { return };
        match &mut link.session {
            Some(session) if session.is_ready() => session.send(call, deadline, out),
            Some(_) => link.waiting.push((deadline, call)),
            None if link.backoff.not_before() > now => {
                let error = link.trouble.clone().unwrap_or_else(|| no_connection(address));
                out.answers.push_back(lost(address, &call, error));
            }
            None => {
                link.waiting.push((deadline, call));
                let login = self.login.clone();
                link.connect(now, login, &self.limits, &mut self.next, out);
            }
        }
    }

    /// Of these addresses the best to ask anything: one with a connection, otherwise one that may be tried, otherwise one
    /// that is silent, otherwise the one that may be tried soonest.
    pub(crate) fn best<'a>(&self, addresses: impl Iterator<Item = &'a str>) -> Option<&'a str> {
        addresses.min_by_key(|address| {
            let Some(link) = self.links.iter().find(|link| link.address == *address) else { return (1, 1) };
            match &link.session {
                Some(_) if link.is_silent(self.now, &self.limits) => (3, 0),
                Some(session) if session.is_ready() => (0, 0),
                Some(_) => (1, 0),
                None if link.backoff.not_before() <= self.now => (2, 0),
                None => (4, link.backoff.not_before()),
            }
        })
    }

    /// Whether an address cannot be connected to, or does not answer.
    pub(crate) fn is_troubled(&self, address: &str) -> bool {
        let link = self.links.iter().find(|link| link.address == address);
        link.is_some_and(|link| link.trouble.is_some() || link.is_silent(self.now, &self.limits))
    }

    /// The addresses that have been silent for longer than patience lasts, and whether they are to be doubted (again).
    pub(crate) fn silent(&mut self, now: Instant) -> Vec<(String, bool)> {
        let limits = self.limits;
        let silent = self.links.iter_mut().filter(|link| link.is_silent(now, &limits));
        let name = |link: &mut Link| {
            let doubt = link.doubted <= now;
            if doubt {
                link.doubted = now.saturating_add(limits.patience);
            }
            (link.address.clone(), doubt)
        };
        silent.map(name).collect()
    }

    /// Ends the connection to an address that is silent and that the cluster has no server at any more.
    pub(crate) fn leave(&mut self, now: Instant, address: &str, chance: &mut Chance, out: &mut Outbox) {
        let limits = self.limits;
        if let Some(link) = self.links.iter_mut().find(|link| link.address == address) {
            let error = format!("{address} does not answer and is not part of the cluster any more");
            link.close(out);
            link.fail(now, passing(ErrorCode::Unavailable(error)), &limits, chance, out);
        }
    }

    /// A connection was made.
    pub(crate) fn connected(&mut self, now: Instant, connection: ConnectionId, out: &mut Outbox) {
        let deadline = now.saturating_add(self.limits.request_timeout);
        if let Some(session) = self.find(connection).and_then(|link| link.session.as_mut()) {
            session.connected(deadline, out);
        }
    }

    /// A connection could not be made, or ended.
    pub(crate) fn disconnected(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        reason: &str,
        chance: &mut Chance,
        out: &mut Outbox,
    ) {
        let limits = self.limits;
        let Some(link) = self.find(connection) else { return };
        let what = match &link.session {
            Some(session) if session.is_made() => "lost the connection to",
            _ => "cannot connect to",
        };
        if link.session.as_ref().is_some_and(|session| session.is_ready() && !session.is_busy()) {
            // A server may end an idle connection; the next call makes another.
            link.session = None;
            return;
        }
        let error = passing(ErrorCode::Unavailable(format!("{what} {}: {reason}", link.address)));
        link.fail(now, error, &limits, chance, out);
    }

    /// Whether of the frame with this head no more is needed for now.
    pub(crate) fn skims(&mut self, connection: ConnectionId, head: &[u8]) -> bool {
        let session = self.find(connection).and_then(|link| link.session.as_ref());
        session.is_some_and(|session| session.skims(head))
    }

    /// A frame of `length` bytes came in: the whole, or its head where `skims`. What comes from a server that breaks the protocol ends its connection.
    pub(crate) fn received(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        (buffer, frame, length): (BufferId, Bytes, usize),
        chance: &mut Chance,
        out: &mut Outbox,
    ) {
        let limits = self.limits;
        let deadline = now.saturating_add(limits.request_timeout);
        let Some(link) = self.find(connection) else { return };
        let Some(session) = link.session.as_mut() else { return };
        match session.received(buffer, (frame, length), deadline, out) {
            Ok(Verdict::LoggingIn) => {}
            Ok(Verdict::Refused(error)) => {
                link.close(out);
                link.fail(now, error, &limits, chance, out);
            }
            Ok(Verdict::Ready) => {
                for (deadline, call) in std::mem::take(&mut link.waiting) {
                    if let Some(session) = link.session.as_mut() {
                        session.send(call, deadline, out);
                    }
                }
            }
            Ok(Verdict::Answered) => {
                link.backoff.succeeded();
                link.trouble = None;
            }
            Err(reason) => link.refuse(now, &reason, &limits, chance, out),
        }
    }

    /// Ends a connection because of what came in on it.
    pub(crate) fn refuse(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        reason: &str,
        chance: &mut Chance,
        out: &mut Outbox,
    ) {
        let limits = self.limits;
        if let Some(link) = self.find(connection) {
            link.refuse(now, reason, &limits, chance, out);
        }
    }

    /// Ends the connections to an address whose answer made no sense.
    pub(crate) fn distrust(
        &mut self,
        now: Instant,
        address: &str,
        reason: &str,
        chance: &mut Chance,
        out: &mut Outbox,
    ) {
        let limits = self.limits;
        if let Some(link) = self.links.iter_mut().find(|link| link.address == address) {
            link.refuse(now, reason, &limits, chance, out);
        }
    }

    /// Time has passed: deadlines, and connections that may be tried again.
    pub(crate) fn tick(&mut self, now: Instant, chance: &mut Chance, out: &mut Outbox) {
        let limits = self.limits;
        self.now = now;
        for link in &mut self.links {
            link.expire(now, &limits, out);
            if let Some(late) = link.session.as_ref().and_then(|session| session.late(now)) {
                let error = passing(ErrorCode::TimedOut(format!("{} {late}", link.address)));
                link.close(out);
                link.fail(now, error, &limits, chance, out);
            }
        }
    }

    /// When `tick` is to be called at the latest.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        let links = self.links.iter().flat_map(|link| {
            let waiting = link.waiting.iter().map(|(deadline, call)| self.limits.call_end(*deadline, call)).min();
            let silent = link.silent_from(&self.limits).map(|silent| silent.max(link.doubted));
            [waiting, silent, link.session.as_ref().and_then(|session| session.next_wake(&self.limits))]
        });
        links.flatten().min()
    }

    /// Closes every connection; calls under way are forgotten.
    pub(crate) fn close(&mut self, out: &mut Outbox) {
        for link in &mut self.links {
            link.close(out);
        }
        self.links.clear();
    }

    fn find(&mut self, connection: ConnectionId) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.session.as_ref().is_some_and(|session| session.id() == connection))
    }
}
