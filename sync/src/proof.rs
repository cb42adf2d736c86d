//! What the adopted roster says of what came: which document a signed statement is, once its signatures have been checked, and
//! whose key stands behind an entry. Rosters are not proven here: they prove themselves one on another, in [`Trust::adopt`].

use amanat_keys::canonical;
use amanat_keys::erasure::Erasure;
use amanat_keys::error::{Forgery, KeysError, Malformed};
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest};
use amanat_keys::freshness::Freshness;
use amanat_keys::hub_epoch::HubEpoch;
use amanat_keys::join::{HubSuccession, JoinRequest};
use amanat_keys::proposal::Proposal;
use amanat_keys::quorum;
use amanat_keys::roster::{Hub, Roster};
use amanat_keys::rotation::RotationWord;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::Trust;
use amanat_keys::unit_key::UnitKeys;
use amanat_keys::verifying_key::VerifyingKey;
use minicbor::decode::Error as Bad;
use minicbor::{Decoder, Encoder};

use crate::batch::{Run, Why};
use crate::chain::{self, AtCut, Head};
use crate::documents::{Document, DocumentKind};
use crate::entry::SealedEntry;

/// Longest name of a codebook, in bytes.
const MAX_NAME: usize = 256;

/// Proves a statement and says which document it is.
///
/// A unit-keys statement is about one key of the unit and counts as version by its number of rows: of two about one key the one that
/// reaches more readers is newer, so a later reader's wrap is not taken for a rival, nor a later key for a newer word on an older one.
///
/// # Errors
/// As the check of its purpose; [`Forgery::OtherPurpose`] for what is no document; for a roster whatever
/// [`Trust::adopt`] would say of one that is not the newest held.
pub fn prove(bytes: &[u8], trust: &Trust) -> Result<Document, KeysError> {
    let document = proven(bytes, trust)?;
    // What no store can file would break off every pass that brings it.
    if i64::try_from(document.version).is_err() {
        return Err(Malformed::new("number of a document").into());
    }
    Ok(document)
}

fn proven(bytes: &[u8], trust: &Trust) -> Result<Document, KeysError> {
    let statement = Statement::from_bytes(bytes)?;
    let file = |kind, about: &[u8; 32], version| Document {
        kind,
        about: Digest::from_bytes(*about),
        version,
        bytes: bytes.to_vec(),
    };
    match statement.purpose() {
        Purpose::UnitKeys => {
            let verified = UnitKeys::verify(bytes, trust)?;
            let keys = verified.value();
            Ok(file(DocumentKind::UnitKeys, keys.about().as_bytes(), keys.serial()))
        }
        Purpose::Freshness => {
            let verified = Freshness::verify(bytes, trust)?;
            let speaker = Freshness::speaker(bytes, trust)?;
            Ok(file(DocumentKind::Freshness, speaker.as_bytes(), verified.value().serial))
        }
        Purpose::Codebook => {
            quorum::check(&statement, &trust.agency(), &trust.roster().voters(), trust.roster().needed())?;
            let (agency, name, version) = read_codebook(statement.payload())?;
            if agency != trust.agency() {
                return Err(Forgery::OtherAgency.into());
            }
            Ok(file(DocumentKind::Codebook, Digest::tagged("codebook-name", &[name.as_bytes()]).as_bytes(), version))
        }
        Purpose::Erasure => {
            let verified = Erasure::verify(bytes, trust)?;
            Ok(file(DocumentKind::Erasure, verified.statement().payload_hash().as_bytes(), 1))
        }
        Purpose::Epoch => {
            let verified = HubEpoch::verify(bytes, trust)?;
            Ok(file(DocumentKind::Epoch, verified.value().hub.as_bytes(), verified.value().new))
        }
        Purpose::Proposal => {
            let verified = Proposal::verify(bytes, trust)?;
            let proposal = verified.value();
            Ok(file(DocumentKind::Proposal, proposal.device.as_bytes(), proposal.serial))
        }
        Purpose::RotationCertificate => {
            let verified = RotationWord::verify(bytes, trust)?;
            let word = verified.value();
            Ok(file(DocumentKind::RotationCertificate, word.about().as_bytes(), word.serial))
        }
        Purpose::JoinRequest => {
            let (about, end) = next_hub_key(bytes, trust)?;
            // Of two requests for one key's successor the one that was made later is newer: more of what was signed lies before it.
            let version = end.epoch.saturating_mul(1 << 32).saturating_add(end.last).saturating_add(1);
            Ok(file(DocumentKind::NextHubKey, about.as_bytes(), version))
        }
        Purpose::Roster => {
            let version = roster_version(&statement)?;
            if statement.payload_hash() != trust.roster_hash() {
                return Err(Forgery::OtherLineage.into());
            }
            Ok(file(DocumentKind::Roster, trust.agency().as_bytes(), version))
        }
        Purpose::Entry
        | Purpose::Receipt
        | Purpose::Checkpoint
        | Purpose::Bundle
        | Purpose::RequestBinding
        | Purpose::Release
        | Purpose::Transfer
        | Purpose::TransferReply
        | Purpose::TransferWithdrawal => Err(Forgery::OtherPurpose.into()),
    }
}

