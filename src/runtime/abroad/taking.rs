//! A case that another agency offers is proven, kept as what that agency's people signed, and answered. Nothing of it is ever this device's
//! own word: every entry names its author, agency and place, and the file itself lies sealed beside the word that took it over.

use std::path::Path;

use amanat_keys::{
    error::{Forgery, KeysError},
    fingerprint::{CaseId, Digest},
    roster::Unit,
    transfer::{Offer, Reply},
    trust::Trust,
    words::Words,
};
use amanat_sync::transfer::{Parcel, Proven};

use super::offering::{Incoming, offer_id, transfer_fault, write};
use crate::{
    failure::Failure,
    model::{
        Author, Code, Content, Entry, EntryId, Handover, HeaderHash, OfferId, Peer, RosterHash, Source, Step,
        peer_word, with_new_ids,
    },
    record::{self, Interner},
    runtime::{
        border::entry_id,
        clock,
        entries::{
            ring::Purpose,
            sealing::{Again, Piece},
        },
        fault,
        homes::home::Home,
    },
};

const TAKING: &str = "taking over a case from another agency";
const ANSWERING: &str = "answering another agency";
/// How a kept entry says by which rules it was read.
const MAP: &str = "transfer@1";
/// What the attached evidence is.
const MEDIA: &str = "application/vnd.amanat.transfer";

/// An offer that was proven, whole.
pub struct Proposed {
    /// What it says.
    pub offer: Offer,
    /// Its id.
    pub id: Digest,
    /// The agency that offers, by the roster whose words were read aloud.
    pub theirs: Trust,
    /// Whether it has been taken back, as far as this device has heard.
    pub withdrawn: bool,
    proven: Vec<Proven>,
    inside: zeroize::Zeroizing<Vec<u8>>,
}

impl Proposed {
    /// What its roster calls the unit that has the case.
    pub fn unit_name(&self) -> &str {
        self.theirs.roster().unit(&self.offer.unit).map_or("", |unit: &Unit| unit.name.as_str())
    }

    /// The case in which it is kept here: always the same for one case of one agency, so that what is offered later joins it.
    pub fn case(&self) -> CaseId {
        let tagged = Digest::tagged("transfer-case", &[self.offer.from.as_bytes(), self.offer.case.as_bytes()]);
        CaseId::from_bytes(*entry_id(&tagged).as_bytes())
    }
}

impl Home {
    /// Proves what came: the roster by its words, the offer by the roster, each entry by its author, and that all of it is for a unit of this
    /// device's.
    ///
    /// # Errors
    /// Refused where any of that does not hold.
    pub fn prove_offer(&self, incoming: &Incoming, words: &Words) -> Result<Proposed, Failure> {
        let failed = |error: KeysError| fault::keys(TAKING, &error);
        let refused = |what: &str, hint: &str| Failure::refused(format!("{TAKING} — {what}"), hint);
        self.listed()?;
        let Incoming { parcel, inside } = incoming;
        let theirs = Trust::pin(&parcel.roster, words).map_err(failed)?;
        let offer = Offer::verify(&parcel.statement, &theirs).map_err(failed)?.into_value();
        if offer.to != self.agency()? {
            return Err(failed(Forgery::OtherAgency.into()));
        }
        if self.trust()?.roster().unit(&offer.to_unit).is_none() {
            return Err(refused("this agency's roster has no such unit", "Sync first, or ask which unit was meant."));
        }
        if self.unit()?.id != offer.to_unit || !self.trust()?.roster().answers_for(&self.device(), &offer.to_unit) {
            return Err(refused(
                "it is not for this device's unit to answer",
                "The unit that was asked accepts or rejects, nobody else (PTPA s.8).",
            ));
        }
        let withdrawn = self.was_withdrawn(&offer_id(&parcel.statement)?, &offer)?;
        let proven = parcel.prove(&offer, &theirs).map_err(|error| transfer_fault(TAKING, &error))?;
        let id = offer_id(&parcel.statement)?;
        Ok(Proposed { offer, id, theirs, withdrawn, proven, inside: inside.clone() })
    }

    /// Keeps what was offered, all of it in one transaction, with the file itself as evidence. `has_row` knows what is here already: a file
    /// that is read twice adds nothing.
    ///
    /// # Errors
    /// As [`Home::keep`]; refused where an entry does not read.
    pub fn take_over(
        &mut self,
        proposed: &Proposed,
        note: Option<&str>,
        has_row: impl Fn(&[u8; 32]) -> bool,
    ) -> Result<Vec<Entry>, Failure> {
        let case = proposed.case();
        let mut pieces = self.told_again(proposed, case, has_row)?;
        let offer = OfferId::from_bytes(*proposed.id.as_bytes());
        let said = self.handovers.on_offer(&offer).filter_map(peer_word).any(|(told, _)| told.step == Step::Accepted);
        let mut sealed = Vec::new();
        if !said {
            if self.was_withdrawn(&proposed.id, &proposed.offer)? {
                return Err(Failure::refused(
                    format!("{TAKING} — the agency that offered it has taken it back"),
                    "Nothing was taken. Ask them to offer it again.",
                ));
            }
            let name = format!("transfer-{}.amanat", offer.short());
            let evidence = self.seal_bytes(TAKING, &case, &proposed.inside, (MEDIA, &name))?;
            sealed = evidence.parts.to_vec();
            let content = Content::Handover(Box::new(word(proposed, offer, note)));
            let attached = Some(Box::new(evidence));
            let piece = Piece { case, purpose: Purpose::Content, content, source: None, again: None, attached };
            pieces.insert(0, piece);
        }
        if pieces.is_empty() {
            return Ok(Vec::new());
        }
        let kept = self.keep_from_abroad(pieces);
        if kept.is_err() {
            self.drop_unkept(&sealed);
        }
        kept
    }

