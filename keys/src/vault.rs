//! `identity.age`: everything secret that a device keeps, under one passphrase (FORMATS section 8).

use std::fmt;

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};
use rand::RngCore;
use rand::rngs::OsRng;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::canonical::{self, strictly_rising};
use crate::device::{DeviceKeys, Signer};
use crate::error::KeysError;
use crate::fingerprint::{DeviceId, Digest, JournalId, KeyId, UnitId};
use crate::locked_file;
use crate::passphrase::Passphrase;
use crate::payload::NonceKey;
use crate::recipient::{ReadIdentity, Recipient};
use crate::row_seal::RowSeal;
use crate::stretch::Stretch;

pub use crate::locked_file::WorkFactor;

/// Most identities of one sort.
const MAX_IDENTITIES: u64 = 1_000;
/// Most journals of one device.
const MAX_JOURNALS: u64 = 10_000;

/// A unit's identity that this device holds.
#[derive(Clone)]
pub struct HeldUnit {
    /// The unit; zeros for a candidate that was offered in the join request and that no roster has named yet.
    pub unit: UnitId,
    /// Which of the unit's keys; 0 for a candidate.
    pub epoch: u64,
    /// The identity.
    pub identity: ReadIdentity,
}

/// The highest place of a journal of one's own that was seen: a journal file that ends before it was restored from a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalHead {
    /// The journal.
    pub journal: JournalId,
    /// Its highest place.
    pub seq: u64,
    /// The link there.
    pub link: Digest,
}

/// What an open vault holds. Wiped when dropped; never printed.
#[derive(Clone)]
pub struct Vault {
    keys: DeviceKeys,
    vault_key: Zeroizing<[u8; 32]>,
    nonce_key: Zeroizing<[u8; 32]>,
    units: Vec<HeldUnit>,
    heads: Vec<JournalHead>,
}

impl Vault {
    /// A vault around new keys, with a vault key and a nonce key of its own.
    pub fn new(keys: DeviceKeys) -> Self {
        Self { keys, vault_key: random(), nonce_key: random(), units: Vec::new(), heads: Vec::new() }
    }

    /// Locks it into the bytes of `identity.age`.
    ///
    /// # Errors
    /// [`KeysError::Misuse`] if it could not be sealed.
    pub fn lock(&self, passphrase: &Passphrase, factor: WorkFactor) -> Result<Vec<u8>, KeysError> {
        locked_file::lock(&canonical::encode_secret(self), passphrase, factor)
    }

    /// Opens the bytes of `identity.age`. `practice` accepts the low work factors of practice homes.
    ///
    /// # Errors
    /// [`crate::error::Lock::WorkFactor`] before any work is done; [`crate::error::Lock::WrongPassphrase`]; *damaged*; *malformed*.
    pub fn open(bytes: &[u8], passphrase: &Passphrase, practice: bool) -> Result<Self, KeysError> {
        Ok(canonical::decode(&locked_file::open(bytes, passphrase, practice)?)?)
    }

    /// The device's keys.
    pub const fn keys(&self) -> &DeviceKeys {
        &self.keys
    }

