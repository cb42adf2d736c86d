//! A stick is written for a unit or a device: receipts, documents, and the entries that its readers may have, from the store as
//! it stands beside a hub that may be running.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::recipient::Recipient;
use amanat_keys::roster::Device;
use amanat_keys::statement::{Purpose, Statement};
use amanat_sync::batch;
use amanat_sync::bundle::{self, BundleFault, Cargo, Manifest, PartLine, Sealed, Seen};
use amanat_sync::chain::{self, Head, Stretch};
use amanat_sync::documents::DocumentKind;
use amanat_sync::proof::still_told;
use amanat_sync::receipt::{Checkpoint, ListedHead, Receipt, heads_list};
use amanat_sync::wire::limits::{BUNDLE_PART_PIECE, BUNDLE_READERS, MAX_ITEMS, MAX_RUNS};
use amanat_sync::wire::v1::RunHead;
use tokio::runtime::Handle;

use super::attachments;
use crate::api::served;
use crate::blobs::Blobs;
use crate::hub::{DOCUMENT_KINDS, Hub};
use crate::limits::PAGE_MOST;
use crate::signing::Keys;
use crate::standing::Standing;
use crate::store::{HubStore, Ledger, Place, Run, Sought, StoreFault};

/// What is to be written, for whom.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) store: &'a Arc<dyn HubStore>,
    pub(crate) standing: &'a Standing,
    pub(crate) hub: DeviceId,
    pub(crate) keys: &'a Keys,
    /// A unit's name, or a device's id; nobody named: every active device.
    pub(crate) to: Option<&'a str>,
    /// Now, in milliseconds since 1970.
    pub(crate) now: u64,
    /// Where attachments lie, if they go on the stick, and the bytes free on the medium.
    pub(crate) attached: Option<(&'a Blobs, u64)>,
}

/// What is about to be written.
pub(crate) struct Ready<'a> {
    manifest: Manifest,
    papers: Vec<Vec<u8>>,
    heads: Vec<u8>,
    recipients: Vec<Recipient>,
    keys: &'a Keys,
    pages: Pages<'a>,
    blobs: Option<&'a Blobs>,
    /// Attachments that its readers may have and for which there was no room.
    pub(crate) parts_left: usize,
    pub(crate) receipts: usize,
    pub(crate) documents: usize,
    pub(crate) devices: usize,
}

impl Ready<'_> {
    /// The most bytes that it takes.
    pub(crate) fn most(&self) -> u64 {
        Cargo { manifest: &self.manifest, papers: &self.papers, heads: &self.heads }.most()
    }

    /// Attachments that go on it.
    pub(crate) fn parts(&self) -> usize {
        self.manifest.parts.len()
    }

    /// Writes it to `output`.
    pub(crate) fn write<W: Write>(&mut self, output: W) -> Result<Sealed, BundleFault> {
        let Self { manifest, papers, heads, recipients, keys, pages, blobs, .. } = self;
        pages.again();
        let (cargo, on) = (Cargo { manifest, papers, heads }, pages.on);
        let part = |line: &PartLine, from: u64| {
            let Some(blobs) = blobs else { return Ok(Vec::new()) };
            let most = u64::try_from(BUNDLE_PART_PIECE).unwrap_or(u64::MAX);
            let bytes = on.block_on(blobs.range(&attachments::blob(line), from, most));
            // One that was lost since is cut off there: the reader keeps what came before it.
            bytes.map(Option::unwrap_or_default).map_err(|fault| BundleFault::Io(std::io::Error::other(fault)))
        };
        let items = |run: &RunHead, after: u64| pages.items(run, after);
        bundle::write_with_parts(cargo, recipients, keys.first(), output, items, part).map(|(_, sealed)| sealed)
    }
}

impl Hub {
    /// Writes a stick for a unit or a device to `output`, outside of the runtime; with attachments, if so many bytes are free.
    ///
    /// # Errors
    /// In words for a person.
    pub fn write_stick<W: Write>(
        &self,
        on: &Handle,
        to: Option<&str>,
        room: Option<u64>,
        output: W,
    ) -> Result<Sealed, Box<dyn std::error::Error + Send + Sync>> {
        let standing = self.standing();
        let (store, keys, now) = (&self.store, self.signing.keys(), self.now_ms());
        let attached = self.blobs.as_deref().zip(room);
        let mut ready = ready(Wish { store, standing: &standing, hub: self.id, keys: &keys, to, now, attached }, on)?;
        Ok(ready.write(output)?)
    }
}

