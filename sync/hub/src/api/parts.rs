//! Attachments: decode, call, encode.

use std::sync::Arc;

use amanat_sync::wire::codec;
use amanat_sync::wire::parts::PartsRequest;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;

use super::documents::mark;
use super::door::{Admitted, enter};
use super::reply::{Failure, answer, marked, unreadable};
use crate::limits::PARTS_BODY;
use crate::{Hub, parts};

pub(super) async fn parts(State(hub): State<Arc<Hub>>, request: Request) -> Response<Body> {
    enter(&hub, request, PARTS_BODY, async |admitted: Admitted| {
        codec::check_version(&admitted.body).map_err(unreadable)?;
        let request = PartsRequest::from_bytes(&admitted.body).map_err(unreadable)?;
        let Admitted { caller, standing, .. } = &admitted;
        if request.agency != standing.agency {
            return Err(Failure::WrongHub);
        }
        let reply = parts::answer(&hub, standing, caller, request.call).await?;
        Ok(marked(answer(reply.to_bytes()), &mark(&hub, &admitted)))
    })
    .await
}
