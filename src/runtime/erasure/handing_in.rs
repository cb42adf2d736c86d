//! Handing in: what was kept stays here as sealed bytes until headquarters has it, and nothing is left on this device that opens it — for a
//! case by hand, and for everything where the roster's policy is `write-only` (`DESIGN.md` section 5).
//!
//! What must go: the case's keys (their rows and those in memory), the rows of notes beside its entries, the key of each draft, words saved
//! with filters, and envelopes of slips that others sealed to this very device. What must not be there: the key of a unit that reads the
//! case, or a wrap of one. Rows that went are then written out of the file. One mark, kept together with the word that the case was handed
//! in, says that it is; whatever is still here after that mark goes before anything is opened again.

use std::collections::{HashMap, HashSet};

use amanat_keys::{
    fingerprint::{CaseId, JournalId, KeyId, UnitId},
    unit_key::UnitKeys,
};
use amanat_sync::{
    batch::Limit,
    documents::DocumentKind,
    entry::{EntryRef, Header, Kind, SealedEntry},
    journal::{Cursor, Journal as _, Shelf},
};

use super::erasing::doomed;
use crate::{
    failure::Failure,
    model::{self, Absence, Access, Author, Code, Content, Entry, Gone},
    runtime::{
        border::entry_id,
        entries::{opening::Opener, ring::Purpose, sealing::Piece},
        fault,
        homes::{filters::ROW, home::Home, marks::Mark},
    },
};

/// What the entry is called that says so.
pub const WORD: &str = "handed_in";
const DOING: &str = "handing in";

/// A case, before it is handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToHandIn {
    /// Entries of this device.
    pub own: usize,
    /// Those of them that headquarters has not signed for: they stay until it has.
    pub waiting: usize,
    /// Entries of others that were sealed to this very device: they go from it.
    pub others: usize,
    /// Whether it is done already.
    pub done: bool,
}

/// A case that was handed in.
#[derive(Debug, Default)]
pub struct HandedIn {
    /// What cannot be read here any more.
    pub gone: Vec<Gone>,
    /// What is still to be written out of the file, and why it was not.
    pub afterwards: Option<Failure>,
}

/// What the journal holds of cases.
#[derive(Default)]
struct Held {
    own: Vec<SealedEntry>,
    own_slips: Vec<SealedEntry>,
    /// Slips of others that this device's own keys open, and what lies under them.
    to_us: Vec<SealedEntry>,
    /// Readers that this device could be.
    units: HashSet<String>,
    /// An own slip that names this device, and nobody has signed for.
    to_ourselves: bool,
    damaged: usize,
}

impl Home {
    /// Whether a case was handed in by hand.
    pub fn handed_in(&self, case: &CaseId) -> bool {
        self.handed_in.contains_key(case)
    }

    /// Whether this device is to keep no key of a case: it was handed in, or the roster wants devices that only write.
    pub(super) fn keeps_no_key(&self, case: &CaseId) -> bool {
        self.handed_in(case) || self.writes_only()
    }

    /// What handing in a case would come to. Everything of it is opened first.
    ///
    /// # Errors
    /// Refused where something would be lost, or something here would open it all the same.
    pub fn to_hand_in(&mut self, case: model::CaseId) -> Result<ToHandIn, Failure> {
        let (id, short) = (CaseId::from(case), case.short());
        let held = self.held_of(&|of| *of == id)?;
        let doing = format!("handing in case {short}");
        if held.own.is_empty() && held.to_us.is_empty() {
            return Err(Failure::usage(
                format!("{doing} — this device kept nothing in it and was sent nothing of it"),
                "Nothing of it has to go.",
            ));
        }
        let plan = self.told(&held)?;
        if plan.done {
            return Ok(plan);
        }
        if let Some(unit) = held.units.iter().next() {
            return Err(Failure::refused(
                format!("{doing} — this device holds or was given the key of {unit}, which opens the case"),
                "Who reads for a unit cannot hand its cases in. If this device reads for it no longer: have a supervisor give the unit a new key \
                 (amanat keys rotate unit), and sync until the older slips are gone.",
            ));
        }
        if held.to_ourselves {
            return Err(Failure::refused(
                format!("{doing} — an entry that waits here is sealed to this very device as well"),
                "Sync first: once headquarters has it, its slip can go.",
            ));
        }
        if self.drafts()?.iter().any(|draft| draft.case == Some(case)) {
            return Err(Failure::usage(
                format!("{doing} — a form of it is not finished, and would stay readable here"),
                "Keep it, or throw it away, then hand in.",
            ));
        }
        self.refuse_unproven(&doing, &held)?;
        Ok(plan)
    }

