//! A case is shared with another unit, or handed to it: the word in the case, and a rewrap of each of its slips that lets the unit in, in
//! one transaction (`FORMATS.md` section 4: sharing and transfer add readers and drop nothing).
//!
//! Who was let in is read from the case's own entries, on every device alike, and each of them seals to those units from then on. What an
//! officer who had not heard of it still sealed to the older readers is rewrapped when it comes, by the device that shared the case or,
//! where that may not stand in for its author, by a supervisor of the author's unit.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use amanat_keys::{
    audience::Sharing,
    fingerprint::{CaseId, DeviceId, Digest, UnitId},
    roster::{Role, Unit, UnitKind},
};
use amanat_sync::{
    batch::Item,
    entry::{Header, Kind, Reader, SealedEntry},
    journal::{Journal as _, Keep, Line, ShelfRow},
};

use super::{
    assignees::is_word,
    keep::{ToKeep, What, Whom, cut},
};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{self, Content, Entry, HandWish, Handed, Handover, OfferId, Step, peer_word},
    runtime::{
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
        rotation::rewrapping::{Found, Job},
    },
};

const DOING: &str = "sharing the case";
pub(super) const REWRAPPING: &str = "letting a unit in";
/// Shared cases that are looked through at a time after a roster changed: a second of work where each has a dozen slips.
const CASES: usize = 256;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct HandedOver {
    /// What was kept; nothing where the unit had been let in before.
    pub entries: Vec<Entry>,
    /// Slips that open for the unit now.
    pub opened: u64,
    /// Slips that this device may not, or cannot, open for it.
    pub left: u64,
}

/// The words on handovers of each case, as far as they have been opened.
#[derive(Debug, Default)]
pub(in crate::runtime) struct HandoverWords(HashMap<model::CaseId, Vec<Entry>>);

impl HandoverWords {
    /// Takes in what these say. Order and repetition change nothing.
    pub(in crate::runtime) fn learn(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| matches!(entry.content, Content::Handover(_))) {
            let held = self.0.entry(entry.case).or_default();
            if !held.iter().any(|known| known.id == entry.id) {
                held.push(entry.clone());
            }
        }
    }

    /// Those on an offer to another agency, or from one.
    pub(in crate::runtime) fn on_offer(&self, offer: &OfferId) -> impl Iterator<Item = &Entry> {
        let on_it = move |entry: &&Entry| peer_word(entry).is_some_and(|(_, peer)| peer.offer == *offer);
        self.0.values().flatten().filter(on_it)
    }

    pub(in crate::runtime) fn of(&self, case: &CaseId) -> &[Entry] {
        self.0.get(&(*case).into()).map(Vec::as_slice).unwrap_or_default()
    }

    fn knows(&self, case: &CaseId) -> bool {
        self.0.contains_key(&(*case).into())
    }
}

impl Home {
    /// How a case stands between units.
    pub fn handed(&self, case: &CaseId) -> Handed {
        let words = self.handovers.of(case);
        if words.is_empty() {
            return Handed::default();
        }
        let (first, _) = self.belonging.readers_of(case, &UnitId::from_bytes([0; 32]));
        let may_say = |device: &model::DeviceId, told: &Handover| {
            let ((unit, answers), device) = (model::speaks_for(told), DeviceId::from(*device));
            let unit = UnitId::from(*unit);
            if answers { self.tenure().ever_answered(&device, &unit) } else { self.tenure().ever_led(&device, &unit) }
        };
        model::handed(words, may_say, |unit| first.iter().any(|reader| reader.as_bytes() == unit.as_bytes()))
    }

    /// Units beside the one that has a case which read what is kept in it at this level.
    pub(in crate::runtime) fn let_in(&self, case: &CaseId, owner: &UnitId, level: Sharing) -> Vec<UnitId> {
        if level == Sharing::H1 {
            return Vec::new();
        }
        self.handed(case).units.into_iter().map(UnitId::from).filter(|unit| unit != owner).collect()
    }

    /// For whom an entry of a case is after this wish; refused where it must not be.
    ///
    /// # Errors
    /// Refused by the rules of sharing, in words.
    pub(in crate::runtime) fn whom_after(&self, case: &CaseId, wish: &HandWish) -> Result<Whom, Failure> {
        let told = self.word_for(case, wish)?;
        Ok(self.whom_of(case, &told))
    }

