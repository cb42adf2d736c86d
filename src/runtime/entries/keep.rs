//! Keeping: a finished form becomes signed entries in the journal, all of it in one transaction or nothing (`DESIGN.md` section 4,
//! invariant 1).

use std::collections::BTreeSet;

use amanat_keys::{
    audience::Sharing,
    case_key::CaseKey,
    fingerprint::{CaseId, DeviceId, Digest, UnitId},
    roster::UnitKind,
    trust::Trust,
};
use amanat_sync::{
    entry::{EntryRef, Header, Reader, Slot},
    error::SyncError,
    journal::{Journal as _, Keep, KnownHead, Line, Shelf, ShelfRow},
};
use zeroize::Zeroizing;

use super::{
    ring::Purpose,
    sealing::{self, Ahead, Batch, Given, PREVIOUS, Piece, SealedParts},
};
use crate::{
    codebook::{self, Codebook, Form},
    failure::Failure,
    model::{self, Access, Amendment, Answers, Code, Content, DraftId, Entry, EntryId, Names, Sheet, Source, Times},
    record,
    runtime::{
        clock, fault,
        homes::{
            home::Home,
            levels::{self, level, level_of},
            pen::Readers,
        },
    },
};

/// Up to so many pieces, sealing them a second time costs less than asking the journal for a place each time.
const FEW: usize = 16;

/// One sheet or amendment to keep.
#[derive(Clone, Debug)]
pub struct ToKeep {
    /// The case.
    pub case: model::CaseId,
    /// What.
    pub what: What,
    /// Where it was imported from.
    pub source: Option<Source>,
    /// The draft it came from.
    pub draft: Option<DraftId>,
    /// The case's sharing level from now on, where it is said.
    pub sharing: Option<Code>,
}

impl ToKeep {
    /// That somebody looked: `what` (`case`, `names`, `export` or `print`) and at how many entries.
    pub fn access(case: model::CaseId, what: Code, count: usize) -> Self {
        let access = Access { what, count: u32::try_from(count).unwrap_or(u32::MAX) };
        Self { case, what: What::Content(Content::Access(access)), source: None, draft: None, sharing: None }
    }
}

/// What can be kept by a person.
#[derive(Clone, Debug)]
pub enum What {
    /// A finished form, whole; what its form calls sealed or local is taken out of it here.
    Sheet(Sheet),
    /// A correction of an entry that was filled with this form.
    Amendment(Amendment, Option<model::FormRef>),
    /// Anything else, as it is.
    Content(Content),
}

impl Home {
    /// Keeps one thing. What comes back is on the disk.
    ///
    /// # Errors
    /// Refused when nobody could read it; failed with nothing lost when the disk is full.
    pub fn keep(&mut self, codebook: &Codebook, keep: ToKeep) -> Result<Vec<Entry>, Failure> {
        self.keep_for(codebook, keep, None)
    }

    /// As [`Home::keep`], for the readers of the case and some devices beside them: a supervisor's word reaches the officer who is no
    /// reader of the unit with the next sync. A device that the roster does not list any more is left out.
    ///
    /// # Errors
    /// As [`Home::keep`].
    pub fn keep_to(
        &mut self,
        codebook: &Codebook,
        keep: ToKeep,
        to: impl IntoIterator<Item = model::DeviceId>,
    ) -> Result<Vec<Entry>, Failure> {
        let whom = self.whom_to(&keep, to)?;
        let kept = self.keep_for(codebook, keep, whom)?;
        self.open_if_given(&kept);
        Ok(kept)
    }

    /// Writes and seals the text of what a person is asked about before it is kept, so that keeping it as [`Home::keep_to`] does has less to
    /// do. It is signed when it is kept, and written anew where anything is not as it was. An amendment waits: its reason comes last.
    ///
    /// # Errors
    /// As [`Home::keep`].
    pub fn write_ahead(
        &mut self,
        codebook: &Codebook,
        keep: ToKeep,
        to: impl IntoIterator<Item = model::DeviceId>,
    ) -> Result<(), Failure> {
        self.ahead = None;
        let whom = self.whom_to(&keep, to)?;
        let ToSeal { pieces, readers, readers_of, .. } = self.plan(vec![cut(codebook, keep)], whom)?;
        let asked = |error| fault::sync("keeping", &error);
        let slot = self.next.map_or_else(|| self.journal.next_slot(Line::Cases).map_err(asked), Ok)?;
        let after = if slot.seq == 1 { self.goes_on_from(&slot.journal)? } else { None };
        let (times, ahead) = (self.times(), None);
        let given = Given { pieces, after, readers: &readers, readers_of: &readers_of, times, ahead };
        self.ahead = sealing::ahead(&self.pen()?, &self.ring, slot, &given)?;
        Ok(())
    }

