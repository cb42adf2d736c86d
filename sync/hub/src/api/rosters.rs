//! Rosters for whoever holds one of them: the only question that is answered to nobody in particular.
//!
//! A device that was away while the hub's TLS key changed finds a key here that its roster does not list. It signs nothing over such a
//! connection and names nobody; it says which roster it holds, by version and hash, and is given the next ones. The hash is what a
//! stranger does not have. Rosters prove themselves, so it does not matter who brings them.

use std::sync::Arc;

use amanat_keys::statement::Statement;
use amanat_sync::documents::DocumentKind;
use amanat_sync::wire::codec;
use amanat_sync::wire::limits::MAX_ROSTERS_REQUEST;
use amanat_sync::wire::messages::{DocumentsReply, RostersRequest};
use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use tokio::time::timeout;

use super::reply::{Failure, RequestId, answer, refuse, unreadable};
use crate::Hub;
use crate::limits::{BODY_PAUSE, DOCUMENTS_ANSWER, ROSTERS_PER_ANSWER};
use crate::lineage;
use crate::seats::Seat;

pub(super) async fn after(
    State(hub): State<Arc<Hub>>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Response<Body> {
    match newer(&hub, request).await {
        Ok(reply) => answer(reply.to_bytes()),
        Err(failure) => refuse(&id, None, &failure),
    }
}

async fn newer(hub: &Hub, request: Request) -> Result<DocumentsReply, Failure> {
    let origin = request.extensions().get::<Arc<Seat>>().and_then(|seat| seat.origin);
    hub.rates.at_the_door(origin)?;
    let body = timeout(BODY_PAUSE, to_bytes(request.into_body(), MAX_ROSTERS_REQUEST)).await;
    let body = body.map_err(|_elapsed| Failure::Slow)?.map_err(|_cut_or_larger| Failure::TooLarge)?;
    codec::check_version(&body).map_err(unreadable)?;
    let RostersRequest { agency, version, hash } = RostersRequest::from_bytes(&body).map_err(unreadable)?;
    let standing = hub.standing();
    if agency != standing.agency {
        return Err(Failure::WrongHub);
    }
    let about = lineage::subject(&standing.trust);
    // One more than is answered with: the one that is held, which whoever asks must name by its hash.
    let shelved = hub.store.documents(DocumentKind::Roster, version, ROSTERS_PER_ANSWER.saturating_add(1)).await?;
    let mut steps = shelved.into_iter().filter(|document| document.about == about);
    let held = steps.next().filter(|document| document.version == version);
    let held = held.and_then(|document| Statement::from_bytes(&document.bytes).ok());
    if held.is_none_or(|held| held.payload_hash() != hash) {
        return Err(Failure::WrongHub);
    }
    let (mut statements, mut bytes, mut told) = (Vec::new(), 0_usize, version);
    for step in steps {
        bytes = bytes.saturating_add(step.bytes.len());
        if bytes > DOCUMENTS_ANSWER && !statements.is_empty() {
            break;
        }
        told = step.version;
        statements.push(step.bytes);
    }
    let more = told < standing.trust.roster_version();
    tracing::info!(statements = statements.len(), more, "rosters");
    Ok(DocumentsReply { statements, more })
}