    /// Where its secrets lie.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch> {
        let own = [Stretch::of(&*self.vault_key), Stretch::of(&*self.nonce_key)];
        let units = self.units.iter().map(|held| held.identity.stretch());
        own.into_iter().chain(self.keys.stretches()).chain(units)
    }

    /// Whether another holds the very same secrets.
    pub fn is_same(&self, other: &Self) -> bool {
        let bytes = |vault: &Self| canonical::encode_secret(vault);
        bool::from(bytes(self).as_slice().ct_eq(bytes(other).as_slice()))
    }

    /// Replaces the device's keys, after a rotation.
    pub fn set_keys(&mut self, keys: DeviceKeys) {
        self.keys = keys;
    }

    /// The seal of local rows.
    pub fn row_seal(&self) -> RowSeal {
        RowSeal::new(&self.vault_key)
    }

    /// The key that hedges nonces.
    pub fn nonce_key(&self) -> NonceKey {
        NonceKey::from_bytes(*self.nonce_key)
    }

    /// A new vault key, as a change of passphrase makes one: gives the seals before and after, so that the caller can reseal its
    /// rows before it writes the new `identity.age`.
    pub fn renew_vault_key(&mut self) -> (RowSeal, RowSeal) {
        let old = self.row_seal();
        self.vault_key = random();
        (old, self.row_seal())
    }

    /// The unit identities held, candidates too.
    pub fn units(&self) -> &[HeldUnit] {
        &self.units
    }

    /// Every identity that may open a slip: units (newest first), then the device's own.
    pub fn identities(&self) -> Vec<&ReadIdentity> {
        self.units.iter().rev().map(|held| &held.identity).chain(self.keys.identities()).collect()
    }

    /// A unit's identity by its recipient, held or candidate.
    pub fn unit_identity(&self, recipient: &Recipient) -> Option<&ReadIdentity> {
        self.units.iter().map(|held| &held.identity).find(|identity| identity.recipient() == recipient)
    }

    /// Makes and keeps a unit identity, of the kind of this device's own, to offer in a join request: it counts only once a roster names it.
    ///
    /// # Errors
    /// Never for honest randomness.
    pub fn offer_unit(&mut self) -> Result<Recipient, KeysError> {
        let identity = ReadIdentity::of_kind(self.keys.identity().kind())?;
        let recipient = identity.recipient().clone();
        self.hold(HeldUnit { unit: UnitId::ZERO, epoch: 0, identity });
        Ok(recipient)
    }

    /// Keeps a unit's identity; a candidate with the same key becomes it.
    pub fn hold(&mut self, held: HeldUnit) {
        let key = held.identity.key_id();
        self.units.retain(|other| other.identity.key_id() != key);
        self.units.push(held);
        self.units.sort_by_key(order);
    }

    /// Forgets candidates that no roster will name any more.
    pub fn forget_candidates(&mut self) {
        self.units.retain(|held| !held.unit.is_zero());
    }

    /// The highest places seen of one's own journals, sorted by journal.
    pub fn heads(&self) -> &[JournalHead] {
        &self.heads
    }

    /// Raises the head of a journal; a lower one is passed over.
    pub fn raise_head(&mut self, head: JournalHead) {
        match self.heads.binary_search_by(|held| held.journal.cmp(&head.journal)) {
            Ok(at) => {
                if let Some(held) = self.heads.get_mut(at).filter(|held| held.seq < head.seq) {
                    *held = head;
                }
            }
            Err(at) => self.heads.insert(at, head),
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({:?})", self.keys.device_id())
    }
}

fn order(held: &HeldUnit) -> (UnitId, u64, KeyId) {
    (held.unit, held.epoch, held.identity.key_id())
}

fn random() -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(bytes.as_mut_slice());
    bytes
}

/// `[1, device, signing seed, identity, [retired…], vault key, nonce key, [[unit, epoch, identity]…], [[journal, seq, link]…]]`.
impl<C> Encode<C> for Vault {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        let signer = self.keys.signer();
        e.array(9)?
            .u8(1)?
            .encode(self.keys.device_id())?
            .bytes(signer.seed().as_slice())?
            .encode(self.keys.identity())?;
        e.array(count(self.keys.retired()))?;
        self.keys.retired().iter().try_for_each(|old| e.encode(old).map(drop))?;
        e.bytes(self.vault_key.as_slice())?.bytes(self.nonce_key.as_slice())?;
        e.array(count(&self.units))?;
        for held in &self.units {
            e.array(3)?.encode(held.unit)?.u64(held.epoch)?.encode(&held.identity)?;
        }
        e.array(count(&self.heads))?;
        self.heads.iter().try_for_each(|head| e.array(3)?.encode(head.journal)?.u64(head.seq)?.encode(head.link)?.ok())
    }
}

fn count<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

impl<'b, C> Decode<'b, C> for Vault {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 9)?;
        canonical::version(d)?;
        let device: DeviceId = d.decode()?;
        let seed = Zeroizing::new(canonical::array_of::<32>(d)?);
        let signer = Signer::from_seed(&seed).map_err(|_source: KeysError| Error::message("signing seed"))?;
        let current = d.decode()?;
        let retired = canonical::list(d, MAX_IDENTITIES, |d| d.decode())?;
        let vault_key = Zeroizing::new(canonical::array_of::<32>(d)?);
        let nonce_key = Zeroizing::new(canonical::array_of::<32>(d)?);
        let units = canonical::list(d, MAX_IDENTITIES, |d| {
            canonical::array(d, 3)?;
            Ok(HeldUnit { unit: d.decode()?, epoch: d.u64()?, identity: d.decode()? })
        })?;
        let heads = canonical::list(d, MAX_JOURNALS, |d| {
            canonical::array(d, 3)?;
            Ok(JournalHead { journal: d.decode()?, seq: d.u64()?, link: d.decode()? })
        })?;
        let sorted = strictly_rising(units.iter().map(order))
            && strictly_rising(heads.iter().map(|head: &JournalHead| head.journal));
        if !sorted {
            return Err(Error::message("lists unsorted or repeated"));
        }
        let keys = DeviceKeys::from_parts(device, signer, current, retired);
        Ok(Self { keys, vault_key, nonce_key, units, heads })
    }
}
