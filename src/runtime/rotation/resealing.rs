//! A new case key from now on, and, where what lies under the old one must not stay, the same content in new envelopes (`FORMATS.md`
//! section 4).
//!
//! A custodian seals again under slips of their own: one for each slip that there was, for the same readers as the roster has them
//! today, and for the author's device, which must not lose what it wrote. The content is not looked at, its commitment stays, and so do
//! signature and chain. Which new slip stands for which old one is written with each batch, in the same transaction.
//!
//! ```text
//! look     everything of the case is opened; nothing is written                          (reseal_look)
//! re-key   what this device writes itself from now on lies under a new key
//! seal     entries in batches; each batch and how far it goes are one transaction         [kill: goes on with the next batch]
//! certify  signed: how many, what is left and why, who may still write under older keys   (certificate)
//! ```

use std::collections::{BTreeMap, HashMap};

use amanat_keys::{
    case_key::CaseKey,
    device::Signer,
    envelope::{EnvelopeFault, Folded},
    error::KeysError,
    fingerprint::{CaseId, Digest, KeyId},
    rotation::RotationWord,
    slip::Slip,
};
use amanat_sync::{
    entry::{EntryRef, Header, Kind, Reader, SealedEntry, Slot},
    error::SyncError,
    journal::{Journal as _, Keep, Line, ShelfRow},
};

use super::{
    reseal_far::{Far, Listener, TellFar},
    reseal_line::{Chain, Chained, batch},
    reseal_look::{Job, Left, Looked},
    reseal_work::Reseal,
    units::readers_today,
};
use crate::{
    failure::Failure,
    runtime::{
        entries::{
            parallel,
            ring::{self, Purpose},
            sealing::blank_header,
            stand_ins::StoodIn,
        },
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
            pen::{Pen, Readers},
        },
    },
};

pub(super) const DOING: &str = "sealing the case again";

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// New slips of this device, under which it goes on.
    pub slips: u64,
    /// Entries sealed again by this call.
    pub resealed: u64,
    /// Those that had been sealed again before it was stopped.
    pub before: u64,
    /// What stays under an older key, and why.
    pub left: Vec<Left>,
    /// What was signed, once all that is held has been gone through.
    pub word: Option<RotationWord>,
}

impl Rekeyed {
    /// Whether all that is held has been gone through.
    pub const fn done(&self) -> bool {
        self.word.is_some()
    }
}

/// What any core can do for the line.
enum Task<'a> {
    Sign(Box<(Header, Vec<u8>)>),
    Open(&'a Job, Option<CaseKey>),
}

enum Done {
    Signed(Box<Result<SealedEntry, SyncError>>),
    /// None where its key has gone meanwhile.
    Opened(Option<Result<Folded, EnvelopeFault>>),
}

impl Task<'_> {
    fn run(self, signer: &Signer) -> Done {
        match self {
            Self::Sign(unsigned) => {
                let (header, envelope) = *unsigned;
                Done::Signed(Box::new(SealedEntry::sign(header, envelope, signer)))
            }
            Self::Open(job, key) => Done::Opened(
                key.map(|key| Folded::again(&job.envelope, &job.entry.header.commitment, &job.digest, &key)),
            ),
        }
    }
}

/// What was signed and what was opened, each in its order.
fn parted(all: Vec<Done>) -> Result<(Vec<SealedEntry>, Vec<Option<Folded>>), Failure> {
    let (mut entries, mut opened) = (Vec::new(), Vec::new());
    for done in all {
        match done {
            Done::Signed(entry) => entries.push(entry.map_err(|error| fault::sync(DOING, &error))?),
            Done::Opened(folded) => {
                opened.push(folded.transpose().map_err(|fault| fault::keys(DOING, &KeysError::from(fault)))?);
            }
        }
    }
    Ok((entries, opened))
}