    fn whom_of(&self, case: &CaseId, told: &Handover) -> Whom {
        let (level, from, unit) = (self.level(case), UnitId::from(told.from), UnitId::from(told.unit));
        let owner = if told.step == Step::Accepted { unit } else { from };
        let mut also: BTreeSet<UnitId> = self.let_in(case, &owner, level).into_iter().collect();
        if level != Sharing::H1 {
            also.extend([from, unit]);
        }
        also.remove(&owner);
        Whom { unit: owner, level, devices: Vec::new(), also: also.into_iter().collect() }
    }

    /// The word that says what is wished, where it may be said here and now.
    fn word_for(&self, case: &CaseId, wish: &HandWish) -> Result<Handover, Failure> {
        let me = self.listed()?.id;
        let refused = |what: &str, hint: &str| Failure::refused(format!("{DOING} — {what}"), hint);
        let (roster, handed) = (self.trust()?.roster(), self.handed(case));
        let from = self.unit_for(case)?;
        let waiting = handed.waiting;
        let (unit, of) = match (wish.step, waiting) {
            (Step::Share | Step::Sent, _) => {
                let asked = wish.unit.ok_or_else(|| refused("no unit is named", "Name it as the roster does."))?;
                (self.may_be_let_in(case, &from, &asked.into(), wish.step, &handed)?, handed.by)
            }
            (_, Some(waiting)) => (UnitId::from(waiting.unit), Some(waiting.entry)),
            (_, None) => return Err(refused("no transfer of it waits for an answer", "See: amanat case show ID")),
        };
        if wish.step == Step::Sent && wish.reason.is_none() {
            return Err(refused("a transfer needs its reason", "Give a code of the list transfer_reason."));
        }
        let note = wish.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
        if wish.step == Step::Rejected && note.is_none() {
            return Err(refused("a rejection needs its reason in words", "The sending unit reads it."));
        }
        let answers = matches!(wish.step, Step::Accepted | Step::Rejected);
        let mine = |(role, of): &(Role, UnitId)| {
            *of == unit && matches!(role, Role::Supervisor | Role::Custodian | Role::Reader)
        };
        let may = if answers { self.member()?.roles.iter().any(mine) } else { roster.may_stand_in(&me, &from) };
        if !may {
            return Err(refused(
                if answers { "it is not for this device's unit to answer" } else { "this device may not share it" },
                if answers {
                    "The unit that was asked accepts or rejects, nobody else (PTPA s.8)."
                } else {
                    "A supervisor of the unit that has the case shares it, or a custodian at headquarters."
                },
            ));
        }
        let note = note.map(Into::into);
        let reason = wish.reason.clone();
        Ok(Handover { step: wish.step, unit: unit.into(), from: from.into(), of, reason, note, peer: None })
    }

    /// Whether anybody beyond its own readers may be given a case at all.
    pub(in crate::runtime) fn may_be_read_by_others(&self, case: &CaseId, doing: &str) -> Result<(), Failure> {
        let refused = |what: &str, hint: &str| Failure::refused(format!("{doing} — {what}"), hint);
        if self.level(case) == Sharing::H1 {
            return Err(refused(
                "it is for its own unit alone (sharing level H1)",
                "Correct the sharing level of the case first: who reads it then is shown before that is kept.",
            ));
        }
        if self.rivals() > 0 {
            return Err(refused("two valid rosters of one number are about", "Let the admins settle that first."));
        }
        Ok(())
    }

    /// Whether a unit may be let into a case, and the rules that say so.
    fn may_be_let_in(
        &self,
        case: &CaseId,
        from: &UnitId,
        asked: &UnitId,
        step: Step,
        handed: &Handed,
    ) -> Result<UnitId, Failure> {
        let refused = |what: &str, hint: &str| Failure::refused(format!("{DOING} — {what}"), hint);
        let unit = self.trust()?.roster().unit(asked);
        let unit: &Unit = unit.ok_or_else(|| refused("the roster has no such unit", "See: amanat roster show"))?;
        self.may_be_read_by_others(case, DOING)?;
        if unit.kind != UnitKind::Station || unit.id == *from {
            return Err(refused(
                "the unit has the case, or reads by the sharing level and not by name",
                "Name another station or circle. Headquarters and the national repository read by the level (H2, H3).",
            ));
        }
        if unit.recipient.is_none() {
            return Err(refused(
                "the unit has no key yet and could read nothing",
                "Wait until its first supervisor is enrolled.",
            ));
        }
        if step == Step::Sent && handed.waiting.is_some() {
            return Err(refused("a transfer of it waits for an answer already", "Take that one back first."));
        }
        Ok(unit.id)
    }

