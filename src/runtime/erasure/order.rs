//! An erasure as a custodian and the admins carry it through: proposed over what a case holds, signed by root keys, stood in for.

use std::collections::HashSet;

use amanat_keys::{
    erasure::{Doomed, Erasure, MAX_TARGETS},
    error::{Forgery, KeysError},
    fingerprint::{CaseId, DeviceId, Digest},
    quorum,
    statement::Statement,
};
use amanat_sync::{
    batch::Limit,
    entry::{Change, EntryRef, Header, Kind, SealedEntry, Slot, Target},
    error::SyncError,
    journal::{Cursor, Journal as _, Keep, Line},
    proof,
};

use super::erasing::doomed;
use crate::{
    codebook,
    failure::Failure,
    model::{Answer, Answers, EntryId, Given, Gone, Lang, Sheet, Value},
    runtime::{
        border::entry_id,
        entries::{
            keep::{ToKeep, What},
            sealing::blank_header,
        },
        fault,
        homes::home::Home,
        roster::enrol::Admin,
    },
};

const PROPOSING: &str = "proposing the erasure";
const CARRYING: &str = "carrying out the erasure";
/// Stand-ins in one transaction.
const CHUNK: usize = 2048;
/// Longest text of an order, in bytes: a reference and a sentence, not the judgement.
const MAX_TEXT: usize = 4000;

/// An order that nobody has signed yet.
#[derive(Debug)]
pub struct Proposal {
    /// What it says.
    pub order: Erasure,
    /// To be signed.
    pub statement: Statement,
    /// Entries with content among those that go; the others are slips.
    pub contents: usize,
    /// Entries of the case that this device may not stand in for.
    pub left_out: usize,
}

/// How many of the admins that count have signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Distinct members whose signature is right.
    pub have: usize,
    /// The threshold.
    pub need: usize,
    /// All admins.
    pub of: usize,
}

/// What standing in came to.
#[derive(Debug)]
pub struct StoodIn {
    /// What the order says.
    pub order: Erasure,
    /// Stand-ins kept now.
    pub kept: usize,
    /// Stand-ins kept before.
    pub before: usize,
    /// Entries that are not held here, so that nothing can be said for them.
    pub not_held: usize,
    /// Entries that another custodian must stand in for.
    pub left_out: usize,
    /// What is gone here by it.
    pub gone: Vec<Gone>,
}

impl Home {
    /// Proposes to erase every entry of a case that this device holds, may stand in for, and that is no order's reason. Keeps the
    /// order's text in the case, under a slip of its own, so that it stays readable when the others are gone. Where `only` names entries it is
    /// those alone, and every slip stays.
    ///
    /// # Errors
    /// Refused where this device is no custodian's or there is nothing to erase; usage for a text that says nothing.
    pub fn propose_erasure(&mut self, case: CaseId, text: &str, only: &[EntryId]) -> Result<Proposal, Failure> {
        if text.trim().is_empty() || text.len() > MAX_TEXT {
            return Err(Failure::usage(
                format!("{PROPOSING} — the order's text is empty or longer than {MAX_TEXT} bytes"),
                "Name the court, the date and the number: --order \"LHC, 3 Nov 2026, WP 812/2026\".",
            ));
        }
        let (agency, me) = (self.agency()?, self.listed()?.id);
        let held = self.entries_of_case(case, only)?;
        let along = self.along(&held, only)?;
        let kept_slips: HashSet<EntryRef> =
            held.iter().filter(|entry| self.erasures.is_reason(&entry.hash())).map(under).collect();
        let stays = |entry: &SealedEntry| {
            self.erasures.is_reason(&entry.hash()) || entry.header.wraps() && kept_slips.contains(&entry.at())
        };
        let meant = |entry: &SealedEntry| only.is_empty() || along.contains(&entry.at()) || is_named(entry, only);
        let all: Vec<&SealedEntry> = held.iter().filter(|entry| !stays(entry) && meant(entry)).collect();
        let may: Vec<&SealedEntry> =
            all.iter().copied().filter(|entry| self.may_stand_in(&me, &entry.header.device)).collect();
        let left_out = all.len().saturating_sub(may.len());
        if may.is_empty() {
            return Err(self.nothing_to_erase(left_out));
        }
        if u64::try_from(may.len()).unwrap_or(u64::MAX) > MAX_TARGETS {
            return Err(Failure::refused(
                format!("{PROPOSING} — the case has {} entries and one order names {MAX_TARGETS}", may.len()),
                "A case of this size comes in a later version.",
            ));
        }
        // The order's text is kept in the case. Where its first slip came damaged and was set aside, the text's own slip would be the first,
        // and what the case's own people wrote would be offered here ever after.
        if !self.belonging.knows(&case) {
            return Err(Failure::refused(
                format!("{PROPOSING} — the key with which this case began has not come here whole yet"),
                "Sync, then propose it again.",
            ));
        }
        let contents = may.iter().filter(|entry| entry.header.kind == Kind::Sealed).count();
        let mut targets: Vec<Doomed> = may.iter().map(|entry| doomed(entry)).collect();
        targets.sort_unstable();
        let reason = self.keep_reason(case, text)?;
        let order = Erasure { agency, case, reason, targets };
        let statement = order.propose().map_err(|error| fault::keys(PROPOSING, &error))?;
        Ok(Proposal { order, statement, contents, left_out })
    }

