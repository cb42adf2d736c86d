//! Belonging to an agency: joining it, taking over newer rosters, getting a unit's key and handing it to later readers.

use amanat_keys::{
    error::{Forgery, KeysError},
    fingerprint::{DeviceId, Digest, UnitId},
    freshness::Freshness,
    recipient::Recipient,
    roster::Unit,
    statement::Statement,
    trust::{Step, Trust},
    unit_key::UnitKeys,
    vault::HeldUnit,
    words::Words,
};
use amanat_sync::{
    documents::{Adoption, Document, DocumentKind},
    journal::Journal as _,
};

use super::{home::Home, lineage, marks::Mark, pack::Pack};
use crate::{failure::Failure, runtime::fault};

/// What taking over newer documents changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// The roster's version, when it is another now.
    pub roster: Option<u64>,
    /// Units whose key this device holds now and did not before.
    pub keys: Vec<UnitId>,
    /// Whether this device wrapped a unit's key for readers who lacked it, or said which roster is the newest: the next pass carries the
    /// statement.
    pub wrapped: bool,
    /// Rosters that rival the adopted one and were not known before.
    pub rivals: usize,
    /// What was refused, in words.
    pub refused: Vec<String>,
}

impl Home {
    /// Joins the agency of a pack, if its newest roster has these words and lists this device. A device that has joined already
    /// takes the newer rosters of the pack, which follow from its own.
    ///
    /// # Errors
    /// Refused for other words, a broken chain or a roster without this device.
    pub fn join(&mut self, pack: &Pack, words: &Words) -> Result<(), Failure> {
        let doing = "joining the agency";
        if self.has_joined() {
            return self.follow(pack, words);
        }
        let refused = |error: KeysError| fault::keys(doing, &error);
        let newest = pack.rosters.last().ok_or_else(|| Failure::refused(format!("{doing} — the pack is empty"), ""))?;
        let trust = Trust::pin(newest, words).map_err(refused)?;
        let listed = trust.device(&self.device());
        if listed.is_none_or(|device| device.recipient != *self.keys.recipient()) {
            return Err(Failure::refused(
                format!("{doing} — its roster does not list this device with these keys"),
                "Ask the admin for the pack that was written when this device was approved.",
            ));
        }
        // What is filed is handed on and read again, so no link of the chain is taken on the newest one's word.
        let walked = lineage::walk(&pack.rosters, &trust.agency())?;
        if walked.roster_hash() != trust.roster_hash() {
            return Err(refused(Forgery::OtherLineage.into()));
        }
        // All of it is looked at before any of it is taken: a bent file changes nothing.
        for statement in &pack.freshness {
            Freshness::verify(statement, &trust).map_err(refused)?;
        }
        for statement in &pack.unit_keys {
            verify_unit_keys(statement, &trust)?;
        }
        for (statement, version) in pack.rosters.iter().zip(1..) {
            self.file(&roster_document(&trust, version, statement.clone()))?;
        }
        self.join_with(trust)?;
        for statement in &pack.unit_keys {
            self.take_unit_keys(statement)?;
        }
        for statement in &pack.freshness {
            self.file_freshness(statement)?;
        }
        self.settle_candidates()
    }

    /// Newer rosters on a stick, for a device that no hub has reached yet.
    fn follow(&mut self, pack: &Pack, words: &Words) -> Result<(), Failure> {
        let refused = |error: KeysError| fault::keys("taking over newer rosters", &error);
        // A rival proves itself, whoever brings it and whatever else is wrong with the pack.
        self.note_rivals(&pack.rosters)?;
        let mut trust = self.trust()?.clone();
        let held = trust.roster_version();
        let mut newer = Vec::new();
        for statement in &pack.rosters {
            let version = Statement::from_bytes(statement)
                .map_err(|error| refused(error.into()))
                .and_then(|statement| amanat_sync::proof::roster_version(&statement).map_err(refused))?;
            if version > held {
                trust.adopt(statement).map_err(refused)?;
                newer.push((version, statement));
            }
        }
        if trust.fingerprint_words() != *words {
            return Err(refused(Forgery::OtherWords.into()));
        }
        for (version, statement) in newer {
            self.file(&roster_document(&trust, version, statement.clone()))?;
        }
        self.set_trust(trust)?;
        for statement in &pack.unit_keys {
            self.take_unit_keys(statement)?;
        }
        for statement in &pack.freshness {
            self.file_freshness(statement)?;
        }
        self.adopt_documents().map(drop)
    }