/// A request for the next signing key of a hub that is listed, signed by that key and by the one that the roster lists. Who asks for
/// anything else to be listed asks a person, by words.
fn next_hub_key(bytes: &[u8], trust: &Trust) -> Result<(Digest, HubSuccession), KeysError> {
    let asked = Statement::from_bytes(bytes)?.expect::<JoinRequest>(Purpose::JoinRequest)?;
    let end = asked.peek()?.hub_succession.ok_or(Forgery::OtherPurpose)?;
    let request = JoinRequest::verify(bytes)?.into_value();
    if request.agency != trust.agency() {
        return Err(Forgery::OtherAgency.into());
    }
    let hub = trust.roster().hub(&end.hub).ok_or(Forgery::NoAuthority)?;
    let vouched = JoinRequest::is_signed_by(bytes, &request.agency, &hub.receipt_key);
    if !vouched || hub.receipt_key == request.signing_key {
        return Err(Forgery::NoAuthority.into());
    }
    Ok((about_next_key(hub), end))
}

/// What a request for a hub's next key is about: the hub and the key that it has by the roster.
fn about_next_key(hub: &Hub) -> Digest {
    Digest::tagged("next-hub-key", &[hub.id.as_bytes(), hub.receipt_key.key_id().as_bytes()])
}

/// A unit's key sealed to the recovery key, in a statement whose signer may not say it any more: the reader was lost, and is what the recovery
/// is for. Filed apart, so that it stands in nobody's way; it counts for nothing but a recovery.
#[must_use]
pub fn escrow(bytes: &[u8], trust: &Trust) -> Option<Document> {
    let recovery = UnitKeys::escrow_id(trust.roster().recovery.as_ref()?);
    let keys = UnitKeys::escrowed(bytes, trust).ok().filter(|keys| keys.is_for(&recovery))?;
    // Each epoch by itself: the newest is not the one that older slips need.
    let about = Digest::tagged("escrow", &[keys.unit.as_bytes(), &keys.epoch.to_be_bytes()]);
    Some(Document { kind: DocumentKind::UnitKeys, about, version: keys.epoch, bytes: bytes.to_vec() })
}

/// The version that a roster statement claims, unproven: only to put several in order.
///
/// # Errors
/// *Malformed* when the payload is no roster.
pub fn roster_version(statement: &Statement) -> Result<u64, KeysError> {
    Ok(canonical::decode::<Roster>(statement.payload())?.version)
}

/// Whether what a device says as its own word is still told to others: once it may not say it any more, nobody can prove it.
#[must_use]
pub fn still_told(trust: &Trust, kind: DocumentKind, about: &Digest) -> bool {
    let speaker = DeviceId::from_bytes(*about.as_bytes());
    match kind {
        DocumentKind::Freshness => trust.roster().confirms(&speaker),
        DocumentKind::Proposal => trust.roster().proposes(&speaker),
        DocumentKind::NextHubKey => trust.roster().hubs.iter().any(|hub| about_next_key(hub) == *about),
        DocumentKind::Roster
        | DocumentKind::UnitKeys
        | DocumentKind::Codebook
        | DocumentKind::Epoch
        | DocumentKind::Erasure
        | DocumentKind::RotationCertificate => true,
    }
}