    /// The readers of the case and some devices beside them, where there are any to add.
    fn whom_to(&self, keep: &ToKeep, to: impl IntoIterator<Item = model::DeviceId>) -> Result<Option<Whom>, Failure> {
        let roster = self.trust().ok().map(Trust::roster);
        let listed = |device: &DeviceId| roster.is_some_and(|roster| roster.device(device).is_some());
        // Nor one that has handed the case in: what is sealed to it would lie there to be read.
        let reads = |device: &DeviceId| !self.was_handed_in_by(&keep.case, &(*device).into());
        let devices: BTreeSet<DeviceId> = to.into_iter().map(DeviceId::from).collect();
        let devices: Vec<DeviceId> = devices.into_iter().filter(listed).filter(reads).collect();
        if devices.is_empty() {
            return Ok(None);
        }
        let said = keep.sharing.as_ref().and_then(level);
        let whom = self.whom_for(&keep.case.into(), said)?;
        let devices: BTreeSet<DeviceId> = devices.into_iter().chain(whom.devices).collect();
        Ok(Some(Whom { devices: devices.into_iter().collect(), ..whom }))
    }

    /// As [`Home::keep`], for the readers of another unit than this device's own, at a given level.
    ///
    /// # Errors
    /// As [`Home::keep`].
    pub(in crate::runtime) fn keep_for(
        &mut self,
        codebook: &Codebook,
        keep: ToKeep,
        whom: Option<Whom>,
    ) -> Result<Vec<Entry>, Failure> {
        let draft = keep.draft;
        let cut = cut(codebook, keep);
        self.keep_cuts(vec![cut], Beside { draft, mark: None }, whom)
    }

    /// As [`Home::keep`], with attachments that lie sealed already.
    ///
    /// # Errors
    /// As [`Home::keep`].
    pub(in crate::runtime) fn keep_with(
        &mut self,
        codebook: &Codebook,
        keep: ToKeep,
        attached: SealedParts,
    ) -> Result<Vec<Entry>, Failure> {
        let draft = keep.draft;
        let mut cut = cut(codebook, keep);
        if let Some(first) = cut.pieces.first_mut() {
            first.attached = Some(Box::new(attached));
        }
        self.keep_cuts(vec![cut], Beside { draft, mark: None }, None)
    }

    /// Keeps pieces that are cut already, and a mark that says so, in one transaction.
    ///
    /// # Errors
    /// As [`Home::keep`].
    pub(in crate::runtime) fn keep_pieces(
        &mut self,
        pieces: Vec<Piece>,
        mark: Option<ShelfRow>,
    ) -> Result<Vec<Entry>, Failure> {
        let cut = |piece: Piece| Cut { case: piece.case, pieces: vec![piece], local: Answers::default(), level: None };
        let cuts = pieces.into_iter().map(cut).collect();
        self.keep_cuts(cuts, Beside { draft: None, mark }, None)
    }

    /// Keeps what came from another agency, in one transaction. A sheet that opens the case, or a correction of its level, counts from there on.
    ///
    /// # Errors
    /// As [`Home::keep`].
    pub(in crate::runtime) fn keep_from_abroad(&mut self, pieces: Vec<Piece>) -> Result<Vec<Entry>, Failure> {
        let says = |content: &Content| match content {
            Content::Sheet(sheet) if levels::opens(sheet.form().id.as_str()) => level_of(sheet.answers()),
            Content::Amendment(amendment) => level_of(&amendment.changes),
            _ => None,
        };
        let cut = |piece: Piece| {
            let level = says(&piece.content);
            Cut { case: piece.case, pieces: vec![piece], local: Answers::default(), level }
        };
        let entries =
            self.keep_cuts(pieces.into_iter().map(cut).collect(), Beside { draft: None, mark: None }, None)?;
        self.learn(&entries);
        Ok(entries)
    }

    fn keep_cuts(&mut self, cuts: Vec<Cut>, beside: Beside, whom: Option<Whom>) -> Result<Vec<Entry>, Failure> {
        let to_seal = self.plan(cuts, whom)?;
        let entries = self.seal_and_append(to_seal, &beside)?;
        self.learn_readers(&entries);
        Ok(entries)
    }

