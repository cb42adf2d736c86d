//! What several admins do together: one proposes the next roster, the others read what it changes and add their signatures, and with the
//! last that is needed it is adopted (FORMATS section 5). It goes from one to the next as a file, on a stick or through the hub.
//!
//! What each signs is the whole payload with the nonce in it. A roster that was changed on the way is another one, with no signature; two
//! proposals of one number stand side by side until one is adopted, and the other follows from nothing then.

use amanat_keys::{
    canonical,
    error::{Forgery, Stale},
    fingerprint::{Digest, MemberId},
    proposal::{NONCE, Proposal},
    quorum::{self, Voter},
    roster::Roster,
    statement::{Purpose, Statement},
    words::Words,
};
use amanat_sync::{
    documents::{Document, DocumentKind},
    journal::Journal as _,
};

use super::{
    change::{self, Line},
    edit,
    enrol::Admin,
};
use crate::{
    failure::Failure,
    runtime::{
        erasure::order::Signed,
        fault,
        homes::{home::Home, membership::roster_document},
    },
};

const SIGNING: &str = "signing the next roster";

/// What came of a signature under a roster.
#[derive(Debug)]
pub enum Agreed {
    /// It was the last that was needed: the roster is adopted here.
    Adopted(u64),
    /// Others must sign as well.
    Waiting(Box<Waiting>),
}

/// A proposed roster that lacks signatures.
#[derive(Debug)]
pub struct Waiting {
    /// Its version.
    pub version: u64,
    /// How many of the admins of today have signed.
    pub old: Signed,
    /// How many of those that it names.
    pub new: Signed,
    /// Admins who have not signed, by name.
    pub missing: Vec<String>,
    /// The words that it will have.
    pub words: Words,
    /// What is passed on.
    pub statement: Statement,
}

/// A proposal as an admin reads it before signing.
#[derive(Debug)]
pub struct Reviewed {
    /// The roster.
    pub roster: Roster,
    /// What it changes, and what follows.
    pub lines: Vec<Line>,
    /// How it stands.
    pub waiting: Waiting,
}

impl Admin {
    /// A copy of the adopted roster that follows it, with the nonce of a new ceremony.
    ///
    /// # Errors
    /// Usage before the device has joined.
    pub fn next(&self) -> Result<Roster, Failure> {
        let mut roster = edit::next(self.home.trust()?.roster(), self.home.wall_seconds());
        let nonce = MemberId::random().to_string();
        roster.policies.retain(|(name, _)| name != NONCE);
        roster.policies.push((NONCE.to_owned(), nonce));
        roster.policies.sort();
        Ok(roster)
    }

    /// Signs a roster that this admin made. It is adopted where that is enough; else it waits for others.
    ///
    /// # Errors
    /// Refused when it breaks a rule that every reader checks.
    pub fn settle(&mut self, roster: &Roster) -> Result<Agreed, Failure> {
        let refused = |error| fault::keys(SIGNING, &error);
        let statement = amanat_keys::trust::propose(roster).map_err(|error| refused(error.into()))?;
        self.cosign(statement)
    }

    /// Adds this admin's signature, and those that other copies of the same payload have, to a proposed roster.
    ///
    /// # Errors
    /// Refused for a proposal that does not follow the adopted roster, or where this root key is none that counts.
    pub fn cosign(&mut self, mut statement: Statement) -> Result<Agreed, Failure> {
        let refused = |error| fault::keys(SIGNING, &error);
        let Reviewed { roster, .. } = self.home.review(&statement)?;
        let keys = [Some(self.root()), self.successor()];
        let listed = [self.home.trust()?.roster().voters(), roster.voters()].concat();
        let counts = |voter: &Voter| keys.iter().flatten().any(|key| key.verifying_key() == voter.key);
        if !listed.iter().any(counts) {
            return Err(Failure::refused(
                format!("{SIGNING} — this home's root key is neither on the roster nor in the proposal"),
                "Ask an admin to list it: amanat keys root --out FILE, then amanat roster admin-add FILE.",
            ));
        }
        for key in keys.into_iter().flatten() {
            key.cosign(&mut statement).map_err(refused)?;
        }
        for other in self.home.proposals()? {
            if other.payload_hash() == statement.payload_hash() {
                statement.merge(&other).map_err(refused)?;
            }
        }
        let waiting = self.home.review(&statement)?.waiting;
        if waiting.old.have < waiting.old.need || waiting.new.have < waiting.new.need {
            self.hand_on(&statement)?;
            return Ok(Agreed::Waiting(Box::new(waiting)));
        }
        let mut trust = self.home.trust()?.clone();
        trust.adopt(&statement.to_bytes()).map_err(refused)?;
        let version = trust.roster_version();
        self.home.file(&roster_document(&trust, version, statement.to_bytes()))?;
        self.home.set_trust(trust)?;
        self.settle_root()?;
        if self.home.trust()?.roster().confirms(&self.home.device()) {
            self.confirm()?;
        }
        Ok(Agreed::Adopted(version))
    }

