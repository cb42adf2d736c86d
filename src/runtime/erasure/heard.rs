//! What readers at headquarters say opens there, and the hub time at which this device can be sure to have heard it.
//!
//! The hub time that a word itself names is the newest that its reader knew, which is that of the last arrival at the hub: where nothing had
//! arrived for long, it lies far before the reading. So the days of retention run from a time of this device's own: the newest that the hub
//! had signed once a pass was through that brought the word, or found it at the hub. What the hub serves and what it is handed is under
//! the checkpoint that it answers with; that one is no earlier than the word. A word that came with a device's stick, or with a pass that was
//! cut, waits for such a pass. The first such time is kept in a row (`Mark::Opens`), one a day of each reader and journal.

use std::collections::{HashMap, HashSet};

use amanat_keys::{
    fingerprint::{DeviceId, JournalId},
    roster::{Roster, UnitKind},
    rotation::{RotationWord, Said},
};
use amanat_sync::{
    courier::Covers,
    entry::{EntryRef, Header},
};

use crate::{
    failure::Failure,
    model::{Author, Content, Entry},
    runtime::{
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
    },
};

/// When a word was heard of which no hub has told the time: never, so that nothing goes by it.
const UNDATED: i64 = i64::MAX;

/// That a journal opens: who says so, up to where, and the hub time at which that was heard.
type Word = (DeviceId, u64, i64);

/// That an own journal opens at headquarters up to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Heard {
    /// The reader who says so.
    pub(in crate::runtime) reader: DeviceId,
    /// The journal.
    pub(in crate::runtime) journal: JournalId,
    /// Up to here.
    pub(in crate::runtime) last: u64,
}

/// Readers' words that were opened here.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Words {
    /// By journal.
    opened: HashMap<(DeviceId, JournalId), Vec<Word>>,
    /// What does not open, and who said it.
    shut: HashSet<(EntryRef, DeviceId)>,
    /// Places that did not open on this device, and have to be named when it speaks of their journal.
    failed: HashSet<EntryRef>,
    /// The hub's day and the number of words when it was last looked what may go.
    looked: Option<(i64, usize)>,
}

impl Words {
    /// Takes in what opened entries say.
    pub(in crate::runtime) fn learn(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Content::Opened(word) = &entry.content else { continue };
            let (reader, place) = (entry.author.device.into(), at(&word.place));
            if word.opens {
                let words = self.opened.entry((place.device, place.journal)).or_default();
                match words.iter_mut().find(|(by, _, ms)| (*by, *ms) == (reader, UNDATED)) {
                    Some((_, upto, _)) => *upto = place.seq.max(*upto),
                    None => words.push((reader, place.seq, UNDATED)),
                }
            } else {
                self.shut.insert((place, reader));
            }
        }
    }

    /// Notes what does not open here.
    pub(in crate::runtime) fn note_failed(&mut self, places: impl IntoIterator<Item = EntryRef>) {
        self.failed.extend(places);
    }

    /// Takes in what a reader says of a journal in a statement, heard at this hub time.
    fn hear(&mut self, word: &RotationWord, ms: i64) {
        let Said::Read { except } = &word.said else { return };
        let place = |seq: &u64| EntryRef { device: word.device, journal: word.journal, seq: *seq };
        self.shut.extend(except.iter().map(|seq| (place(seq), word.by)));
        self.date(word.device, &Heard { reader: word.by, journal: word.journal, last: word.last }, ms);
    }

    fn date(&mut self, device: DeviceId, heard: &Heard, ms: i64) {
        let words = self.opened.entry((device, heard.journal)).or_default();
        if !words.contains(&(heard.reader, heard.last, ms)) {
            words.push((heard.reader, heard.last, ms));
        }
    }

    /// Words on a device's own journals that no earlier one with a time covers.
    pub(in crate::runtime) fn undated(&self, device: &DeviceId) -> Vec<Heard> {
        let own = self.opened.iter().filter(|((author, _), _)| author == device);
        own.flat_map(|((_, journal), words)| {
            let dated = |reader: &DeviceId| {
                let of_them = words.iter().filter(|(by, _, ms)| by == reader && *ms != UNDATED);
                of_them.map(|(_, upto, _)| *upto).max().unwrap_or(0)
            };
            let undated = words.iter().filter(|(_, _, ms)| *ms == UNDATED);
            let beyond = undated.filter(move |(reader, upto, _)| *upto > dated(reader));
            beyond.map(|(reader, upto, _)| Heard { reader: *reader, journal: *journal, last: *upto })
        })
        .collect()
    }

    /// Numbers of a journal up to a place that do not open here.
    pub(super) fn failed_in(&self, device: &DeviceId, journal: &JournalId, upto: u64) -> Vec<u64> {
        let of_it = |place: &&EntryRef| (place.device, place.journal) == (*device, *journal) && place.seq <= upto;
        self.failed.iter().filter(of_it).map(|place| place.seq).collect()
    }

    /// What has to be named of a journal up to a place before its author may rely on the word that the rest opens.
    pub(in crate::runtime) fn untold(
        &self,
        journal: &(DeviceId, JournalId),
        upto: u64,
        me: &DeviceId,
    ) -> Vec<EntryRef> {
        let of_it = |place: &&EntryRef| (place.device, place.journal) == *journal && place.seq <= upto;
        let untold = self.failed.iter().filter(of_it).filter(|place| !self.shut.contains(&(**place, *me)));
        untold.copied().collect()
    }

    /// The hub time at which the earliest word of a reader at headquarters was heard that covers an entry and its slip.
    pub(super) fn since(&self, header: &Header, roster: &Roster) -> Option<i64> {
        let reads = |reader: &DeviceId| reads_for_hq(roster, reader);
        let (entry, slip) = (header.at(), EntryRef { seq: header.key, ..header.at() });
        if self.shut.iter().any(|(place, reader)| (*place == entry || *place == slip) && reads(reader)) {
            return None;
        }
        let words = self.opened.get(&(header.device, header.journal))?.iter();
        words.filter(|(reader, upto, _)| *upto >= header.seq && reads(reader)).map(|(_, _, ms)| *ms).min()
    }

    /// Whether there is a day or a word that was not looked at.
    pub(super) fn is_new(&self, day: i64) -> bool {
        self.looked != Some((day, self.count()))
    }

    pub(super) fn note_looked(&mut self, day: i64) {
        self.looked = Some((day, self.count()));
    }

    fn count(&self) -> usize {
        self.opened.values().map(Vec::len).sum()
    }
}

