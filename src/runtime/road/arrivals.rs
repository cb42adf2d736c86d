//! After a pass: what arrived is taken over — newer rosters and unit keys first, then entries, which are opened and folded. A
//! headquarters reader also says which slips open (`FORMATS.md` section 4).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use amanat_keys::{
    audience::Sharing,
    fingerprint::{CaseId, DeviceId, Digest, JournalId, UnitId},
    roster::UnitKind,
};
use amanat_sync::{
    courier::Outcome,
    entry::{EntryRef, Kind, SealedEntry},
    journal::{Journal as _, KnownHead},
};

use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{self, Author, Content, Entry, EntryId},
    runtime::{
        border::entry_id,
        entries::{
            cut_off::Unproven,
            keep::{ToKeep, What, Whom},
            opening::Opener,
            replay::Replayed,
        },
        erasure::heard::reads_for_hq,
        fault,
        homes::{home::Home, membership::Adopted},
    },
};

/// What a pass brought home.
#[derive(Debug, Default)]
pub struct Arrived {
    /// Rosters and keys.
    pub adopted: Adopted,
    /// Entries that opened and count in their case.
    pub entries: Vec<Entry>,
    /// Entries of ours that had to be kept again in a new journal.
    pub kept_again: u64,
    /// Those that could not be, because this device only writes and cannot open them.
    pub closed_behind: u64,
    /// What did not open, what is offered, what is closed, what is gone.
    pub replayed: Replayed,
    /// What could not be done after the entries had been opened: they count all the same.
    pub afterwards: Vec<Failure>,
}