    fn nothing_to_erase(&self, left_out: usize) -> Failure {
        if left_out > 0 {
            return Failure::refused(
                format!("{PROPOSING} — this device may not stand in for any of the case's {left_out} entries"),
                "A supervisor stands in for their own unit, a custodian at headquarters for all.",
            );
        }
        Failure::refused(format!("{PROPOSING} — nothing of this case is held here any more"), "")
    }

    pub(in crate::runtime) fn may_stand_in(&self, me: &DeviceId, author: &DeviceId) -> bool {
        self.tenure().may_today(me, author)
    }

    /// What was sealed again of the entries that an order names alone: it would leave their content, or their attachments, elsewhere.
    fn along(&self, held: &[SealedEntry], only: &[EntryId]) -> Result<HashSet<EntryRef>, Failure> {
        let mut along = HashSet::new();
        for entry in held {
            let target = entry.header.target.filter(|target| target.change == Change::Reseal);
            if target.is_some_and(|target| only.contains(&entry_id(&target.hash))) {
                along.insert(entry.at());
                along.extend(self.carried_for(entry)?);
            }
        }
        Ok(along)
    }

    /// Everything of a case that is held with its envelope, or named, in the order of the journals.
    fn entries_of_case(&self, case: CaseId, only: &[EntryId]) -> Result<Vec<SealedEntry>, Failure> {
        let (mut held, mut cursor) = (Vec::new(), Some(Cursor::START));
        while let Some(after) = cursor {
            let page = self.journal.entries_after(after, Limit::BODY);
            let page = page.map_err(|error| fault::sync("reading the journal", &error))?;
            cursor = page.next;
            let of_case = |entry: &SealedEntry| {
                let erasure = entry.header.target.is_some_and(|target| target.change == Change::Erasure);
                let held = entry.envelope.is_some() || is_named(entry, only);
                entry.header.case == case && entry.header.understood() && held && !erasure
            };
            held.extend(page.entries.into_iter().filter(of_case));
        }
        Ok(held)
    }

    /// Keeps the order's text as a note in the case; the hash of its header.
    fn keep_reason(&mut self, case: CaseId, text: &str) -> Result<Digest, Failure> {
        let codebook = self.codebook()?;
        let form =
            codebook.newest("note").ok_or_else(|| Failure::failed(format!("{PROPOSING} — no form for notes"), ""))?;
        let mut answers = codebook::presets(form, self.wall(), &Answers::default());
        answers.set("note_text".into(), Given { answer: Answer::Value(Value::Text(text.trim().into())), lang: None });
        let sheet = Sheet::new(form.form.clone(), Lang::En, answers);
        let keep = ToKeep { case: case.into(), what: What::Sheet(sheet), source: None, draft: None, sharing: None };
        self.ring.begin_anew(&case);
        let kept = self.keep(&codebook, keep)?;
        let at = kept.first().map(|entry| EntryRef {
            device: entry.author.device.into(),
            journal: entry.author.journal.into(),
            seq: entry.author.seq,
        });
        let reason = at.map(|at| self.header_at(&at)).transpose()?.flatten();
        reason
            .map(|entry| entry.hash())
            .ok_or_else(|| Failure::failed(format!("{PROPOSING} — its reason was not kept"), ""))
    }

    pub(in crate::runtime) fn header_at(&self, at: &EntryRef) -> Result<Option<SealedEntry>, Failure> {
        let wanted = amanat_sync::journal::Wanted::After {
            device: at.device,
            journal: at.journal,
            seq: at.seq.saturating_sub(1),
        };
        let runs = self.journal.pending(&wanted, Limit { items: 1, bytes: 1 });
        let runs = runs.map_err(|error| fault::sync("reading the journal", &error))?;
        Ok(runs.iter().flat_map(amanat_sync::batch::Run::entries).next().filter(|entry| entry.at() == *at).cloned())
    }

    /// How many admins have signed a proposal.
    ///
    /// # Errors
    /// Usage before the device has joined.
    pub fn signatures(&self, statement: &Statement) -> Result<Signed, Failure> {
        let trust = self.trust()?;
        let (roster, voters) = (trust.roster(), trust.roster().voters());
        let have = quorum::count(statement, &trust.agency(), &voters);
        Ok(Signed { have, need: roster.needed(), of: voters.len() })
    }