    /// Says what is wished in a case and lets the unit in, all of it in one transaction. Safe to call again: where the unit was let in
    /// before, only what it could not open yet is opened for it.
    ///
    /// # Errors
    /// Refused by the rules of sharing; what the journal refuses. Nothing was kept then.
    pub fn hand_over(&mut self, codebook: &Codebook, case: CaseId, wish: &HandWish) -> Result<HandedOver, Failure> {
        let told = self.word_for(&case, wish)?;
        let whom = self.whom_of(&case, &told);
        let again = told.step == Step::Share && self.handed(&case).units.contains(&told.unit);
        let units: Vec<UnitId> = whom.also.iter().copied().chain([whom.unit]).collect();
        let mut lets_in = HashMap::from([(case, LetIn { units, devices: Vec::new() })]);
        // What was said of this case and another is read by whoever reads both from now on.
        let words = self.words_for_both([&case], Some((case, &whom)));
        lets_in.extend(words.into_iter().map(|(word, (readers, _))| (word, readers)));
        let lacking = self.lacking(&lets_in, &|_, _| true)?;
        let opened = u64::try_from(lacking.jobs.len()).unwrap_or(u64::MAX);
        let mut done = HandedOver { entries: Vec::new(), opened, left: lacking.left };
        let failed = |error| fault::sync(DOING, &error);
        self.next = None;
        let slot = self.journal.next_slot(Line::Cases).map_err(failed)?;
        let (mut keep, mut kept) = (Keep { entries: Vec::new(), rows: Vec::new(), drop: Vec::new() }, None);
        if !again {
            let content = What::Content(Content::Handover(Box::new(told)));
            let thing = ToKeep { case: case.into(), what: content, source: None, draft: None, sharing: None };
            let to_seal = self.plan(vec![cut(codebook, thing)], Some(whom))?;
            let (sealed, known) = self.seal_at(slot, to_seal)?;
            (keep, kept) = (sealed, Some(known));
        }
        let slot = kept.as_ref().and_then(|kept| kept.next).unwrap_or(slot);
        let (rewraps, next) = self.seal_rewraps(slot, &lacking.jobs)?;
        keep.entries.extend(rewraps);
        if keep.entries.is_empty() {
            return Ok(done);
        }
        let heads = self.journal.append(&keep).map_err(failed)?;
        match kept {
            Some(mut kept) => {
                kept.next = Some(next);
                done.entries = self.note_kept(kept, &heads);
                self.learn(&done.entries);
            }
            None => self.note_heads(&heads).unwrap_or_default(),
        }
        keep.entries.iter().for_each(|entry| self.note_rewrap(&entry.header));
        Ok(done)
    }

