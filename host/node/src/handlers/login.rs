//! A login (SASL/PLAIN) at a node that has users.

use std::sync::Arc;

use bytes::Bytes;
use thalweg_wire::message::{AuthenticateRequest, AuthenticateResponse};
use tokio::time::Instant;

use super::dispatch::{self, Answer};
use crate::users::Gate;

/// Checks a login, until `end` at the latest; true if it is one. As at a real server its answer has a challenge, an empty
/// one, which some clients answer in turn.
pub(crate) async fn log_in(gate: &Arc<Gate>, id: i32, body: Bytes, end: Instant) -> (Answer, bool) {
    let checked = match dispatch::read::<AuthenticateRequest>(body) {
        Ok(request) => gate.log_in(&request.protocol, &request.token, end).await,
        Err(failure) => Err(failure),
    };
    let known = checked.is_ok();
    let response = checked.map(|()| AuthenticateResponse { challenge: Some(Bytes::new()) });
    (dispatch::answer(id, response, None), known)
}

/// What a connection is told that has logged in before.
pub(crate) fn again(id: i32) -> Answer {
    dispatch::answer(id, Ok(AuthenticateResponse { challenge: None }), None)
}
