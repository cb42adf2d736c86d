//! Retention: what a field device kept long enough goes from it, once a reader at headquarters has opened it (`DESIGN.md` section 4,
//! invariant 13). Time is the hub's, never this machine's (invariant 14).
//!
//! A reader's word on a journal (`opened`) says that everything up to a place opens, but for what another word names. Where the roster has a
//! policy `retention-days`, these words are sealed to the author's device as well. They count only from a device that reads for
//! headquarters, and the days run from the hub time at which this device heard the earliest of them that covers an entry (`heard`). A device
//! that only writes is in no audience: what readers have to tell it is a signed statement, which names numbers and nothing else.

use std::collections::HashMap;

use amanat_keys::{
    fingerprint::{CaseId, DeviceId, Digest, JournalId},
    roster::UnitKind,
    rotation::{MAX_EXCEPT, RotationWord, Said},
};
use amanat_sync::{
    batch::{Item, Limit},
    chain,
    courier::Covers,
    documents::{Document, DocumentKind},
    entry::{EntryRef, Header, Kind, SealedEntry},
    journal::{Cursor, Journal as _, State, Wanted},
};

use super::{
    erasing::{doomed, rows_of},
    heard::Heard,
};
use crate::{
    failure::Failure,
    model::{Absence, Author, Gone},
    runtime::{fault, homes::home::Home, rotation::units::names_unit},
};

/// A day of the hub's, in milliseconds.
pub(in crate::runtime) const DAY_MS: i64 = 86_400_000;

/// What keeps an entry on this device, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// Headquarters has not signed for it.
    NotReceived,
    /// It is sealed to nobody at headquarters.
    NotForHeadquarters,
    /// No reader at headquarters has said that it opens.
    NotOpened,
    /// That it opens was heard so many days ago by the hub's clock: not long enough.
    Young(u64),
    /// It may go.
    MayGo(u64),
}

/// An own entry with content, and what keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its place.
    pub at: EntryRef,
    /// Its case.
    pub case: CaseId,
    /// What keeps it.
    pub stays: Stays,
}

/// What the policy means on this device today.
#[derive(Debug, Default)]
pub struct Retention {
    /// The policy: days.
    pub days: u64,
    /// Own entries with content, in the order of the journals.
    pub entries: Vec<Kept>,
    going: Vec<SealedEntry>,
}