    /// Stands in for every entry that a signed order names, files the order, and carries out here what is in force by that.
    ///
    /// # Errors
    /// Refused for too few signatures, another agency's or another case's order, or a device that may stand in for none of it.
    pub fn stand_in(&mut self, case: CaseId, statement: &Statement) -> Result<StoodIn, Failure> {
        let me = self.listed()?.id;
        let bytes = statement.to_bytes();
        let document = proof::prove(&bytes, self.trust()?).map_err(|error| unsigned(&error))?;
        let order = Erasure::proposed(statement).map_err(|error| fault::keys(CARRYING, &error))?;
        if order.case != case {
            return Err(Failure::refused(
                format!("{CARRYING} — the order is about case {}", short(&order.case)),
                "Give that case's id, or the other file.",
            ));
        }
        let mut stood = StoodIn { order, kept: 0, before: 0, not_held: 0, left_out: 0, gone: Vec::new() };
        let mut headers = Vec::new();
        for target in &stood.order.targets {
            let at = EntryRef { device: target.device, journal: target.journal, seq: target.seq };
            let held = self.header_at(&at)?.filter(|held| held.hash() == target.hash && held.header.case == case);
            match held {
                _ if self.erasures.stood_by(target, &me) => stood.before += 1,
                _ if !self.may_stand_in(&me, &target.device) => stood.left_out += 1,
                None => stood.not_held += 1,
                Some(held) => headers.push((target.hash, held.header)),
            }
        }
        if headers.is_empty() && stood.before == 0 {
            return Err(Failure::refused(
                format!("{CARRYING} — this device may stand in for none of the entries that the order names"),
                "A supervisor stands in for their own unit, a custodian at headquarters for all. Sync first if nothing is here yet.",
            ));
        }
        for chunk in headers.chunks(CHUNK) {
            self.keep_stand_ins(chunk)?;
            stood.kept += chunk.len();
        }
        self.file(&document)?;
        stood.gone = self.erase_what_is_due(&[])?.gone;
        Ok(stood)
    }

    fn keep_stand_ins(&mut self, targets: &[(Digest, Header)]) -> Result<(), Failure> {
        let doing = |error: SyncError| fault::sync(CARRYING, &error);
        self.next = None;
        let mut slot = self.journal.next_slot(Line::Cases).map_err(doing)?;
        let (signer, roster) = (self.journal_signer()?, self.trust()?.roster_version());
        let mut keep = Keep::default();
        for (hash, target) in targets {
            let header = erasure_of(&slot, roster, *hash, target);
            let entry = SealedEntry::sign(header, Vec::new(), &signer).map_err(doing)?;
            slot = slot.after(&entry);
            keep.entries.push(entry);
        }
        let heads = self.journal.append(&keep).map_err(doing)?;
        for entry in &keep.entries {
            self.erasures.note(&entry.header);
        }
        // The entries are kept; a file beside the database that could not be written changes nothing about it.
        self.note_heads(&heads).unwrap_or_default();
        Ok(())
    }
}

impl Admin {
    /// Adds this admin's signature to a proposed erasure.
    ///
    /// # Errors
    /// Refused for another agency's proposal.
    pub fn sign_erasure(&self, statement: &mut Statement) -> Result<Erasure, Failure> {
        let doing = "signing the erasure";
        let order = Erasure::proposed(statement).map_err(|error| fault::keys(doing, &error))?;
        let agency = self.home.agency()?;
        if order.agency != agency {
            return Err(fault::keys(doing, &Forgery::OtherAgency.into()));
        }
        self.root().sign_order(statement, &agency).map_err(|error| fault::keys(doing, &error))?;
        Ok(order)
    }
}

fn is_named(entry: &SealedEntry, only: &[EntryId]) -> bool {
    !entry.header.wraps() && !only.is_empty() && only.contains(&entry_id(&entry.hash()))
}

fn under(entry: &SealedEntry) -> EntryRef {
    EntryRef { seq: entry.header.key, ..entry.at() }
}

fn erasure_of(slot: &Slot, roster: u64, hash: Digest, target: &Header) -> Header {
    Header {
        commitment: target.commitment,
        digest: Digest::of(&[]),
        target: Some(Target {
            agency: target.agency,
            entry: target.at(),
            hash,
            change: Change::Erasure,
            replaces: None,
        }),
        ..blank_header(roster, slot, target.case, Kind::StandIn)
    }
}

fn unsigned(error: &KeysError) -> Failure {
    match error {
        KeysError::Forged(Forgery::TooFewSignatures { have, need }) => Failure::refused(
            format!("{CARRYING} — {have} of {need} admins have signed it, as far as their signatures hold"),
            "Let the others sign: amanat roster sign FILE. Nothing was changed.",
        ),
        error => fault::keys(CARRYING, error),
    }
}

fn short(id: &impl ToString) -> String {
    id.to_string().chars().take(8).collect()
}