    /// What is to be sealed and for whom: a level that is said among these counts for what comes after it.
    pub(in crate::runtime) fn plan(&self, cuts: Vec<Cut>, whom: Option<Whom>) -> Result<ToSeal, Failure> {
        self.listed()?;
        let mut to_seal = ToSeal::default();
        let mut by_whom: Vec<(Whom, usize)> = Vec::new();
        let mut levels: Vec<(CaseId, Sharing)> = Vec::new();
        for cut in cuts {
            if let Some(level) = cut.level {
                levels.push((cut.case, level));
            }
            let said = levels.iter().rev().find(|(case, _)| *case == cut.case).map(|(_, level)| *level);
            let whom = match &whom {
                Some(whom) => whom.clone(),
                None => self.whom_for(&cut.case, said)?,
            };
            let who = match by_whom.iter().find(|(held, _)| *held == whom) {
                Some((_, who)) => *who,
                None => {
                    to_seal.readers.push(self.readers_of(&whom)?);
                    by_whom.push((whom, to_seal.readers.len() - 1));
                    to_seal.readers.len() - 1
                }
            };
            if !cut.local.is_empty() {
                to_seal.locals.push((to_seal.pieces.len(), cut.local));
            }
            to_seal.readers_of.extend(std::iter::repeat_n(who, cut.pieces.len()));
            to_seal.pieces.extend(cut.pieces);
        }
        // What names an entry that was kept again means the one that stands for it now.
        for piece in to_seal.pieces.iter_mut().filter(|_| !self.again.is_empty()) {
            model::with_new_ids(&mut piece.content, |id| self.newest_id(id));
        }
        Ok(to_seal)
    }

    /// At the place after the newest that was kept in this sitting, else at the one that the journal gives: asking it costs as much
    /// as sealing, and the transaction looks for itself whether the place is free.
    fn seal_and_append(&mut self, to_seal: ToSeal, beside: &Beside) -> Result<Vec<Entry>, Failure> {
        let doing = |error: SyncError| fault::sync("keeping", &error);
        if let Some(slot) = self.next.take().filter(|_| to_seal.pieces.len() <= FEW) {
            match self.keep_at(slot, to_seal.clone(), beside)? {
                // A sync has closed the journal meanwhile, because this home was restored from a backup.
                Err(SyncError::SlotTaken | SyncError::NoJournal) => {}
                kept => return kept.map_err(doing),
            }
        }
        let slot = self.journal.next_slot(Line::Cases).map_err(doing)?;
        self.keep_at(slot, to_seal, beside)?.map_err(doing)
    }

    fn keep_at(
        &mut self,
        slot: Slot,
        to_seal: ToSeal,
        beside: &Beside,
    ) -> Result<Result<Vec<Entry>, SyncError>, Failure> {
        let ahead = self.ahead.take();
        let (mut keep, kept) = self.seal_with(slot, to_seal, ahead)?;
        keep.rows.extend(beside.mark.clone());
        keep.drop.extend(beside.draft.map(|draft| (Shelf::Drafts, draft.as_bytes().to_vec())));
        let appended = self.journal.append(&keep);
        if let (Ok(_), Some(draft)) = (&appended, beside.draft) {
            self.drop_draft_key(&draft);
        }
        Ok(appended.map(|heads| self.note_kept(kept, &heads)))
    }

    /// Seals what is to stand at this place and after it: what one transaction is to write, and what is known once it has.
    pub(super) fn seal_at(&self, slot: Slot, to_seal: ToSeal) -> Result<(Keep, Kept), Failure> {
        self.seal_with(slot, to_seal, None)
    }

    fn seal_with(&self, slot: Slot, to_seal: ToSeal, ahead: Option<Ahead>) -> Result<(Keep, Kept), Failure> {
        let ToSeal { pieces, readers, readers_of, locals } = to_seal;
        let after = if slot.seq == 1 { self.goes_on_from(&slot.journal)? } else { None };
        let times = self.times();
        let given = Given { pieces, after, readers: &readers, readers_of: &readers_of, times, ahead };
        let batch = sealing::seal(&self.pen()?, &self.ring, slot, given)?;
        let notes = notes(&batch, locals);
        let Batch { sealed, mut rows, keys, entries, next } = batch;
        rows.extend(notes);
        // Such keys live in memory for this sitting at most: what was kept before cannot be read by whoever forces an unlock.
        let only_writes = self.writes_only();
        rows.retain(|row| !only_writes && !row.case.is_some_and(|case| self.handed_in(&case)));
        let slips = sealed.iter().filter(|entry| entry.header.wraps()).map(|entry| entry.header.clone()).collect();
        Ok((Keep { entries: sealed, rows, drop: Vec::new() }, Kept { slips, keys, entries, next }))
    }

