//! A case is offered to a unit of another agency: its entries, as their authors signed them, in one file that opens for that unit alone
//! (`sync/TRANSFER.md`). Here is the offering; `abroad_words` is what is said of it afterwards, `from_abroad` the other side.
//!
//! No key of the case leaves, so nothing written later can be opened by what went; what went can be read for good, and that is said before.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::BufReader,
    path::Path,
};

use amanat_keys::{
    envelope,
    fingerprint::{CaseId, DeviceId, Digest, JournalId, UnitId},
    recipient::Recipient,
    roster::Unit,
    statement::Statement,
    transfer::{Along, Offer, Reply, Withdrawal},
    trust::Trust,
    words::Words,
};
use amanat_sync::{
    bundle::BundleFault,
    entry::{EntryRef, SealedEntry},
    pack::Pack,
    stick_file,
    transfer::{self, Parcel, Told, TransferFault},
};
use zeroize::Zeroizing;

use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{self, Code, Content, Entry, EntryId, Handover, OfferId, Peer, RosterHash, Step},
    runtime::{
        border::entry_id,
        clock,
        entries::keep::{ToKeep, What},
        fault,
        homes::home::Home,
        road::stick_fault,
    },
};

const OFFERING: &str = "offering the case to another agency";
pub(in crate::runtime) const READING: &str = "reading what came from another agency";

/// To whom a case is offered, and why.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// The other agency, by the roster whose words were read aloud.
    pub theirs: &'a Trust,
    /// Its unit.
    pub unit: UnitId,
    /// Why (list `transfer_reason`).
    pub reason: Code,
    /// In words.
    pub note: Option<String>,
}

/// What is offered, or would be.
#[derive(Clone, Debug, Default)]
pub struct Offered {
    /// The word in the case; none where nothing was kept.
    pub entry: Option<Entry>,
    /// Whether it is an offer that was made before: then only its file was written again.
    pub again: bool,
    /// Entries that go along.
    pub entries: usize,
    /// Attachments that stay.
    pub left_behind: u64,
    /// Entries that this device cannot prove any more, its copy having been dropped.
    pub lacking: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// What a file turned out to be, and what is inside.
pub struct Incoming {
    /// The parts, unproven.
    pub(in crate::runtime) parcel: Parcel,
    /// The bytes that were sealed.
    pub(in crate::runtime) inside: Zeroizing<Vec<u8>>,
}

/// What another agency's file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It offers a case, or is nothing that is known.
    Offer,
    /// It answers what was offered from here.
    Reply,
    /// It takes an offer back.
    Withdrawal,
}

impl Incoming {
    /// What it says. Nothing of it is proven.
    pub fn says(&self) -> Says {
        let statement = &self.parcel.statement;
        if Reply::peek(statement).is_ok() {
            Says::Reply
        } else if Withdrawal::peek(statement).is_ok() {
            Says::Withdrawal
        } else {
            Says::Offer
        }
    }
}

/// The other agency, by a pack or a roster of it whose newest roster has these words.
///
/// # Errors
/// Refused for other words or a broken roster.
pub fn pin(pack: &Pack, words: &Words) -> Result<Trust, Failure> {
    let newest = pack.rosters.last().ok_or_else(|| {
        Failure::refused(format!("{OFFERING} — the file holds no roster"), "Ask the other agency's admin for its pack.")
    })?;
    Trust::pin(newest, words).map_err(|error| fault::keys(OFFERING, &error))
}