impl Home {
    /// Takes over what a pass brought.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn take_home(&mut self, codebook: &Codebook, outcome: &Outcome) -> Result<Arrived, Failure> {
        let mut arrived = Arrived { adopted: self.adopt_documents()?, ..Arrived::default() };
        if let Some(roster) = self.trust.as_ref().map(|trust| trust.roster()) {
            self.belonging.follow(roster);
        }
        self.hub_ms = self.hub_ms.max(outcome.hub_time.and_then(|ms| i64::try_from(ms).ok()));
        let heard = self.hear_readers(outcome.covers);
        let stood = self.words.undated(&self.device());
        let mut new = self.new_entries()?;
        let found = u64::try_from(new.len()).unwrap_or(u64::MAX);
        // Before anything is opened or kept again: what is erased must not come back under another number.
        let mut done = self.erase_what_is_due(&new)?;
        new.retain(|entry| !done.places.contains(&entry.at()));
        let shut = self.shut_out(&mut new)?;
        let lets_go = arrived.adopted.roster.is_some() && self.writes_only();
        if lets_go {
            arrived.afterwards.extend(self.finish_handing_in().err());
        }
        let again = self.keep_again(outcome)?;
        (arrived.kept_again, arrived.closed_behind) = (again.count, again.closed);
        let opens_older =
            lets_go || !arrived.adopted.keys.is_empty() || found < outcome.pulled || self.opens_older(&new)?;
        // And once in each sitting: a program that ended between a key and the word has it said by the next.
        let anew = opens_older
            || arrived.adopted.roster.is_some()
            || outcome.parts.arrived > 0
            || !std::mem::replace(&mut self.said_anew, true);
        if opens_older {
            // A unit's key opens what was closed before, and a place that was elided may have been filled below our marks.
            let mut entries = Vec::new();
            match self.replay(|page, _so_far| entries.extend(page)) {
                Ok(replayed) => arrived.replayed = replayed,
                Err(failure) => arrived.afterwards.push(failure),
            }
            arrived.entries = entries;
        } else {
            arrived.entries = self.open_new(&new, &mut arrived);
        }
        arrived.entries.extend(again.entries.into_iter().chain(done.again));
        arrived.replayed.gone.append(&mut done.gone);
        arrived.replayed.closed = arrived.replayed.closed.saturating_add(shut);
        arrived.afterwards.append(&mut done.afterwards);
        let replayed = std::mem::take(&mut arrived.replayed.afterwards);
        arrived.afterwards.extend(replayed);
        // They are marked as read: whatever fails from here on is told beside them and never instead of them.
        let unread = self.unread(&new, &arrived);
        self.words.note_failed(unread);
        let said = self.say_what_opens(codebook, &new, &arrived.replayed);
        let said = said.map(|told| arrived.adopted.wrapped |= told);
        self.follow_rotations(&new, anew, &mut arrived);
        self.lock_key_pages();
        match self.retain(outcome.covers, &stood) {
            Ok(gone) => arrived.replayed.gone.extend(gone),
            Err(failure) => arrived.afterwards.push(failure),
        }
        let known = self.journal.heads().map_err(|error| fault::sync("reading the journal", &error));
        let noted = known.and_then(|known| self.note_heads(&known));
        let aside = self.note_aside(outcome);
        arrived.afterwards.extend([heard, said, noted, aside].into_iter().filter_map(Result::err));
        Ok(arrived)
    }

    /// What others put in the place of older envelopes is opened and vouched for, what is vouched for lets the older go, and late slips
    /// to a key that was rotated here are rewrapped. `anew`: whether what did not open before may open by now.
    fn follow_rotations(&mut self, new: &[SealedEntry], anew: bool, arrived: &mut Arrived) {
        match self.say_stand_ins_open(new, anew) {
            Ok(said) => arrived.adopted.wrapped |= said,
            Err(failure) => arrived.afterwards.push(failure),
        }
        match self.refuse_lies(new) {
            Ok(told) => arrived.replayed.failed.extend(told),
            Err(failure) => arrived.afterwards.push(failure),
        }
        match self.let_older_go() {
            Ok(said) => arrived.adopted.wrapped |= said,
            Err(failure) => arrived.afterwards.push(failure),
        }
        match self.let_in_late(new, &arrived.entries) {
            Ok(opened) => arrived.adopted.wrapped |= opened > 0,
            Err(failure) => arrived.afterwards.push(failure),
        }
        match self.rewrap_late() {
            Ok(late) => arrived.adopted.wrapped |= late > 0,
            Err(failure) => arrived.afterwards.push(failure),
        }
    }

    /// Remembers how far others' journals have been opened.
    pub(in crate::runtime) fn mark_read(&mut self) -> Result<(), Failure> {
        let known = self.journal.heads().map_err(|error| fault::sync("reading the journal", &error))?;
        self.read_up_to = known.iter().filter(|known| known.own.is_none()).map(place).collect();
        Ok(())
    }

    /// Entries of others above what has been opened.
    fn new_entries(&mut self) -> Result<Vec<SealedEntry>, Failure> {
        let doing = "reading what arrived";
        let known = self.journal.heads().map_err(|error| fault::sync(doing, &error))?;
        let (mut new, mut read) = (Vec::new(), Vec::new());
        for known in known.iter().filter(|known| known.own.is_none()) {
            let (key, head) = place(known);
            let from = self.read_up_to.get(&key).copied().unwrap_or(0);
            if from < head {
                self.each_held((known.device, known.journal), from, |entries| {
                    // What comes meanwhile lies behind the mark that is set below, and is read the next time.
                    new.extend(entries.into_iter().filter(|entry| entry.header.seq <= head));
                    Ok(())
                })?;
            }
            read.push((key, head));
        }
        // Only when all of it has been read: a failure in between must not leave some of it marked.
        self.read_up_to.extend(read);
        Ok(new)
    }

    fn open_new(&mut self, new: &[SealedEntry], arrived: &mut Arrived) -> Vec<Entry> {
        let replayed = &mut arrived.replayed;
        let (mut inside, mut waiting) = (Vec::with_capacity(new.len()), Vec::new());
        let unproven = self.unproven().unwrap_or_else(|error| {
            // What cannot be proven now is not shown now: the next unlocking looks again.
            arrived.afterwards.push(fault::sync("reading what arrived", &error));
            Unproven::all_of(new)
        });
        let mut refused = Vec::new();
        for entry in new {
            self.note_rewrap(&entry.header);
            if let Some(why) = unproven.word(entry) {
                refused.push((entry.at(), why));
                continue;
            }
            if self.erasures.note(&entry.header) {
                continue;
            }
            if self.belonging.note(&entry.header) || !entry.header.understood() {
                inside.push(entry.clone());
            } else {
                waiting.push(entry.clone());
            }
        }
        let mut belonging = std::mem::take(&mut self.belonging);
        let (late, offered) = belonging.settle(waiting, || self.tenure());
        self.belonging = belonging;
        inside.extend(late);
        replayed.offered.extend(offered.iter().map(SealedEntry::at));
        arrived.afterwards.extend(self.file_firsts().err());
        let identities = self.identities();
        let opened = Opener::new(&self.ring, &identities, true).open_all(inside);
        replayed.closed = opened.closed;
        replayed.opened = u64::try_from(opened.entries.len()).unwrap_or(u64::MAX);
        replayed.failed = opened.failed;
        replayed.failed.extend(refused);
        // The slips can be opened again: a disk that is full now costs time at the next unlocking and no entry now.
        arrived.afterwards.extend(self.take_keys(opened.keys, replayed).err());
        self.learn(&opened.entries);
        opened.entries
    }

    /// An HQ reader's word: one entry for each journal says "every slip up to here opens", and one more for each slip that
    /// does not, in a case of this device's own that the author's unit reads as well. So an import of twenty thousand cases costs
    /// one entry and not twenty thousand, and a garbage stanza still alarms the author's supervisor. Whether there is something to hand on beside it.
    fn say_what_opens(
        &mut self,
        codebook: &Codebook,
        new: &[SealedEntry],
        replayed: &Replayed,
    ) -> Result<bool, Failure> {
        // A reader whose unit's key has not come yet opens nothing, and can say nothing of it.
        let hq = self.trust()?.roster().unit_of_kind(UnitKind::Headquarters);
        let holds = hq.is_some_and(|hq| self.holds_key_of(hq));
        if !holds || !self.reads_for_hq() || self.listed().is_err() {
            return Ok(false);
        }
        let ours: std::collections::HashSet<_> = self.identities().into_keys().collect();
        let for_us = |entry: &&SealedEntry| {
            entry.header.kind == Kind::Slip && entry.header.audience.iter().any(|reader| ours.contains(&reader.key))
        };
        let roster = self.trust()?.roster();
        // Where copies in the field may go by it, the word is on content as well, and reaches the author. Readers tell each other
        // nothing: they would never end.
        let retained = roster.retention_days().is_some();
        let spoken_of = |entry: &&SealedEntry| {
            for_us(entry)
                || retained && entry.header.kind == Kind::Sealed && !reads_for_hq(roster, &entry.header.device)
        };
        let mut up_to: BTreeMap<(DeviceId, JournalId), u64> = BTreeMap::new();
        for entry in new.iter().filter(spoken_of) {
            let mark = up_to.entry((entry.header.device, entry.header.journal)).or_default();
            *mark = (*mark).max(entry.header.seq);
        }
        let failed: HashMap<&EntryRef, ()> = replayed.failed.iter().map(|(at, _)| (at, ())).collect();
        let shut: Vec<EntryRef> =
            new.iter().filter(for_us).map(SealedEntry::at).filter(|at| failed.contains_key(at)).collect();
        let me = self.device();
        let mut shut: BTreeSet<EntryRef> = shut.into_iter().collect();
        if retained {
            shut.extend(up_to.iter().flat_map(|(journal, seq)| self.words.untold(journal, *seq, &me)));
        }
        // What does not open is said first: a word that is cut off must not leave the other standing alone.
        for at in shut {
            self.say(codebook, at, false)?;
        }
        for ((device, journal), seq) in &up_to {
            self.say(codebook, EntryRef { device: *device, journal: *journal, seq: *seq }, true)?;
        }
        if retained { self.tell_those_who_only_write(&up_to) } else { Ok(false) }
    }

    fn say(&mut self, codebook: &Codebook, at: EntryRef, opens: bool) -> Result<(), Failure> {
        let unit = self.unit_of(&at.device)?;
        let place = Author { device: at.device.into(), journal: at.journal.into(), seq: at.seq };
        let content = Content::Opened(model::Opened { place, opens });
        let author = self.trust()?.roster().retention_days().map(|_| at.device);
        let case = duty_case(&self.device(), &unit, author.as_ref());
        let keep = ToKeep { case: case.into(), what: What::Content(content), source: None, draft: None, sharing: None };
        let kept = self.keep_for(
            codebook,
            keep,
            Some(Whom { unit, level: Sharing::H2, devices: author.into_iter().collect(), also: Vec::new() }),
        )?;
        self.words.learn(&kept);
        Ok(())
    }

    /// What this device received and did not read: the word on the rest must not cover it.
    fn unread(&self, new: &[SealedEntry], arrived: &Arrived) -> Vec<EntryRef> {
        let replayed = &arrived.replayed;
        let read: BTreeSet<EntryId> = arrived.entries.iter().map(|entry| entry.id).collect();
        // Its key came by a rewrap, or its content by a reseal.
        let replaced = |entry: &SealedEntry| match entry.header.kind {
            Kind::Slip => self.ring.holds(&entry.at()),
            _ => read.contains(&entry_id(&entry.hash())),
        };
        let lost = |entry: &&SealedEntry| {
            entry.envelope.is_none()
                && self.erasures.names(entry).is_none()
                && !self.went_along(entry).unwrap_or_default()
        };
        let bare = new.iter().filter(lost).filter(|entry| !replaced(entry));
        let apart = replayed.failed.iter().map(|(at, _)| *at).chain(replayed.offered.iter().copied());
        let shut = new
            .iter()
            .filter(|entry| entry.envelope.is_some() && self.is_shut_to_hq(&entry.header))
            .map(SealedEntry::at);
        bare.map(SealedEntry::at).chain(apart).chain(shut).collect()
    }

    fn unit_of(&self, device: &DeviceId) -> Result<UnitId, Failure> {
        let roster = self.trust()?.roster();
        let role = roster.member_of(device).and_then(|member| member.roles.first());
        Ok(role.map_or(self.unit()?.id, |(_, unit)| *unit))
    }
}

/// The case in which a reader's device tells one unit, or one author, what opens: always the same, so that it costs one slip.
fn duty_case(reader: &DeviceId, unit: &UnitId, author: Option<&DeviceId>) -> CaseId {
    let mut case = [0; 16];
    let parts: Vec<&[u8]> =
        [Some(&reader.as_bytes()[..]), Some(unit.as_bytes()), author.map(|author| &author.as_bytes()[..])]
            .into_iter()
            .flatten()
            .collect();
    if let Some((half, _)) = Digest::tagged("duty-case", &parts).as_bytes().split_first_chunk() {
        case = *half;
    }
    CaseId::from_bytes(case)
}

fn place(known: &KnownHead) -> ((DeviceId, JournalId), u64) {
    ((known.device, known.journal), known.head.seq)
}
