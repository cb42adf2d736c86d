//! The hub itself: store, trust, signer, clock, and the ways in which its trust moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use amanat_keys::device::Signer;
use amanat_keys::erasure::{Doomed, Erasure};
use amanat_keys::error::KeysError;
use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::rotation::{RotationWord, Said};
use amanat_keys::trust::{Step, Trust};
use amanat_sync::chain::Head;
use amanat_sync::documents::DocumentKind;
use amanat_sync::proof;
use tokio::sync::Semaphore;

use crate::blobs::Blobs;
use crate::clock;
use crate::contacts::Contacts;
use crate::counters::Counters;
use crate::keeper::{Keeper, Newest, Speaker};
use crate::limits::BODIES;
use crate::lineage;
use crate::nonces::Nonces;
use crate::rates::Rates;
use crate::replaced::Settled;
use crate::seats::Seats;
use crate::signing::{Keys, Signing};
use crate::standing::Standing;
use crate::store::{HubStore, Place, StoreFault, SwapStore};
use crate::turns::Turns;

/// Who this hub is, and in which life: the epoch rises when it was restored from a backup.
#[derive(Debug, Clone)]
pub struct HubIdentity {
    /// Named like a device, after the key it was enrolled with.
    pub id: DeviceId,
    /// Signs receipts and checkpoints.
    pub signer: Signer,
    /// Signs beside it, until a roster names it.
    pub next: Option<Signer>,
    /// Counts from 1.
    pub epoch: u64,
}

/// What must be written down when trust moves, before it counts.
pub type KeepTrust = Box<dyn Fn(&Trust) -> std::io::Result<()> + Send + Sync>;

/// The hub. Share it in an [`Arc`] and give it to [`crate::router`].
pub struct Hub {
    pub(crate) id: DeviceId,
    pub(crate) signing: Arc<Signing>,
    pub(crate) store: Arc<dyn HubStore>,
    /// The same, where it can be changed for another.
    pub(crate) swap: Option<Arc<SwapStore>>,
    pub(crate) keeper: Keeper,
    /// Where attachments lie; without it none are taken.
    pub(crate) blobs: Option<Arc<Blobs>>,
    pub(crate) nonces: Nonces,
    pub(crate) rates: Rates,
    /// One permit for each byte of a body or an answer that may be in memory.
    pub(crate) bodies: Arc<Semaphore>,
    /// The requests of each device that are under way.
    pub(crate) turns: Arc<Turns>,
    /// The places for connections.
    pub(crate) seats: Arc<Seats>,
    pub(crate) counters: Counters,
    pub(crate) contacts: Contacts,
    /// The disk was full when something was last to be kept.
    full: AtomicBool,
    standing: RwLock<Standing>,
    shelf: RwLock<BTreeMap<(DocumentKind, Digest), u64>>,
    moving: tokio::sync::Mutex<()>,
    /// By each word on stand-ins, up to where it has been followed.
    pub(crate) settled: tokio::sync::Mutex<Settled>,
    keep: KeepTrust,
    clock: fn() -> u64,
}

/// What a hub passes on.
pub(crate) const DOCUMENT_KINDS: [DocumentKind; 9] = [
    DocumentKind::Roster,
    DocumentKind::UnitKeys,
    DocumentKind::Codebook,
    DocumentKind::Freshness,
    DocumentKind::Epoch,
    DocumentKind::Erasure,
    DocumentKind::Proposal,
    DocumentKind::RotationCertificate,
    DocumentKind::NextHubKey,
];

/// Why the hub could not take something over.
#[derive(Debug, thiserror::Error)]
pub enum HubFault {
    /// The roster or document does not prove itself.
    #[error("what was offered does not prove itself")]
    Trust(#[from] KeysError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreFault),
    /// The trust file could not be written.
    #[error("the file of the adopted roster could not be written")]
    Disk(#[from] std::io::Error),
}

/// What came of a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// It is the newest now.
    Adopted(u64),
    /// It was held already.
    AlreadyHeld(u64),
}

impl Hub {
    /// Opens the hub over a store, with the roster it has adopted.
    ///
    /// # Errors
    /// [`HubFault::Store`] when the store fails.
    pub async fn open(
        identity: HubIdentity,
        store: Arc<dyn HubStore>,
        trust: Trust,
        keep: KeepTrust,
    ) -> Result<Self, HubFault> {
        Self::open_at(identity, store, trust, keep, clock::now_ms).await
    }