impl Home {
    /// Offers a case: the word is kept in it first, and then the file is written, so that nothing leaves unsaid. `entries` are those of the
    /// case that are shown. Without a file nothing is kept and nothing written.
    ///
    /// # Errors
    /// Refused by the rules of sharing, or where there is nothing to offer; what the disk says.
    pub fn offer_abroad(
        &mut self,
        codebook: &Codebook,
        case: CaseId,
        entries: &[&Entry],
        wish: &Wish<'_>,
        out: Option<&Path>,
    ) -> Result<Offered, Failure> {
        let (from, to) = self.may_offer(&case, wish)?;
        let mut gathered = self.gather(codebook, entries)?;
        let told = std::mem::take(&mut gathered.told);
        let mut offered = Offered {
            entries: told.len(),
            left_behind: gathered.left_behind,
            lacking: gathered.lacking,
            ..Offered::default()
        };
        if told.is_empty() {
            return Err(Failure::refused(
                format!("{OFFERING} — nothing of it can be proven here"),
                "Sync first: the entries themselves must be on this device.",
            ));
        }
        let (agency, roster) = (self.trust()?.agency(), self.trust()?.statement_bytes());
        let offer = Offer {
            from: agency,
            device: self.device(),
            unit: from,
            to: wish.theirs.agency(),
            roster: wish.theirs.roster_hash(),
            to_unit: to.id,
            nonce: *JournalId::random().as_bytes(),
            case,
            reason: wish.reason.as_str().to_owned(),
            note: wish.note.as_deref().map(str::trim).unwrap_or_default().to_owned(),
            time: clock::unix_seconds(),
            left_behind: gathered.left_behind,
            entries: gathered.along,
        };
        let before = self.offered_before(&offer)?;
        let statement = match &before {
            Some(statement) => statement.clone(),
            None => offer.sign(&self.signer()).map_err(|error| fault::keys(OFFERING, &error))?,
        };
        let parcel = Parcel { statement: statement.to_bytes(), roster, entries: told };
        let inside = parcel.inside().map_err(|error| transfer_fault(OFFERING, &error))?;
        let Some(out) = out else { return Ok(offered) };
        let peer = Peer {
            agency: wish.theirs.agency().into(),
            name: wish.theirs.roster().name.as_str().into(),
            unit: to.name.as_str().into(),
            offer: OfferId::from_bytes(*statement.payload_hash().as_bytes()),
            roster: RosterHash::from_bytes(*wish.theirs.roster_hash().as_bytes()),
            proof: Some(hex(&parcel.statement).into()),
        };
        let word = Handover {
            step: Step::Sent,
            unit: to.id.into(),
            from: from.into(),
            of: None,
            reason: Some(wish.reason.clone()),
            note: (!offer.note.is_empty()).then(|| offer.note.as_str().into()),
            peer: Some(Box::new(peer)),
        };
        offered.again = before.is_some();
        if !offered.again {
            offered.entry = self.keep_word(codebook, case, word)?;
        }
        offered.bytes = write(OFFERING, out, &inside, to.recipient.as_ref())?;
        Ok(offered)
    }

    /// The same offer, made from here before and waiting still: the word was kept, and the file may have been lost, or never have been written.
    /// What a word of the case holds as its proof anybody of the unit may have written: it counts if it proves itself.
    fn offered_before(&self, wished: &Offer) -> Result<Option<Statement>, Failure> {
        let (words, trust) = (self.handovers.of(&wished.case), self.trust()?);
        let waits = |peer: &Peer| {
            model::crossings(words)
                .iter()
                .any(|crossing| crossing.peer.offer == peer.offer && crossing.stands == Step::Sent)
        };
        Ok(words.iter().filter_map(model::peer_word).find_map(|(told, peer)| {
            let statement = Some(peer).filter(|_| told.step == Step::Sent).and_then(proof)?;
            let said = Offer::verify(&statement.to_bytes(), trust).ok()?.into_value();
            let same = Offer { nonce: said.nonce, time: said.time, ..wished.clone() } == said;
            (same && waits(peer)).then_some(statement)
        }))
    }

    pub(super) fn keep_word(
        &mut self,
        codebook: &Codebook,
        case: CaseId,
        word: Handover,
    ) -> Result<Option<Entry>, Failure> {
        let what = What::Content(Content::Handover(Box::new(word)));
        let kept = self.keep(codebook, ToKeep { case: case.into(), what, source: None, draft: None, sharing: None })?;
        Ok(kept.into_iter().next())
    }

