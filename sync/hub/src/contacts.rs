//! When each device last spoke, and what it said of itself: for the supervisors of its unit. In memory only, and said so: what a hub that
//! was started anew does not remember, it does not make up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use amanat_keys::fingerprint::DeviceId;
use amanat_sync::wire::team::SelfReport;

/// The last contacts of devices that the roster lists.
#[derive(Debug)]
pub(crate) struct Contacts {
    /// When this began, by the hub's clock.
    pub(crate) since: u64,
    known: Mutex<HashMap<DeviceId, Contact>>,
}

/// One device's last contact.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Contact {
    pub(crate) at: u64,
    pub(crate) said: Option<SelfReport>,
}

impl Contacts {
    pub(crate) fn new(since: u64) -> Self {
        Self { since, known: Mutex::default() }
    }

    /// A request of this device has been verified. Call it for devices of the roster only: each costs memory.
    pub(crate) fn note(&self, device: DeviceId, at: u64, query: Option<&str>) {
        let said = query.and_then(SelfReport::read);
        self.with(device, |contact| *contact = Contact { at, said: said.or(contact.said) });
    }

    /// So many entries of this device have arrived, whoever brought them: they wait no more.
    pub(crate) fn arrived(&self, device: DeviceId, entries: u64) {
        self.with(device, |contact| {
            if let Some(said) = &mut contact.said {
                said.waiting = said.waiting.saturating_sub(entries);
            }
        });
    }

    pub(crate) fn of(&self, device: &DeviceId) -> Contact {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(device).copied().unwrap_or_default()
    }

    fn with(&self, device: DeviceId, act: impl FnOnce(&mut Contact)) {
        act(self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(device).or_default());
    }
}