    /// Trusts a roster for the first time and begins the first journal.
    pub(in crate::runtime) fn join_with(&mut self, trust: Trust) -> Result<(), Failure> {
        self.set_trust(trust)?;
        self.begin_journal(None)?;
        // A locked home shows nothing else of it: which agency stands in the sealed row.
        std::fs::write(self.paths().joined(), "").unwrap_or_default();
        self.settle_candidates()?;
        let known = self.journal.heads().map_err(|error| fault::sync("beginning a journal", &error))?;
        self.note_heads(&known)
    }

    /// Files a document that has been verified.
    pub(in crate::runtime) fn file(&mut self, document: &Document) -> Result<Adoption, Failure> {
        self.journal.adopt(document).map_err(|error| fault::sync("filing a document", &error))
    }

    /// Takes over what the courier has filed: newer rosters one by one, unit keys, then wraps for readers who lack one, and says once a week
    /// which roster is the newest.
    ///
    /// # Errors
    /// What the journal refuses. What a document is refused for is told in [`Adopted::refused`].
    pub fn adopt_documents(&mut self) -> Result<Adopted, Failure> {
        let mut adopted = Adopted::default();
        let documents = self.journal.documents().map_err(|error| fault::sync("reading the documents", &error))?;
        let rosters: Vec<Vec<u8>> = documents
            .iter()
            .filter(|filed| filed.document.kind == DocumentKind::Roster)
            .map(|filed| filed.document.bytes.clone())
            .collect();
        adopted.rivals = self.note_rivals(&rosters)?;
        let of_kind =
            |kind| documents.iter().map(|filed| &filed.document).filter(move |document| document.kind == kind);
        (adopted.roster, adopted.refused) = self.adopt_rosters(of_kind(DocumentKind::Roster))?;
        for document in of_kind(DocumentKind::UnitKeys) {
            match self.take_unit_keys(&document.bytes) {
                Ok(unit) => adopted.keys.extend(unit),
                Err(failure) => adopted.refused.push(failure.message),
            }
        }
        for unfit in self.codebook_in_use()?.unfit {
            let why = format!("asking by codebook {} — {}", unfit.version, unfit.why);
            adopted.refused.push(why);
        }
        self.settle_candidates()?;
        adopted.wrapped = self.wrap_for_newcomers()?;
        adopted.wrapped |= self.confirm_weekly()?;
        Ok(adopted)
    }

    /// Looks among rosters for rivals of the adopted one: as validly signed, of the same number, and different. They are kept as
    /// proof; sealing goes on to the readers that all of them name, and to headquarters, until a person has chosen and the next roster
    /// says which (`FORMATS.md` section 5). Gives how many are new.
    fn note_rivals(&mut self, rosters: &[Vec<u8>]) -> Result<usize, Failure> {
        let mut trust = self.trust()?.clone();
        let held = trust.forks().len();
        for bytes in rosters {
            let Ok(statement) = Statement::from_bytes(bytes) else { continue };
            let same =
                amanat_sync::proof::roster_version(&statement).is_ok_and(|version| version == trust.roster_version());
            if same && matches!(trust.adopt(bytes), Err(KeysError::Forged(Forgery::Fork))) {
                self.file(&roster_document(&trust, trust.roster_version(), bytes.clone()))?;
            }
        }
        let new = trust.forks().len().saturating_sub(held);
        if new > 0 {
            self.set_trust(trust)?;
        }
        Ok(new)
    }

