//! Push and pull: decode, call, encode.

use std::collections::BTreeMap;
use std::sync::Arc;

use amanat_keys::fingerprint::JournalId;
use amanat_keys::roster::Role;
use amanat_sync::batch::{Item, Run};
use amanat_sync::chain::Head;
use amanat_sync::entry::SealedEntry;
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::PullRequest;
use amanat_sync::wire::v1::PullManifest;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use tokio::sync::OwnedSemaphorePermit;

use super::arriving::Taken;
use super::documents::mark;
use super::door::{Admitted, enter, enter_push, leaving, room};
use super::reply::{Failure, answer, marked, unreadable};
use crate::Hub;
use crate::limits::{PAGE_LEAST, PAGE_MOST, PULL_BODY};
use crate::parts::incomplete;
use crate::standing::Standing;
use crate::store::{self, Piece, Place, ServedEntry, Sought};

pub(super) async fn push(State(hub): State<Arc<Hub>>, request: Request) -> Response<Body> {
    enter_push(&hub, request).await
}

pub(super) async fn pull(State(hub): State<Arc<Hub>>, request: Request) -> Response<Body> {
    enter(&hub, request, PULL_BODY, async |admitted: Admitted| {
        if !admitted.caller.active {
            return Err(Failure::Revoked);
        }
        codec::check_version(&admitted.body).map_err(unreadable)?;
        let request = PullRequest::from_bytes(&admitted.body).map_err(unreadable)?;
        if request.agency != admitted.standing.agency {
            return Err(Failure::WrongHub);
        }
        // The answer takes its own room when it is there.
        let (page, made_in) = page(&hub, &admitted, &request, &admitted.checkpoint).await?;
        drop(made_in);
        Ok(marked(answer(page), &mark(&hub, &admitted)))
    })
    .await
}

/// The answer to a push that was taken in, with a page where one was asked for. Where none can be made the answer stands without it, and the
/// caller asks by itself.
pub(super) async fn answered(hub: &Hub, admitted: &Admitted, taken: Taken) -> Response<Body> {
    let Taken { reply, newest, question } = taken;
    let answered = match question {
        None => answer(reply.to_bytes()),
        Some(_) if !admitted.caller.active => answer(codec::answer_and_page(&reply, &[])),
        Some(question) => match page(hub, admitted, &question, &newest.to_string()).await {
            Ok((page, room)) => leaving(codec::answer_and_page(&reply, &page), room),
            Err(failure) => {
                tracing::info!(device = %admitted.caller.device, cause = failure.cause(), "a push without its page");
                answer(codec::answer_and_page(&reply, &[]))
            }
        },
    };
    marked(answered, &mark(hub, admitted))
}

/// What is new for a caller who has seen a checkpoint: the body of an answer to a pull, and the room among all bodies in which it was made.
async fn page(
    hub: &Hub,
    Admitted { caller, standing, .. }: &Admitted,
    request: &PullRequest,
    seen: &str,
) -> Result<(Vec<u8>, OwnedSemaphorePermit), Failure> {
    let bytes = usize::try_from(request.bytes).unwrap_or(usize::MAX).clamp(PAGE_LEAST, PAGE_MOST);
    let held: BTreeMap<Place, u64> = request.heads.iter().map(|line| ((line.device, line.journal), line.seq)).collect();
    let own: BTreeMap<Place, u64> = held
        .range((caller.device, JournalId::from_bytes([0; 16]))..)
        .map_while(|(place, seq)| (place.0 == caller.device).then_some((*place, *seq)))
        .collect();
    let again = request.again.iter().map(|(from, last)| ((from.device, from.journal), from.seq, *last)).collect();
    let readers = standing.readers(&caller.device);
    let sought = Sought { agency: standing.agency, device: caller.device, readers, held, again, bytes };
    let made_in = room(hub, u32::try_from(bytes).unwrap_or(u32::MAX)).await?;
    let page = hub.store.page(sought).await?;
    let (runs, more): (Vec<Run>, bool) =
        (page.pieces.into_iter().map(|piece| run(standing, piece)).collect(), page.more);
    // What a push that was cut has left is in the store and in no list yet. Whoever is served it would hold more than the list
    // shows, and take the hub for one that hides.
    let served = runs.iter().filter(|run| !run.items.is_empty());
    let served: Vec<(Place, Head)> = served.map(|run| ((run.device, run.journal), run.head())).collect();
    let covered = hub.cover(&served).await.is_ok();
    let (newest, list) = hub.keeper.newest().await?;
    // The checkpoint, and for readers the list it hashes, only when the caller has not seen it, and once for all pages. A hub that
    // cannot write one serves all the same.
    let news_of_heads = covered && seen != newest.hash.to_string() && !more;
    // An admin says how far a device's word counts, and must know how far it has come.
    let sees_all = [Role::Reader, Role::Supervisor, Role::Auditor, Role::Custodian, Role::Admin];
    let reader = sees_all.iter().any(|role| standing.holds(&caller.device, *role));
    let heads = if news_of_heads && reader { list } else { Vec::new() };
    let mut statements = if news_of_heads { vec![newest.statement] } else { Vec::new() };
    if !more && hub.blobs.is_some() {
        statements.extend(incomplete(hub, standing, caller.device, &own).await?);
    }
    let entries: usize = runs.iter().map(|run| run.items.len()).sum();
    hub.counters.served.add(runs.iter().map(|run| run.entries().count()).sum());
    tracing::info!(device = %caller.device, runs = runs.len(), entries, more, "pull");
    let manifest = PullManifest { agency: standing.agency, more, runs: Vec::new(), statements, heads };
    Ok((codec::pull_body(manifest, &runs), made_in))
}

/// A piece as it travels.
pub(crate) fn run(standing: &Standing, piece: Piece) -> Run {
    let (device, journal) = piece.place;
    let items = (piece.first..).zip(piece.items).map(|(seq, item)| served(piece.place, seq, item)).collect();
    Run { agency: standing.agency, device, journal, first: piece.first, before: piece.before, items }
}

/// What the store gives back was verified when it came. Where it no longer is what was put there, somebody changed the file
/// behind the hub's back: the log says so, what does not hold is left out, and the rest goes on.
fn served((device, journal): Place, seq: u64, item: store::Item) -> Item {
    let entry = match item {
        store::Item::Elided(hash) => return Item::Elided(hash),
        store::Item::Entry(entry) => entry,
    };
    let hash = entry.hash;
    let let_go = entry.envelope.as_ref().is_some_and(Vec::is_empty);
    let whole = |entry: ServedEntry| {
        let whole = SealedEntry::from_parts(entry.header, entry.signature, entry.envelope).ok()?;
        (whole.hash() == hash).then(|| Item::Entry(Box::new(whole)))
    };
    let bare = ServedEntry { hash, header: entry.header.clone(), signature: entry.signature, envelope: None };
    whole(entry).unwrap_or_else(|| {
        if !let_go {
            tracing::error!(%device, %journal, seq, "an entry in the store is not what was put there");
        }
        whole(bare).unwrap_or(Item::Elided(hash))
    })
}