/// Why a bundle was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteFault {
    /// No unit or device of this name.
    #[error("no unit or active device is called {0}; amanat roster show lists them")]
    Nobody(String),
    /// More readers than an age header may carry.
    #[error(
        "{0} devices are more than one bundle can be sealed to ({1}): name a unit that has a key, or one device, with --to"
    )]
    TooMany(usize, usize),
    /// The store holds no checkpoint yet.
    #[error("this hub has not served yet: it has signed nothing that could be carried")]
    NeverServed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The file, or what goes into it.
    #[error(transparent)]
    Bundle(#[from] BundleFault),
}

/// Gathers what goes into a bundle for a unit or a device.
pub(crate) fn ready<'a>(wish: Wish<'a>, on: &'a Handle) -> Result<Ready<'a>, WriteFault> {
    let Wish { store, standing, hub, keys, to, .. } = wish;
    let (devices, recipients, ids) = readers(standing, to)?;
    let ledger = on.block_on(store.ledger())?;
    let newest = ledger.newest.as_ref().ok_or(WriteFault::NeverServed)?;
    let statement = Statement::from_bytes(&newest.statement).map_err(|_why| StoreFault::Damaged("a checkpoint"))?;
    let checkpoint = Checkpoint::decode(statement.payload()).map_err(|_why| StoreFault::Damaged("a checkpoint"))?;
    let mut papers = documents(store, standing, on)?;
    let documents = papers.len();
    papers.push(newest.statement.clone());
    let said = receipts(&wish, on, &ledger, &checkpoint, &devices)?;
    let receipts = said.len();
    papers.extend(said);
    let read_as: BTreeSet<[u8; 32]> = devices.iter().flat_map(|device| standing.readers(device)).collect();
    let mut pages =
        Pages { store, on, standing, sought: sought(standing, read_as), ready: None, back: None, over: false };
    let (runs, bytes, with_them) = announced(&mut pages, wish.attached.is_some())?;
    let mut manifest = Manifest {
        agency: standing.agency,
        from: hub,
        to: ids,
        runs,
        checkpoint: Some(Seen { epoch: checkpoint.epoch, number: checkpoint.number, hash: statement.payload_hash() }),
        roster: standing.trust.roster_version(),
        papers: u64::try_from(papers.len()).unwrap_or(u64::MAX),
        bytes,
        parts: Vec::new(),
    };
    let line = |(place, head): (&Place, &Head)| ListedHead { device: place.0, journal: place.1, head: *head };
    let listed = heads_list(ledger.heads.iter().map(line).collect());
    // While heads have moved since the newest checkpoint, the list is ahead of it and is no proof of anything.
    let heads = if Digest::of(&listed) == checkpoint.heads { listed } else { Vec::new() };
    let mut parts_left = 0;
    if let Some((blobs, free)) = wish.attached {
        // Entries have their room first; attachments take what is left of it.
        let most = Cargo { manifest: &manifest, papers: &papers, heads: &heads }.most();
        let room = free.saturating_sub(most) / 100 * 85;
        let readers = pages.sought.readers.clone();
        let chosen = on.block_on(attachments::choose(store, blobs, readers, with_them, room))?;
        (manifest.parts, parts_left) = (chosen.lines, chosen.left);
    }
    let (blobs, devices) = (wish.attached.map(|(blobs, _)| blobs), devices.len());
    Ok(Ready { manifest, papers, heads, recipients, keys, pages, blobs, parts_left, receipts, documents, devices })
}

type Readers = (Vec<DeviceId>, Vec<Recipient>, Vec<Digest>);

