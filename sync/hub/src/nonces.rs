//! Numbers used once: what makes a recorded request worthless, here and at every other hub.
//!
//! Sixteen random bytes for one device, good once, given with every answer (FORMATS section 7). A device that comes
//! without one is offered some; those stand apart from the ones it earned by a signed request, so that a stranger who
//! asks in its name cannot push those out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use amanat_keys::fingerprint::DeviceId;
use amanat_sync::signature::Nonce;
use amanat_sync::unspent::Unspent;
use rand::RngCore as _;
use rand::rngs::OsRng;

use crate::limits::{NONCES_KEPT, NONCES_OFFERED};

/// The unspent nonces of every device. In memory only: after a restart each device is offered new ones.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    unspent: Mutex<HashMap<DeviceId, OfOne>>,
}

#[derive(Debug, Default)]
struct OfOne {
    earned: Unspent,
    offered: Unspent,
}

impl Nonces {
    /// A nonce for a device whose request has just been verified.
    #[must_use]
    pub(crate) fn earn(&self, device: DeviceId) -> Nonce {
        let nonce = fresh();
        self.with(device, |unspent| unspent.earned.give(nonce, NONCES_KEPT));
        nonce
    }

    /// Nonces for whoever says that they are this device. Call it only for devices that the roster names: each costs memory.
    #[must_use]
    pub(crate) fn offer(&self, device: DeviceId) -> [Nonce; NONCES_OFFERED] {
        let nonces = [(); NONCES_OFFERED].map(|()| fresh());
        self.with(device, |unspent| nonces.iter().for_each(|nonce| unspent.offered.give(*nonce, NONCES_KEPT)));
        nonces
    }

    /// Takes a nonce out of use; true exactly once for each nonce given to this device.
    #[must_use]
    pub(crate) fn spend(&self, device: DeviceId, nonce: &Nonce) -> bool {
        self.with(device, |unspent| unspent.earned.spend(nonce).is_ok() || unspent.offered.spend(nonce).is_ok())
    }

    /// Whether this nonce was given to the device with an answer to a signed request. It stays good.
    #[must_use]
    pub(crate) fn earned(&self, device: DeviceId, nonce: &Nonce) -> bool {
        let unspent = self.unspent.lock().unwrap_or_else(PoisonError::into_inner);
        unspent.get(&device).is_some_and(|unspent| unspent.earned.holds(nonce))
    }

    fn with<T>(&self, device: DeviceId, act: impl FnOnce(&mut OfOne) -> T) -> T {
        // A thread that died here cannot have left half a nonce behind.
        let mut unspent = self.unspent.lock().unwrap_or_else(PoisonError::into_inner);
        act(unspent.entry(device).or_default())
    }
}

fn fresh() -> Nonce {
    let mut nonce = Nonce::default();
    OsRng.fill_bytes(&mut nonce);
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_and_for_one_device() {
        let nonces = Nonces::default();
        let (a, b) = (DeviceId::from_bytes([1; 32]), DeviceId::from_bytes([2; 32]));
        let nonce = nonces.earn(a);
        assert!(!nonces.spend(b, &nonce));
        assert!(nonces.earned(a, &nonce) && !nonces.earned(b, &nonce), "asking spends nothing");
        assert!(nonces.spend(a, &nonce));
        assert!(!nonces.earned(a, &nonce) && nonces.offer(a).iter().all(|offered| !nonces.earned(a, offered)));
        assert!(!nonces.spend(a, &nonce));
        assert!(!nonces.spend(a, &[0; 16]), "what was never given");
    }

    #[test]
    fn a_stranger_asking_in_a_name_cannot_push_out_earned_nonces() {
        let nonces = Nonces::default();
        let device = DeviceId::from_bytes([1; 32]);
        let earned = nonces.earn(device);
        let first = nonces.offer(device);
        for _ in 0..1_000 {
            let _offered = nonces.offer(device);
        }
        assert!(nonces.spend(device, &earned));
        assert!(!nonces.spend(device, &first[0]), "offers are bounded: the oldest go");
    }
}