impl Home {
    /// A new key for what this device writes into a case from now on: new slips, kept at once.
    ///
    /// # Errors
    /// Refused where nobody could read; what the journal refuses.
    pub fn rekey_case(&mut self, case: CaseId) -> Result<Rekeyed, Failure> {
        let whom = self.whom_for(&case, None)?;
        let readers = self.readers_of(&whom)?;
        let purposes = [Purpose::Content, Purpose::Names].into_iter().filter(|purpose| self.ring.seals(case, *purpose));
        let purposes: Vec<Purpose> = purposes.collect();
        let failed = |error| fault::sync("giving the case a new key", &error);
        self.next = None;
        let mut slot = self.journal.next_slot(Line::Cases).map_err(failed)?;
        let (pen, mut keep, mut made) = (self.pen()?, Keep::default(), Vec::new());
        for purpose in &purposes {
            let key = CaseKey::generate();
            let (entry, row) = slip_entry(&pen, &slot, case, (&key, *purpose), &readers)?;
            slot = slot.after(&entry);
            made.push((entry.header.clone(), key, *purpose));
            keep.entries.push(entry);
            keep.rows.push(row);
        }
        if !made.is_empty() {
            let heads = self.journal.append(&keep).map_err(failed)?;
            for (header, key, purpose) in made {
                self.ring.put(header.at(), case, key, purpose);
                self.ring.note_own(&header);
                self.belonging.note(&header);
            }
            self.note_heads(&heads).unwrap_or_default();
        }
        Ok(Rekeyed { slips: u64::try_from(purposes.len()).unwrap_or(u64::MAX), ..Rekeyed::default() })
    }

    /// Seals every entry of a case again that is held, opens, and that this device may stand in for, after all of it was opened once; what
    /// this device writes itself goes on under a new key. Called again it goes on.
    ///
    /// # Errors
    /// As [`Home::look_at_case`]; what the journal refuses.
    pub fn reseal_case(&mut self, case: CaseId, tell: TellFar<'_>) -> Result<Rekeyed, Failure> {
        let stood = self.stood_in(|_| false)?;
        let begun = self.reseal_begun(case)?;
        let Looked { jobs, before, left, stragglers, .. } = self.look_through(case, &stood, begun.as_ref())?;
        let (slips, mut work) = match begun {
            Some(work) => (0, work),
            None => (self.rekey_case(case)?.slips, self.begin_reseal(case)?),
        };
        self.ask_for_left(&left)?;
        let mut rekeyed = Rekeyed { slips, before, left, ..Rekeyed::default() };
        let far = Far::of(before, &jobs);
        if !self.seal_again(&jobs, (&stood, &mut work), &mut rekeyed, Listener::new(far, tell))? {
            return Ok(rekeyed);
        }
        // The word first: killed between the two, the same command says it again; the other way round it would never be said.
        rekeyed.word = Some(self.certify_case(&work, &rekeyed, stragglers)?);
        let row = Mark::Reseal(&case, Vec::new()).row();
        self.journal.shelve(&[], &[(row.shelf, row.key)]).map_err(|error| fault::sync(DOING, &error))?;
        Ok(rekeyed)
    }

    /// How far sealing it again had come when it was stopped; nothing where a new journal has begun since: content lies under a slip of its
    /// own journal.
    pub(super) fn reseal_begun(&self, case: CaseId) -> Result<Option<Reseal>, Failure> {
        let failed = |error| fault::sync(DOING, &error);
        let marks = marks::few(&self.journal).map_err(failed)?;
        let journal = self.journal.next_slot(Line::Cases).map_err(failed)?.journal;
        Ok(marks::reseal(&marks, &case).and_then(Reseal::read).filter(|work| work.journal == journal))
    }

    fn begin_reseal(&mut self, case: CaseId) -> Result<Reseal, Failure> {
        let slot = self.journal.next_slot(Line::Cases).map_err(|error| fault::sync(DOING, &error))?;
        let work = Reseal { case, journal: slot.journal, from: slot.seq, slips: BTreeMap::new() };
        self.remember(&Mark::Reseal(&case, work.row()))?;
        Ok(work)
    }

