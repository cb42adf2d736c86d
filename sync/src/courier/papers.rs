//! Documents both ways, and only when the hub's mark says that it holds others than we do.

use std::collections::BTreeMap;

use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::Digest;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::Step;
use amanat_keys::unit_key::UnitKeys;

use super::outcome::{End, Trouble};
use super::pass::{Trip, nonsense};
use crate::documents::{Adoption, Document, DocumentKind};
use crate::proof;
use crate::wire::codec;
use crate::wire::messages::{DocumentsReply, DocumentsRequest, RostersRequest};

/// Answers to one question at most; a hub that always has more is not believed for ever.
const MOST_ANSWERS: usize = 64;

type Newest = BTreeMap<(DocumentKind, Digest), u64>;

/// Fetches what is newer at the hub, then hands over what is newer here. Costs nothing when both hold the same.
pub(super) fn exchange_if_news(trip: &mut Trip<'_>) -> Result<(), End> {
    let Some(mark) = trip.road.mark() else { return Ok(()) };
    if mark == mark_of(trip, &newest(trip)?) {
        return Ok(());
    }
    let held = fetch(trip)?;
    let ours = mark_of(trip, &held);
    if trip.road.mark() == Some(ours) || trip.courier.offered == Some(ours) {
        return Ok(());
    }
    // A device that was revoked has no word in what others are told, and need not hear so.
    if !trip.trust.device(&trip.party.device).is_some_and(|device| device.is_active()) {
        return Ok(());
    }
    let offered = all_newest(trip)?;
    ask(trip, &held, offered)?;
    trip.courier.offered = Some(ours);
    Ok(())
}

/// A device that is revoked is given rosters only (FORMATS section 5), and that with every pass: also the one that says so, though it had
/// nothing to hand over and no answer has told it that there is news.
pub(super) fn of_a_revoked(trip: &mut Trip<'_>) -> Result<(), End> {
    let ours = mark_of(trip, &newest(trip)?);
    if trip.road.mark() == Some(ours) { Ok(()) } else { fetch(trip).map(drop) }
}

/// Takes what is newer at the hub, answer by answer, and gives what is held then.
fn fetch(trip: &mut Trip<'_>) -> Result<Newest, End> {
    let (mut held, mut looked) = (newest(trip)?, false);
    for _ in 0..MOST_ANSWERS {
        let reply = ask(trip, &held, Vec::new())?;
        let before = held.clone();
        let parted = take(trip, &reply)?;
        held = newest(trip)?;
        if parted && !looked {
            looked = true;
            look_for_rival(trip, &held)?;
        }
        if !reply.more || held == before {
            break;
        }
    }
    Ok(held)
}

/// What answers at the hub's address has not proven a key that the adopted roster lists. Perhaps a newer one lists it: rosters prove
/// themselves, so whoever answers may be asked for them, and for nothing else (FORMATS section 7).
pub(super) fn over_an_unlisted_key(trip: &mut Trip<'_>) -> Result<(), End> {
    for _ in 0..MOST_ANSWERS {
        let (version, hash) = (trip.trust.roster_version(), trip.trust.roster_hash());
        let question = RostersRequest { agency: trip.party.agency, version, hash };
        let answer = trip.road.rosters(&question.to_bytes())?;
        codec::check_version(&answer).map_err(nonsense)?;
        let DocumentsReply { statements, more } = DocumentsReply::from_bytes(&answer).map_err(nonsense)?;
        let of_rosters = |bytes: &Vec<u8>| Statement::from_bytes(bytes).is_ok_and(|s| s.purpose() == Purpose::Roster);
        let rosters = statements.into_iter().filter(of_rosters).collect();
        take(trip, &DocumentsReply { statements: rosters, more })?;
        if !more || trip.trust.roster_version() == version {
            break;
        }
    }
    Ok(())
}

fn ask(trip: &mut Trip<'_>, held: &Newest, offered: Vec<Vec<u8>>) -> Result<DocumentsReply, End> {
    let held = held.iter().map(|((kind, about), version)| (kind.number(), *about, *version)).collect();
    let request = DocumentsRequest { agency: trip.party.agency, held, offered };
    let answer = trip.road.documents(&trip.seen, &request.to_bytes())?;
    codec::check_version(&answer).map_err(nonsense)?;
    DocumentsReply::from_bytes(&answer).map_err(nonsense)
}

/// The hub's roster follows from another one than ours: asks for the hub's own of our number, which proves that there are two.
fn look_for_rival(trip: &mut Trip<'_>, held: &Newest) -> Result<(), End> {
    let mut below = held.clone();
    let about = Digest::from_bytes(*trip.party.agency.as_bytes());
    below.insert((DocumentKind::Roster, about), trip.trust.roster_version().saturating_sub(1));
    let reply = ask(trip, &below, Vec::new())?;
    take(trip, &reply).map(drop)
}