    /// After a pass: what came of a case that was shared and is sealed to its older readers is opened for those who were let in, and so is what
    /// is sealed to an older key of theirs. How many slips.
    ///
    /// # Errors
    /// What the journal refuses; it is tried again when more of the case comes.
    pub(in crate::runtime) fn let_in_late(&mut self, new: &[SealedEntry], arrived: &[Entry]) -> Result<u64, Failure> {
        if (self.handovers.0.is_empty() && self.given.is_empty()) || self.rivals() > 0 || self.listed().is_err() {
            return Ok(0);
        }
        let slips = new.iter().filter(|entry| entry.header.kind == Kind::Slip).map(|entry| entry.header.case);
        let word = |entry: &&Entry| matches!(entry.content, Content::Handover(_)) || is_word(entry);
        let words = arrived.iter().filter(word);
        let mut cases: BTreeSet<CaseId> = slips.chain(words.map(|entry| entry.case.into())).collect();
        let owed = self.owed()?;
        cases.extend(owed.iter().flat_map(|owed| &owed.cases));
        let (mut wanted, mut sharers) = (HashMap::new(), HashMap::new());
        for (word, (readers, both)) in self.words_for_both(&cases, None) {
            wanted.insert(word, readers);
            sharers.insert(word, both.iter().flat_map(|case| self.let_in_by(case).1).collect());
        }
        for case in cases {
            let (lets_in, by) = self.let_in_by(&case);
            if !lets_in.units.is_empty() || !lets_in.devices.is_empty() {
                wanted.insert(case, lets_in);
                sharers.insert(case, by);
            }
        }
        let ours = |case: &CaseId, author: &DeviceId| {
            sharers.get(case).is_some_and(|sharers| self.is_ours_to_open(author, sharers))
        };
        let mine = self.lacking(&wanted, &ours)?;
        // In one transaction with the mark that says so: killed in between, it is done with the next pass, and never twice.
        let rows: Vec<ShelfRow> = owed.map(|owed| owed.row()).into_iter().collect();
        let failed = |error| fault::sync(REWRAPPING, &error);
        if mine.jobs.is_empty() {
            return if rows.is_empty() { Ok(0) } else { self.journal.shelve(&rows, &[]).map(|()| 0).map_err(failed) };
        }
        self.rewrap_for(&mine.jobs, rows, REWRAPPING)
    }

    /// Who was let into a case beside its own readers, and the devices that did so.
    fn let_in_by(&self, case: &CaseId) -> (LetIn, Vec<DeviceId>) {
        let handed = self.handovers.knows(case) && self.level(case) != Sharing::H1;
        let handed = if handed { self.handed(case) } else { Handed::default() };
        let whom = self.whom_for(case, None).ok();
        let leads = |by: &DeviceId| whom.as_ref().is_some_and(|whom| self.tenure().ever_led(by, &whom.unit));
        let givers = self.given.of(case, leads).into_iter().map(|(by, _)| by);
        let by = handed.sharers.iter().map(|device| (*device).into()).chain(givers).collect();
        let units = handed.units.into_iter().map(UnitId::from).collect();
        (LetIn { units, devices: whom.map(|whom| whom.devices).unwrap_or_default() }, by)
    }

    /// Keeps these rewraps, and rows that say so, in one transaction: how many.
    pub(super) fn rewrap_for(
        &mut self,
        jobs: &[Job],
        rows: Vec<ShelfRow>,
        doing: &'static str,
    ) -> Result<u64, Failure> {
        if jobs.is_empty() {
            return Ok(0);
        }
        let failed = |error| fault::sync(doing, &error);
        self.next = None;
        let slot = self.journal.next_slot(Line::Cases).map_err(failed)?;
        let (entries, _next) = self.seal_rewraps(slot, jobs)?;
        let keep = Keep { entries, rows, drop: Vec::new() };
        let heads = self.journal.append(&keep).map_err(failed)?;
        keep.entries.iter().for_each(|entry| self.note_rewrap(&entry.header));
        self.note_heads(&heads).unwrap_or_default();
        Ok(u64::try_from(jobs.len()).unwrap_or(u64::MAX))
    }

