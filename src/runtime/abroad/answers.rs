//! What the two sides say of an offer after it was made: the answer that comes back, and that it is taken back (`sync/TRANSFER.md`).
//!
//! Nothing that is said takes a case away from where it is: an offer that was taken back after it was taken over stands as both.

use std::path::Path;

use amanat_keys::{
    error::{Forgery, KeysError},
    fingerprint::{CaseId, Digest},
    statement::Statement,
    transfer::{Offer, Reply, Withdrawal},
    trust::Trust,
    words::Words,
};
use amanat_sync::transfer::Parcel;

use super::offering::{Incoming, READING, hex, proof, transfer_fault, write};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{self, Entry, Handover, OfferId, Peer, RosterHash, Step, peer_word},
    runtime::{
        clock, fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
    },
};

const TAKING_BACK: &str = "taking an offer to another agency back";

/// An answer that was proven.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What it says.
    pub reply: Reply,
    /// The word that it is kept as; none where it was kept before.
    pub entry: Option<Entry>,
    /// The case.
    pub case: model::CaseId,
    /// The other side.
    pub peer: Peer,
    /// Whether the offer had been taken back here: the two crossed.
    pub crossed: bool,
}

/// An offer that was taken back from here.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// The word that it is kept as; none where it was kept before.
    pub entry: Option<Entry>,
    /// The other side.
    pub peer: Peer,
    /// Bytes of the file, where one was written.
    pub bytes: Option<u64>,
}

/// That the other side takes its offer back, proven.
#[derive(Clone, Debug)]
pub struct Withdrawn {
    /// What it says.
    pub withdrawal: Withdrawal,
    /// What the other agency is called, and its unit.
    pub names: (String, String),
    /// The case here that was taken over by that offer, where one was.
    pub case: Option<model::CaseId>,
    /// The word that it is kept as; none where there is no such case, or it was kept before.
    pub entry: Option<Entry>,
}

impl Home {
    /// Takes in what another agency answers, once: it is proven by its roster, which is the one that the offer named, or has these words.
    ///
    /// # Errors
    /// Refused where it is not proven, or answers nothing that was offered in a case that is read here.
    pub fn take_answer(
        &mut self,
        codebook: &Codebook,
        incoming: &Incoming,
        words: Option<&Words>,
    ) -> Result<Answered, Failure> {
        let failed = |error: KeysError| fault::keys(READING, &error);
        incoming.parcel.brings_nothing().map_err(|error| transfer_fault(READING, &error))?;
        let said = Reply::peek(&incoming.parcel.statement).map_err(failed)?;
        let offer = OfferId::from_bytes(*said.offer.as_bytes());
        let all: Vec<Entry> = self.handovers.on_offer(&offer).cloned().collect();
        let (sent, told, peer) = all.iter().find_map(sent).ok_or_else(|| {
            Failure::refused(
                format!("{READING} — it answers nothing that was offered in a case that is read here"),
                "Sync first. If it stays, the file is for another agency or station.",
            )
        })?;
        let theirs = their_roster(&incoming.parcel.roster, &peer, words)?;
        if theirs.agency() != peer.agency.into() {
            return Err(failed(Forgery::OtherAgency.into()));
        }
        let proven = Reply::verify(&incoming.parcel.statement, &theirs, &told.unit.into()).map_err(failed)?;
        let (reply, case) = (proven.into_value(), sent.case);
        let step = if reply.accepted { Step::Accepted } else { Step::Rejected };
        let known = all.iter().filter_map(peer_word).any(|(word, _)| word.step == step && word.of == Some(sent.id));
        let peer = Peer {
            roster: RosterHash::from_bytes(*theirs.roster_hash().as_bytes()),
            proof: Some(hex(&incoming.parcel.statement).into()),
            ..peer
        };
        let word = Handover {
            step,
            of: Some(sent.id),
            reason: None,
            note: (!reply.note.is_empty()).then(|| reply.note.as_str().into()),
            peer: Some(Box::new(peer.clone())),
            ..told
        };
        let entry = if known { None } else { self.keep_word(codebook, case.into(), word)? };
        let crossed = all.iter().filter_map(peer_word).any(|(word, _)| word.step == Step::TakenBack);
        Ok(Answered { reply, entry, case, peer, crossed })
    }

    /// Whether an answer comes with another roster than its offer named, so that somebody has to read its words aloud.
    pub fn needs_words(&self, answer: &Incoming) -> bool {
        let offer = Reply::peek(&answer.parcel.statement).map(|said| OfferId::from_bytes(*said.offer.as_bytes()));
        let named = offer.ok().and_then(|offer| self.handovers.on_offer(&offer).find_map(sent));
        named.is_some_and(|(_, _, peer)| is_another(&answer.parcel.roster, &peer))
    }

