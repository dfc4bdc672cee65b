//! What the page asks of flows: which there are, what becomes of their rows, a new one, the end of one.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use serde_json::json;

use super::spec::FlowSpec;
use crate::http::answer::{self, Refusal};
use crate::http::routes::Shared;

/// The longest description of a flow, in bytes.
const SPEC_BYTES: usize = 256 << 10;
/// How often the page is told.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often it is told that there is nothing new.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `GET /flows`.
pub(in crate::http) async fn list(State(shared): State<Shared>) -> Response {
    answer::json(&shared.flows.told())
}

/// `POST /flows`: starts one; answers with its number.
pub(in crate::http) async fn start(State(shared): State<Shared>, body: Body) -> Result<Response, Refusal> {
    let body = answer::bytes(body, SPEC_BYTES).await?;
    let spec = FlowSpec::parse(&body).map_err(Refusal::bad)?;
    let flows = Arc::clone(&shared.flows);
    // Whoever asks may go away; a flow that was begun to be started is then there all the same.
    let started = tokio::spawn(async move { flows.start(spec).await }).await;
    let id = started.map_err(|error| error.to_string()).and_then(|id| id).map_err(Refusal::unfit)?;
    Ok((StatusCode::CREATED, answer::json(&json!({ "id": id }))).into_response())
}

/// `DELETE /flows/ID`: stops one that runs, forgets one that has ended.
pub(in crate::http) async fn end(State(shared): State<Shared>, Path(id): Path<u64>) -> Result<Response, Refusal> {
    match shared.flows.end(id).await {
        true => Ok(answer::json(&shared.flows.told())),
        false => Err(Refusal::new(StatusCode::NOT_FOUND, format!("there is no flow {id}"))),
    }
}

/// `GET /flows/events`: what `GET /flows` gives, as a stream of events, whenever it has changed.
pub(in crate::http) async fn events(
    State(shared): State<Shared>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = tokio::time::interval(INTERVAL);
    let events = futures::stream::unfold((shared, ticks, String::new()), |(mut shared, mut ticks, last)| async move {
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = shared.stopping.wait_for(|stop| *stop) => return None,
            }
            let told = shared.flows.told().to_string();
            if told != last {
                return Some((Ok(Event::default().data(&told)), (shared, ticks, told)));
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
