//! Nonces that were given to one device and have not been used: the one rule by which a recorded request is worth nothing when it comes
//! a second time (FORMATS section 7). Pure; whose they are, and where new ones come from, is the hub's.

use std::collections::VecDeque;

use crate::signature::{Nonce, SignatureFault};

/// What a device may still sign over, the oldest first.
#[derive(Debug, Default)]
pub struct Unspent(VecDeque<Nonce>);

impl Unspent {
    /// Gives one more; beyond `most` the oldest can be used no longer.
    pub fn give(&mut self, nonce: Nonce, most: usize) {
        self.0.push_back(nonce);
        while self.0.len() > most {
            self.0.pop_front();
        }
    }

    /// Whether this one was given and not used. It stays good.
    #[must_use]
    pub fn holds(&self, nonce: &Nonce) -> bool {
        self.0.contains(nonce)
    }

    /// Uses one up.
    ///
    /// # Errors
    /// [`SignatureFault::Spent`] when it was never given, or has been used before.
    pub fn spend(&mut self, nonce: &Nonce) -> Result<(), SignatureFault> {
        let at = self.0.iter().position(|held| held == nonce);
        at.and_then(|at| self.0.remove(at)).map(drop).ok_or(SignatureFault::Spent)
    }
}