    /// Takes an offer back that nobody answered, once: the word is kept in the case first, and then the file is written, if one is wished.
    /// `offer` is the beginning of its id, where several wait.
    ///
    /// # Errors
    /// Refused where none waits, or several do; what the disk says.
    pub fn take_back_abroad(
        &mut self,
        codebook: &Codebook,
        case: CaseId,
        (theirs, offer): (&Trust, Option<&str>),
        note: Option<&str>,
        out: Option<&Path>,
    ) -> Result<TakenBack, Failure> {
        let refused = |what: &str, hint: &str| Failure::refused(format!("{TAKING_BACK} — {what}"), hint);
        let (sent, told, peer, before) = self.to_take_back(&case, theirs, offer)?;
        let from = told.from.into();
        if !self.trust()?.roster().may_stand_in(&self.device(), &from) {
            return Err(refused(
                "this device may not share the case",
                "A supervisor of the unit that has the case takes it back, or a custodian at headquarters.",
            ));
        }
        let unit = theirs.roster().unit(&told.unit.into()).and_then(|unit| unit.recipient.clone());
        let withdrawal = Withdrawal {
            from: self.trust()?.agency(),
            device: self.device(),
            unit: from,
            offer: Digest::from_bytes(*peer.offer.as_bytes()),
            note: note.map(str::trim).unwrap_or_default().to_owned(),
            time: clock::unix_seconds(),
        };
        let kept = before.is_some();
        let statement = match before {
            Some(statement) => statement,
            None => withdrawal.sign(&self.signer()).map_err(|error| fault::keys(TAKING_BACK, &error))?,
        };
        let parcel =
            Parcel { statement: statement.to_bytes(), roster: self.trust()?.statement_bytes(), entries: Vec::new() };
        let peer = Peer { proof: Some(hex(&parcel.statement).into()), ..peer };
        let word = Handover {
            step: Step::TakenBack,
            of: Some(sent),
            reason: None,
            note: (!withdrawal.note.is_empty()).then(|| withdrawal.note.as_str().into()),
            peer: Some(Box::new(peer.clone())),
            ..told
        };
        let entry = if kept { None } else { self.keep_word(codebook, case, word)? };
        let Some(out) = out else { return Ok(TakenBack { entry, peer, bytes: None }) };
        let unit = unit.ok_or_else(|| {
            refused("their roster has no such unit, or no key for it", "It is taken back here. Tell them by telephone.")
        })?;
        let inside = parcel.inside().map_err(|error| transfer_fault(TAKING_BACK, &error))?;
        let bytes = write(TAKING_BACK, out, &inside, Some(&unit))?;
        Ok(TakenBack { entry, peer, bytes: Some(bytes) })
    }

    /// The offer that is meant, and what was signed to take it back, where that was done before.
    fn to_take_back(
        &self,
        case: &CaseId,
        theirs: &Trust,
        offer: Option<&str>,
    ) -> Result<(model::EntryId, Handover, Peer, Option<Statement>), Failure> {
        let words = self.handovers.of(case);
        let meant = |peer: &Peer| offer.is_none_or(|begins| peer.offer.to_string().starts_with(&begins.to_lowercase()));
        let all = model::crossings(words);
        let ours: Vec<&model::Crossing<'_>> = all
            .iter()
            .filter(|crossing| !crossing.came && crossing.peer.agency == theirs.agency().into() && meant(crossing.peer))
            .collect();
        let waiting: Vec<_> = ours.iter().filter(|crossing| crossing.stands == Step::Sent).collect();
        let back: Vec<_> = ours.iter().filter(|crossing| crossing.stands == Step::TakenBack).collect();
        let one = match (waiting.as_slice(), back.as_slice()) {
            ([one], _) | ([], [one]) => one,
            ([], []) => {
                let answered = ours.iter().any(|crossing| crossing.stands != Step::Sent);
                return Err(Failure::refused(
                    if answered {
                        format!("{TAKING_BACK} — it has been answered already")
                    } else {
                        format!("{TAKING_BACK} — nothing of this case was offered there")
                    },
                    "See: amanat case show ID",
                ));
            }
            (several, back) => {
                let ids: Vec<String> = several.iter().chain(back).map(|one| one.peer.offer.to_string()).collect();
                return Err(Failure::usage(
                    format!("{TAKING_BACK} — several offers of it stand"),
                    format!("Say which with --offer: {}.", ids.join(", ")),
                ));
            }
        };
        let of_it = || words.iter().filter_map(|entry| peer_word(entry).map(|(told, peer)| (entry, told, peer)));
        let of_it = || of_it().filter(|(_, _, peer)| peer.offer == one.peer.offer);
        // Anybody of the unit may have written such a word; it counts if it proves itself.
        let (trust, offer) = (self.trust()?, Digest::from_bytes(*one.peer.offer.as_bytes()));
        let proves = |statement: &Statement| {
            Withdrawal::verify(&statement.to_bytes(), trust).is_ok_and(|said| said.value().offer == offer)
        };
        let before = of_it()
            .filter(|(_, told, _)| told.step == Step::TakenBack)
            .find_map(|(.., peer)| proof(peer).filter(proves));
        let sent = of_it().find(|(_, told, _)| told.step == Step::Sent);
        let (entry, told, peer) = sent.ok_or_else(|| {
            Failure::refused(format!("{TAKING_BACK} — the offer itself is not here"), "Sync first, then take it back.")
        })?;
        Ok((entry.id, told.clone(), peer.clone(), before))
    }

