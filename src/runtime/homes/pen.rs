//! What a device seals with, and for whom.

use amanat_keys::{device::Signer, fingerprint::Digest, payload::NonceKey, recipient::Recipient};
use amanat_sync::entry::Reader;

/// What one device seals with.
#[derive(Clone)]
pub struct Pen {
    /// Signs.
    pub signer: Signer,
    /// Hedges nonces.
    pub nonce: NonceKey,
    /// Version and hash of the adopted roster.
    pub roster: (u64, Digest),
}

/// Who is to read a case today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readers {
    /// As the header has them.
    pub audience: Vec<Reader>,
    /// In the same order.
    pub recipients: Vec<Recipient>,
}

impl Readers {
    /// One more reader, in its place; one who reads already changes nothing.
    pub(in crate::runtime) fn add(&mut self, reader: Reader, recipient: &Recipient) {
        if let Err(place) = self.audience.binary_search(&reader) {
            self.audience.insert(place, reader);
            self.recipients.insert(place, recipient.clone());
        }
    }
}
