//! The route table and what stands before every route: a request id, a limit, a net for panics, a line in the log.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use rand::RngCore as _;
use tower_http::catch_panic::CatchPanicLayer;

use super::reply::{Failure, RequestId, put, refuse};
use super::{batches, documents, health, parts, rosters, team};
use crate::Hub;

/// The whole hub as a service, so that tests can call it without a socket.
pub fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route("/v1/push", post(batches::push))
        .route("/v1/pull", post(batches::pull))
        .route("/v1/documents", post(documents::exchange))
        .route("/v1/parts", post(parts::parts))
        .route("/v1/rosters", post(rosters::after))
        .route("/v1/team", post(team::team))
        .route("/v1/health", get(health::health))
        .fallback(nothing_here)
        .method_not_allowed_fallback(nothing_here)
        .with_state(Arc::clone(&hub))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(hub, name_request))
}

async fn nothing_here(axum::Extension(request): axum::Extension<RequestId>) -> Response {
    refuse(&request, None, &Failure::NoSuchPage)
}

/// No request may take the hub down. What panicked is a bug: the log says so, and the client may try again.
fn panicked(_cause: Box<dyn std::any::Any + Send + 'static>) -> Response {
    refuse(&RequestId("panic".to_owned()), None, &Failure::Broken("a handler panicked"))
}

/// Gives the request its name, and the answer the same.
async fn name_request(State(hub): State<Arc<Hub>>, mut request: Request, next: Next) -> Response {
    let name = RequestId(format!("{:016x}", rand::rngs::OsRng.next_u64()));
    request.extensions_mut().insert(name.clone());
    let path = known_path(request.uri().path());
    let mut response = next.run(request).await;
    put(response.headers_mut(), "amanat-request", &name.0);
    hub.counters.answered(path, response.status().as_u16());
    tracing::debug!(request = name.0, path, status = response.status().as_u16(), "answered");
    response
}

/// What a stranger writes into an address does not reach the log.
fn known_path(path: &str) -> &'static str {
    let pages = ["/v1/push", "/v1/pull", "/v1/documents", "/v1/parts", "/v1/rosters", "/v1/team", "/v1/health"];
    pages.into_iter().find(|known| *known == path).unwrap_or("other")
}