/// The devices that are meant, what the bundle is sealed to, and under which names.
fn readers(standing: &Standing, to: Option<&str>) -> Result<Readers, WriteFault> {
    let roster = standing.roster();
    let active = || roster.devices.iter().filter(|device| device.is_active());
    let unit = to.and_then(|name| roster.units.iter().find(|unit| unit.name == name));
    let meant: Vec<&Device> = match (to, unit) {
        (None, _) => active().collect(),
        (Some(_), Some(unit)) => {
            let works = |device: &&Device| {
                roster.member(&device.member).is_some_and(|member| member.roles.iter().any(|(_, of)| *of == unit.id))
            };
            active().filter(works).collect()
        }
        (Some(id), None) => active().filter(|device| device.id.to_string() == id).collect(),
    };
    // Hybrid stanzas are long, and an age header before a bundle is not (FORMATS section 7).
    let most = BUNDLE_READERS.min(roster.kind.parcel_readers());
    let mut recipients: Vec<Recipient> = meant.iter().map(|device| device.recipient.clone()).collect();
    let mut ids: Vec<Digest> = meant.iter().map(|device| Digest::from_bytes(*device.id.as_bytes())).collect();
    if let Some(unit) = unit {
        if unit.recipient.is_some() && recipients.len() >= most {
            // Whoever reads for the unit opens it by the unit's key.
            recipients.clear();
            ids.clear();
        }
        recipients.extend(unit.recipient.clone());
        ids.push(Digest::from_bytes(*unit.id.as_bytes()));
    }
    match (recipients.len(), to) {
        (0, _) => Err(WriteFault::Nobody(to.unwrap_or("an active device").to_owned())),
        (many, _) if many.max(ids.len()) > most => Err(WriteFault::TooMany(many, most)),
        _ => Ok((meant.iter().map(|device| device.id).collect(), recipients, ids)),
    }
}

/// Every roster, and the newest of everything else that whoever said it may still say.
fn documents(store: &Arc<dyn HubStore>, standing: &Standing, on: &Handle) -> Result<Vec<Vec<u8>>, StoreFault> {
    let mut papers = Vec::new();
    for kind in DOCUMENT_KINDS {
        let held = on.block_on(store.documents(kind, 0, usize::MAX))?;
        let mut newest: BTreeMap<Digest, u64> = BTreeMap::new();
        for document in &held {
            let version = newest.entry(document.about).or_default();
            *version = document.version.max(*version);
        }
        let wanted = |document: &&amanat_sync::documents::Document| {
            let newest = kind == DocumentKind::Roster || newest.get(&document.about) == Some(&document.version);
            newest && still_told(&standing.trust, kind, &document.about)
        };
        papers.extend(held.iter().filter(wanted).map(|document| document.bytes.clone()));
    }
    Ok(papers)
}

/// The hub's word on every journal of these devices, as a push that asks where it is would get it.
fn receipts(
    wish: &Wish<'_>,
    on: &Handle,
    ledger: &Ledger,
    checkpoint: &Checkpoint,
    devices: &[DeviceId],
) -> Result<Vec<Vec<u8>>, StoreFault> {
    let Wish { store, standing, hub, keys, .. } = wish;
    let now = wish.now;
    let asked = ledger.heads.iter().filter(|((device, _), head)| devices.contains(device) && head.seq > 0);
    let asked = asked.map(|(place, head)| Run {
        place: *place,
        root: chain::link0(&standing.agency, &place.0, &place.1),
        stretch: Stretch { first: head.seq.saturating_add(1), before: head.link, hashes: Vec::new() },
        rows: Vec::new(),
    });
    let held = on.block_on(store.accept(asked.collect()))?;
    let said = held.into_iter().filter(|held| ledger.heads.get(&held.place) == Some(&held.head)).map(|held| {
        let receipt = Receipt {
            agency: standing.agency,
            hub: *hub,
            hub_key: keys.named(),
            epoch: checkpoint.epoch,
            checkpoint: checkpoint.number,
            previous: checkpoint.previous,
            roster_version: standing.trust.roster_version(),
            device: held.place.0,
            journal: held.place.1,
            seq: held.head.seq,
            link: held.head.link,
            complete: held.complete,
            hub_time: now,
        };
        keys.signed(Purpose::Receipt, receipt.encode(), &standing.agency)
    });
    Ok(said.collect())
}