impl Home {
    /// What may go from this device by the roster's policy; `None` where there is no policy, or this device reads for headquarters.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn retention(&self) -> Result<Option<Retention>, Failure> {
        let Some(days) = self.trust()?.roster().retention_days().filter(|_| !self.reads_for_hq()) else {
            return Ok(None);
        };
        let mut plan = Retention { days, ..Retention::default() };
        let (mut cursor, mut slips, mut under) = (Some(Cursor::START), Vec::new(), HashMap::new());
        let received: HashMap<JournalId, (u64, u64)> = {
            let own = self.status()?.own.into_iter().filter(|own| own.state != State::Forked);
            own.map(|own| (own.journal, (own.received, own.complete))).collect()
        };
        let mut hq_slips: HashMap<EntryRef, bool> = HashMap::new();
        while let Some(after) = cursor {
            let page = self.journal.entries_after(after, Limit::BODY);
            let page = page.map_err(|error| fault::sync("reading the journal", &error))?;
            cursor = page.next;
            for entry in page.entries.into_iter().filter(|entry| entry.header.device == self.device()) {
                let slip = EntryRef { seq: entry.header.key, ..entry.at() };
                match entry.header.kind {
                    Kind::Slip => {
                        hq_slips.insert(entry.at(), self.is_for_hq(&entry.header));
                        slips.push(entry);
                    }
                    Kind::Sealed if entry.envelope.is_some() => {
                        let (entries, whole) = received.get(&entry.header.journal).copied().unwrap_or((0, 0));
                        // What an entry lists stays here until headquarters has it.
                        let upto = if entry.header.parts.is_empty() { entries } else { entries.min(whole) };
                        let stays = self.stays(&entry.header, upto, hq_slips.get(&slip) == Some(&true), days);
                        let goes = matches!(stays, Stays::MayGo(_));
                        *under.entry(slip).or_insert(true) &= goes;
                        plan.entries.push(Kept { at: entry.at(), case: entry.header.case, stays });
                        if goes {
                            plan.going.push(entry);
                        }
                    }
                    Kind::Sealed | Kind::StandIn | Kind::Later(_) => {}
                }
            }
        }
        // A slip goes with the last of what lies under it.
        plan.going.extend(slips.into_iter().filter(|slip| under.get(&slip.at()) == Some(&true)));
        Ok(Some(plan))
    }

    fn is_for_hq(&self, slip: &Header) -> bool {
        let hq = self.trust.as_ref().and_then(|trust| trust.roster().unit_of_kind(UnitKind::Headquarters));
        hq.is_some_and(|hq| names_unit(slip, &hq.id))
    }

    /// Whether this device reads for headquarters, a slip is for headquarters, and its key is not here: wrapped to a key that has not come,
    /// or that never will.
    pub(in crate::runtime) fn is_shut_to_hq(&self, slip: &Header) -> bool {
        slip.kind == Kind::Slip && self.reads_for_hq() && self.is_for_hq(slip) && !self.ring.holds(&slip.at())
    }

    fn stays(&self, header: &Header, received: u64, for_hq: bool, days: u64) -> Stays {
        if header.seq > received {
            return Stays::NotReceived;
        }
        if !for_hq {
            return Stays::NotForHeadquarters;
        }
        let since = self.trust.as_ref().and_then(|trust| self.words.since(header, trust.roster()));
        let Some(since) = since else { return Stays::NotOpened };
        let age = self.hub_ms.map_or(0, |now| now.saturating_sub(since) / DAY_MS);
        let age = u64::try_from(age).unwrap_or(0);
        if age >= days { Stays::MayGo(age) } else { Stays::Young(age) }
    }

    /// Drops what may go.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn apply_retention(&mut self, plan: Retention) -> Result<Vec<Gone>, Failure> {
        let targets: Vec<_> = plan.going.iter().map(doomed).collect();
        let dropped = self.journal.erase(&targets, &rows_of(&plan.going));
        dropped.map_err(|error| fault::sync("dropping what headquarters has opened", &error))?;
        self.drop_parts(&plan.going);
        for slip in plan.going.iter().filter(|entry| entry.header.wraps()).map(SealedEntry::at) {
            self.ring.retire(&slip);
            self.ring.forget(&slip);
        }
        Ok(plan.going.iter().filter_map(at_headquarters).collect())
    }

    /// After a pass, which covers so much: drops what may go, when there is a new word or a new day. `stood`: words without a time that were
    /// here before it.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn retain(&mut self, covers: Covers, stood: &[Heard]) -> Result<Vec<Gone>, Failure> {
        let Some(now) =
            self.hub_ms.filter(|_| self.trust.as_ref().is_some_and(|t| t.roster().retention_days().is_some()))
        else {
            return Ok(Vec::new());
        };
        self.date_words(covers, stood)?;
        if !self.words.is_new(now / DAY_MS) {
            return Ok(Vec::new());
        }
        let gone = self.retention()?.map(|plan| self.apply_retention(plan)).transpose()?.unwrap_or_default();
        self.words.note_looked(now / DAY_MS);
        Ok(gone)
    }

    /// Tells authors whose devices only write that their journals open here up to these places, but for what does not: a statement each, since
    /// nothing can be sealed to them. Whether there was anything to tell.
    pub(in crate::runtime) fn tell_those_who_only_write(
        &mut self,
        up_to: &std::collections::BTreeMap<(DeviceId, JournalId), u64>,
    ) -> Result<bool, Failure> {
        let (agency, by, mut told) = (self.agency()?, self.device(), false);
        for ((device, journal), last) in up_to {
            let roster = self.trust()?.roster();
            let listed = roster.device(device).filter(|listed| listed.is_active());
            if listed.is_none_or(|listed| roster.device_reader(listed).is_some()) {
                continue;
            }
            let (device, journal, last) = (*device, *journal, *last);
            let Some(link) = self.place_link(device, journal, last)? else { continue };
            let mut except = self.bare_in(&device, &journal, last)?;
            except.extend(self.words.failed_in(&device, &journal, last));
            except.sort_unstable();
            except.dedup();
            // More fit in no word, and would leave little to rely on.
            if except.len() > MAX_EXCEPT {
                continue;
            }
            let said = Said::Read { except };
            let word = RotationWord { agency, by, serial: last, device, journal, last, link, said };
            let (about, bytes) = (word.about(), word.sign(&self.signer()).to_bytes());
            self.file(&Document { kind: DocumentKind::RotationCertificate, about, version: last, bytes })?;
            told = true;
        }
        Ok(told)
    }

    /// Numbers of a journal up to a place of which nothing but the hash came: what a hub holds back was read by nobody here.
    fn bare_in(&self, device: &DeviceId, journal: &JournalId, upto: u64) -> Result<Vec<u64>, Failure> {
        let (mut bare, mut seq) = (Vec::new(), 0);
        while seq < upto {
            let page = self.journal.sealed_of((*device, *journal), seq, Limit::BODY);
            let page = page.map_err(|error| fault::sync("reading the journal", &error))?;
            let Some(last) = page.last() else { break };
            bare.extend(page.bare().filter(|at| *at <= upto));
            seq = last;
        }
        Ok(bare)
    }

    /// The link of a journal at a place that is held.
    pub(in crate::runtime) fn place_link(
        &self,
        device: DeviceId,
        journal: JournalId,
        seq: u64,
    ) -> Result<Option<Digest>, Failure> {
        let wanted = Wanted::After { device, journal, seq: seq.saturating_sub(1) };
        let runs = self.journal.pending(&wanted, Limit { items: 1, bytes: 1 });
        let runs = runs.map_err(|error| fault::sync("reading the journal", &error))?;
        let run = runs.first().filter(|run| run.first == seq);
        Ok(run.and_then(|run| run.items.first().map(Item::hash).map(|hash| chain::link(&run.before, &hash))))
    }

    /// Whether a reader at headquarters has said that an own entry, or what an own slip is for, opens.
    pub fn headquarters_opened(&self, header: &Header) -> bool {
        self.trust.as_ref().is_some_and(|trust| self.words.since(header, trust.roster()).is_some())
    }
}

/// An own entry without its envelope that no order names.
pub(in crate::runtime) fn at_headquarters(entry: &SealedEntry) -> Option<Gone> {
    let EntryRef { device, journal, seq } = entry.at();
    (entry.header.kind == Kind::Sealed).then(|| Gone {
        id: crate::runtime::border::entry_id(&entry.hash()),
        case: entry.header.case.into(),
        author: Author { device: device.into(), journal: journal.into(), seq },
        why: Absence::AtHeadquarters,
    })
}