    /// Files a proposal for the hub and for sticks, under this device's name.
    fn hand_on(&mut self, statement: &Statement) -> Result<(), Failure> {
        let device = self.home.device();
        if !self.home.trust()?.roster().proposes(&device) {
            return Ok(());
        }
        let serial = self.home.next_serial(DocumentKind::Proposal)?;
        let proposal = Proposal { agency: self.home.agency()?, device, serial, roster: statement.clone() };
        let bytes = proposal.sign(&self.home.signer()).to_bytes();
        let about = Digest::from_bytes(*device.as_bytes());
        self.home.file(&Document { kind: DocumentKind::Proposal, about, version: serial, bytes }).map(drop)
    }
}

impl Home {
    /// What a proposal changes against the adopted roster, and who has signed it.
    ///
    /// # Errors
    /// Refused for what is no roster, another agency's, or one that does not follow the adopted roster.
    pub fn review(&self, statement: &Statement) -> Result<Reviewed, Failure> {
        let refused = |error| fault::keys("reading the proposed roster", &error);
        let trust = self.trust()?;
        if statement.purpose() != Purpose::Roster {
            return Err(refused(Forgery::OtherPurpose.into()));
        }
        let roster: Roster = canonical::decode(statement.payload()).map_err(|error| refused(error.into()))?;
        if roster.agency_id() != trust.agency() {
            return Err(refused(Forgery::OtherAgency.into()));
        }
        let (offered, adopted) = (roster.version, trust.roster_version());
        if offered <= adopted {
            return Err(refused(Stale::Rollback { offered, adopted }.into()));
        }
        if offered > adopted.saturating_add(1) {
            return Err(refused(Stale::Gap { offered, adopted }.into()));
        }
        if roster.previous != trust.roster_hash() {
            return Err(refused(Forgery::OtherLineage.into()));
        }
        let signed = |of: &Roster| {
            let voters = of.voters();
            let have = quorum::count(statement, &trust.agency(), &voters);
            Signed { have, need: of.needed(), of: voters.len() }
        };
        let missing = missing(statement, &[trust.roster(), &roster]);
        let words = Words::of_roster(&trust.agency(), offered, &statement.payload_hash());
        let (old, new) = (signed(trust.roster()), signed(&roster));
        let waiting = Waiting { version: offered, old, new, missing, words, statement: statement.clone() };
        Ok(Reviewed { lines: change::changes(trust.roster(), &roster), roster, waiting })
    }

    /// Proposed rosters that follow the adopted one, each with all signatures that any copy of it has.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn proposals(&self) -> Result<Vec<Statement>, Failure> {
        let mut proposals: Vec<Statement> = Vec::new();
        for statement in self.filed_proposals()? {
            if self.review(&statement).is_err() {
                continue;
            }
            match proposals.iter_mut().find(|held| held.payload_hash() == statement.payload_hash()) {
                Some(held) => held.merge(&statement).map_err(|error| fault::keys("joining signatures", &error))?,
                None => proposals.push(statement),
            }
        }
        Ok(proposals)
    }

    fn filed_proposals(&self) -> Result<Vec<Statement>, Failure> {
        let documents = self.journal.documents().map_err(|error| fault::sync("reading the documents", &error))?;
        let trust = self.trust()?;
        let filed = documents.into_iter().map(|filed| filed.document).filter(|it| it.kind == DocumentKind::Proposal);
        let proven = filed.filter_map(|it| Proposal::verify(&it.bytes, trust).ok());
        Ok(proven.map(|it| it.into_value().roster).collect())
    }
}

/// Admins of these rosters none of whose keys stands under the statement.
fn missing(statement: &Statement, rosters: &[&Roster]) -> Vec<String> {
    let signed = |key| statement.signatures().iter().any(|(held, _)| *held == key);
    let mut names: Vec<String> = Vec::new();
    for roster in rosters {
        for admin in roster.admins.iter().filter(|admin| !signed(admin.root_key.key_id())) {
            let name = roster.member(&admin.member).map(|member| member.name.clone()).unwrap_or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
