//! One connection: handshake, login, request ids, deadlines.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use thalweg_wire::{
    frame::{self, Response},
    message::{self, ApiKey, ApiVersionsRequest, ApiVersionsResponse, AuthenticateResponse, ServerErrorCode},
};

use super::{Outbox, link::Limits, login, versions::Versions};
use crate::{
    call::{Answered, Body, Call, Failure, Key, Target, fatal, passing},
    timers::Timers,
};
use thalweg_contract::{Action, BufferId, ConnectionId, Error, ErrorCode, Instant, Login};

/// The version of what is said before versions are agreed on.
const UNAGREED: i16 = 0;

/// How far a connection is.
#[derive(Debug)]
enum State {
    /// The host is making it, until this time.
    Connecting(Instant),
    /// ApiVersions is under way.
    Handshake,
    /// Authenticate is under way.
    Login(Versions, Arc<Login>),
    /// Calls may be sent.
    Ready(Versions),
}

/// A request whose answer has not come.
#[derive(Debug)]
struct Pending {
    key: Key,
    api: ApiKey,
    deadline: Instant,
    /// Whether another server can be asked instead.
    one_of_many: bool,
    /// Whether another server is asked instead; its answer is of no use any more.
    abandoned: bool,
}

/// What a frame brought about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The handshake goes on with the login.
    LoggingIn,
    /// The server does not let this client in.
    Refused(Error),
    /// Calls may be sent.
    Ready,
    /// A call was answered.
    Answered,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Session {
    id: ConnectionId,
    address: String,
    /// Who logs in, once the server has said what it can.
    login: Option<Arc<Login>>,
    state: State,
    next_request: i32,
    pending: BTreeMap<i32, Pending>,
    /// The deadline of each of these.
    deadlines: Timers,
    /// The same of those that another server can be asked instead and is not yet.
    patience: Timers,
}

impl Session {
    /// A connection that the host is making until `deadline`.
    pub(super) fn new(id: ConnectionId, address: String, login: Option<Arc<Login>>, deadline: Instant) -> Self {
        let (deadlines, patience) = (Timers::default(), Timers::default());
        let state = State::Connecting(deadline);
        Self { id, address, login, state, next_request: 0, pending: BTreeMap::new(), deadlines, patience }
    }

    pub(super) fn id(&self) -> ConnectionId {
        self.id
    }