    /// For whom the next entry of a case is, at the level that is said or the one it has.
    pub(in crate::runtime) fn whom_for(&self, case: &CaseId, said: Option<Sharing>) -> Result<Whom, Failure> {
        let level = said.unwrap_or_else(|| self.level(case));
        let unit = self.unit_for(case)?;
        let also = self.let_in(case, &unit, level);
        Ok(Whom { unit, level, devices: self.assignees(case, &unit, &also)?, also })
    }

    pub(in crate::runtime) fn readers_of(&self, whom: &Whom) -> Result<Readers, Failure> {
        let mut readers = self.readers(&whom.unit, whom.level)?;
        let roster = self.trust()?.roster();
        // A unit that was let in and has no key today gets a slip once it has one.
        for also in whom.also.iter().filter_map(|unit| self.readers(unit, Sharing::H1).ok()) {
            also.audience.iter().zip(&also.recipients).for_each(|(reader, key)| readers.add(*reader, key));
        }
        let devices = whom.devices.iter().filter_map(|device| roster.device_reader(roster.device(device)?));
        for device in devices {
            let id = Digest::from_bytes(device.id);
            let reader = Reader { agency: device.agency, id, key: device.key_id() };
            readers.add(reader, &device.recipient);
        }
        Ok(readers)
    }

    /// The unit whose readers read what is written into a case: this device's own for a case of its own or one that was shared
    /// with it before anybody said so in words, else the station that the case belongs to: the one that took it over last, or with whose slip it began. So what headquarters adds to a station's case is read there as well,
    /// and the first slip of the case that this device sees, which is its own, lets the station in.
    ///
    /// # Errors
    /// As [`Home::listed`].
    pub fn unit_for(&self, case: &CaseId) -> Result<UnitId, Failure> {
        let own = self.unit()?;
        if let Some(owner) = self.handed(case).owner {
            return Ok(owner.into());
        }
        let (first, inside) = self.belonging.readers_of(case, &own.id);
        if own.kind == UnitKind::Station && inside {
            return Ok(own.id);
        }
        let roster = self.trust()?.roster();
        let units = first.iter().filter_map(|reader| roster.unit(&UnitId::from_bytes(*reader.as_bytes())));
        let station = units.into_iter().find(|unit| unit.kind == UnitKind::Station);
        Ok(station.map_or(own.id, |unit| unit.id))
    }

    /// Takes note of what the journal has written.
    pub(super) fn note_kept(&mut self, kept: Kept, heads: &[KnownHead]) -> Vec<Entry> {
        let Kept { slips, keys, entries, next } = kept;
        self.next = next;
        for (at, key, purpose) in keys {
            let slip = slips.iter().find(|header| header.at() == at);
            // In a case that was handed in each keeping has a slip of its own, and its key goes at once.
            if let Some(slip) = slip.filter(|slip| !self.handed_in(&slip.case)) {
                self.ring.put(at, slip.case, key, purpose);
            }
        }
        for header in &slips {
            self.ring.note_own(header);
            self.belonging.note(header);
            self.note_level(header.case, &header.audience);
        }
        // A row that cannot be written now is tried again with the next; what was kept is kept.
        self.file_firsts().unwrap_or_default();
        // The entry is kept; that the file beside the database could not be written changes nothing about it.
        self.note_heads(heads).unwrap_or_default();
        entries
    }

    /// Clock evidence for what is kept now.
    pub(in crate::runtime) fn times(&self) -> Times {
        Times { device: self.wall(), boot_ms: clock::boot_ms(), hub_ms: self.hub_ms }
    }
}

/// For whom something is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Whom {
    /// The unit.
    pub unit: UnitId,
    /// At which level.
    pub level: Sharing,
    /// Devices beside them, whose members need be no readers of the unit.
    pub devices: Vec<DeviceId>,
    /// Units that the case was shared with.
    pub also: Vec<UnitId>,
}

/// What is known once a transaction has been written.
pub(in crate::runtime) struct Kept {
    slips: Vec<Header>,
    keys: Vec<(EntryRef, CaseKey, Purpose)>,
    entries: Vec<Entry>,
    /// The slot after the last.
    pub next: Option<Slot>,
}

/// What is to be sealed, and for whom.
#[derive(Clone, Default)]
pub(in crate::runtime) struct ToSeal {
    pub pieces: Vec<Piece>,
    readers: Vec<Readers>,
    /// Which of the readers each piece is for.
    readers_of: Vec<usize>,
    /// Answers that stay on the device, by the number of their piece.
    locals: Vec<(usize, Answers)>,
}

