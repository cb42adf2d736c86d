//! A hub moves to another store: copied while it serves, the rest while it keeps nothing new, and settled only when both hold the same.
//!
//! A round goes through every journal and brings over what the other store lacks: entries by the law of the chain, so that an interrupted
//! move is gone on with wherever it stands and two histories can never mix; who may read them; what forks left; orders to erase, before
//! the entries that they name; documents and checkpoints. Rounds are made beside the hub that serves until one of them finds little; then
//! the hub is asked to keep nothing new (`going_over`), or, where it does not listen, its end is waited for; a last round runs alone, and
//! both stores are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest};
use amanat_sync::chain::{self, Head, Stretch, Verdict};
use amanat_sync::documents::{Document, DocumentKind};
use amanat_sync::entry::{Change, Header, Kind, SealedEntry};

use crate::going_over::Held;
use crate::home::{HomeFault, HomeLock, HubHome};
use crate::hub::DOCUMENT_KINDS;
use crate::store::{
    Beside, Depth, Evidence, Grant, HubStore, Item, Page, Place, Row, Run, ServedEntry, Sought, StandIn, StoreFault,
};

/// Entries are carried in pieces of about so many bytes.
const PIECE: usize = 4 * 1024 * 1024;
/// Checkpoints are carried so many at a time.
const CHECKPOINTS: usize = 1_000;
/// A round that brought no more than this is the last beside a hub that serves.
const LITTLE: u64 = 200;
/// Between two looks whether the hub has stopped.
const LOOK: Duration = Duration::from_millis(200);

/// Why a move does not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum MoveFault {
    /// The hub serves from another store than the one to be left.
    #[error("moving: this hub keeps its things in {0}, and --from names another place")]
    NotFromThere(String),
    /// Both are the same.
    #[error("moving: --from and --to are the same place")]
    SamePlace,
    /// The other store has another history of a journal.
    #[error(
        "moving: the store to move to holds another history of journal {journal} of device {device}; give an empty one"
    )]
    OtherHistory {
        /// The device.
        device: String,
        /// The journal.
        journal: String,
    },
    /// The other store has what this one does not.
    #[error("moving: the store to move to holds what this hub never held ({0}); give an empty one")]
    Foreign(&'static str),
    /// Both were to be the same, and are not.
    #[error(
        "moving: after the last round the stores differ in their {0}; nothing was changed, the hub stays where it is"
    )]
    Differs(&'static str),
    /// What is held cannot be read.
    #[error("moving: number {seq} of journal {journal} is not what was put there; restore the hub from a backup first")]
    Damaged {
        /// The journal.
        journal: String,
        /// The number.
        seq: u64,
    },
}

/// What a move brought over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Brought {
    /// Entries.
    pub entries: u64,
    /// Everything else: grants, evidence, attachments that are here, orders, checkpoints, documents.
    pub beside: u64,
}

impl Brought {
    fn all(self) -> u64 {
        self.entries.saturating_add(self.beside)
    }

    fn add(&mut self, other: Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.beside = self.beside.saturating_add(other.beside);
    }
}

/// A move between two stores of one agency.
pub(crate) struct Move<'a> {
    pub(crate) agency: AgencyId,
    pub(crate) from: &'a dyn HubStore,
    pub(crate) to: &'a dyn HubStore,
}