    /// The shared cases that have not been looked through since the roster changed, the next of them: a unit that was let in may have another
    /// key now. None where all have been.
    fn owed(&self) -> Result<Option<Owed>, Failure> {
        let roster = self.trust()?.roster_version();
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(REWRAPPING, &error))?;
        let (seen, after) = marks::let_in(&marks).filter(|(seen, _)| *seen == roster).unwrap_or((roster, None));
        let known: BTreeSet<CaseId> = self.handovers.0.keys().map(|case| (*case).into()).collect();
        let cases: Vec<CaseId> =
            known.into_iter().filter(|case| after.is_none_or(|after| *case > after)).take(CASES).collect();
        Ok((!cases.is_empty()).then_some(Owed { roster: seen, cases }))
    }

    /// Whether it falls to this device to open a late slip for who was let in: it shared the case, or none who did may stand in for the
    /// author and this device's member supervises the author's unit.
    fn is_ours_to_open(&self, author: &DeviceId, sharers: &[DeviceId]) -> bool {
        let me = self.device();
        if sharers.contains(&me) {
            return true;
        }
        let Ok(roster) = self.trust().map(|trust| trust.roster()) else { return false };
        let active = |device: &&DeviceId| roster.device(device).is_some_and(|device| device.is_active());
        if sharers.iter().filter(active).any(|sharer| self.may_stand_in(sharer, author)) {
            return false;
        }
        let units = roster.member_of(author).map(|member| member.roles.as_slice()).unwrap_or_default();
        let mine = roster.member_of(&me).map(|member| member.roles.as_slice()).unwrap_or_default();
        mine.iter().any(|(role, unit)| {
            matches!(role, Role::Supervisor | Role::Custodian) && units.iter().any(|(_, of)| of == unit)
        })
    }

    /// The slips of these cases that do not name all of the readers beside them and that this device opens for them. The journals are walked
    /// once, however many cases there are.
    pub(super) fn lacking(
        &self,
        cases: &HashMap<CaseId, LetIn>,
        ours: &dyn Fn(&CaseId, &DeviceId) -> bool,
    ) -> Result<Lacking, Failure> {
        let mut lacking = Lacking::default();
        if cases.is_empty() {
            return Ok(lacking);
        }
        let roster = self.trust()?.roster();
        let of_unit = |unit: &UnitId| {
            let readers = self.readers(unit, Sharing::H1).ok()?;
            Some(readers.audience.into_iter().zip(readers.recipients))
        };
        let of_device = |id: &DeviceId| {
            let device = roster.device_reader(roster.device(id)?)?;
            let reader = Reader { agency: device.agency, id: Digest::from_bytes(device.id), key: device.key_id() };
            Some((reader, device.recipient))
        };
        let of_case = |lets_in: &LetIn| -> Vec<(Reader, _)> {
            let units = lets_in.units.iter().filter_map(of_unit).flatten();
            units.chain(lets_in.devices.iter().filter_map(of_device)).collect()
        };
        let more: HashMap<CaseId, Vec<(Reader, _)>> =
            cases.iter().map(|(case, lets_in)| (*case, of_case(lets_in))).collect();
        // By its key of today: after a rotation the unit is let in again.
        let reads = |header: &Header, reader: &Reader| header.audience.contains(reader);
        let lacks = |header: &Header| {
            let of_case = more.get(&header.case).filter(|_| header.wraps());
            of_case.is_some_and(|of_case| of_case.iter().any(|(reader, _)| !reads(header, reader)))
        };
        let stood = self.stood_in(lacks)?;
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        for known in heads.iter().filter(|known| roster.device(&known.device).is_some()) {
            self.each_after((known.device, known.journal), 0, |_, _, items| {
                let slip = |item: &Item| {
                    item.entry().is_some_and(|entry| {
                        let header = &entry.header;
                        header.kind == Kind::Slip
                            && more.contains_key(&header.case)
                            && ours(&header.case, &known.device)
                    })
                };
                let slips = items.iter().filter(|item| slip(item)).filter_map(Item::entry);
                for found in self.find(slips, &stood, &lacks)? {
                    match found {
                        Found::Job(mut job) => {
                            let of_case = more.get(&job.case()).into_iter().flatten();
                            let readers = Arc::make_mut(&mut job.readers);
                            of_case.for_each(|(reader, recipient)| readers.add(*reader, recipient));
                            lacking.jobs.push(*job);
                        }
                        Found::Shut(..) | Found::Others => lacking.left += 1,
                    }
                }
                Ok(())
            })?;
        }
        Ok(lacking)
    }
}

/// Cases to look through after a roster changed.
struct Owed {
    roster: u64,
    cases: Vec<CaseId>,
}

impl Owed {
    /// That they have been.
    fn row(&self) -> ShelfRow {
        Mark::LetIn(self.roster, self.cases.last()).row()
    }
}

/// Who is to read a case beside those who do.
#[derive(Default)]
pub(super) struct LetIn {
    pub(super) units: Vec<UnitId>,
    pub(super) devices: Vec<DeviceId>,
}

#[derive(Default)]
pub(super) struct Lacking {
    pub(super) jobs: Vec<Job>,
    pub(super) left: u64,
}