    /// What does not open here may open nowhere: then the only key that could ever mend it must not go.
    fn refuse_unproven(&mut self, doing: &str, held: &Held) -> Result<(), Failure> {
        let identities = self.identities();
        let opened = Opener::new(&self.ring, &identities, true).open(held.own.clone());
        let unproven = held.own.len().saturating_sub(opened.entries.len()).saturating_add(held.damaged);
        let own: HashSet<KeyId> = self.own_key_ids();
        let under: HashSet<EntryRef> = held.own.iter().map(slip_of).collect();
        let alone = |slip: &&SealedEntry| {
            under.contains(&slip.at()) && slip.header.audience.iter().all(|reader| own.contains(&reader.key))
        };
        let whole = held.own_slips.iter().filter(|slip| slip.envelope.is_some()).map(SealedEntry::at);
        let missing = under.difference(&whole.collect()).count();
        if unproven > 0 || missing > 0 || held.own_slips.iter().any(|slip| alone(&slip)) {
            return Err(Failure::refused(
                format!("{doing} — not all of it opens here today, so nobody can say that its readers can open it"),
                "Run amanat verify, and sync; it names what is wrong.",
            ));
        }
        for standing in self.status()?.own {
            if self.left_behind(&standing, &[])?.is_some() {
                return Err(Failure::refused(
                    format!(
                        "{doing} — a journal of this device was found forked, and what it lost is not kept again yet"
                    ),
                    "Sync first.",
                ));
            }
        }
        Ok(())
    }

    fn told(&self, held: &Held) -> Result<ToHandIn, Failure> {
        let received = self.received()?;
        let waits = |entry: &&SealedEntry| received.get(&entry.header.journal).copied().unwrap_or(0) < entry.header.seq;
        let case = held.own.iter().chain(&held.to_us).map(|entry| entry.header.case).next();
        Ok(ToHandIn {
            own: held.own.len(),
            waiting: held.own.iter().filter(waits).count(),
            others: held.to_us.iter().filter(|entry| entry.header.kind == Kind::Sealed).count(),
            done: case.is_some_and(|case| self.handed_in(&case)),
        })
    }

    /// Hands a case in: keeps the word that it was, for its readers, and lets go of every key of it.
    ///
    /// # Errors
    /// As [`Home::to_hand_in`]: then nothing has changed. What could not be written out of the file is told beside what went, and is done
    /// with the next unlocking.
    pub fn hand_in(&mut self, case: model::CaseId) -> Result<HandedIn, Failure> {
        let plan = self.to_hand_in(case)?;
        let id = CaseId::from(case);
        if !plan.done {
            let access = Access { what: Code::new(WORD), count: u32::try_from(plan.own).unwrap_or(u32::MAX) };
            let piece = Piece {
                case: id,
                purpose: Purpose::Content,
                content: Content::Access(access),
                source: None,
                again: None,
                attached: None,
            };
            self.keep_pieces(vec![piece], Some(Mark::HandedIn(&id, false).row()))?;
            self.handed_in.insert(id, false);
        }
        let gone = self.gone_of(&|of| *of == id)?;
        Ok(HandedIn { gone, afterwards: self.let_go(&|of| *of == id).err() })
    }

    /// What of these cases stands here and cannot be read.
    fn gone_of(&self, meant: &dyn Fn(&CaseId) -> bool) -> Result<Vec<Gone>, Failure> {
        let held = self.held_of(meant)?;
        Ok(held.own.iter().chain(&held.to_us).filter_map(handed).collect())
    }

    /// Ends what a program that was killed left half done, and does what a roster asks for since: before anything is opened.
    ///
    /// # Errors
    /// What the journal refuses; the next unlocking tries again.
    pub(in crate::runtime) fn finish_handing_in(&mut self) -> Result<(), Failure> {
        self.sweep_draft_keys()?;
        let open: HashSet<CaseId> = self.handed_in.iter().filter(|(_, done)| !**done).map(|(case, _)| *case).collect();
        if self.writes_only() {
            self.seal_drafts_apart()?;
            let keys = self.journal.shelf(Shelf::CaseKeys).map_err(|error| fault::sync(DOING, &error))?;
            if !keys.is_empty() || !open.is_empty() {
                return self.let_go(&|_| true);
            }
        } else if !open.is_empty() {
            return self.let_go(&|case| open.contains(case));
        }
        Ok(())
    }