impl Move<'_> {
    /// Brings over what the other store lacks, beside a hub that serves, until little of it is left.
    async fn rounds(&self, mut told: impl FnMut(Brought)) -> Result<(), HomeFault> {
        loop {
            let brought = self.round().await?;
            told(brought);
            if brought.all() <= LITTLE {
                return Ok(());
            }
        }
    }

    /// Makes a copy from which a hub can be restored, beside one that serves. Entries come last: no checkpoint in it may speak of more than
    /// it holds.
    pub(crate) async fn copy(&self) -> Result<(), HomeFault> {
        self.rounds(drop).await?;
        self.entries_and_readers().await?;
        // What the first met half way, evidence of an entry that came with it, comes now.
        self.entries_and_readers().await.map(drop)
    }

    /// Brings over what the other store lacks, as it stands now.
    pub(crate) async fn round(&self) -> Result<Brought, HomeFault> {
        let mut brought = self.entries_and_readers().await?;
        brought.beside = brought.beside.saturating_add(self.papers().await?);
        Ok(brought)
    }

    async fn entries_and_readers(&self) -> Result<Brought, HomeFault> {
        // Orders first: an entry that is erased must not be taken for a missing one.
        let mut brought = Brought { entries: 0, beside: self.orders().await? };
        let (heads, there) = (self.from.ledger().await?.heads, self.to.ledger().await?.heads);
        if there.keys().any(|place| !heads.contains_key(place)) {
            return Err(MoveFault::Foreign("a journal").into());
        }
        let devices: BTreeSet<DeviceId> = heads.keys().map(|place| place.0).collect();
        for device in devices {
            let places = heads.iter().filter(|(place, _)| place.0 == device).map(|(place, head)| (*place, *head));
            brought.add(self.device(device, places.collect()).await?);
        }
        Ok(brought)
    }

    async fn device(&self, device: DeviceId, heads: BTreeMap<Place, Head>) -> Result<Brought, HomeFault> {
        let mut brought = Brought::default();
        // From where each journal is whole there: what is held without its envelope is offered again, and filled if it has come.
        let mut held = BTreeMap::new();
        for (place, head) in &heads {
            let at = self.held_there(place).await?;
            if at.head.seq > head.seq {
                return Err(MoveFault::Foreign("newer entries").into());
            }
            held.insert(*place, at.complete);
        }
        loop {
            let sought = Sought {
                agency: self.agency,
                device,
                readers: Vec::new(),
                held: held.clone(),
                again: Vec::new(),
                bytes: PIECE,
            };
            let page = self.from.page(sought).await?;
            // Read after the entries: who may read them was let in no later than they came.
            brought.beside = brought.beside.saturating_add(self.beside(device).await?);
            let more = page.more;
            brought.entries = brought.entries.saturating_add(self.entries(page, &mut held).await?);
            if !more {
                return Ok(brought);
            }
        }
    }

    /// What the other store holds of a journal, asked by a push that brings nothing.
    async fn held_there(&self, place: &Place) -> Result<crate::store::Accepted, HomeFault> {
        let root = chain::link0(&self.agency, &place.0, &place.1);
        let stretch = Stretch { first: 1, before: root, hashes: Vec::new() };
        let answered = self.to.accept(vec![Run { place: *place, root, stretch, rows: Vec::new() }]).await?;
        answered.into_iter().next().ok_or(StoreFault::Damaged("an answer without a run").into())
    }

    async fn entries(&self, page: Page, held: &mut BTreeMap<Place, u64>) -> Result<u64, HomeFault> {
        let mut new = 0_u64;
        for piece in page.pieces {
            let place = piece.place;
            let mut run = Run {
                place,
                root: chain::link0(&self.agency, &place.0, &place.1),
                stretch: Stretch { first: piece.first, before: piece.before, hashes: Vec::new() },
                rows: Vec::new(),
            };
            for (seq, item) in (piece.first..).zip(piece.items) {
                let (row, hash) = row(item, self.agency).ok_or_else(|| damaged(&place, seq))?;
                run.stretch.hashes.push(hash);
                run.rows.push(row);
                held.insert(place, seq);
            }
            for accepted in self.to.accept(vec![run]).await? {
                match accepted.verdict {
                    Verdict::Accepted { held, head } => {
                        let offered = head.seq.saturating_sub(piece.first.saturating_sub(1));
                        new = new.saturating_add(offered.saturating_sub(held));
                    }
                    Verdict::AlreadyHeld { .. } => {}
                    Verdict::Gap { .. } | Verdict::Fork { .. } => {
                        let (device, journal) = (place.0.to_string(), place.1.to_string());
                        return Err(MoveFault::OtherHistory { device, journal }.into());
                    }
                }
            }
        }
        Ok(new)
    }

    /// Readers and evidence of one device.
    async fn beside(&self, device: DeviceId) -> Result<u64, HomeFault> {
        let (here, there) = (self.from.beside(device).await?, self.to.beside(device).await?);
        let grants: Vec<Grant> = here.grants.difference(&there.grants).cloned().collect();
        let evidence: Vec<Evidence> = here.evidence.difference(&there.evidence).cloned().collect();
        let attached: Vec<Digest> = here.attached.difference(&there.attached).copied().collect();
        let new = grants.len().saturating_add(evidence.len()).saturating_add(attached.len());
        if !grants.is_empty() {
            self.to.let_in(grants).await?;
        }
        // The bytes stay where they are; the other store learns that they are there. What is not listed there yet comes with the next
        // round.
        for digest in attached {
            self.to.hold_part(device, digest).await?;
        }
        let heads = self.to.ledger().await?.heads;
        // Where the entry that it contradicts is not there yet, it comes with the next round.
        let placed = evidence.into_iter().filter(|it| heads.get(&it.place).is_some_and(|head| head.seq >= it.seq));
        for evidence in placed {
            self.to.accept(vec![another_history(&self.agency, evidence)]).await?;
        }
        Ok(u64::try_from(new).unwrap_or(u64::MAX))
    }

    async fn orders(&self) -> Result<u64, HomeFault> {
        let there: BTreeMap<Doomed, bool> = self.to.orders().await?.into_iter().collect();
        let here = self.from.orders().await?;
        let new: Vec<Doomed> = here.iter().map(|(it, _)| *it).filter(|it| !there.contains_key(it)).collect();
        let gone = here.iter().filter(|(it, erased)| *erased && there.get(it) != Some(&true)).map(|(it, _)| *it);
        let gone: Vec<Doomed> = gone.collect();
        let count = new.len().max(gone.len());
        if !new.is_empty() {
            self.to.order(new).await?;
        }
        if !gone.is_empty() {
            self.to.erase(gone).await?;
        }
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    async fn papers(&self) -> Result<u64, HomeFault> {
        let mut new = 0_u64;
        for kind in DOCUMENT_KINDS {
            let there = in_force(self.to, kind).await?;
            for document in in_force(self.from, kind).await? {
                if !there.contains(&document) {
                    if !self.to.keep_document(document).await? {
                        return Err(MoveFault::Foreign("a document").into());
                    }
                    new = new.saturating_add(1);
                }
            }
        }
        let newest = |newest: Option<crate::store::KeptCheckpoint>| newest.map_or((0, 0), |it| (it.epoch, it.number));
        let mut after = newest(self.to.ledger().await?.newest);
        if after > newest(self.from.ledger().await?.newest) {
            return Err(MoveFault::Foreign("newer checkpoints").into());
        }
        loop {
            let some = self.from.checkpoints(after, CHECKPOINTS).await?;
            let Some(last) = some.last() else { return Ok(new) };
            after = (last.epoch, last.number);
            for checkpoint in some {
                self.to.keep_checkpoint(checkpoint).await?;
                new = new.saturating_add(1);
            }
        }
    }

    /// Whether both hold the same: heads, the newest checkpoint, documents, orders, who may read, and counts.
    pub(crate) async fn compare(&self) -> Result<Depth, HomeFault> {
        let same = |same: bool, what| if same { Ok(()) } else { Err(HomeFault::from(MoveFault::Differs(what))) };
        let (here, there) = (self.from.ledger().await?, self.to.ledger().await?);
        same(here.heads == there.heads, "heads")?;
        same(here.newest == there.newest, "checkpoints")?;
        let set = |orders: Vec<(Doomed, bool)>| orders.into_iter().collect::<BTreeMap<_, _>>();
        same(set(self.from.orders().await?) == set(self.to.orders().await?), "orders")?;
        for kind in DOCUMENT_KINDS {
            same(in_force(self.from, kind).await? == in_force(self.to, kind).await?, "documents")?;
        }
        for device in here.heads.keys().map(|place| place.0).collect::<BTreeSet<_>>() {
            let both: (Beside, Beside) = (self.from.beside(device).await?, self.to.beside(device).await?);
            same(both.0 == both.1, "readers, evidence or attachments")?;
        }
        let (here, there) = (self.from.depth().await?, self.to.depth().await?);
        same(here == there, "counts")?;
        Ok(there)
    }
}

