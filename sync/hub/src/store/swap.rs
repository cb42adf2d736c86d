//! A store that can be another one: a hub that serves goes over to the store that its things were moved to, and nobody who asks it
//! notices more than a moment in which nothing new is kept.

use std::sync::Arc;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::documents::{Document, DocumentKind};
use amanat_sync::wire::parts::PartAt;
use tokio::sync::{RwLock, RwLockReadGuard};

use super::{
    Accepted, Answer, Asker, Beside, Complete, Depth, Due, Grant, HubStore, KeptCheckpoint, Ledger, Page, PartBook,
    Run, Sought, StoreFault,
};

/// The store of a hub that runs. What is under way when it is held or changes ends first, because each method is one transaction.
pub(crate) struct SwapStore {
    inside: RwLock<Inside>,
}

struct Inside {
    store: Arc<dyn HubStore>,
    /// As the settings name it.
    named: Option<String>,
    held: bool,
}

impl SwapStore {
    pub(crate) fn over(store: Arc<dyn HubStore>, named: Option<String>) -> Self {
        Self { inside: RwLock::new(Inside { store, named, held: false }) }
    }

    /// From here on nothing is written; what is read goes on. False, and nothing changes, where the store is another than the one meant, or is
    /// held for somebody else already: what a second one lets go, the first still relies on.
    pub(crate) async fn hold(&self, meant: Option<&str>) -> bool {
        let mut inside = self.inside.write().await;
        let may = !inside.held && inside.named.as_deref() == meant;
        inside.held |= may;
        may
    }

    /// Writes go on where they were.
    pub(crate) async fn release(&self) {
        self.inside.write().await.held = false;
    }

    /// Everything goes on in another store, which must hold the same.
    pub(crate) async fn go_over(&self, store: Arc<dyn HubStore>, named: Option<String>) {
        *self.inside.write().await = Inside { store, named, held: false };
    }

    async fn to_write(&self) -> Result<RwLockReadGuard<'_, Inside>, StoreFault> {
        let inside = self.inside.read().await;
        if inside.held { Err(StoreFault::Moving) } else { Ok(inside) }
    }
}

impl HubStore for SwapStore {
    fn accept(&self, runs: Vec<Run>) -> Answer<'_, Vec<Accepted>> {
        Box::pin(async move { self.to_write().await?.store.accept(runs).await })
    }

    fn page(&self, sought: Sought) -> Answer<'_, Page> {
        Box::pin(async move { self.inside.read().await.store.page(sought).await })
    }

    fn ledger(&self) -> Answer<'_, Ledger> {
        Box::pin(async move { self.inside.read().await.store.ledger().await })
    }

    fn keep_checkpoint(&self, checkpoint: KeptCheckpoint) -> Answer<'_, ()> {
        Box::pin(async move { self.to_write().await?.store.keep_checkpoint(checkpoint).await })
    }

    fn keep_document(&self, document: Document) -> Answer<'_, bool> {
        Box::pin(async move { self.to_write().await?.store.keep_document(document).await })
    }

    fn documents(&self, kind: DocumentKind, from: u64, most: usize) -> Answer<'_, Vec<Document>> {
        Box::pin(async move { self.inside.read().await.store.documents(kind, from, most).await })
    }

    fn depth(&self) -> Answer<'_, Depth> {
        Box::pin(async move { self.inside.read().await.store.depth().await })
    }

    fn order(&self, doomed: Vec<Doomed>) -> Answer<'_, ()> {
        Box::pin(async move { self.to_write().await?.store.order(doomed).await })
    }

    fn due(&self) -> Answer<'_, Vec<Due>> {
        Box::pin(async move { self.inside.read().await.store.due().await })
    }

    fn erase(&self, doomed: Vec<Doomed>) -> Answer<'_, ()> {
        Box::pin(async move { self.to_write().await?.store.erase(doomed).await })
    }

    fn parts(&self, asker: Asker, asked: Vec<PartAt>) -> Answer<'_, Vec<Option<PartBook>>> {
        Box::pin(async move { self.inside.read().await.store.parts(asker, asked).await })
    }

    fn hold_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>> {
        Box::pin(async move { self.to_write().await?.store.hold_part(device, digest).await })
    }

    fn lose_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>> {
        Box::pin(async move { self.to_write().await?.store.lose_part(device, digest).await })
    }

    fn incomplete(&self, device: DeviceId) -> Answer<'_, Vec<Complete>> {
        Box::pin(async move { self.inside.read().await.store.incomplete(device).await })
    }

    fn doomed_parts(&self) -> Answer<'_, Vec<(DeviceId, Digest)>> {
        Box::pin(async move { self.inside.read().await.store.doomed_parts().await })
    }

    fn parts_gone(&self, gone: Vec<(DeviceId, Digest)>) -> Answer<'_, ()> {
        Box::pin(async move { self.to_write().await?.store.parts_gone(gone).await })
    }

    fn beside(&self, device: DeviceId) -> Answer<'_, Beside> {
        Box::pin(async move { self.inside.read().await.store.beside(device).await })
    }

    fn orders(&self) -> Answer<'_, Vec<(Doomed, bool)>> {
        Box::pin(async move { self.inside.read().await.store.orders().await })
    }

    fn checkpoints(&self, after: (u64, u64), most: usize) -> Answer<'_, Vec<KeptCheckpoint>> {
        Box::pin(async move { self.inside.read().await.store.checkpoints(after, most).await })
    }

    fn let_in(&self, grants: Vec<Grant>) -> Answer<'_, ()> {
        Box::pin(async move { self.to_write().await?.store.let_in(grants).await })
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryStore;
    use super::*;

    #[tokio::test]
    async fn a_store_is_held_for_one_alone_and_a_second_who_asks_lets_nothing_go() {
        let swap = SwapStore::over(Arc::new(MemoryStore::default()), Some("here".to_owned()));
        assert!(!swap.hold(Some("elsewhere")).await && !swap.hold(None).await);
        swap.order(Vec::new()).await.unwrap();
        assert!(swap.hold(Some("here")).await);
        for second in [Some("here"), Some("elsewhere"), None] {
            assert!(!swap.hold(second).await);
            assert!(matches!(swap.order(Vec::new()).await, Err(StoreFault::Moving)), "still held for the first");
        }
        assert_eq!(swap.orders().await.unwrap(), Vec::new(), "what is read goes on");
        swap.release().await;
        swap.order(Vec::new()).await.unwrap();
    }
}