    /// Lets go of whatever opens these cases here, and writes it out of the file.
    fn let_go(&mut self, meant: &dyn Fn(&CaseId) -> bool) -> Result<(), Failure> {
        let doing = |error| fault::sync(DOING, &error);
        // From memory first: whatever fails from here on, nothing of it is opened in this sitting any more.
        self.ring.let_go(meant);
        self.ahead = None;
        let held = self.held_of(meant)?;
        let keys = self.journal.shelf(Shelf::CaseKeys).map_err(doing)?;
        let keys =
            keys.iter().filter(|row| row.case.as_ref().is_some_and(meant)).map(|row| (row.shelf, row.key.clone()));
        let mut take: Vec<(Shelf, Vec<u8>)> = keys.collect();
        let of_entry = |entry: &SealedEntry| (Shelf::Notes, entry_id(&entry.hash()).as_bytes().to_vec());
        take.extend(held.own.iter().map(of_entry));
        self.forget_searches()?;
        let targets: Vec<_> = held.to_us.iter().map(doomed).collect();
        self.journal.erase(&targets, &take).map_err(doing)?;
        self.journal.scrub().map_err(doing)?;
        let done: Vec<CaseId> = self.handed_in.keys().filter(|case| meant(case)).copied().collect();
        for case in done {
            self.remember(&Mark::HandedIn(&case, true))?;
            self.handed_in.insert(case, true);
        }
        Ok(())
    }

    /// Words that were searched for and saved are of some case, and nobody can say of which.
    fn forget_searches(&mut self) -> Result<(), Failure> {
        let mut filters = self.filters()?;
        let before = filters.len();
        filters.retain(|saved| saved.filter.words.is_empty());
        if filters.len() < before {
            self.journal.shelve(&[], &[(Shelf::Notes, ROW.to_vec())]).map_err(|error| fault::sync(DOING, &error))?;
            self.keep_filters(&filters)?;
        }
        Ok(())
    }

