//! The trip itself: the order of its steps, and what every step needs.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use amanat_keys::fingerprint::{Digest, JournalId};
use amanat_keys::trust::Trust;

use super::mending::{Patience, Tails};
use super::outcome::{Covers, End, Outcome, Party, Trouble};
use super::{hand_on, lacking, news, papers, parts, pull, push};
use crate::documents::DocumentKind;
use crate::error::SyncError;
use crate::journal::{Filed, Filing, Journal, KnownHead, NewJournal, State, Status};
use crate::part_files::PartFiles;
use crate::road::Place;
use crate::transport::{RefusalReason, Transport};
use crate::wire::team::SelfReport;

/// What a courier remembers between passes; nothing is lost with it but a request or two.
#[derive(Debug, Default)]
pub struct Courier {
    /// What of our documents was offered to the hub last: it is not offered twice.
    pub(super) offered: Option<Digest>,
    /// Whether the last push came to its end with an answer. If not, the hub may hold more than it has signed for.
    pub(super) answered: bool,
    /// Where sealed attachments lie; without it entries travel alone.
    pub(super) parts: Option<PartFiles>,
    /// How often what came damaged has been asked for in vain.
    pub(super) patience: Patience,
    /// Whether all that was set aside and is to be asked for is known to be noted.
    pub(super) noted: bool,
    /// Journals whose newest entries came damaged.
    pub(super) tails: Tails,
    /// Own forked journals whose other history was asked for since this program began.
    pub(super) evidence: BTreeSet<JournalId>,
    /// Forked journals of which a hub was offered what it once signed for, and in which epoch.
    pub(super) agreed: BTreeMap<JournalId, u64>,
    /// Own journals of which what lies behind the last place that the hub holds whole was offered again, and that place.
    pub(super) offered_whole: BTreeMap<JournalId, u64>,
    names: Names,
}

impl Courier {
    /// A courier that carries attachments too.
    #[must_use]
    pub fn with_parts(parts: PartFiles) -> Self {
        Self { parts: Some(parts), ..Self::default() }
    }

    /// One whose journals are named by the caller and not at random: a pass then has no chance of its own at all.
    #[must_use]
    pub fn naming(name: impl FnMut() -> JournalId + Send + 'static) -> Self {
        Self { names: Names(Box::new(name)), ..Self::default() }
    }
}

/// Who names the journals that a pass begins.
struct Names(Box<dyn FnMut() -> JournalId + Send>);

impl Default for Names {
    fn default() -> Self {
        Self(Box::new(JournalId::random))
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

/// A pass under way.
pub(super) struct Trip<'a> {
    pub(super) courier: &'a mut Courier,
    pub(super) journal: &'a mut dyn Journal,
    pub(super) road: &'a mut dyn Transport,
    pub(super) party: Party,
    pub(super) trust: &'a mut Trust,
    /// Hash of the newest checkpoint on file, for every request.
    pub(super) seen: Digest,
    /// Own journals that were found forked in this pass, and the first number that differs: nothing of them is offered any
    /// more, and what the hub has of them from there on is fetched once.
    pub(super) forked: BTreeMap<JournalId, u64>,
    /// Whether the words come from a stick: they may be old, or of journals that are not here, and nothing is wrong with that.
    pub(super) stick: bool,
    /// Own journals of which less is received since an epoch counts, and what was: told when the hub has said what it has.
    pub(super) fell: Vec<(JournalId, u64)>,
    /// A question that left with a push, and the page that came with the answer.
    pub(super) ahead: Option<pull::Ahead>,
    /// Whether the hub has said that its disk is full: nothing more is brought in this pass.
    pub(super) full: bool,
    pub(super) outcome: Outcome,
}

/// Runs one trip to the hub and back.
///
/// `trust` moves when newer rosters arrive ([`Outcome::roster`]). The journal is written as the answers come, so a pass that
/// is cut anywhere has lost nothing, and the next one goes on from there.
pub fn pass(
    courier: &mut Courier,
    journal: &mut dyn Journal,
    road: &mut dyn Transport,
    party: Party,
    trust: &mut Trust,
) -> Outcome {
    let mut trip = Trip::new(courier, journal, road, party, trust);
    if let Err(end) = trip.run() {
        trip.outcome.end = end;
    }
    trip.outcome
}

impl<'a> Trip<'a> {
    pub(super) fn new(
        courier: &'a mut Courier,
        journal: &'a mut dyn Journal,
        road: &'a mut dyn Transport,
        party: Party,
        trust: &'a mut Trust,
    ) -> Self {
        let (seen, forked, outcome) = (Digest::ZERO, BTreeMap::new(), Outcome::nothing());
        Self {
            courier,
            journal,
            road,
            party,
            trust,
            seen,
            forked,
            stick: false,
            fell: Vec::new(),
            ahead: None,
            full: false,
            outcome,
        }
    }
}

impl Trip<'_> {
    fn run(&mut self) -> Result<(), End> {
        self.seen = self.journal.status(&self.party.hub).map_err(End::Local)?.checkpoint.map_or(Digest::ZERO, |c| c.1);
        let before = self.trust.roster_version();
        let done = self.steps();
        if done.is_err() {
            // A pass that breaks may have heard it, and the next one hears it no more.
            self.tell_epoch()?;
        }
        if done.as_ref().is_err_and(End::may_be_mended_by_rosters) {
            // What this meets is of no matter beside that: the pass ends with it, and a newer roster is there or it is not.
            if let Err(fault @ End::Local(_)) = papers::over_an_unlisted_key(self) {
                return Err(fault);
            }
        }
        if matches!(&done, Err(End::Refused(refusal)) if refusal.reason == RefusalReason::Revoked)
            && let Err(fault @ End::Local(_)) = papers::of_a_revoked(self)
        {
            return Err(fault);
        }
        if self.trust.roster_version() != before {
            self.outcome.roster = Some(self.trust.roster_version());
        }
        done
    }