/// Rosters first and in order, because everything else is proven by the newest; then what is left. Whether a roster came that
/// follows from another one than ours.
pub(super) fn take(trip: &mut Trip<'_>, reply: &DocumentsReply) -> Result<bool, End> {
    let mut parted = false;
    let mut rosters: Vec<(u64, &[u8])> = Vec::new();
    let mut others: Vec<&[u8]> = Vec::new();
    for bytes in &reply.statements {
        let Ok(statement) = Statement::from_bytes(bytes) else {
            trip.outcome.tell(Trouble::Document("a document that is no statement".to_owned()));
            continue;
        };
        match proof::roster_version(&statement) {
            Ok(version) if statement.purpose() == Purpose::Roster => rosters.push((version, bytes)),
            _ => others.push(bytes),
        }
    }
    rosters.sort_unstable_by_key(|(version, _)| *version);
    for (version, bytes) in rosters {
        // One of the number held is a rival, or the very one; a rival is kept as proof.
        if version < trip.trust.roster_version() {
            continue;
        }
        let about = Digest::from_bytes(*trip.party.agency.as_bytes());
        let document = Document { kind: DocumentKind::Roster, about, version, bytes: bytes.to_vec() };
        match trip.trust.adopt(bytes) {
            Ok(Step::AlreadyHeld) => {}
            Err(KeysError::Forged(Forgery::Fork)) => {
                file(trip, &document)?;
                trip.outcome.tell(Trouble::Document(format!("a second valid roster {version}: kept as proof")));
            }
            Err(fault) if matches!(fault, KeysError::Forged(Forgery::OtherLineage)) => {
                parted = true;
                trip.outcome.tell(Trouble::Document(format!("roster {version}: {fault}")));
            }
            Err(fault) => trip.outcome.tell(Trouble::Document(format!("roster {version}: {fault}"))),
            Ok(Step::Adopted) => file(trip, &document)?,
        }
    }
    for bytes in others {
        match proof::prove(bytes, trip.trust) {
            Err(fault) => match proof::escrow(bytes, trip.trust) {
                Some(document) => keep_first(trip, &document)?,
                None => trip.outcome.tell(Trouble::Document(fault.to_string())),
            },
            Ok(document) => file(trip, &document)?,
        }
    }
    // An admin may have spoken for the epoch that the hub has begun.
    trip.vouch()?;
    Ok(parted)
}

/// Files what nobody has to believe, and of each only the first: a second is no proof of anything.
fn keep_first(trip: &mut Trip<'_>, document: &Document) -> Result<(), End> {
    let held = trip.journal.documents().map_err(End::Local)?;
    let same = |it: &Document| it.kind == document.kind && it.about == document.about;
    if held.iter().any(|filed| same(&filed.document)) { Ok(()) } else { file(trip, document) }
}

fn file(trip: &mut Trip<'_>, document: &Document) -> Result<(), End> {
    if trip.journal.adopt(document).map_err(End::Local)? == Adoption::Adopted {
        trip.outcome.documents += 1;
    }
    Ok(())
}

/// The newest version of each document that counts here; the roster's is the one adopted, whatever is on the shelf.
fn newest(trip: &Trip<'_>) -> Result<Newest, End> {
    let mut newest = Newest::new();
    for filed in trip.journal.documents().map_err(End::Local)?.into_iter().filter(|filed| !filed.rival) {
        let Document { kind, about, version, .. } = filed.document;
        let highest = newest.entry((kind, about)).or_default();
        *highest = version.max(*highest);
    }
    newest.retain(|(kind, _), _| *kind != DocumentKind::Roster);
    let about = Digest::from_bytes(*trip.party.agency.as_bytes());
    newest.insert((DocumentKind::Roster, about), trip.trust.roster_version());
    // A hub shelves a rival roster under its own hash, so that whoever does not hold it hears that there is news.
    let rivals = trip.trust.forks().iter();
    let rivals = rivals.filter_map(|rival| Some((rival.payload_hash(), proof::roster_version(rival).ok()?)));
    newest.extend(rivals.map(|(hash, version)| ((DocumentKind::Roster, hash), version)));
    Ok(newest)
}

/// What the hub would say if it held what we hold and gave us what we may have: it keeps a unit's keys from those who do not
/// read for it, and passes on no other kinds.
fn mark_of(trip: &Trip<'_>, held: &Newest) -> Digest {
    let roster = trip.trust.roster();
    let reads = UnitKeys::filed_for(roster, &trip.party.device);
    let lines = held.iter().filter(|((kind, about), _)| match kind {
        DocumentKind::Roster
        | DocumentKind::Codebook
        | DocumentKind::Epoch
        | DocumentKind::Erasure
        | DocumentKind::RotationCertificate => true,
        DocumentKind::Freshness => proof::still_told(trip.trust, *kind, about),
        DocumentKind::Proposal | DocumentKind::NextHubKey => {
            roster.proposes(&trip.party.device) && proof::still_told(trip.trust, *kind, about)
        }
        DocumentKind::UnitKeys => reads.contains(about),
    });
    proof::shelf_mark(lines.map(|((kind, about), version)| (*kind, *about, *version)))
}

/// Every roster that is on the shelf, because the hub may be several behind, and the newest of everything else.
fn all_newest(trip: &Trip<'_>) -> Result<Vec<Vec<u8>>, End> {
    let documents = trip.journal.documents().map_err(End::Local)?;
    let mut offered: Vec<Vec<u8>> =
        documents.into_iter().filter(|filed| !filed.rival).map(|filed| filed.document.bytes).collect();
    let adopted = trip.trust.statement_bytes();
    if !offered.contains(&adopted) {
        offered.push(adopted);
    }
    Ok(offered)
}