    /// Hears that another agency takes its offer back: from here on it is not taken any more; where it had been, the word is kept beside it.
    ///
    /// # Errors
    /// Refused where it is not proven, or comes from others than the offer did.
    pub fn hear_withdrawal(
        &mut self,
        codebook: &Codebook,
        incoming: &Incoming,
        words: &Words,
    ) -> Result<Withdrawn, Failure> {
        let failed = |error: KeysError| fault::keys(READING, &error);
        self.listed()?;
        incoming.parcel.brings_nothing().map_err(|error| transfer_fault(READING, &error))?;
        let theirs = Trust::pin(&incoming.parcel.roster, words).map_err(failed)?;
        let withdrawal = Withdrawal::verify(&incoming.parcel.statement, &theirs).map_err(failed)?.into_value();
        if withdrawal.from == self.agency()? {
            return Err(failed(Forgery::OtherAgency.into()));
        }
        let offer = OfferId::from_bytes(*withdrawal.offer.as_bytes());
        let all: Vec<Entry> = self.handovers.on_offer(&offer).cloned().collect();
        let taken = all.iter().find_map(|entry| {
            let (told, peer) = peer_word(entry)?;
            (told.step == Step::Accepted && told.of.is_none()).then(|| (entry, told.clone(), peer.clone()))
        });
        if let Some((_, told, peer)) = &taken
            && (peer.agency != theirs.agency().into() || told.from != withdrawal.unit.into())
        {
            return Err(failed(Forgery::NoAuthority.into()));
        }
        self.remember(&Mark::Withdrawn(&withdrawal.offer, &theirs.agency(), &withdrawal.unit))?;
        let unit = theirs.roster().unit(&withdrawal.unit).map(|unit| unit.name.clone()).unwrap_or_default();
        let names = (theirs.roster().name.clone(), unit);
        let Some((accepted, told, peer)) = taken else {
            return Ok(Withdrawn { withdrawal, names, case: None, entry: None });
        };
        let known = all.iter().filter_map(peer_word).any(|(word, _)| word.step == Step::TakenBack);
        let peer = Peer {
            roster: RosterHash::from_bytes(*theirs.roster_hash().as_bytes()),
            proof: Some(hex(&incoming.parcel.statement).into()),
            ..peer
        };
        let word = Handover {
            step: Step::TakenBack,
            of: Some(accepted.id),
            reason: None,
            note: (!withdrawal.note.is_empty()).then(|| withdrawal.note.as_str().into()),
            peer: Some(Box::new(peer)),
            ..told
        };
        let entry = if known { None } else { self.keep_word(codebook, accepted.case.into(), word)? };
        Ok(Withdrawn { withdrawal, names, case: Some(accepted.case), entry })
    }

    /// Whether the unit that made an offer has taken it back, as far as this device has heard.
    pub(super) fn was_withdrawn(&self, id: &Digest, offer: &Offer) -> Result<bool, Failure> {
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(READING, &error))?;
        Ok(marks::withdrawn(&marks, id, &offer.from, &offer.unit))
    }
}

/// The roster that came with an answer: the very one that the offer named, or one whose words were typed.
fn their_roster(statement: &[u8], peer: &Peer, words: Option<&Words>) -> Result<Trust, Failure> {
    let failed = |error: KeysError| fault::keys(READING, &error);
    if let Some(words) = words {
        return Trust::pin(statement, words).map_err(failed);
    }
    if is_another(statement, peer) {
        return Err(Failure::refused(
            format!("{READING} — the other agency has another roster by now than when the case was offered"),
            "Have its words read aloud, and give them with --fingerprint.",
        ));
    }
    by_offer(statement, peer).map_err(failed)
}

/// The roster, if it is the one that an offer named.
fn by_offer(statement: &[u8], peer: &Peer) -> Result<Trust, KeysError> {
    Trust::pin_hash(statement, &Digest::from_bytes(*peer.roster.as_bytes()))
}

fn is_another(statement: &[u8], peer: &Peer) -> bool {
    matches!(by_offer(statement, peer), Err(KeysError::Forged(Forgery::OtherWords)))
}

/// The word by which a case was offered.
fn sent(entry: &Entry) -> Option<(&Entry, Handover, Peer)> {
    let (told, peer) = peer_word(entry)?;
    (told.step == Step::Sent).then(|| (entry, told.clone(), peer.clone()))
}