    fn steps(&mut self) -> Result<(), End> {
        // A hub whose disk is full takes nothing and gives what it has: the pass ends with that word, and first it fetches.
        let full = unless_full(push::push(self, true).and_then(|()| hand_on::hand_on(self)))?;
        // What the push was answered with tells whether there is any paper to fetch; without a push the pull tells.
        let full = full.or(unless_full(papers::exchange_if_news(self))?);
        let epoch = self.status()?.epoch;
        pull::pull(self)?;
        if let Some(seconds) = full {
            self.full = true;
            self.tell_epoch()?;
            parts::fetch_asked(self)?;
            return Err(End::Full(seconds));
        }
        if self.outcome.hub_time.is_some() {
            self.outcome.covers = Covers::All;
        }
        // What came with the answer was that the hub has begun anew: what it lost is offered again before we part.
        if self.status()?.epoch > epoch {
            push::push(self, false)?;
            hand_on::hand_on(self)?;
        }
        self.tell_epoch()?;
        parts::carry(self)?;
        lacking::offer(self)
    }

    /// Says what fell with an epoch that counts now, and that the hub is in one that does not.
    pub(super) fn tell_epoch(&mut self) -> Result<(), End> {
        let status = self.status()?;
        self.tell_fallen(&status);
        if status.epoch > status.vouched {
            self.outcome.tell(Trouble::NewEpoch { epoch: status.epoch });
        }
        Ok(())
    }

    /// Says with the next requests how things stand here.
    pub(super) fn reports(&mut self) -> Result<(), End> {
        let status = self.status()?;
        let (roster, waiting, aside) = (self.trust.roster_version(), status.waiting(), status.quarantined);
        self.road.reports(SelfReport { roster, waiting, aside, clock: 0 });
        Ok(())
    }

    pub(super) fn status(&self) -> Result<Status, End> {
        self.journal.status(&self.party.hub).map_err(End::Local)
    }

    /// The highest epoch of this hub for which an admin's word is on file; it was proven when it came.
    pub(super) fn spoken_for(&self) -> Result<u64, End> {
        let filed = self.journal.documents().map_err(End::Local)?.into_iter().filter(|filed| !filed.rival);
        let about = Digest::from_bytes(*self.party.hub.as_bytes());
        let words =
            filed.map(|filed| filed.document).filter(|word| (word.kind, word.about) == (DocumentKind::Epoch, about));
        Ok(words.map(|word| word.version).max().unwrap_or(0))
    }

    /// Lets an epoch count that the hub has begun and an admin has spoken for.
    pub(super) fn vouch(&mut self) -> Result<(), End> {
        let status = self.status()?;
        if status.epoch <= status.vouched {
            return Ok(());
        }
        let vouched = self.spoken_for()?.min(status.epoch);
        if vouched > status.vouched {
            let hub = self.party.hub;
            self.take_word(
                &Filing {
                    hub,
                    receipts: Vec::new(),
                    checkpoint: None,
                    vouched,
                    again: 0,
                    remember: Default::default(),
                },
                &status,
            )?;
        }
        Ok(())
    }

    /// Files words of the hub; where an epoch begins to count, what fell with it is told.
    fn take_word(&mut self, filing: &Filing, before: &Status) -> Result<Filed, End> {
        let filed = self.journal.file_receipt(filing).map_err(End::Local)?;
        let after = self.status()?;
        if after.epoch > before.epoch {
            // It may hold less than it did: it is asked before anything is sent twice.
            self.courier.answered = false;
        }
        // What an epoch began to count with is told once the hub has said what it still has.
        self.tell_fallen(&after);
        if after.vouched > before.vouched {
            let fell = before.own.iter().zip(&after.own).filter(|(was, is)| is.received < was.received);
            self.fell = fell.map(|(was, _)| (was.journal, was.received)).collect();
        }
        Ok(filed)
    }