/// Whether a device reads for headquarters today.
pub(in crate::runtime) fn reads_for_hq(roster: &Roster, device: &DeviceId) -> bool {
    let hq = roster.unit_of_kind(UnitKind::Headquarters);
    roster.device(device).zip(hq).is_some_and(|(device, hq)| device.is_active() && roster.reads_for(device, &hq.id))
}

impl Home {
    /// Hears what readers at headquarters say of this device's journals in statements, and notes when that was: of each only the newest is
    /// handed on, and what it covered first would become young again with every new one. What has no time now is noted as well, so that an
    /// older stick of the hub's gives it none. And takes up the times of earlier words.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn hear_readers(&mut self, covers: Covers) -> Result<(), Failure> {
        if !self.retains() {
            return Ok(());
        }
        let rows = marks::few(&self.journal).map_err(|error| fault::sync("reading the home's notes", &error))?;
        let me = self.device();
        marks::opens(&rows).for_each(|(heard, ms)| self.words.date(me, &heard, ms));
        if !self.writes_only() {
            return Ok(());
        }
        let mut heard: Vec<(RotationWord, i64)> = marks::read_by(&rows).collect();
        let of_ours = |word: &RotationWord| word.device == me && matches!(word.said, Said::Read { .. });
        for word in self.rotation_words()?.into_iter().filter(of_ours) {
            let same = |held: &RotationWord| (held.by, held.journal, held.last) == (word.by, word.journal, word.last);
            let known = heard.iter().filter(|(held, _)| same(held)).map(|(_, ms)| *ms).min();
            let ms = match (covers, known) {
                (_, Some(ms)) if ms != UNDATED => continue,
                (Covers::All, _) | (Covers::WhatCame, None) => self.hub_ms.unwrap_or(UNDATED),
                (Covers::WhatCame | Covers::Nothing, Some(_)) => continue,
                (Covers::Nothing, None) => UNDATED,
            };
            if self.place_link(word.device, word.journal, word.last)? == Some(word.link) {
                self.remember(&Mark::ReadBy(&word, ms))?;
                heard.push((word, ms));
            }
        }
        heard.iter().for_each(|(word, ms)| self.words.hear(word, *ms));
        Ok(())
    }

    /// Notes the hub's time for words that are sure to be older: all of them after a whole pass, those that it brought after a stick of the
    /// hub's. `stood`: those that were here before.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(super) fn date_words(&mut self, covers: Covers, stood: &[Heard]) -> Result<(), Failure> {
        let (me, Some(ms)) = (self.device(), self.hub_ms) else { return Ok(()) };
        if !self.retains() || covers == Covers::Nothing {
            return Ok(());
        }
        for heard in self.words.undated(&me) {
            if covers == Covers::All || !stood.contains(&heard) {
                self.remember(&Mark::Opens(&heard, ms))?;
                self.words.date(me, &heard, ms);
            }
        }
        Ok(())
    }

    fn retains(&self) -> bool {
        self.trust.as_ref().is_some_and(|trust| trust.roster().retention_days().is_some())
    }
}

fn at(place: &Author) -> EntryRef {
    EntryRef { device: place.device.into(), journal: place.journal.into(), seq: place.seq }
}