    /// The unit that has the case and the unit that is asked, where this device may offer it.
    fn may_offer<'a>(&self, case: &CaseId, wish: &Wish<'a>) -> Result<(UnitId, &'a Unit), Failure> {
        let me = self.listed()?.id;
        let refused = |what: &str, hint: &str| Failure::refused(format!("{OFFERING} — {what}"), hint);
        let (trust, from) = (self.trust()?, self.unit_for(case)?);
        if trust.agency() == wish.theirs.agency() {
            return Err(refused(
                "the roster is of this agency",
                "Within an agency: amanat case transfer ID --to UNIT.",
            ));
        }
        if !trust.roster().may_stand_in(&me, &from) {
            return Err(refused(
                "this device may not share it",
                "A supervisor of the unit that has the case shares it, or a custodian at headquarters.",
            ));
        }
        self.may_be_read_by_others(case, OFFERING)?;
        let unit = wish.theirs.roster().unit(&wish.unit);
        let unit = unit.ok_or_else(|| refused("the other roster has no such unit", "Ask which unit is meant."))?;
        if unit.recipient.is_none() {
            return Err(refused(
                "the unit has no key yet and could read nothing",
                "Wait until its first supervisor is enrolled.",
            ));
        }
        Ok((from, unit))
    }

    /// The proof of each entry: header, signature and the bytes that the header commits to, each before those that name it.
    fn gather(&self, codebook: &Codebook, entries: &[&Entry]) -> Result<Gathered, Failure> {
        let sealed: HashSet<&str> = codebook
            .forms
            .values()
            .flat_map(|form| form.questions().filter(|question| question.sealed))
            .map(|question| question.id.as_str())
            .collect();
        let names = |content: &Content| match content {
            Content::Names(_) => true,
            Content::Amendment(amendment) => amendment.changes.iter().any(|(id, _)| sealed.contains(id.as_str())),
            _ => false,
        };
        let mut gathered = Gathered::default();
        for entry in in_order(entries) {
            let at = EntryRef {
                device: DeviceId::from(entry.author.device),
                journal: entry.author.journal.into(),
                seq: entry.author.seq,
            };
            let held = self.header_at(&at)?.filter(|held| entry_id(&held.hash()) == entry.id);
            let plaintext = held.as_ref().map(|held| self.committed(held)).transpose()?.flatten();
            let (Some(held), Some(plaintext)) = (held, plaintext) else {
                gathered.lacking = gathered.lacking.saturating_add(1);
                continue;
            };
            let parts = u64::try_from(entry.parts.len()).unwrap_or(u64::MAX);
            gathered.left_behind = gathered.left_behind.saturating_add(parts);
            gathered.along.push(Along { header: held.hash(), names: names(&entry.content) });
            gathered.told.push(Told { header: held.bytes, signature: held.signature, plaintext });
        }
        Ok(gathered)
    }

    /// What an entry's header commits to, from its own envelope or from the one that a reseal holds.
    fn committed(&self, held: &SealedEntry) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let instead = if held.envelope.is_none() { self.held_instead(held)? } else { None };
        let from = instead.as_ref().unwrap_or(held);
        let slip = EntryRef { seq: from.header.key, ..from.at() };
        let Some((envelope, (key, _))) = from.envelope.as_ref().zip(self.ring.key(&slip)) else {
            return Ok(None);
        };
        Ok(envelope::committed(envelope, key, &held.header.commitment, &from.header.digest).ok())
    }

    /// Opens a file that another agency wrote for a unit of this device. Nothing in it is proven yet.
    ///
    /// # Errors
    /// Refused where it is for others, cut short or damaged; what the disk says.
    pub fn open_from_abroad(&self, path: &Path) -> Result<Incoming, Failure> {
        let doing = format!("{READING} ({})", path.display());
        let file = File::open(path).map_err(|error| Failure::disk(&doing, &error))?;
        let identities = self.identities();
        let opened = transfer::open(identities.values(), BufReader::new(file));
        let (parcel, inside) = opened.map_err(|error| transfer_fault(&doing, &error))?;
        Ok(Incoming { parcel, inside })
    }
}

#[derive(Default)]
struct Gathered {
    along: Vec<Along>,
    told: Vec<Told>,
    left_behind: u64,
    lacking: u64,
}

/// What goes along, each entry before those that name it. What is merely on record about the case stays.
fn in_order<'a>(entries: &[&'a Entry]) -> Vec<&'a Entry> {
    let goes = |entry: &&&Entry| matches!(entry.content, Content::Sheet(_) | Content::Names(_) | Content::Amendment(_));
    let mut left: Vec<&Entry> = entries.iter().filter(goes).copied().collect();
    let all: HashMap<EntryId, EntryId> = left
        .iter()
        .flat_map(|entry| {
            let was = entry.ties.as_ref().and_then(|ties| ties.was).map(|was| was.id());
            was.into_iter().chain([entry.id]).map(|known| (known, entry.id))
        })
        .collect();
    let (mut done, mut ordered) = (HashSet::new(), Vec::with_capacity(left.len()));
    loop {
        let ready = |entry: &&Entry| {
            let needs = named(&entry.content);
            needs.iter().filter_map(|id| all.get(id)).all(|id| *id == entry.id || done.contains(id))
        };
        let (now, later): (Vec<&Entry>, Vec<&Entry>) = left.into_iter().partition(ready);
        // Ids are hashes over what names them, so there is no circle; what is left names something that stays away.
        if now.is_empty() {
            ordered.extend(later);
            return ordered;
        }
        done.extend(now.iter().map(|entry| entry.id));
        ordered.extend(now);
        left = later;
    }
}