    fn tell_fallen(&mut self, status: &Status) {
        for (journal, from) in std::mem::take(&mut self.fell) {
            let to = status.own.iter().find(|own| own.journal == journal).map_or(0, |own| own.received);
            if to < from {
                self.outcome.tell(Trouble::Fell { journal, from, to });
            }
        }
    }

    /// Files what statements of the hub say, as far as they prove themselves and follow from what was seen before.
    pub(super) fn file(&mut self, statements: &[Vec<u8>]) -> Result<(), End> {
        if statements.is_empty() {
            return Ok(());
        }
        let status = self.journal.status(&self.party.hub).map_err(End::Local)?;
        let read = news::read(self, &status, statements)?;
        self.outcome.hub_time = read.hub_time.or(self.outcome.hub_time);
        read.trouble.into_iter().for_each(|trouble| self.outcome.tell(trouble));
        read.road.write(self.journal).map_err(End::Local)?;
        let Some(filing) = read.filing else { return Ok(()) };
        if let Some((checkpoint, _)) = &filing.checkpoint {
            self.seen = Digest::of(&checkpoint.encode());
            // A page from before it shows an older list.
            self.ahead = None;
        }
        let filed = self.take_word(&filing, &status)?;
        self.outcome.received.extend(filed.received);
        // A journal that the hub knows further than we do has been restored from a backup: it stops as a forked one does.
        for (device, journal) in filed.forked.into_iter().chain(filed.behind) {
            if device == self.party.device {
                let head = self.own(&journal)?.map_or(0, |known| known.head.seq);
                self.tell_fork(journal, head.saturating_add(1))?;
            } else {
                self.outcome.tell(Trouble::ForkElsewhere { device, journal });
            }
        }
        Ok(())
    }

    /// The journal that goes on beside one that cannot grow any more, begun here if an earlier pass has not; closes that one. `None`
    /// when it is none of ours.
    pub(super) fn succeed(&mut self, closed: &JournalId) -> Result<Option<JournalId>, End> {
        let heads = self.journal.heads().map_err(End::Local)?;
        let own = |known: &&KnownHead| known.device == self.party.device;
        let line = heads.iter().filter(own).find(|known| known.journal == *closed).and_then(|known| known.own);
        let Some(line) = line else { return Ok(None) };
        let open = heads.iter().filter(own).find(|known| known.own == Some(line) && known.state == State::Open);
        if let Some(open) = open.filter(|open| open.journal != *closed) {
            return Ok(Some(open.journal));
        }
        let journal = (self.courier.names.0)();
        let Party { agency, device, .. } = self.party;
        let new = NewJournal { agency, device, journal, line, closes: Some(*closed) };
        self.journal.begin(&new).map_err(End::Local)?;
        Ok(Some(journal))
    }

    pub(super) fn own(&self, journal: &JournalId) -> Result<Option<KnownHead>, End> {
        self.known(&(self.party.device, *journal))
    }

    /// A journal of anybody, if it is known here.
    pub(super) fn known(&self, (device, journal): &Place) -> Result<Option<KnownHead>, End> {
        let heads = self.journal.heads().map_err(End::Local)?;
        Ok(heads.into_iter().find(|known| (known.device, known.journal) == (*device, *journal)))
    }

    /// Says a fork of an own journal once, and begins its successor. A verdict names some number at which both histories
    /// differ; they may have parted anywhere above what the hub has signed for.
    pub(super) fn tell_fork(&mut self, journal: JournalId, at: u64) -> Result<(), End> {
        let status = self.journal.status(&self.party.hub).map_err(End::Local)?;
        let agreed = status.own.iter().find(|own| own.journal == journal).map_or(0, |own| own.received);
        let at = at.min(agreed.saturating_add(1));
        if let Entry::Vacant(untold) = self.forked.entry(journal) {
            untold.insert(at);
            let successor = self.succeed(&journal)?;
            self.outcome.tell(Trouble::Fork { journal, at, successor });
        }
        Ok(())
    }
}

/// How long a hub whose disk is full asks to wait, where that is all that was wrong.
fn unless_full(done: Result<(), End>) -> Result<Option<u64>, End> {
    match done {
        Ok(()) => Ok(None),
        Err(End::Full(seconds)) => Ok(Some(seconds)),
        Err(end) => Err(end),
    }
}

/// An answer that cannot be read, or that no honest hub gives.
pub(super) fn nonsense(fault: SyncError) -> End {
    End::Nonsense(fault.to_string())
}
