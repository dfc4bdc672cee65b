//! Which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::json;

use super::answer::{self, Refusal};
use super::flows::{self, Flows};
use super::gateway::{self, Gateway};
use super::guard::{self, Guard};
use super::modules::{self, Modules};
use super::page;

/// What requests may use.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) gateway: Gateway,
    pub(super) modules: Arc<Modules>,
    pub(super) flows: Arc<Flows>,
}

impl FromRef<Shared> for Gateway {
    fn from_ref(shared: &Shared) -> Self {
        shared.gateway.clone()
    }
}

impl FromRef<Shared> for Arc<Modules> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.modules)
    }
}

impl FromRef<Shared> for Arc<Flows> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.flows)
    }
}

/// Everything that is served.
pub(super) fn router(guard: Guard, shared: Shared) -> Router {
    let guard = Arc::new(guard);
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
async fn about(State(gateway): State<Gateway>) -> Response {
    answer::json(&json!({ "node": gateway.node(), "version": env!("CARGO_PKG_VERSION") }))
}
