//! Which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::json;
use tokio::sync::{Semaphore, watch};

use super::answer::{self, Refusal};
use super::flows::{self, Flows};
use super::gateway;
use super::guard::{self, Guard};
use super::modules::{self, Modules};
use super::page;
use super::servers::Servers;

/// WebSockets at once.
const GATEWAYS: usize = 64;

/// What every request may use.
#[derive(Clone)]
pub(super) struct Shared {
    guard: Arc<Guard>,
    pub(super) servers: Arc<Servers>,
    pub(super) modules: Arc<Modules>,
    pub(super) flows: Arc<Flows>,
    /// Places for WebSockets.
    pub(super) gateways: Arc<Semaphore>,
    /// Becomes true when the server stops.
    pub(super) stopping: watch::Receiver<bool>,
}

impl Shared {
    pub(super) fn new(
        guard: Guard,
        servers: Servers,
        modules: Arc<Modules>,
        flows: Arc<Flows>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let gateways = Arc::new(Semaphore::new(GATEWAYS));
        Self { guard: Arc::new(guard), servers: Arc::new(servers), modules, flows, gateways, stopping }
    }
}

/// Everything that is served.
pub(super) fn router(shared: Shared) -> Router {
    let guard = Arc::clone(&shared.guard);
    let asked = Router::new()
        .route("/gateway", get(gateway::open))
        .route("/about", get(about))
        .route("/modules", get(modules::list))
        .route("/transpile", post(modules::transpile))
        .route("/flows", get(flows::list).post(flows::start))
        .route("/flows/events", get(flows::events))
        .route("/flows/{id}", delete(flows::end))
        .with_state(shared.clone())
        .layer(from_fn_with_state(Arc::clone(&guard), guard::asked));
    Router::new()
        .route("/made/{module}/{file}", get(modules::file))
        .route("/thalweg/generated/{file}", get(modules::engine_file))
        .with_state(shared)
        .merge(asked)
        .fallback(get(page::file))
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(guard, guard::around))
}

async fn no_method() -> Response {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this path does not take that method").into_response()
}

/// What the page must know of this server.
async fn about(State(shared): State<Shared>) -> Response {
    answer::json(&json!({ "node": shared.servers.node(), "version": env!("CARGO_PKG_VERSION") }))
}