/// Rows that change with a keeping: all or nothing.
#[derive(Default)]
struct Beside {
    /// The draft that goes.
    draft: Option<DraftId>,
    /// A mark that comes.
    mark: Option<ShelfRow>,
}

/// One thing, cut where its parts travel differently.
pub(in crate::runtime) struct Cut {
    pub case: CaseId,
    pieces: Vec<Piece>,
    local: Answers,
    level: Option<Sharing>,
}

pub(in crate::runtime) fn cut(codebook: &Codebook, keep: ToKeep) -> Cut {
    let case: CaseId = keep.case.into();
    let said = keep.sharing.as_ref().and_then(level);
    let piece = |purpose, content| Piece { case, purpose, content, source: None, again: None, attached: None };
    let mut cut = match keep.what {
        What::Sheet(sheet) => cut_sheet(codebook, sheet, &piece),
        What::Amendment(amendment, form) => {
            let form = form.and_then(|form| codebook.form(&form).cloned());
            cut_amendment(form.as_deref(), amendment, &piece)
        }
        What::Content(content) => {
            let purpose = if matches!(content, Content::Names(_)) { Purpose::Names } else { Purpose::Content };
            (vec![piece(purpose, content)], Answers::default(), None)
        }
    };
    if let Some(first) = cut.0.first_mut() {
        first.source = keep.source;
    }
    Cut { case, pieces: cut.0, local: cut.1, level: said.or(cut.2) }
}

type Parts = (Vec<Piece>, Answers, Option<Sharing>);

fn cut_sheet(codebook: &Codebook, sheet: Sheet, piece: &impl Fn(Purpose, Content) -> Piece) -> Parts {
    let level = if levels::opens(sheet.form().id.as_str()) { level_of(sheet.answers()) } else { None };
    let Some(form) = codebook.form(sheet.form()).cloned() else {
        return (vec![piece(Purpose::Content, Content::Sheet(sheet))], Answers::default(), level);
    };
    let parts = codebook::split_sealed(&form, sheet);
    let mut pieces = vec![piece(Purpose::Content, Content::Sheet(parts.sheet))];
    if !parts.sealed.is_empty() {
        pieces.push(piece(Purpose::Names, Content::Names(Names { of: PREVIOUS, answers: parts.sealed })));
    }
    (pieces, parts.local, level)
}

/// Changes of sealed questions become an amendment of their own under the second key, so that a name does not slip out by
/// being corrected.
fn cut_amendment(form: Option<&Form>, amendment: Amendment, piece: &impl Fn(Purpose, Content) -> Piece) -> Parts {
    let (mut open, mut sealed, mut local) = (Answers::default(), Answers::default(), Answers::default());
    for (id, given) in amendment.changes.iter() {
        let part = match form.and_then(|form| form.question(id.as_str())) {
            Some(question) if question.local => &mut local,
            Some(question) if question.sealed => &mut sealed,
            _ => &mut open,
        };
        part.set(id.clone(), given.clone());
    }
    let level = level_of(&open);
    let mut pieces = Vec::new();
    let with = |changes| Content::Amendment(Amendment { changes, ..amendment.clone() });
    if !open.is_empty() || sealed.is_empty() {
        pieces.push(piece(Purpose::Content, with(open)));
    }
    if !sealed.is_empty() {
        pieces.push(piece(Purpose::Names, with(sealed)));
    }
    (pieces, local, level)
}

/// Answers that stay on the device: a note under the id of the entry they belong to, in the words of `record`.
fn notes(batch: &Batch, locals: Vec<(usize, Answers)>) -> Vec<ShelfRow> {
    let mut rows = Vec::new();
    for (at, changes) in locals {
        let Some(entry) = batch.entries.get(at) else { continue };
        let note = Amendment { target: entry.id, seen: Vec::new(), reason: Code::new("local"), note: None, changes };
        let plain = Zeroizing::new(record::encode(&entry.times, None, None, &[], &Content::Amendment(note)));
        rows.push(ShelfRow {
            shelf: Shelf::Notes,
            key: entry.id.as_bytes().to_vec(),
            case: Some(entry.case.into()),
            key_id: None,
            plain,
        });
    }
    rows
}

/// The entry among kept ones that a person asked for: not the names beside it.
pub fn first_id(entries: &[Entry]) -> Option<EntryId> {
    entries.first().map(|entry| entry.id)
}