    /// Whether calls may be sent.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready(_))
    }

    /// Whether the host has made it.
    pub(super) fn is_made(&self) -> bool {
        !matches!(self.state, State::Connecting(_))
    }

    /// Whether an answer is awaited.
    pub(super) fn is_busy(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The host has made it: asks the server what it can; `deadline` is for the answer.
    pub(super) fn connected(&mut self, deadline: Instant, out: &mut Outbox) {
        if self.is_made() {
            return;
        }
        self.state = State::Handshake;
        let request = ApiVersionsRequest {
            client_software_name: "thalweg".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        self.transmit(Call::new(Key::Handshake, Target::Any, request), UNAGREED, deadline, out);
    }

    /// Sends a call, or answers it at once if the server does not have its API.
    pub(super) fn send(&mut self, call: Call, deadline: Instant, out: &mut Outbox) {
        let version = match &self.state {
            State::Ready(versions) => versions.agreed(call.api),
            _ => Some(UNAGREED),
        };
        let Some(version) = version else {
            let text =
                format!("{} does not have {} in a version that this client speaks", self.address, call.api.name());
            let failure = Failure::Lost { error: fatal(ErrorCode::Unsupported(text)), sent: false };
            out.answers.push_back(self.answered(call.key, Err(failure)));
            return;
        };
        self.transmit(call, version, deadline, out);
    }

    fn transmit(&mut self, call: Call, version: i16, deadline: Instant, out: &mut Outbox) {
        let request_id = self.next_request;
        self.next_request = self.next_request.wrapping_add(1) & i32::MAX;
        let pieces = match (call.frame.0)(request_id, version) {
            Ok(pieces) => pieces,
            Err(error) => {
                let failure = Failure::Lost { error: fatal(ErrorCode::Invalid(error.to_string())), sent: false };
                out.answers.push_back(self.answered(call.key, Err(failure)));
                return;
            }
        };
        let one_of_many = call.to.is_one_of_many() && call.key != Key::Handshake;
        let pending = Pending { key: call.key, api: call.api, deadline, one_of_many, abandoned: false };
        self.deadlines.set(number(request_id), None, Some(deadline));
        if one_of_many {
            self.patience.set(number(request_id), None, Some(deadline));
        }
        self.pending.insert(request_id, pending);
        out.actions.push(Action::Send { connection: self.id, pieces });
    }

    /// Whether of the frame with this head no more is needed for now: it answers a fetch, whose rows stay where they are.
    pub(super) fn skims(&self, head: &[u8]) -> bool {
        let asked = frame::success_of(head).and_then(|request_id| self.pending.get(&request_id));
        asked.is_some_and(|pending| pending.api == ApiKey::FetchLog)
    }

    /// A frame of `length` bytes came in: the whole, or its head where that does. What it makes to be sent is to be answered
    /// by `deadline`. Fails with what is wrong with it.
    pub(super) fn received(
        &mut self,
        buffer: BufferId,
        (frame, length): (Bytes, usize),
        deadline: Instant,
        out: &mut Outbox,
    ) -> Result<Verdict, String> {
        let response = frame::decode_response(frame.clone()).map_err(|error| error.to_string())?;
        let (request_id, result) = match response {
            Response::Success { request_id, body } => (request_id, Ok(Body { bytes: body, frame, length, buffer })),
            Response::Error { request_id, code, message } => (request_id, Err(Failure::Refused { code, message })),
            Response::Failure { code, message } => {
                return Err(format!("it failed with {code}: {message}"));
            }
        };
        let pending = self
            .pending
            .remove(&request_id)
            .ok_or_else(|| format!("an answer to request {request_id}, which was not made or is answered already"))?;
        self.deadlines.set(number(request_id), Some(pending.deadline), None);
        if pending.one_of_many && !pending.abandoned {
            self.patience.set(number(request_id), Some(pending.deadline), None);
        }
        if pending.key == Key::Handshake {
            return self.on_handshake(result, deadline, out);
        }
        // A call that is refused for want of a login was not carried out, and on this connection none will be.
        let (result, verdict) = match result {
            Err(Failure::Refused { code, .. }) if code == ServerErrorCode::AUTHENTICATE.code() => {
                let error = login::wanted(&self.address);
                (Err(Failure::Lost { error: error.clone(), sent: false }), Verdict::Refused(error))
            }
            result => (result, Verdict::Answered),
        };
        if !pending.abandoned {
            out.answers.push_back(self.answered(pending.key, result));
        }
        Ok(verdict)
    }

    /// The answer to ApiVersions, or to Authenticate.
    fn on_handshake(
        &mut self,
        result: Result<Body, Failure>,
        deadline: Instant,
        out: &mut Outbox,
    ) -> Result<Verdict, String> {
        if let State::Login(versions, login) = &mut self.state {
            let body = match result {
                Ok(body) => body,
                Err(failure) => return Ok(Verdict::Refused(login::refused(&self.address, login, failure))),
            };
            // With PLAIN everything is said by now, whether there is a challenge in it or not.
            message::decode::<AuthenticateResponse>(body.bytes)
                .map_err(|error| format!("in the answer to AUTHENTICATE: {error}"))?;
            self.state = State::Ready(std::mem::take(versions));
            return Ok(Verdict::Ready);
        }
        let body = result.map_err(|failure| failure.into_error().to_string())?;
        let response: ApiVersionsResponse =
            message::decode(body.bytes).map_err(|error| format!("in the answer to API_VERSIONS: {error}"))?;
        let versions = Versions::new(&response);
        let Some(login) = self.login.take() else {
            self.state = State::Ready(versions);
            return Ok(Verdict::Ready);
        };
        if versions.agreed(ApiKey::Authenticate).is_none() {
            return Ok(Verdict::Refused(login::useless(&self.address, "")));
        }
        let call = Call::new(Key::Handshake, Target::Any, login::request(&login));
        self.state = State::Login(versions, login);
        self.transmit(call, UNAGREED, deadline, out);
        Ok(Verdict::LoggingIn)
    }

    /// What the server is late with at `now`, if it is.
    pub(super) fn late(&self, now: Instant) -> Option<String> {
        match self.state {
            State::Connecting(deadline) if deadline <= now => {
                Some("did not accept a connection within the connect timeout".into())
            }
            _ => {
                let (_, first) = self.deadlines.first().filter(|(deadline, _)| *deadline <= now)?;
                let late = self.pending.get(&request_id(first))?;
                Some(format!("did not answer {} within the request timeout", late.api.name()))
            }
        }
    }

    /// When `late` or `abandon` may have something to do.
    pub(super) fn next_wake(&self, limits: &Limits) -> Option<Instant> {
        match self.state {
            State::Connecting(deadline) => Some(deadline),
            _ => {
                let patience = self.patience.first().map(|(deadline, _)| limits.patience_end(deadline));
                self.deadlines.first().map(|(deadline, _)| deadline).into_iter().chain(patience).min()
            }
        }
    }

    /// When the server has been silent for longer than patience lasts, if it goes on.
    pub(super) fn silent_from(&self, limits: &Limits) -> Option<Instant> {
        match self.state {
            State::Connecting(deadline) => {
                Some(deadline.saturating_sub(limits.connect_timeout.saturating_sub(limits.patience)))
            }
            _ => self.deadlines.first().map(|(deadline, _)| limits.patience_end(deadline)),
        }
    }

    /// Gives up what another server can be asked instead, when patience has ended. The connection stays: what only this
    /// server knows may still come.
    pub(super) fn abandon(&mut self, now: Instant, limits: &Limits, out: &mut Outbox) {
        while let Some((deadline, first)) = self.patience.first()
            && limits.patience_end(deadline) <= now
        {
            self.patience.set(first, Some(deadline), None);
            let Some(pending) = self.pending.get_mut(&request_id(first)) else { continue };
            pending.abandoned = true;
            let text = format!("{} did not answer {} yet", self.address, pending.api.name());
            let failure = Failure::Lost { error: passing(ErrorCode::TimedOut(text)), sent: true };
            let address = self.address.clone();
            out.answers.push_back(Answered { key: pending.key, result: Err(failure), address });
        }
    }

    /// The connection is gone: answers what was under way.
    pub(super) fn fail(self, error: &Error, out: &mut Outbox) {
        for pending in self.pending.values().filter(|pending| pending.key != Key::Handshake && !pending.abandoned) {
            let failure = Failure::Lost { error: error.clone(), sent: true };
            out.answers.push_back(self.answered(pending.key, Err(failure)));
        }
    }

    fn answered(&self, key: Key, result: Result<Body, Failure>) -> Answered {
        Answered { key, result, address: self.address.clone() }
    }
}

/// A request among timers; request ids are not negative.
fn number(request_id: i32) -> u64 {
    u64::from(request_id.unsigned_abs())
}

fn request_id(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