/// The documents of a kind that anybody is given: a store that is older than this rule still holds what was replaced.
async fn in_force(store: &dyn HubStore, kind: DocumentKind) -> Result<Vec<Document>, HomeFault> {
    let all = store.documents(kind, 0, usize::MAX).await?;
    if kind.keeps_history() {
        return Ok(all);
    }
    let newest: BTreeMap<Digest, Document> = all.into_iter().map(|document| (document.about, document)).collect();
    Ok(newest.into_values().collect())
}

fn damaged(place: &Place, seq: u64) -> HomeFault {
    MoveFault::Damaged { journal: place.1.to_string(), seq }.into()
}

/// An entry as the other store keeps it; who may read it is brought over beside it.
fn row(item: Item, agency: AgencyId) -> Option<(Row, Digest)> {
    let Item::Entry(ServedEntry { hash, header, signature, envelope }) = item else { return None };
    // What its author let go is let go there too.
    let size = Header::decode(&header).ok()?.size;
    let let_go = size > 0 && envelope.as_ref().is_some_and(Vec::is_empty);
    let entry = SealedEntry::from_parts(header, signature, envelope.filter(|_| !let_go)).ok()?;
    let header = &entry.header;
    if entry.hash() != hash || header.agency != agency {
        return None;
    }
    let reseal = header.target.is_some_and(|target| target.change == Change::Reseal);
    let slip =
        if header.kind == Kind::Sealed || (header.kind == Kind::StandIn && reseal) { header.key } else { header.seq };
    let stands_in = header.target.map(|target| {
        let target_of = target.entry;
        let doomed =
            Doomed { device: target_of.device, journal: target_of.journal, seq: target_of.seq, hash: target.hash };
        StandIn { target: doomed, erases: target.change == Change::Erasure }
    });
    let seq = header.seq;
    let (parts, envelope) = (header.parts.clone(), entry.envelope.or_else(|| let_go.then(Vec::new)));
    Some((Row { seq, slip, readers: Vec::new(), header: entry.bytes, signature, envelope, stands_in, parts }, hash))
}