    /// Seals all of these again, batch by batch: while one is written, the one before it in the line is signed and the next opened, on all
    /// cores. What was not kept leaves no trace. False when whoever waits has had enough.
    fn seal_again(
        &mut self,
        jobs: &[Job],
        (stood, work): (&StoodIn, &mut Reseal),
        rekeyed: &mut Rekeyed,
        mut listener: Listener<'_>,
    ) -> Result<bool, Failure> {
        let mut line = self.line(work, stood)?;
        let signer = line.pen.signer.clone();
        let mut rest = jobs;
        let (mut opened, mut chained, mut signed) = (None, None::<Chained>, None::<Chained>);
        loop {
            // What was sealed before somebody had enough is kept; nothing further is begun.
            let next = if listener.stopped() { None } else { batch(&mut rest) };
            if next.is_none() && opened.is_none() && chained.is_none() && signed.is_none() {
                return Ok(!listener.stopped());
            }
            let unsigned = chained.as_mut().map(|chained| std::mem::take(&mut chained.unsigned)).unwrap_or_default();
            let opens = next
                .unwrap_or_default()
                .iter()
                .map(|job| Task::Open(job, self.ring.key(&job.under).map(|(key, _)| key.clone())));
            let tasks = unsigned.into_iter().map(|unsigned| Task::Sign(Box::new(unsigned))).chain(opens).collect();
            let (done, ahead) = parallel::beside(
                tasks,
                |task: Task<'_>| task.run(&signer),
                || {
                    if let Some(signed) = signed.take() {
                        let count = signed.count;
                        self.keep_resealed(work, signed)?;
                        rekeyed.resealed += count;
                        if !listener.kept(count) {
                            return Ok(None);
                        }
                    }
                    let Some((jobs, folded)) = opened.take() else { return Ok(Some(None)) };
                    Ok::<_, Failure>(Some(line.chain(self, jobs, folded, &mut listener)?))
                },
            );
            let Some(ahead) = ahead? else {
                chained.iter().for_each(|chained| self.drop_unkept(&chained.parts));
                return Ok(false);
            };
            let (entries, folded) = parted(done)?;
            signed = chained.take().map(|mut chained| {
                chained.keep.entries.extend(entries);
                chained
            });
            chained = ahead;
            opened = next.filter(|_| !listener.stopped()).map(|jobs| (jobs, folded));
        }
    }

    /// Keeps a batch together with which new slip stands for which old one.
    fn keep_resealed(&mut self, work: &mut Reseal, batch: Chained) -> Result<(), Failure> {
        self.next = None;
        let heads = self.journal.append(&batch.keep).map_err(|error| fault::sync(DOING, &error))?;
        for (header, key) in batch.made {
            self.ring.put(header.at(), batch.work.case, key, Purpose::Foreign);
            self.belonging.note(&header);
        }
        *work = batch.work;
        self.note_heads(&heads).unwrap_or_default();
        Ok(())
    }

    fn line<'s>(&mut self, work: &Reseal, stood: &'s StoodIn) -> Result<Chain<'s>, Failure> {
        self.next = None;
        let slot = self.journal.next_slot(Line::Cases).map_err(|error| fault::sync(DOING, &error))?;
        let work = work.clone();
        let mut keys: HashMap<EntryRef, (u64, CaseKey)> = HashMap::new();
        for (old, new) in &work.slips {
            let at = EntryRef { device: slot.device, journal: slot.journal, seq: *new };
            keys.extend(self.ring.key(&at).map(|(key, _)| (*old, (*new, key.clone()))));
        }
        Ok(Chain { pen: self.pen()?, slot, keys, work, stood })
    }

    /// Whom a slip is for today, and the device that wrote it.
    pub(super) fn readers_of_slip(&self, old: &EntryRef, stood: &StoodIn) -> Result<Readers, Failure> {
        let newest = match stood.of.get(old) {
            Some(newest) => self.header_at(&newest.at)?,
            None => self.header_at(old)?,
        };
        let (agency, roster) = (self.agency()?, self.trust()?.roster());
        let mut audience = newest.map(|entry| entry.header.audience).unwrap_or_default();
        // A device that only writes reads nothing back, its own included.
        let author = roster.device(&old.device).filter(|device| device.is_active());
        if let Some(author) = author.and_then(|device| roster.device_reader(device)) {
            let reader = Reader { agency, id: Digest::from_bytes(author.id), key: author.key_id() };
            audience.extend((!audience.iter().any(|held| held.id == reader.id)).then_some(reader));
        }
        readers_today(roster, &audience).ok_or_else(|| {
            Failure::refused(format!("{DOING} — nobody whom the roster names could read it"), "Ask the admin.")
        })
    }
}

pub(super) fn slip_entry(
    pen: &Pen,
    slot: &Slot,
    case: CaseId,
    (key, purpose): (&CaseKey, Purpose),
    readers: &Readers,
) -> Result<(SealedEntry, ShelfRow), Failure> {
    let bytes = Slip::make(key, &readers.recipients).map_err(|fault| fault::keys(DOING, &KeysError::from(fault)))?;
    let mut header = blank_header(pen.roster.0, slot, case, Kind::Slip);
    let id = key.id(&header.place());
    header.commitment = Digest::from_bytes(*id.as_bytes());
    header.audience = readers.audience.clone();
    header.roster.hash = Some(pen.roster.1);
    header.digest = Digest::of(&bytes);
    header.size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let row = ring::row(&header.at(), case, KeyId::from_bytes(*id.as_bytes()), key, purpose);
    let entry = SealedEntry::sign(header, bytes, &pen.signer).map_err(|error| fault::sync(DOING, &error))?;
    Ok((entry, row))
}
