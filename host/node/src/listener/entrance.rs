//! What a connection may do before it has logged in: say hello, and log in, in little time and with little.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::frame::RequestHeader;
use thalweg_wire::message::{ApiKey, ServerErrorCode};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use super::connection::ConnectionError;
use crate::failure::Failure;
use crate::handlers::dispatch::{self, Answer};
use crate::handlers::login;
use crate::handlers::service::Service;
use crate::users::Gate;

/// The longest request before a login, in bytes.
const FRAME: usize = 64 << 10;

/// What a connection may do.
pub(super) struct Entrance {
    /// Who may log in; `None`: the node has no users, and everybody may do everything.
    gate: Option<Arc<Gate>>,
    /// `None` once it has logged in.
    guest: Option<Guest>,
}

/// A connection that has not logged in.
struct Guest {
    /// When it is ended.
    end: Instant,
    /// Logins that it may still try.
    attempts: u32,
    _place: OwnedSemaphorePermit,
}

impl Entrance {
    /// That of a new connection. Fails if too many others have not logged in.
    pub(super) fn new(service: &Service) -> Result<Self, ConnectionError> {
        let Some(gate) = &service.gate else { return Ok(Self { gate: None, guest: None }) };
        let _place = gate.guest().ok_or(ConnectionError::Crowded)?;
        let (end, attempts) = (Instant::now() + service.limits.login, service.limits.login_attempts.max(1));
        Ok(Self { gate: Some(Arc::clone(gate)), guest: Some(Guest { end, attempts, _place }) })
    }

    /// The longest request that it may send, if that is shorter than what others may.
    pub(super) fn frame_limit(&self) -> Option<usize> {
        self.guest.as_ref().map(|_| FRAME)
    }

    /// Resolves when it has not logged in in time.
    pub(super) async fn expired(&self) {
        match &self.guest {
            Some(guest) => sleep_until(guest.end).await,
            None => std::future::pending().await,
        }
    }

    /// The answer to a request that others do not see, and whether it is the last; `None`: it may be carried out.
    pub(super) async fn answer(&mut self, header: RequestHeader, body: &Bytes) -> Option<(Answer, bool)> {
        let gate = self.gate.as_ref()?;
        let key = ApiKey::from_code(header.api_key);
        let Some(guest) = &mut self.guest else {
            // Clients that are given a challenge send an answer to it.
            return (key == Some(ApiKey::Authenticate)).then(|| (login::again(header.request_id), false));
        };
        match key {
            Some(ApiKey::ApiVersions) => None,
            Some(ApiKey::Authenticate) => {
                let (answer, known) = login::log_in(gate, header.request_id, body.clone(), guest.end).await;
                guest.attempts = guest.attempts.saturating_sub(1);
                let last = !known && guest.attempts == 0;
                if known {
                    self.guest = None;
                }
                Some((answer, last))
            }
            _ => Some((dispatch::refuse(header.request_id, &not_yet()), false)),
        }
    }
}

/// As a real server says it.
fn not_yet() -> Failure {
    let text = "The connection has not completed authentication yet. This may be caused by a missing or incorrect \
                configuration of 'client.security.protocol' on the client side.";
    Failure::new(ServerErrorCode::AUTHENTICATE, text)
}