    /// Takes what is not to be opened here out of what arrived: what others write in a case that was handed in, and slips to this very
    /// device where it only writes. Gives how many went.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn shut_out(&mut self, new: &mut Vec<SealedEntry>) -> Result<u64, Failure> {
        if self.handed_in.is_empty() && !self.writes_only() {
            return Ok(0);
        }
        let own = self.own_key_ids();
        let shut = |entry: &mut SealedEntry| self.keeps_no_key(&entry.header.case);
        let shut: Vec<SealedEntry> = new.extract_if(.., shut).collect();
        shut.iter().for_each(|entry| {
            self.belonging.note(&entry.header);
        });
        let targets: Vec<_> = shut.iter().filter(|entry| names(&entry.header, &own)).map(doomed).collect();
        self.journal.erase(&targets, &[]).map_err(|error| fault::sync(DOING, &error))?;
        Ok(u64::try_from(shut.len()).unwrap_or(u64::MAX))
    }

    /// What stands here sealed and is not to be opened.
    pub(in crate::runtime) fn shut(&self) -> impl Fn(&Header) -> bool + '_ {
        let (only_writes, me) = (self.writes_only(), self.device());
        let own = move |header: &Header| header.kind == Kind::Sealed && header.device == me;
        let closed = |header: &Header| !self.ring.holds(&EntryRef { seq: header.key, ..header.at() });
        move |header| self.handed_in(&header.case) || only_writes && own(header) && closed(header)
    }

    /// What was just kept and cannot be read again from now on.
    pub fn shut_of(&self, entries: &[Entry]) -> Vec<Gone> {
        let shut = entries.iter().filter(|entry| self.handed_in(&entry.case.into()));
        shut.map(|entry| Gone { id: entry.id, case: entry.case, author: entry.author, why: Absence::HandedIn })
            .collect()
    }

    /// Units whose key is here, or can be had with what is here, though this device should only write.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn still_opens(&self) -> Result<Vec<String>, Failure> {
        if !self.writes_only() {
            return Ok(Vec::new());
        }
        let mut units: Vec<String> = self.held_of(&|_| true)?.units.into_iter().collect();
        units.sort();
        Ok(units)
    }

    /// Ids of this device's own recipients, those before a rotation too.
    fn own_key_ids(&self) -> HashSet<KeyId> {
        let all = self.vault.keys().identities().chain(self.keys.identities());
        all.map(|identity| identity.key_id()).collect()
    }

    /// Recipients of units that this device holds the identity of, or can unwrap it with its own.
    fn unit_key_ids(&self) -> Result<HashMap<KeyId, String>, Failure> {
        let Some(trust) = &self.trust else { return Ok(HashMap::new()) };
        let name =
            |unit: &UnitId| trust.roster().unit(unit).map_or_else(|| "a unit".to_owned(), |unit| unit.name.clone());
        let held = self.vault.units().iter().map(|held| (held.identity.key_id(), name(&held.unit)));
        let mut ids: HashMap<KeyId, String> = held.collect();
        let documents = self.journal.documents().map_err(|error| fault::sync(DOING, &error))?;
        for filed in documents.iter().filter(|filed| filed.document.kind == DocumentKind::UnitKeys) {
            let Ok(keys) = UnitKeys::verify(&filed.document.bytes, trust) else { continue };
            let keys = keys.into_value();
            if keys.is_for(&self.device()) {
                ids.insert(keys.recipient.key_id(), name(&keys.unit));
            }
        }
        Ok(ids)
    }

    fn received(&self) -> Result<HashMap<JournalId, u64>, Failure> {
        Ok(self.status()?.own.into_iter().map(|own| (own.journal, own.received)).collect())
    }

    /// Walks the journal, and what was set aside.
    fn held_of(&self, meant: &dyn Fn(&CaseId) -> bool) -> Result<Held, Failure> {
        let doing = |error| fault::sync(DOING, &error);
        let (own, units, received) = (self.own_key_ids(), self.unit_key_ids()?, self.received()?);
        let me = self.device();
        let mut held = Held::default();
        let mut ours: HashSet<EntryRef> = HashSet::new();
        let mut note = |entry: SealedEntry, held: &mut Held| {
            let header = &entry.header;
            if header.wraps() && entry.envelope.is_some() {
                let open = header.audience.iter().filter_map(|reader| units.get(&reader.key));
                held.units.extend(open.cloned());
                let signed_for = header.seq <= received.get(&header.journal).copied().unwrap_or(0);
                if names(header, &own) && header.device == me && !signed_for {
                    held.to_ourselves = true;
                } else if names(header, &own) {
                    ours.insert(header.at());
                    held.to_us.push(entry);
                    return;
                }
            }
            match header.kind {
                Kind::Sealed if entry.envelope.is_none() => {}
                Kind::Sealed if header.device == me => held.own.push(entry),
                Kind::Sealed if ours.contains(&slip_of(&entry)) => held.to_us.push(entry),
                Kind::Slip if header.device == me => held.own_slips.push(entry),
                Kind::Sealed | Kind::Slip | Kind::StandIn | Kind::Later(_) => {}
            }
        };
        let mut cursor = Some(Cursor::START);
        while let Some(after) = cursor {
            let page = self.journal.entries_after(after, Limit::BODY).map_err(doing)?;
            cursor = page.next;
            held.damaged = held.damaged.saturating_add(page.damaged.iter().filter(|at| at.device == me).count());
            for entry in page.entries.into_iter().filter(|entry| meant(&entry.header.case)) {
                note(entry, &mut held);
            }
        }
        let aside = self.journal.quarantined().map_err(doing)?.into_iter().map(|aside| aside.sealed);
        aside
            .filter(|entry| meant(&entry.header.case) && entry.header.device != me)
            .for_each(|entry| note(entry, &mut held));
        Ok(held)
    }

    /// Takes in who handed what in: a word to them must not bring it back.
    pub(in crate::runtime) fn note_handed_in(&mut self, entries: &[Entry]) {
        self.let_go_by.extend(handed_in_by(entries));
    }

    /// Whether a device has said that it handed a case in.
    pub(in crate::runtime) fn was_handed_in_by(&self, case: &model::CaseId, device: &model::DeviceId) -> bool {
        self.let_go_by.contains(&(*case, *device))
    }
}

/// Who says in these entries that they handed a case in.
pub(in crate::runtime) fn handed_in_by(entries: &[Entry]) -> impl Iterator<Item = (model::CaseId, model::DeviceId)> {
    let says = |entry: &&Entry| matches!(&entry.content, Content::Access(access) if access.what.as_str() == WORD);
    entries.iter().filter(says).map(|entry| (entry.case, entry.author.device))
}

/// An entry of a case that was handed in, as the casebook has it.
pub(in crate::runtime) fn handed(entry: &SealedEntry) -> Option<Gone> {
    let EntryRef { device, journal, seq } = entry.at();
    (entry.header.kind == Kind::Sealed).then(|| Gone {
        id: entry_id(&entry.hash()),
        case: entry.header.case.into(),
        author: Author { device: device.into(), journal: journal.into(), seq },
        why: Absence::HandedIn,
    })
}

fn names(header: &Header, own: &HashSet<KeyId>) -> bool {
    header.wraps() && header.audience.iter().any(|reader| own.contains(&reader.key))
}

fn slip_of(entry: &SealedEntry) -> EntryRef {
    EntryRef { seq: entry.header.key, ..entry.at() }
}
