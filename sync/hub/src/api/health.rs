//! Alive, ready, whether it takes what is new, and how much is held: counts only, to whoever asks.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response};

use super::reply::{Failure, RequestId, refuse};
use crate::Hub;

/// Ready means that the store answers; whoever reads this is alive by that alone.
pub(super) async fn health(State(hub): State<Arc<Hub>>, Extension(request): Extension<RequestId>) -> Response<Body> {
    match hub.store.depth().await {
        Err(fault) => refuse(&request, None, &Failure::Store(fault)),
        Ok(depth) => {
            let text = serde_json::json!({
                "alive": true,
                "ready": true,
                "disk": if hub.is_full() { "full" } else { "ok" },
                "roster": hub.standing().trust.roster_version(),
                "journals": depth.journals,
                "entries": depth.entries,
                "missing": depth.missing,
                "evidence": depth.evidence,
                "erased": depth.erased,
            });
            let mut response = Response::new(Body::from(text.to_string()));
            response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
            response
        }
    }
}
