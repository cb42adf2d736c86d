//! The chain of rosters on the shelf: every step, because a device goes one step at a time however far behind it is, and rivals,
//! because two valid rosters of one version are evidence that everybody must see (FORMATS section 5).

use std::collections::BTreeMap;

use amanat_keys::canonical;
use amanat_keys::fingerprint::Digest;
use amanat_keys::roster::Roster;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::tenure::Tenure;
use amanat_keys::trust::Trust;
use amanat_sync::documents::{Document, DocumentKind};

use crate::store::{HubStore, StoreFault};

/// A roster that nothing has proven yet.
struct Step {
    roster: Roster,
    hash: Digest,
    bytes: Vec<u8>,
}

/// What a document of the roster's chain is about.
pub(crate) fn subject(trust: &Trust) -> Digest {
    Digest::from_bytes(*trust.agency().as_bytes())
}

/// Shelves the roster held, every step below it that is offered here or held, and the rivals. A step below counts when the one
/// above names its hash and the one below it lets it follow; so a hub that was given the newest alone is whole again as soon as
/// somebody brings the others. Gives what is on the shelf now and was not: the subject and version of each.
pub(crate) async fn shelve(
    store: &dyn HubStore,
    trust: &Trust,
    offered: &[Vec<u8>],
) -> Result<Vec<(Digest, u64)>, StoreFault> {
    let about = subject(trust);
    let version = trust.roster_version();
    let document = |about, version, bytes| Document { kind: DocumentKind::Roster, about, version, bytes };
    let mut wanted = vec![document(about, version, trust.statement_bytes())];
    wanted.extend(trust.forks().iter().filter_map(|rival| {
        let version = canonical::decode::<Roster>(rival.payload()).ok()?.version;
        Some(document(rival.payload_hash(), version, rival.to_bytes()))
    }));
    let held = store.documents(DocumentKind::Roster, 0, usize::MAX).await?;
    let steps: Vec<u64> = held.iter().filter(|d| d.about == about).map(|d| d.version).collect();
    let whole = (1..version).all(|step| steps.binary_search(&step).is_ok());
    if !whole {
        let held = held.into_iter().filter(|d| d.about == about).map(|d| d.bytes);
        let below = proven(trust, offered.iter().cloned().chain(held));
        wanted.extend(below.into_iter().map(|step| document(about, step.roster.version, step.bytes)));
    }
    let mut shelved = Vec::new();
    for document in wanted {
        let (about, version) = (document.about, document.version);
        // False means that other signatures over the same version are held: what counts is the payload, and that was checked.
        if store.keep_document(document).await? {
            shelved.push((about, version));
        }
    }
    Ok(shelved)
}

/// Who could stand in for whom by the rosters on the shelf below the one held. One is read after the other: there may be many.
pub(crate) async fn tenure(store: &dyn HubStore, trust: &Trust) -> Result<Tenure, StoreFault> {
    let about = subject(trust);
    let held = store.documents(DocumentKind::Roster, 0, usize::MAX).await?;
    let mut tenure = Tenure::default();
    for below in held.into_iter().filter(|it| it.about == about && it.version < trust.roster_version()) {
        if let Some(step) = read(below.bytes) {
            tenure.add(&step.roster);
        }
    }
    Ok(tenure)
}

/// The steps below the roster held that are proven, newest first: each is named by the one above it, and each but the first
/// roster ever is allowed by the one below it.
fn proven(trust: &Trust, offered: impl Iterator<Item = Vec<u8>>) -> Vec<Step> {
    let mut pool: BTreeMap<Digest, Vec<Step>> = BTreeMap::new();
    for step in offered.filter_map(read) {
        pool.entry(step.hash).or_default().push(step);
    }
    let mut proven = Vec::new();
    let mut named = trust.roster().previous;
    // The hashes cannot go round: the version falls with every step.
    let mut above = trust.roster_version();
    while let Some(candidates) = pool.remove(&named) {
        let below: Vec<&Step> = candidates
            .first()
            .and_then(|step| pool.get(&step.roster.previous))
            .map(|steps| steps.iter().collect())
            .unwrap_or_default();
        let holds = |step: &Step| step.roster.version.checked_add(1) == Some(above) && follows(step, &below);
        let previous = candidates.first().map(|step| (step.roster.previous, step.roster.version));
        let Some((previous, version)) = previous else { break };
        proven.extend(candidates.into_iter().find(holds));
        (named, above) = (previous, version);
    }
    proven
}

/// Whether a step is the first roster ever, or follows from one that is known.
fn follows(step: &Step, below: &[&Step]) -> bool {
    if step.roster.version == 1 {
        return Trust::pin_hash(&step.bytes, &step.hash).is_ok();
    }
    below.iter().any(|old| {
        let trust = Trust::pin_hash(&old.bytes, &old.hash);
        trust.and_then(|mut trust| trust.adopt(&step.bytes)).is_ok()
    })
}

fn read(bytes: Vec<u8>) -> Option<Step> {
    let statement = Statement::from_bytes(&bytes).ok().filter(|statement| statement.purpose() == Purpose::Roster)?;
    let roster = canonical::decode(statement.payload()).ok()?;
    Some(Step { roster, hash: statement.payload_hash(), bytes })
}

/// The version that a roster statement claims; `None` for what is no roster.
pub(crate) fn version(statement: &[u8]) -> Option<u64> {
    let statement = Statement::from_bytes(statement).ok().filter(|statement| statement.purpose() == Purpose::Roster)?;
    amanat_sync::proof::roster_version(&statement).ok()
}