/// The entries that a content names.
fn named(content: &Content) -> Vec<EntryId> {
    let found = std::cell::RefCell::new(Vec::new());
    model::with_new_ids(&mut content.clone(), |id| {
        found.borrow_mut().push(*id);
        None
    });
    found.into_inner()
}

/// Writes what is sealed to one reader; the file is whole and was read back when this returns.
pub(in crate::runtime) fn write(
    doing: &str,
    path: &Path,
    inside: &[u8],
    reader: Option<&Recipient>,
) -> Result<u64, Failure> {
    let doing = format!("{doing}, writing {}", path.display());
    let need = u64::try_from(inside.len()).unwrap_or(u64::MAX).saturating_add(64 * 1024);
    let readers: Vec<Recipient> = reader.into_iter().cloned().collect();
    let wrote = stick_file::write_whole(path, need, |out| {
        transfer::seal(inside, &readers, out).map(drop).map_err(BundleFault::from)
    });
    wrote.map(|((), bytes)| bytes).map_err(|error| stick_fault::writing(&doing, error).failure)
}

/// What is wrong with a file from another agency, and what to do.
pub(super) fn transfer_fault(doing: &str, error: &TransferFault) -> Failure {
    use amanat_keys::parcel::ParcelFault;
    let message = format!("{doing} — {}", fault::told(error));
    match error {
        TransferFault::Parcel(ParcelFault::NotForUs) => Failure::refused(
            message,
            "It was written for another unit. It opens at a device that reads for the unit that was asked.",
        ),
        TransferFault::Parcel(ParcelFault::Io(error)) => Failure::disk(doing, error),
        TransferFault::Cut => {
            Failure::refused(message, "Nothing was taken. Have the file written again, on another stick if it lasts.")
        }
        TransferFault::Unproven { .. } => {
            Failure::refused(message, "Nothing was taken. Tell the other agency which entry it is.")
        }
        _ => Failure::refused(message, "Nothing was taken. Have the file written again."),
    }
}

/// The statement that a word holds.
pub(in crate::runtime) fn proof(peer: &Peer) -> Option<Statement> {
    Statement::from_bytes(&unhex(peer.proof.as_deref()?)?).ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Bytes as lower-case hex.
pub(in crate::runtime) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id of an offer: the hash of its payload.
pub(super) fn offer_id(statement: &[u8]) -> Result<Digest, Failure> {
    let statement = Statement::from_bytes(statement).map_err(|error| fault::keys(READING, &error.into()))?;
    Ok(statement.payload_hash())
}

#[cfg(test)]
mod tests {
    use amanat_keys::{
        device::Signer,
        fingerprint::{AgencyId, UnitId},
        roster::Role,
    };

    use super::*;
    use crate::runtime::tests::home::{CASE, keep, member, sheet};

    #[test]
    fn an_offer_is_made_again_only_of_what_this_device_signed() {
        let (_folder, mut home) = member(Role::Supervisor);
        keep(&mut home, What::Sheet(sheet("case", &[])));
        let from = home.unit_for(&CASE.into()).unwrap();
        let wished = Offer {
            from: home.trust().unwrap().agency(),
            device: home.device(),
            unit: from,
            to: AgencyId::from_bytes([8; 32]),
            roster: Digest::of(b"their roster"),
            to_unit: UnitId::from_bytes([7; 32]),
            nonce: [1; 16],
            case: CASE.into(),
            reason: "JURIS".to_owned(),
            note: String::new(),
            time: 1,
            left_behind: 0,
            entries: vec![Along { header: Digest::of(b"header"), names: false }],
        };
        let other = Signer::from_seed(&[3; 32]).unwrap();
        for (signer, counts) in [(&other, false), (&home.signer(), true)] {
            let statement = Offer { time: 2, ..wished.clone() }.sign(signer).unwrap();
            let peer = Peer {
                agency: wished.to.into(),
                name: "Other".into(),
                unit: "Circle".into(),
                offer: OfferId::from_bytes(*statement.payload_hash().as_bytes()),
                roster: RosterHash::from_bytes(*wished.roster.as_bytes()),
                proof: Some(hex(&statement.to_bytes()).into()),
            };
            let word = Handover {
                step: Step::Sent,
                unit: wished.to_unit.into(),
                from: from.into(),
                of: None,
                reason: None,
                note: None,
                peer: Some(Box::new(peer)),
            };
            home.keep_word(Codebook::builtin().unwrap(), CASE.into(), word).unwrap();
            let again = home.offered_before(&wished).unwrap();
            assert_eq!(again.is_some(), counts, "what another hand signed is passed over, though it says the same");
        }
    }
}