/// A run that no store takes for its own history: it keeps it as evidence.
fn another_history(agency: &AgencyId, evidence: Evidence) -> Run {
    let Evidence { place, seq, hash, header, signature } = evidence;
    let (readers, parts) = (Vec::new(), Vec::new());
    let row = Row { seq, slip: seq, readers, header, signature, envelope: None, stands_in: None, parts };
    let stretch =
        Stretch { first: seq, before: Digest::tagged("another history", &[hash.as_bytes()]), hashes: vec![hash] };
    Run { place, root: chain::link0(agency, &place.0, &place.1), stretch, rows: vec![row] }
}

impl HubHome {
    /// Moves the hub's things to another store and its settings with them. `told` hears how it goes.
    ///
    /// # Errors
    /// [`HomeFault`]; the hub stays where it is then, and the same command goes on where it stopped.
    pub async fn move_store(
        &self,
        from: &StorePlace,
        to: &StorePlace,
        mut told: impl FnMut(Progress),
    ) -> Result<Moved, HomeFault> {
        let mut settings = self.settings()?;
        let here = settings.store.clone();
        if here != from.store {
            return Err(MoveFault::NotFromThere(here.unwrap_or_else(|| "sqlite".to_owned())).into());
        }
        if from.store == to.store {
            return Err(MoveFault::SamePlace.into());
        }
        let trust = self.trust()?.ok_or_else(|| HomeFault::NoRoster(self.path("join-request")))?;
        let source = self.store(&settings).await?;
        settings.store.clone_from(&to.store);
        if to.store.is_none() {
            settings.password_file = None;
        } else if to.password_file.is_some() {
            settings.password_file.clone_from(&to.password_file);
        }
        let target = self.store(&settings).await?;
        let moving = Move { agency: trust.agency(), from: &*source, to: &*target };
        moving.rounds(|brought| told(Progress::Round(brought))).await?;
        let held = Held::ask(self, from.store.as_deref()).await?;
        let _alone = match held {
            Some(_) => None,
            None => Some(self.once_stopped(&mut told).await?),
        };
        let last = moving.round().await?;
        // What the last round met half way, evidence of an entry that came with it, comes now.
        told(Progress::Round(last));
        told(Progress::Round(moving.round().await?));
        let depth = moving.compare().await?;
        let (text, serving) = (settings.to_text()?, held.is_some());
        match held {
            Some(held) => held.go_over(self, &text).await?,
            None => self.write("settings.toml", text.as_bytes())?,
        }
        Ok(Moved { depth, serving })
    }

    async fn once_stopped(&self, told: &mut impl FnMut(Progress)) -> Result<HomeLock, HomeFault> {
        let mut asked = false;
        loop {
            match self.lock() {
                Err(HomeFault::Held(_)) => {
                    if !asked {
                        told(Progress::StopNow);
                        asked = true;
                    }
                    tokio::time::sleep(LOOK).await;
                }
                locked => return locked,
            }
        }
    }
}

/// What a move came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// What both stores hold.
    pub depth: Depth,
    /// Whether the hub that serves has gone over by itself.
    pub serving: bool,
}

/// How a move goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A round has ended.
    Round(Brought),
    /// Nearly all is there: the hub is to be stopped, and is waited for.
    StopNow,
}

/// Where a hub keeps its things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePlace {
    /// The URL of a PostgreSQL database; none for the SQLite file in the home.
    pub store: Option<String>,
    /// The file of its password.
    pub password_file: Option<std::path::PathBuf>,
}

impl StorePlace {
    /// As it is written on the command line: `sqlite`, or the URL of a database.
    #[must_use]
    pub fn read(text: &str, password_file: Option<std::path::PathBuf>) -> Self {
        Self { store: (text != "sqlite").then(|| text.to_owned()), password_file }
    }
}