/// One hash over the newest version of every document: two that hold the same say the same, and a pass need not ask.
#[must_use]
pub fn shelf_mark(newest: impl IntoIterator<Item = (DocumentKind, Digest, u64)>) -> Digest {
    let mut lines: Vec<(u64, Digest, u64)> =
        newest.into_iter().map(|(kind, about, version)| (kind.number(), about, version)).collect();
    lines.sort_unstable();
    let spelt: Vec<u8> = lines
        .iter()
        .flat_map(|(kind, about, version)| [&kind.to_be_bytes()[..], about.as_bytes(), &version.to_be_bytes()].concat())
        .collect();
    Digest::tagged("shelf-mark", &[&spelt])
}

/// Whose key stands behind an entry, by the adopted roster.
///
/// # Errors
/// [`Why::UnknownDevice`]; [`Why::Revoked`] beyond the last trusted place of a device that left or was lost.
pub fn key_of(entry: &SealedEntry, trust: &Trust) -> Result<VerifyingKey, Why> {
    let header = &entry.header;
    if header.agency != trust.agency() {
        return Err(Why::UnknownDevice);
    }
    let device = trust.device(&header.device).ok_or(Why::UnknownDevice)?;
    device
        .key_at(&header.journal, header.seq)
        .map_err(|_outside| if device.is_active() { Why::UnknownDevice } else { Why::Revoked })
}

/// Whether a run of a device that left or was lost comes by its last trusted place with another history.
#[must_use]
pub fn denied(run: &Run, trust: &Trust) -> bool {
    cut_off(run, trust).is_some_and(|cut| chain::at_cut(&cut, &run.stretch()) == AtCut::Denied)
}

/// Whether, in a run that is [`denied`], the entry at that place came whole and is signed by the device: a chain of bare hashes leads by
/// there as well, and proves nothing against anybody.
#[must_use]
pub fn denied_by_its_own_word(run: &Run, trust: &Trust) -> bool {
    let there = cut_off(run, trust).and_then(|cut| run.entries().find(|entry| entry.header.seq == cut.seq));
    there.is_some_and(|entry| key_of(entry, trust).is_ok_and(|key| entry.verify(&key).is_ok()))
}

fn cut_off(run: &Run, trust: &Trust) -> Option<Head> {
    let device = trust.device(&run.device).filter(|device| !device.is_active())?;
    device.cut_off(&run.journal).map(|cut| Head { seq: cut.seq, link: cut.link })
}

/// A codebook's payload is `[1, agency, name, version, files]`; what is in the files is not understood here.
fn read_codebook(payload: &[u8]) -> Result<(AgencyId, String, u64), Malformed> {
    let bad = |source: Bad| Malformed::because("Codebook", source);
    let mut d = Decoder::new(payload);
    let (head, upto) = read_head(&mut d).map_err(bad)?;
    if d.position() != payload.len() {
        return Err(bad(Bad::message("bytes after the end")));
    }
    let mut spelt = Vec::new();
    let written = spell_head(&mut spelt, &head);
    if written.is_err() || payload.get(..upto) != Some(&spelt) {
        return Err(bad(Bad::message("not the canonical spelling")));
    }
    Ok(head)
}

fn read_head(d: &mut Decoder<'_>) -> Result<((AgencyId, String, u64), usize), Bad> {
    canonical::array(d, 5)?;
    canonical::version(d)?;
    let head = (d.decode()?, canonical::text(d, MAX_NAME)?, d.u64()?);
    let upto = d.position();
    d.skip()?;
    Ok((head, upto))
}

fn spell_head(
    spelt: &mut Vec<u8>,
    (agency, name, version): &(AgencyId, String, u64),
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    Encoder::new(spelt).array(5)?.u8(1)?.encode(agency)?.str(name)?.u64(*version)?.ok()
}
