//! The team page of a supervisor: of each device of their units when it last spoke and what it said of itself. Nothing of any entry.

use std::sync::Arc;

use amanat_keys::fingerprint::{DeviceId, UnitId};
use amanat_keys::roster::Role;
use amanat_sync::wire::codec;
use amanat_sync::wire::limits::MAX_TEAM_REQUEST;
use amanat_sync::wire::team::{TeamLine, TeamReply, TeamRequest};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;

use super::documents::mark;
use super::door::{Admitted, enter};
use super::reply::{Failure, answer, marked, unreadable};
use crate::Hub;
use crate::standing::Standing;

pub(super) async fn team(State(hub): State<Arc<Hub>>, request: Request) -> Response<Body> {
    enter(&hub, request, MAX_TEAM_REQUEST, async |admitted: Admitted| {
        codec::check_version(&admitted.body).map_err(unreadable)?;
        let request = TeamRequest::from_bytes(&admitted.body).map_err(unreadable)?;
        if request.agency != admitted.standing.agency {
            return Err(Failure::WrongHub);
        }
        if !admitted.caller.active {
            return Err(Failure::Revoked);
        }
        let devices = devices(&admitted.standing, &admitted.caller.device).ok_or(Failure::NotAllowed)?;
        let lines: Vec<TeamLine> = devices
            .into_iter()
            .map(|device| {
                let contact = hub.contacts.of(&device);
                TeamLine { device, contact: contact.last, said: contact.said }
            })
            .collect();
        tracing::info!(device = %admitted.caller.device, lines = lines.len(), "team");
        let reply = TeamReply { since: hub.contacts.since, now: hub.now_ms(), lines };
        Ok(marked(answer(reply.to_bytes()), &mark(&hub, &admitted)))
    })
    .await
}

/// The active devices of everybody who has a role in a unit that the caller supervises, sorted; `None` for who supervises none.
fn devices(standing: &Standing, caller: &DeviceId) -> Option<Vec<DeviceId>> {
    let roster = standing.roster();
    let roles = &roster.member_of(caller)?.roles;
    let units: Vec<UnitId> =
        roles.iter().filter(|(role, _)| *role == Role::Supervisor).map(|(_, unit)| *unit).collect();
    if units.is_empty() {
        return None;
    }
    let belongs = |device: &DeviceId| {
        roster.member_of(device).is_some_and(|member| member.roles.iter().any(|(_, unit)| units.contains(unit)))
    };
    let active = roster.devices.iter().filter(|device| device.is_active()).map(|device| device.id);
    Some(active.filter(belongs).collect())
}
