//! A case's key: the age file key of 16 bytes under which one device seals one case's entries.
//!
//! FORMATS section 3: a case key belongs to one case *and one device*, which made it and alone seals under it. Its id
//! commits to it and to the place of the slip that published it, so that nobody can pass off a known key as another
//! case's or another device's.

use age_core::format::FileKey;
use age_core::primitives::hkdf;
use age_core::secrecy::ExposeSecret;
use rand::{RngCore, rngs::OsRng};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, KeyId};

/// Where an entry stands, in full: what binds a plaintext to its place and a case key to its slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The agency.
    pub agency: AgencyId,
    /// The device whose journal it is; its author, whoever carries it.
    pub device: DeviceId,
    /// The journal of that device.
    pub journal: JournalId,
    /// The entry's number in the journal, from 1.
    pub seq: u64,
    /// The case.
    pub case: CaseId,
    /// The number, in this same journal, of the slip whose key seals the entry; a slip's own number for a slip.
    pub key: u64,
}

impl Place {
    /// The 16 bytes that the JSON repeats as `slot`: the first half of H("amanat/v1/slot" ‖ 0 ‖ agency ‖ device ‖ journal
    /// ‖ seq ‖ case ‖ key), both numbers as 8 bytes, big-endian.
    #[must_use]
    pub fn slot(&self) -> [u8; 16] {
        let parts: [&[u8]; 6] = [
            self.agency.as_bytes(),
            self.device.as_bytes(),
            self.journal.as_bytes(),
            &self.seq.to_be_bytes(),
            self.case.as_bytes(),
            &self.key.to_be_bytes(),
        ];
        let mut slot = [0; 16];
        if let Some((half, _)) = Digest::tagged("slot", &parts).as_bytes().split_first_chunk() {
            slot = *half;
        }
        slot
    }

    /// The salt of a key id: H("amanat/v1/key-id" ‖ 0 ‖ agency ‖ device ‖ journal ‖ seq ‖ case), seq being the slip's.
    fn key_salt(&self) -> Digest {
        let parts: [&[u8]; 5] = [
            self.agency.as_bytes(),
            self.device.as_bytes(),
            self.journal.as_bytes(),
            &self.key.to_be_bytes(),
            self.case.as_bytes(),
        ];
        Digest::tagged("key-id", &parts)
    }
}

/// A case key: 16 secret bytes, wiped when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct CaseKey([u8; 16]);

impl CaseKey {
    /// A new key from the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        let mut key = Self([0; 16]);
        OsRng.fill_bytes(&mut key.0);
        key
    }

    /// Takes the 16 bytes of an age file key, as the vectors and `export` have them.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The secret bytes. Whoever calls this wipes the copies that it makes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// The key id under which a slip at `place.key` publishes this key: HKDF-SHA-256(file key, salt over the slip's place,
    /// info = "amanat/v1/key-id"). Any place under the same slip gives the same id.
    #[must_use]
    pub fn id(&self, place: &Place) -> KeyId {
        KeyId::from_bytes(hkdf(place.key_salt().as_bytes(), b"amanat/v1/key-id", &self.0))
    }

    /// The same key in age's own type.
    pub(crate) fn to_file_key(&self) -> FileKey {
        FileKey::init_with_mut(|bytes| bytes.copy_from_slice(&self.0))
    }

    /// The key that age unwrapped.
    pub(crate) fn from_file_key(key: &FileKey) -> Self {
        Self(*key.expose_secret())
    }
}

impl std::fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CaseKey(..)")
    }
}