    /// As [`Hub::open`] with another clock (milliseconds since 1970), for tests.
    ///
    /// # Errors
    /// As [`Hub::open`].
    pub async fn open_at(
        identity: HubIdentity,
        store: Arc<dyn HubStore>,
        trust: Trust,
        keep: KeepTrust,
        clock: fn() -> u64,
    ) -> Result<Self, HubFault> {
        let HubIdentity { id, signer, next, epoch } = identity;
        let signing = Arc::new(Signing::new(Keys::new(signer, next, &id, &trust)));
        lineage::shelve(&*store, &trust, &[]).await?;
        let tenure = lineage::tenure(&*store, &trust).await?;
        let shelf = RwLock::new(newest_of_all(&*store).await?);
        let speaker = Speaker { agency: trust.agency(), hub: id, epoch, signing: Arc::clone(&signing) };
        let keeper = Keeper::open(speaker, &*store, clock()).await?;
        let hub = Self {
            id,
            signing,
            store,
            swap: None,
            keeper,
            blobs: None,
            nonces: Nonces::default(),
            rates: Rates::new(),
            bodies: Arc::new(Semaphore::new(usize::try_from(BODIES).unwrap_or(usize::MAX))),
            turns: Arc::default(),
            seats: Arc::default(),
            counters: Counters::default(),
            contacts: Contacts::new(clock()),
            full: AtomicBool::new(false),
            shelf,
            standing: RwLock::new(Standing::new(Arc::new(trust), tenure)),
            moving: tokio::sync::Mutex::new(()),
            settled: tokio::sync::Mutex::default(),
            keep,
            clock,
        };
        // A hub that was killed in between finishes now.
        hub.settle().await?;
        hub.drop_replaced(&BTreeMap::new()).await?;
        Ok(hub)
    }

    /// The same hub, keeping attachments too.
    ///
    /// # Errors
    /// [`HubFault::Store`] when what an erasure left behind cannot be removed.
    pub async fn with_parts(mut self, blobs: Blobs) -> Result<Self, HubFault> {
        self.blobs = Some(Arc::new(blobs));
        // A hub that was killed between an erasure and the removal of what it listed finishes now.
        self.swept().await?;
        Ok(self)
    }

    /// The same hub, whose store can be changed for another while it serves.
    pub(crate) fn with_swap(mut self, swap: Arc<SwapStore>) -> Self {
        self.swap = Some(swap);
        self
    }

    /// Takes the next roster, if it follows the one held and its quorum holds. The requests that run keep the one they began
    /// with. A second valid roster of the version held is refused and kept as proof, and from then on told to everybody.
    ///
    /// # Errors
    /// [`HubFault`]; nothing has changed then, but for that proof.
    pub async fn adopt(&self, statement: &[u8]) -> Result<Adoption, HubFault> {
        let _one_at_a_time = self.moving.lock().await;
        let mut trust = (*self.standing().trust).clone();
        let forks = trust.forks().len();
        let step = trust.adopt(statement);
        match step {
            Ok(Step::AlreadyHeld) => return Ok(Adoption::AlreadyHeld(trust.roster_version())),
            Err(fault) if trust.forks().len() == forks => return Err(fault.into()),
            Ok(Step::Adopted) | Err(_) => {}
        }
        for (about, version) in lineage::shelve(&*self.store, &trust, &[]).await? {
            self.shelve(DocumentKind::Roster, about, version);
        }
        (self.keep)(&trust)?;
        let version = trust.roster_version();
        let new_key = self.signing.follow(&trust, &self.id);
        self.stand_by(Arc::new(trust)).await?;
        // The first word of the new key alone. Where it cannot be kept, the next push that can be brings it.
        if new_key && let Err(fault) = self.keeper.renew(&*self.store, self.now_ms()).await {
            tracing::warn!(%fault, "no checkpoint by the new key yet");
        }
        if let Err(fault) = step {
            tracing::error!(version, "a second valid roster of this version was offered: admins signed twice");
            return Err(fault.into());
        }
        tracing::info!(version, "adopted a roster");
        // Somebody who stood in may have become one who may.
        self.settle().await?;
        self.settled.lock().await.clear();
        self.drop_replaced(&BTreeMap::new()).await?;
        Ok(Adoption::Adopted(version))
    }

    /// Shelves those of these rosters that are steps below the one held and were missing here.
    ///
    /// # Errors
    /// [`HubFault::Store`] when the store fails.
    pub async fn complete(&self, rosters: &[Vec<u8>]) -> Result<(), HubFault> {
        let _one_at_a_time = self.moving.lock().await;
        let trust = self.standing().trust;
        if !lineage::shelve(&*self.store, &trust, rosters).await?.is_empty() {
            self.stand_by(trust).await?;
        }
        Ok(())
    }

    /// From now on this roster is in force, after those that are on the shelf.
    async fn stand_by(&self, trust: Arc<Trust>) -> Result<(), StoreFault> {
        let tenure = lineage::tenure(&*self.store, &trust).await?;
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = Standing::new(trust, tenure);
        Ok(())
    }

