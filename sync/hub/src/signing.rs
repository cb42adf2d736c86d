//! What the hub signs with: the key that the roster names and, until the roster names the next one, that one beside it.
//!
//! From the moment the next key is made both sign every word. So each word stands under the roster that names the older key and under
//! the one that names the newer: whoever is offline for weeks loses nothing, and what the older key signs alone from then on is no
//! word of this hub's.

use std::sync::{PoisonError, RwLock};

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, DeviceId, KeyId};
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::Trust;

/// The keys, as one answer uses them.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// The one that receipts name and that requests are addressed to.
    named: Signer,
    /// One that signs as well.
    beside: Option<Signer>,
}

impl Keys {
    /// Of the key in use and the next one, if there is one, the one that the roster names goes first.
    pub(crate) fn new(held: Signer, next: Option<Signer>, hub: &DeviceId, trust: &Trust) -> Self {
        match next {
            Some(next) if names(trust, hub, &next) => Self { named: next, beside: Some(held) },
            beside => Self { named: held, beside },
        }
    }

    /// One alone, without a roster that names it.
    #[cfg(test)]
    pub(crate) fn alone(named: Signer) -> Self {
        Self { named, beside: None }
    }

    /// The id of the key that the roster names.
    pub(crate) fn named(&self) -> KeyId {
        self.named.key_id()
    }

    /// The ids of the keys that it answers to, as requests spell them.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.both().map(|key| key.key_id().to_string()).collect()
    }

    /// Whether just these keys have signed this word of ours.
    pub(crate) fn have_signed(&self, statement: &[u8]) -> bool {
        let Ok(statement) = Statement::from_bytes(statement) else { return false };
        let has = |key: &Signer| statement.signatures().iter().any(|(id, _)| *id == key.key_id());
        statement.signatures().len() == self.both().count() && self.both().all(has)
    }

    /// A statement with the hub's signatures, as bytes.
    pub(crate) fn signed(&self, purpose: Purpose, payload: Vec<u8>, agency: &AgencyId) -> Vec<u8> {
        let mut statement = Statement::signed_by(purpose, agency, payload, &self.named);
        if let Some(beside) = &self.beside {
            statement.sign(agency, beside);
        }
        statement.to_bytes()
    }

    /// The key that the roster names.
    pub(crate) fn first(&self) -> &Signer {
        &self.named
    }

    fn both(&self) -> impl Iterator<Item = &Signer> {
        [&self.named].into_iter().chain(&self.beside)
    }
}

/// The keys of a hub that runs.
#[derive(Debug)]
pub(crate) struct Signing(RwLock<Keys>);

impl Signing {
    pub(crate) fn new(keys: Keys) -> Self {
        Self(RwLock::new(keys))
    }

    pub(crate) fn keys(&self) -> Keys {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the next key into use and lets go of the older one, if this roster names it. Whether it did.
    pub(crate) fn follow(&self, trust: &Trust, hub: &DeviceId) -> bool {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(next) = keys.beside.take_if(|next| names(trust, hub, next)) else { return false };
        tracing::info!(key = %next.key_id(), "signs with its new key alone");
        keys.named = next;
        true
    }
}

/// Whether the roster gives the hub this key.
pub(crate) fn names(trust: &Trust, hub: &DeviceId, key: &Signer) -> bool {
    trust.roster().hub(hub).is_some_and(|listed| listed.receipt_key == key.verifying_key())
}
