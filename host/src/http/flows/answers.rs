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

use super::Flows;
use super::spec::FlowSpec;
use crate::http::answer::{self, Refusal};

/// The longest description of a flow, in bytes.
const SPEC_BYTES: usize = 256 << 10;
/// How often the page is told.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often it is told that there is nothing new.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `GET /flows`.
pub(in crate::http) async fn list(State(flows): State<Arc<Flows>>) -> Response {
    answer::json(&flows.told())
}

/// `POST /flows`: starts one; answers with its number.
pub(in crate::http) async fn start(State(flows): State<Arc<Flows>>, body: Body) -> Result<Response, Refusal> {
    let body = answer::bytes(body, SPEC_BYTES).await?;
    let spec = FlowSpec::parse(&body).map_err(Refusal::bad)?;
    // Whoever asks may go away; a flow that was begun to be started is then there all the same.
    let started = tokio::spawn(async move { flows.start(spec).await }).await;
    let id = started.map_err(|error| error.to_string()).and_then(|id| id).map_err(Refusal::unfit)?;
    Ok((StatusCode::CREATED, answer::json(&json!({ "id": id }))).into_response())
}

/// `DELETE /flows/ID`: stops one that runs, forgets one that has ended.
pub(in crate::http) async fn end(State(flows): State<Arc<Flows>>, Path(id): Path<u64>) -> Result<Response, Refusal> {
    match flows.end(id).await {
        true => Ok(answer::json(&flows.told())),
        false => Err(Refusal::new(StatusCode::NOT_FOUND, format!("there is no flow {id}"))),
    }
}

/// `GET /flows/events`: what `GET /flows` gives, as a stream of events, whenever it has changed.
pub(in crate::http) async fn events(
    State(flows): State<Arc<Flows>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = tokio::time::interval(INTERVAL);
    let stopping = flows.stopping();
    let begin = (flows, stopping, ticks, String::new());
    let events = futures::stream::unfold(begin, |(flows, mut stopping, mut ticks, last)| async move {
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stopping.wait_for(|stop| *stop) => return None,
            }
            let told = flows.told().to_string();
            if told != last {
                return Some((Ok(Event::default().data(&told)), (flows, stopping, ticks, told)));
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