    /// Takes over, one by one, those of these rosters that are newer than the adopted one: the version reached if it moved, and why others
    /// were refused.
    fn adopt_rosters<'d>(
        &mut self,
        rosters: impl Iterator<Item = &'d Document>,
    ) -> Result<(Option<u64>, Vec<String>), Failure> {
        let mut trust = self.trust()?.clone();
        let (before, mut refused) = (trust.roster_version(), Vec::new());
        for document in rosters.filter(|document| document.version > before) {
            match trust.adopt(&document.bytes) {
                Ok(Step::Adopted | Step::AlreadyHeld) => {}
                Err(error) => refused.push(fault::keys("taking over a newer roster", &error).message),
            }
        }
        if trust.roster_version() == before {
            return Ok((None, refused));
        }
        let version = trust.roster_version();
        self.set_trust(trust)?;
        Ok((Some(version), refused))
    }

    /// Adopts the rosters that are filed here and that a program killed in between did not live to adopt. An admin who signed another one
    /// of the same number instead would split the agency.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(super) fn take_up_rosters(&mut self) -> Result<(), Failure> {
        let Some(trust) = &self.trust else { return Ok(()) };
        let held = trust.roster_version();
        let documents = self.journal.documents().map_err(|error| fault::sync("reading the documents", &error))?;
        let newer = documents.iter().filter(|filed| !filed.rival).map(|filed| &filed.document);
        let newer: Vec<&Document> =
            newer.filter(|document| document.kind == DocumentKind::Roster && document.version > held).collect();
        if newer.is_empty() {
            return Ok(());
        }
        self.adopt_rosters(newer.into_iter())?;
        self.settle_candidates()
    }

    /// Opens a unit's key that another reader wrapped for this device; `None` when it is not for us or already held.
    fn take_unit_keys(&mut self, bytes: &[u8]) -> Result<Option<UnitId>, Failure> {
        let doing = "taking a unit's key";
        let trust = self.trust()?;
        let Some(keys) = verify_unit_keys(bytes, trust)? else { return Ok(None) };
        let document = unit_keys_document(&keys, bytes.to_vec());
        let held = self.vault.unit_identity(&keys.recipient).is_some();
        let opened = if held || !keys.is_for(&self.device()) {
            None
        } else {
            Some(keys.open(&self.keys, trust).map_err(|error| fault::keys(doing, &error))?)
        };
        self.file(&document)?;
        let Some(identity) = opened else { return Ok(None) };
        self.hold_unit(HeldUnit { unit: keys.unit, epoch: keys.epoch, identity })?;
        Ok(Some(keys.unit))
    }

    pub(in crate::runtime) fn hold_unit(&mut self, held: HeldUnit) -> Result<(), Failure> {
        self.remember(&Mark::Unit(&held))?;
        self.vault.hold(held);
        Ok(())
    }

    /// The identity that this device offered is a unit's key from the moment a roster says so.
    fn settle_candidates(&mut self) -> Result<(), Failure> {
        let candidates: Vec<HeldUnit> = self.vault.units().iter().filter(|held| held.unit.is_zero()).cloned().collect();
        for candidate in candidates {
            let named = |unit: &&Unit| unit.recipient.as_ref() == Some(candidate.identity.recipient());
            let unit = self.trust()?.roster().units.iter().find(named).map(|unit| (unit.id, unit.epoch));
            if let Some((unit, epoch)) = unit {
                self.hold_unit(HeldUnit { unit, epoch, identity: candidate.identity })?;
            }
        }
        Ok(())
    }

    /// Wraps the key of each unit that this device reads for to the readers who lack it; the courier carries the statement.
    fn wrap_for_newcomers(&mut self) -> Result<bool, Failure> {
        let Ok(me) = self.listed().cloned() else { return Ok(false) };
        let mut wrapped = false;
        let roster = self.trust()?.roster().clone();
        let units = roster.units.iter().filter(|unit| roster.reads_for(&me, &unit.id));
        // Older keys too: until the last slip is rewrapped somebody needs them, and one may still come from somebody who was offline.
        for (unit, recipient) in units.flat_map(|unit| unit.keys().map(move |(_, recipient)| (unit, recipient))) {
            let Some(identity) = self.unit_identity(recipient).cloned() else { continue };
            if self.everybody_has_a_wrap(unit, recipient)? {
                continue;
            }
            let doing = "wrapping the unit's key for its readers";
            let keys = UnitKeys::wrap_for_roster(self.trust()?, &unit.id, &identity);
            let keys = keys.map_err(|error| fault::keys(doing, &error))?;
            let keys = self.earlier_keys(&keys)?.iter().fold(keys, |keys, earlier| keys.carrying(earlier));
            let bytes = keys.sign(&self.signer()).to_bytes();
            self.file(&unit_keys_document(&keys, bytes))?;
            wrapped = true;
        }
        Ok(wrapped)
    }

    fn everybody_has_a_wrap(&self, unit: &Unit, recipient: &Recipient) -> Result<bool, Failure> {
        let documents = self.journal.documents().map_err(|error| fault::sync("reading the documents", &error))?;
        let trust = self.trust()?;
        let wrapped: Vec<UnitKeys> = documents
            .iter()
            .filter(|filed| filed.document.kind == DocumentKind::UnitKeys)
            .filter_map(|filed| UnitKeys::verify(&filed.document.bytes, trust).ok())
            .map(|verified| verified.into_value())
            .filter(|keys| keys.unit == unit.id && keys.recipient == *recipient)
            .collect();
        let readers = trust.roster().unit_devices(&unit.id).into_iter().map(|device| device.id);
        let recovery = trust.roster().recovery.as_ref().map(UnitKeys::escrow_id);
        // A key that was rotated, or made for a unit that had none, is read back from its own wrap before it is used; the first one of a
        // unit that was founded came with the home.
        let made_here =
            || Ok::<_, Failure>(self.work_on(&unit.id)?.is_some_and(|work| work.offered == recipient.key_id()));
        let rotated = unit.recipient.as_ref() == Some(recipient) && (unit.epoch > 1 || made_here()?);
        let alone = |id: &DeviceId| *id == self.device() && !rotated;
        Ok(readers.chain(recovery).all(|id| alone(&id) || wrapped.iter().any(|keys| keys.is_for(&id))))
    }

    /// Everything a newcomer needs, from what is filed here.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn pack(&self) -> Result<Pack, Failure> {
        let documents = self.journal.documents().map_err(|error| fault::sync("reading the documents", &error))?;
        let mut pack = Pack::default();
        for filed in documents.into_iter().filter(|filed| !filed.rival) {
            match filed.document.kind {
                DocumentKind::Roster => pack.rosters.push(filed.document.bytes),
                DocumentKind::UnitKeys => pack.unit_keys.push(filed.document.bytes),
                // The word of a device that may not say it any more is no newcomer's business.
                DocumentKind::Freshness if Freshness::verify(&filed.document.bytes, self.trust()?).is_ok() => {
                    pack.freshness.push(filed.document.bytes);
                }
                DocumentKind::Codebook
                | DocumentKind::Freshness
                | DocumentKind::Proposal
                | DocumentKind::NextHubKey
                | DocumentKind::Epoch
                | DocumentKind::Erasure
                | DocumentKind::RotationCertificate => {}
            }
        }
        Ok(pack)
    }

    /// The number after the highest that this device has given a word of its own of this kind.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn next_serial(&self, kind: DocumentKind) -> Result<u64, Failure> {
        let documents = self.journal.documents().map_err(|error| fault::sync("reading the documents", &error))?;
        let about = Digest::from_bytes(*self.device().as_bytes());
        let own = documents.iter().map(|filed| &filed.document).filter(|it| it.kind == kind && it.about == about);
        Ok(own.map(|it| it.version).max().unwrap_or(0).saturating_add(1))
    }
}

/// Unit keys that hold; `None` for those whose signer may not say so any more: what today's readers sign counts.
fn verify_unit_keys(bytes: &[u8], trust: &Trust) -> Result<Option<UnitKeys>, Failure> {
    match UnitKeys::verify(bytes, trust) {
        Ok(verified) => Ok(Some(verified.into_value())),
        Err(KeysError::Forged(Forgery::NoAuthority | Forgery::OtherKey)) => Ok(None),
        Err(error) => Err(fault::keys("taking a unit's key", &error)),
    }
}

/// A roster as a document.
pub(in crate::runtime) fn roster_document(trust: &Trust, version: u64, bytes: Vec<u8>) -> Document {
    let about = Digest::from_bytes(*trust.agency().as_bytes());
    Document { kind: DocumentKind::Roster, about, version, bytes }
}

/// Unit keys as a document, each key of a unit by itself.
fn unit_keys_document(keys: &UnitKeys, bytes: Vec<u8>) -> Document {
    Document { kind: DocumentKind::UnitKeys, about: keys.about(), version: keys.serial(), bytes }
}