    /// What the entries say, to be kept under this agency's keys with who signed them.
    fn told_again(
        &self,
        proposed: &Proposed,
        case: CaseId,
        has_row: impl Fn(&[u8; 32]) -> bool,
    ) -> Result<Vec<Piece>, Failure> {
        let mut interner = Interner::default();
        let mut read = Vec::with_capacity(proposed.proven.len());
        for (proven, number) in proposed.proven.iter().zip(1..) {
            let Proven { header, hash, json, .. } = proven;
            let author = Author { device: header.device.into(), journal: header.journal.into(), seq: header.seq };
            let entry = record::decode(json, entry_id(hash), case.into(), author, &mut interner);
            let entry = entry.map_err(|error| {
                Failure::refused(
                    format!("{TAKING} — entry {number} of it does not read: {error}"),
                    "Nothing was taken. Tell the other agency which entry it is.",
                )
            })?;
            read.push((proven, entry));
        }
        // What names an entry that its agency kept again means the one that came.
        let known: Vec<(EntryId, EntryId)> =
            read.iter().filter_map(|(_, entry)| Some((entry.ties.as_ref()?.was?.id(), entry.id))).collect();
        let new = read.into_iter().filter(|(proven, _)| !has_row(proven.hash.as_bytes()));
        let piece = |(proven, mut entry): (&Proven, Entry)| {
            with_new_ids(&mut entry.content, |id| known.iter().find(|(was, _)| was == id).map(|(_, now)| *now));
            Piece {
                case,
                purpose: if proven.names { Purpose::Names } else { Purpose::Content },
                source: Some(source(proposed, proven)),
                again: Some(Again { was: HeaderHash::from_bytes(*proven.hash.as_bytes()), times: entry.times }),
                content: entry.content,
                attached: None,
            }
        };
        Ok(new.map(piece).collect())
    }

    /// Writes the answer for the unit that offers. It is signed, sealed to that unit, and says nothing to whoever finds it.
    ///
    /// # Errors
    /// Usage for a refusal without a reason; what the disk says.
    pub fn answer(&self, proposed: &Proposed, accepted: bool, note: Option<&str>, out: &Path) -> Result<u64, Failure> {
        let note = note.map(str::trim).unwrap_or_default().to_owned();
        if !accepted && note.is_empty() {
            return Err(Failure::usage(
                format!("{ANSWERING} — a rejection needs its reason in words"),
                "The sending unit reads it.",
            ));
        }
        let trust = self.trust()?;
        let reply = Reply {
            from: trust.agency(),
            device: self.device(),
            offer: proposed.id,
            accepted,
            note,
            time: clock::unix_seconds(),
        };
        let statement = reply.sign(&self.signer()).map_err(|error| fault::keys(ANSWERING, &error))?;
        let parcel = Parcel { statement: statement.to_bytes(), roster: trust.statement_bytes(), entries: Vec::new() };
        let inside = parcel.inside().map_err(|error| transfer_fault(ANSWERING, &error))?;
        let unit = proposed.theirs.roster().unit(&proposed.offer.unit);
        let reader = unit.and_then(|unit| unit.recipient.as_ref()).ok_or_else(|| {
            Failure::refused(format!("{ANSWERING} — the unit that offers has no key"), "Answer by telephone.")
        })?;
        write(ANSWERING, out, &inside, Some(reader))
    }
}

/// The word by which the case is taken over.
fn word(proposed: &Proposed, offer: OfferId, note: Option<&str>) -> Handover {
    let peer = Peer {
        agency: proposed.offer.from.into(),
        name: proposed.theirs.roster().name.as_str().into(),
        unit: proposed.unit_name().into(),
        offer,
        roster: RosterHash::from_bytes(*proposed.theirs.roster_hash().as_bytes()),
        proof: None,
    };
    let theirs = Some(proposed.offer.note.as_str()).filter(|note| !note.is_empty());
    Handover {
        step: Step::Accepted,
        unit: proposed.offer.to_unit.into(),
        from: proposed.offer.unit.into(),
        of: None,
        reason: Some(Code::new(&proposed.offer.reason)),
        note: note.map(str::trim).filter(|note| !note.is_empty()).or(theirs).map(Into::into),
        peer: Some(Box::new(peer)),
    }
}

/// Who wrote an entry, and where.
fn source(proposed: &Proposed, proven: &Proven) -> Source {
    let (roster, header) = (proposed.theirs.roster(), &proven.header);
    let member = roster.member_of(&header.device).map_or_else(String::new, |member| member.name.clone());
    let cells = [
        ("agency", proposed.offer.from.to_string()),
        ("unit", proposed.unit_name().to_owned()),
        ("author", member),
        ("device", header.device.to_string()),
        ("journal", header.journal.to_string()),
        ("number", header.seq.to_string()),
        ("offer", proposed.id.to_string()),
    ];
    let cells = cells.map(|(column, cell)| (column.into(), cell.into()));
    Source { name: roster.name.as_str().into(), map: MAP.into(), row: *proven.hash.as_bytes(), cells: cells.into() }
}
