//! A store whose hub dies at one of its writes, or which does something else than it is told.

use std::sync::{Arc, Mutex};

use amanat_hub::store::{
    Accepted, Answer as Later, Asker, Beside, Complete, Depth, Due, Grant, HubStore, KeptCheckpoint, Ledger, Page,
    PartBook, Run, Sought, StoreFault,
};
use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::documents::{Document, DocumentKind};
use amanat_sync::wire::parts::PartAt;

/// At which of its writes a hub dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dies {
    BeforeKeeping,
    AfterKeeping,
    BeforeCheckpoint,
    AfterCheckpoint,
    BeforeErasing,
    AfterErasing,
}

impl Dies {
    /// As it is counted.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::BeforeKeeping => "hub killed before it kept",
            Self::AfterKeeping => "hub killed after it kept",
            Self::BeforeCheckpoint => "hub killed before its checkpoint",
            Self::AfterCheckpoint => "hub killed after its checkpoint",
            Self::BeforeErasing => "hub killed before it erased",
            Self::AfterErasing => "hub killed after it erased",
        }
    }
}

/// A fault that is planted, to see whether it is found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Nothing is ever erased or let go.
    KeepsAll,
    /// What a stand-in replaces goes at once, whoever has or has not opened it.
    LetsGoEarly,
    /// An attachment is called held before a byte of it has come.
    HoldsEarly,
}

/// A store whose hub may die.
pub(crate) struct Fused {
    pub(crate) store: Arc<dyn HubStore>,
    /// Where it will die, and whether it has.
    pub(crate) state: Mutex<(Option<Dies>, bool)>,
    pub(crate) planted: Option<Sabotage>,
}

impl Fused {
    pub(crate) fn passes(&self, point: Option<Dies>) -> Result<(), StoreFault> {
        let mut state = self.state.lock().unwrap();
        state.1 |= point.is_some() && state.0 == point;
        if state.1 { Err(StoreFault::Stopped) } else { Ok(()) }
    }
}

/// What of a push a planted fault is about.
struct Came {
    replaced: Vec<Doomed>,
    parts: Vec<(DeviceId, Digest)>,
}

impl Came {
    fn of(runs: &[Run]) -> Self {
        let mut came = Self { replaced: Vec::new(), parts: Vec::new() };
        for (run, row) in runs.iter().flat_map(|run| run.rows.iter().map(move |row| (run, row))) {
            came.replaced.extend(row.stands_in.filter(|it| !it.erases).map(|it| it.target));
            came.parts.extend(row.parts.iter().map(|part| (run.place.0, part.digest)));
        }
        came
    }
}

impl Fused {
    async fn does_more(&self, came: Came, kept: &mut [Accepted]) -> Result<(), StoreFault> {
        if self.planted == Some(Sabotage::LetsGoEarly) {
            self.store.erase(came.replaced).await?;
        }
        if self.planted != Some(Sabotage::HoldsEarly) {
            return Ok(());
        }
        for (device, digest) in came.parts {
            let held = self.store.hold_part(device, digest).await?;
            for kept in kept.iter_mut() {
                let now = held.iter().find(|it| it.place == kept.place);
                kept.complete = now.map_or(kept.complete, |it| it.complete);
            }
        }
        Ok(())
    }
}

impl HubStore for Fused {
    fn accept(&self, runs: Vec<Run>) -> Later<'_, Vec<Accepted>> {
        Box::pin(async move {
            self.passes(Some(Dies::BeforeKeeping))?;
            let came = Came::of(&runs);
            let mut kept = self.store.accept(runs).await?;
            self.does_more(came, &mut kept).await?;
            self.passes(Some(Dies::AfterKeeping)).map(|()| kept)
        })
    }
    fn keep_checkpoint(&self, checkpoint: KeptCheckpoint) -> Later<'_, ()> {
        Box::pin(async move {
            self.passes(Some(Dies::BeforeCheckpoint))?;
            self.store.keep_checkpoint(checkpoint).await?;
            self.passes(Some(Dies::AfterCheckpoint))
        })
    }
    fn page(&self, sought: Sought) -> Later<'_, Page> {
        Box::pin(async move {
            self.passes(None)?;
            self.store.page(sought).await
        })
    }
    fn ledger(&self) -> Later<'_, Ledger> {
        self.store.ledger()
    }
    fn keep_document(&self, document: Document) -> Later<'_, bool> {
        self.store.keep_document(document)
    }
    fn documents(&self, kind: DocumentKind, from: u64, most: usize) -> Later<'_, Vec<Document>> {
        self.store.documents(kind, from, most)
    }
    fn depth(&self) -> Later<'_, Depth> {
        self.store.depth()
    }
    fn order(&self, doomed: Vec<Doomed>) -> Later<'_, ()> {
        Box::pin(async move {
            self.passes(Some(Dies::BeforeKeeping))?;
            self.store.order(doomed).await?;
            self.passes(Some(Dies::AfterKeeping))
        })
    }
    fn due(&self) -> Later<'_, Vec<Due>> {
        self.store.due()
    }
    fn erase(&self, doomed: Vec<Doomed>) -> Later<'_, ()> {
        Box::pin(async move {
            self.passes(Some(Dies::BeforeErasing))?;
            if self.planted != Some(Sabotage::KeepsAll) {
                self.store.erase(doomed).await?;
            }
            self.passes(Some(Dies::AfterErasing))
        })
    }
    fn beside(&self, device: DeviceId) -> Later<'_, Beside> {
        self.store.beside(device)
    }
    fn orders(&self) -> Later<'_, Vec<(Doomed, bool)>> {
        self.store.orders()
    }
    fn checkpoints(&self, after: (u64, u64), most: usize) -> Later<'_, Vec<KeptCheckpoint>> {
        self.store.checkpoints(after, most)
    }
    fn let_in(&self, grants: Vec<Grant>) -> Later<'_, ()> {
        self.store.let_in(grants)
    }
    fn parts(&self, asker: Asker, asked: Vec<PartAt>) -> Later<'_, Vec<Option<PartBook>>> {
        self.store.parts(asker, asked)
    }
    fn hold_part(&self, device: DeviceId, digest: Digest) -> Later<'_, Vec<Complete>> {
        Box::pin(async move {
            self.passes(Some(Dies::BeforeKeeping))?;
            let complete = self.store.hold_part(device, digest).await?;
            self.passes(Some(Dies::AfterKeeping)).map(|()| complete)
        })
    }
    fn lose_part(&self, device: DeviceId, digest: Digest) -> Later<'_, Vec<Complete>> {
        self.store.lose_part(device, digest)
    }
    fn incomplete(&self, device: DeviceId) -> Later<'_, Vec<Complete>> {
        self.store.incomplete(device)
    }
    fn doomed_parts(&self) -> Later<'_, Vec<(DeviceId, Digest)>> {
        self.store.doomed_parts()
    }
    fn parts_gone(&self, gone: Vec<(DeviceId, Digest)>) -> Later<'_, ()> {
        self.store.parts_gone(gone)
    }
}