    /// Keeps a document that proves itself against the adopted roster. False: another one holds its version.
    ///
    /// # Errors
    /// [`HubFault`]; nothing has changed then.
    pub async fn keep(&self, statement: &[u8]) -> Result<bool, HubFault> {
        let document = proof::prove(statement, &self.standing().trust)?;
        let (kind, about, version) = (document.kind, document.about, document.version);
        let standing = self.standing();
        // Only such a word lets older envelopes go; others come by the thousand.
        let opened = kind == DocumentKind::RotationCertificate
            && RotationWord::verify(statement, &standing.trust)
                .is_ok_and(|word| matches!(word.value().said, Said::Opened { .. }));
        let order = (kind == DocumentKind::Erasure).then(|| Erasure::verify(statement, &self.standing().trust));
        // Before the order is on the shelf: one that is told to others is known to the entries as well.
        if let Some(order) = order.transpose()? {
            self.store.order(order.into_value().targets).await?;
        }
        let kept = self.store.keep_document(document).await?;
        if kept {
            self.shelve(kind, about, version);
        }
        match kind {
            DocumentKind::Erasure => self.settle().await?,
            DocumentKind::RotationCertificate if opened => self.drop_replaced(&BTreeMap::new()).await?,
            _ => {}
        }
        Ok(kept)
    }

    /// Shelves the request for its own next key, for the admins to fetch. One that the roster does not bear out stays with the keeper.
    ///
    /// # Errors
    /// [`HubFault::Store`].
    pub(crate) async fn offer(&self, request: &[u8]) -> Result<(), HubFault> {
        match self.keep(request).await {
            Err(HubFault::Trust(fault)) => {
                tracing::error!(cause = %fault, "the request for this hub's next key is not offered to the admins");
                Ok(())
            }
            kept => kept.map(drop),
        }
    }

    /// Erases what an order names and somebody stood in for who may, by the adopted roster. Whatever made it due, and in which
    /// order it came, is all the same.
    ///
    /// # Errors
    /// [`StoreFault`]; what is due then stays due.
    pub(crate) async fn settle(&self) -> Result<(), StoreFault> {
        let standing = self.standing();
        let due = self.store.due().await?.into_iter();
        let due: BTreeSet<Doomed> =
            due.filter(|due| standing.may_stand_in(&due.signer, &due.target.device)).map(|due| due.target).collect();
        if !due.is_empty() {
            tracing::info!(entries = due.len(), "erased by order");
            self.store.erase(due.into_iter().collect()).await?;
        }
        self.swept().await
    }

    /// Removes what erased entries listed. Where attachments cannot be reached now they stay named and are removed the next time: no entry
    /// waits for them.
    pub(crate) async fn swept(&self) -> Result<(), StoreFault> {
        match self.sweep_parts().await {
            Err(StoreFault::Parts(cause)) => {
                tracing::warn!(%cause, "attachments of erased entries cannot be removed now");
                Ok(())
            }
            swept => swept,
        }
    }

    /// The newest version of every document.
    pub(crate) fn shelf(&self) -> Vec<(DocumentKind, Digest, u64)> {
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        shelf.iter().map(|((kind, about), version)| (*kind, *about, *version)).collect()
    }

    fn shelve(&self, kind: DocumentKind, about: Digest, version: u64) {
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        let newest = shelf.entry((kind, about)).or_default();
        *newest = version.max(*newest);
    }

    /// The key id that requests name: that of the receipt key in the roster.
    #[must_use]
    pub fn key_id(&self) -> amanat_keys::fingerprint::KeyId {
        self.signing.keys().named()
    }

    /// Whether devices that hold the newest roster accept a connection under this TLS key.
    #[must_use]
    pub fn lists_tls_key(&self, key: &[u8]) -> bool {
        self.standing().trust.roster().hub(&self.id).is_some_and(|hub| hub.tls_keys.contains(key))
    }

    /// Notices that the disk is full: said once, and until something could be kept again.
    pub(crate) fn heeding<T>(&self, kept: Result<T, StoreFault>) -> Result<T, StoreFault> {
        if matches!(kept, Err(StoreFault::Full)) && !self.full.swap(true, Ordering::Relaxed) {
            tracing::error!("the disk is full: what is new is refused, what is held is served; make room");
        }
        kept
    }

    /// A checkpoint that covers these heads, durable ([`Keeper::cover`]).
    pub(crate) async fn cover(&self, heads: &[(Place, Head)]) -> Result<Newest, StoreFault> {
        let before = self.keeper.kept();
        let newest = self.heeding(self.keeper.cover(&*self.store, heads, self.now_ms()).await)?;
        // The entries may have been held since before the disk was full, and only the word on them was missing.
        if self.keeper.kept() > before {
            self.has_room();
        }
        Ok(newest)
    }

    /// Something new could be kept.
    pub(crate) fn has_room(&self) {
        if self.full.swap(false, Ordering::Relaxed) {
            tracing::info!("there is room on the disk again");
        }
    }

    /// Whether the disk was full when something was last to be kept.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    pub(crate) fn standing(&self) -> Standing {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn now_ms(&self) -> u64 {
        (self.clock)()
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hub({:?})", self.id)
    }
}

async fn newest_of_all(store: &dyn HubStore) -> Result<BTreeMap<(DocumentKind, Digest), u64>, StoreFault> {
    let mut newest = BTreeMap::new();
    for kind in DOCUMENT_KINDS {
        for document in store.documents(kind, 0, usize::MAX).await? {
            newest.insert((kind, document.about), document.version);
        }
    }
    Ok(newest)
}