fn sought(standing: &Standing, readers: BTreeSet<[u8; 32]>) -> Sought {
    Sought {
        agency: standing.agency,
        device: DeviceId::from_bytes([0; 32]),
        readers: readers.into_iter().collect(),
        held: BTreeMap::new(),
        again: Vec::new(),
        bytes: PAGE_MOST,
    }
}

/// Pages of the store one after another, journals in the order of their names.
struct Pages<'a> {
    store: &'a Arc<dyn HubStore>,
    on: &'a Handle,
    standing: &'a Standing,
    sought: Sought,
    ready: Option<std::vec::IntoIter<batch::Run>>,
    /// What a run had beyond what was asked for.
    back: Option<batch::Run>,
    over: bool,
}

impl Pages<'_> {
    fn again(&mut self) {
        self.sought.held.clear();
        (self.ready, self.back, self.over) = (None, None, false);
    }

    fn next(&mut self) -> Result<Option<batch::Run>, StoreFault> {
        if let Some(run) = self.back.take() {
            return Ok(Some(run));
        }
        loop {
            if let Some(run) = self.ready.as_mut().and_then(Iterator::next) {
                let held = self.sought.held.entry((run.device, run.journal)).or_default();
                *held = run.last().max(*held);
                return Ok(Some(run));
            }
            if self.over {
                return Ok(None);
            }
            let page = self.on.block_on(self.store.page(self.sought.clone()))?;
            self.over = !page.more || page.pieces.is_empty();
            let runs: Vec<batch::Run> = page.pieces.into_iter().map(|piece| served(self.standing, piece)).collect();
            self.ready = Some(runs.into_iter());
        }
    }

    /// The items of an announced run after a number. Journals that have begun since are passed over.
    fn items(&mut self, wanted: &RunHead, after: u64) -> Result<Vec<batch::Item>, BundleFault> {
        let place: Place = (wanted.device, wanted.journal);
        loop {
            let run = self.next().map_err(|fault| BundleFault::Io(std::io::Error::other(fault)))?;
            let Some(run) = run else { return Err(BundleFault::Malformed("fewer items than announced")) };
            if (run.device, run.journal) != place || run.last() <= after {
                continue;
            }
            let upto =
                |seq: u64| usize::try_from(seq.saturating_add(1).saturating_sub(run.first)).unwrap_or(usize::MAX);
            let (skip, last) = (upto(after), wanted.first.saturating_add(wanted.count).saturating_sub(1));
            let mut items = run.items.clone();
            let rest = items.split_off(upto(last).min(items.len()));
            if !rest.is_empty() {
                let before = run.stretch().link_at(last).unwrap_or(run.before);
                self.back = Some(batch::Run { first: last.saturating_add(1), before, items: rest, ..run });
            }
            return Ok(items.into_iter().skip(skip).collect());
        }
    }
}

/// What will be written, as runs that no page divides, what it weighs, and what its entries list where that is asked.
fn announced(pages: &mut Pages<'_>, with_parts: bool) -> Result<(Vec<RunHead>, u64, Vec<PartLine>), WriteFault> {
    let (mut runs, mut bytes, mut listed): (Vec<RunHead>, u64, Vec<PartLine>) = (Vec::new(), 0, Vec::new());
    while let Some(run) = pages.next()? {
        if with_parts {
            listed.extend(run.entries().flat_map(attachments::listed));
        }
        bytes = run.items.iter().fold(bytes, |sum, item| sum.saturating_add(item.size()));
        let count = u64::try_from(run.items.len()).unwrap_or(u64::MAX);
        let follows = |head: &&mut RunHead| {
            (head.device, head.journal) == (run.device, run.journal)
                && head.first.saturating_add(head.count) == run.first
                && head.count.saturating_add(count) <= MAX_ITEMS
        };
        if let Some(head) = runs.last_mut().filter(|head| follows(head)) {
            head.count = head.count.saturating_add(count);
            continue;
        }
        if runs.len() >= MAX_RUNS {
            return Err(BundleFault::TooBig("journals in one bundle").into());
        }
        let batch::Run { device, journal, first, before, .. } = run;
        runs.push(RunHead { agency: None, device, journal, first, before, count });
    }
    Ok((runs, bytes, listed))
}
