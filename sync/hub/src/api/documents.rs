//! Signed documents both ways: what is newer than the caller holds goes out, what proves itself comes in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use amanat_keys::fingerprint::Digest;
use amanat_keys::unit_key::UnitKeys;
use amanat_sync::documents::DocumentKind;
use amanat_sync::proof;
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{DocumentsReply, DocumentsRequest};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;

use super::door::{Admitted, enter};
use super::reply::{Failure, answer, marked, unreadable};
use crate::Hub;
use crate::hub::{DOCUMENT_KINDS, HubFault};
use crate::limits::{DOCUMENTS_ANSWER, DOCUMENTS_BODY, ROSTERS_PER_ANSWER};
use crate::lineage;

pub(super) async fn exchange(State(hub): State<Arc<Hub>>, request: Request) -> Response<Body> {
    enter(&hub, request, DOCUMENTS_BODY, async |admitted: Admitted| {
        codec::check_version(&admitted.body).map_err(unreadable)?;
        let request = DocumentsRequest::from_bytes(&admitted.body).map_err(unreadable)?;
        if request.agency != admitted.standing.agency {
            return Err(Failure::WrongHub);
        }
        let device = admitted.caller.device;
        // A revoked device may hand over entries; it has no word any more in what others are told.
        if !admitted.caller.active && !request.offered.is_empty() {
            return Err(Failure::Revoked);
        }
        let (rosters, others): (Vec<_>, Vec<_>) =
            request.offered.into_iter().partition(|offered| lineage::version(offered).is_some());
        take_rosters(&hub, rosters).await?;
        for offered in others {
            tell(hub.keep(&offered).await.map(drop))?;
        }
        let reply = newer(&hub, &admitted, &request.held).await?;
        tracing::info!(%device, statements = reply.statements.len(), more = reply.more, "documents");
        Ok(marked(answer(reply.to_bytes()), &mark(&hub, &admitted)))
    })
    .await
}

/// What the caller may be given, as one hash.
pub(super) fn mark(hub: &Hub, admitted: &Admitted) -> Digest {
    let keys = UnitKeys::filed_for(admitted.standing.roster(), &admitted.caller.device);
    let shelf = hub.shelf().into_iter();
    proof::shelf_mark(shelf.filter(|(kind, about, _)| may_have(admitted, &keys, *kind, about)))
}

/// A revoked device is told of rosters only; proposals and what the hub itself asks for are for admins; a word that nobody may say any more is told to nobody; a unit's wrapped keys are for those who read for it.
fn may_have(admitted: &Admitted, keys: &BTreeSet<Digest>, kind: DocumentKind, about: &Digest) -> bool {
    let told = proof::still_told(&admitted.standing.trust, kind, about);
    match kind {
        DocumentKind::Roster => true,
        DocumentKind::UnitKeys => admitted.caller.active && keys.contains(about),
        DocumentKind::Freshness => admitted.caller.active && told,
        DocumentKind::Proposal | DocumentKind::NextHubKey => {
            told && admitted.standing.roster().proposes(&admitted.caller.device)
        }
        DocumentKind::Codebook | DocumentKind::Epoch | DocumentKind::Erasure | DocumentKind::RotationCertificate => {
            admitted.caller.active
        }
    }
}

/// Rosters in order, whatever the order in which they came; those below the one held fill gaps of the shelf.
async fn take_rosters(hub: &Hub, mut rosters: Vec<Vec<u8>>) -> Result<(), Failure> {
    rosters.sort_by_cached_key(|offered| lineage::version(offered));
    for offered in &rosters {
        tell(hub.adopt(offered).await.map(drop))?;
    }
    if rosters.is_empty() { Ok(()) } else { tell(hub.complete(&rosters).await) }
}

/// What does not prove itself is passed over and logged: the others must not suffer for it.
fn tell(taken: Result<(), HubFault>) -> Result<(), Failure> {
    match taken {
        Ok(()) => Ok(()),
        Err(HubFault::Trust(fault)) => {
            tracing::info!(cause = %fault, "an offered document was not taken");
            Ok(())
        }
        Err(HubFault::Store(fault)) => Err(Failure::Store(fault)),
        Err(HubFault::Disk(_)) => Err(Failure::Broken("the trust file")),
    }
}

async fn newer(hub: &Hub, admitted: &Admitted, held: &[(u64, Digest, u64)]) -> Result<DocumentsReply, Failure> {
    let held: BTreeMap<(u64, Digest), u64> = held.iter().map(|(kind, about, v)| ((*kind, *about), *v)).collect();
    let keys = UnitKeys::filed_for(admitted.standing.roster(), &admitted.caller.device);
    let (mut statements, mut bytes, mut more) = (Vec::new(), 0_usize, false);
    for kind in DOCUMENT_KINDS {
        let wanted = hub.shelf().into_iter().filter(|(of, about, version)| {
            *of == kind
                && may_have(admitted, &keys, kind, about)
                && held.get(&(kind.number(), *about)).is_none_or(|have| have < version)
        });
        let wanted: BTreeMap<Digest, u64> = wanted.map(|(_, about, version)| (about, version)).collect();
        let lowest = wanted.iter().map(|(about, newest)| match held.get(&(kind.number(), *about)) {
            Some(have) if kind.keeps_history() => have.saturating_add(1),
            // Whoever holds none at all has pinned none: the newest proves itself by its words.
            _ => *newest,
        });
        let Some(lowest) = lowest.min() else { continue };
        for document in hub.store.documents(kind, lowest, ROSTERS_PER_ANSWER).await? {
            let newest = wanted.get(&document.about).copied();
            let have = held.get(&(kind.number(), document.about)).copied().unwrap_or(0);
            let asked = newest.is_some_and(|newest| kind.keeps_history() || document.version == newest);
            if !asked || document.version <= have {
                continue;
            }
            if bytes.saturating_add(document.bytes.len()) > DOCUMENTS_ANSWER && !statements.is_empty() {
                more = true;
                continue;
            }
            more |=
                kind.keeps_history() && Some(document.version) != newest && statements.len() + 1 >= ROSTERS_PER_ANSWER;
            bytes = bytes.saturating_add(document.bytes.len());
            statements.push(document.bytes);
        }
    }
    Ok(DocumentsReply { statements, more })
}
