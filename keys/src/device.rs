//! What a device holds: one signing key, one current and several retired reading identities; and the part that may only sign.

use std::fmt;
use std::sync::Arc;

use ed25519_dalek::Signer as _;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, DeviceId, KeyId};
use crate::recipient::{ReadIdentity, Recipient, RecipientKind};
use crate::statement::{Purpose, signing_string};
use crate::stretch::Stretch;
use crate::verifying_key::VerifyingKey;

/// The keys of one device. Secrets are wiped when dropped and are never printed.
#[derive(Clone)]
pub struct DeviceKeys {
    device: DeviceId,
    signer: Signer,
    current: ReadIdentity,
    retired: Vec<ReadIdentity>,
}

impl DeviceKeys {
    /// New keys from the system's randomness, with an X25519 recipient; the device's id follows from the signing key.
    ///
    /// # Errors
    /// As [`DeviceKeys::of_kind`].
    pub fn generate() -> Result<Self, KeysError> {
        Self::of_kind(RecipientKind::X25519)
    }

    /// New keys with a recipient of the kind that the agency has chosen.
    ///
    /// # Errors
    /// Never for honest randomness; *forged* if it gave a weak key.
    pub fn of_kind(kind: RecipientKind) -> Result<Self, KeysError> {
        let signer = Signer::generate()?;
        Ok(Self {
            device: signer.verifying_key().device_id(),
            signer,
            current: ReadIdentity::of_kind(kind)?,
            retired: Vec::new(),
        })
    }

    /// From parts, as a vault holds them. `device` is kept apart, since a rotated signing key no longer gives it.
    pub const fn from_parts(
        device: DeviceId,
        signer: Signer,
        current: ReadIdentity,
        retired: Vec<ReadIdentity>,
    ) -> Self {
        Self { device, signer, current, retired }
    }

    /// The id under which the roster lists this device: fixed at enrolment.
    pub const fn device_id(&self) -> DeviceId {
        self.device
    }

    /// The part that may only sign: cheap to clone, and can be handed to a thread that must not read.
    pub fn signer(&self) -> Signer {
        self.signer.clone()
    }

    /// Where its secrets lie.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch> {
        let signing = Stretch::of(&*self.signer.secret);
        [signing].into_iter().chain(self.identities().map(ReadIdentity::stretch))
    }

    /// The public signing key.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.signer.verifying_key()
    }

    /// What things are sealed to for this device.
    pub const fn recipient(&self) -> &Recipient {
        self.current.recipient()
    }

    /// The identity in use.
    pub const fn identity(&self) -> &ReadIdentity {
        &self.current
    }

    /// Every identity, the one in use first: the most frequent opener is tried first.
    pub fn identities(&self) -> impl Iterator<Item = &ReadIdentity> {
        std::iter::once(&self.current).chain(&self.retired)
    }

    /// Identities kept only to open what was sealed before a rotation.
    pub fn retired(&self) -> &[ReadIdentity] {
        &self.retired
    }

    /// New keys for the same device, of the kind that it has: as [`DeviceKeys::rotated_to`].
    ///
    /// # Errors
    /// As there.
    pub fn rotated(&self) -> Result<Self, KeysError> {
        self.rotated_to(self.current.kind())
    }

    /// New keys with a recipient of this kind for the same device: a new signing key (for a new journal) and a new identity; the old identity is kept to read.
    ///
    /// # Errors
    /// As [`DeviceKeys::generate`].
    pub fn rotated_to(&self, kind: RecipientKind) -> Result<Self, KeysError> {
        let mut retired = vec![self.current.clone()];
        retired.extend(self.retired.iter().cloned());
        let (signer, current) = (Signer::generate()?, ReadIdentity::of_kind(kind)?);
        Ok(Self { device: self.device, signer, current, retired })
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKeys({:?})", self.device)
    }
}

/// A handle that signs and does nothing else. Clones share one secret, wiped with the last of them.
#[derive(Clone)]
pub struct Signer {
    secret: Arc<ed25519_dalek::SigningKey>,
    public: VerifyingKey,
}

impl Signer {
    /// A new key from the system's randomness.
    ///
    /// # Errors
    /// As [`Signer::from_seed`].
    pub fn generate() -> Result<Self, KeysError> {
        Self::around(ed25519_dalek::SigningKey::generate(&mut OsRng))
    }

    /// From the 32 secret bytes.
    ///
    /// # Errors
    /// [`Forgery::WeakKey`] if the public half is weak, which no honest seed gives.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeysError> {
        Self::around(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    fn around(secret: ed25519_dalek::SigningKey) -> Result<Self, KeysError> {
        let public = VerifyingKey::from_bytes(secret.verifying_key().as_bytes()).map_err(|weak: Forgery| weak)?;
        Ok(Self { secret: Arc::new(secret), public })
    }

    /// Signs `payload` for one purpose and agency (FORMATS section 1).
    pub fn sign(&self, purpose: Purpose, agency: &AgencyId, payload: &[u8]) -> [u8; 64] {
        self.secret.sign(&signing_string(purpose, agency, payload)).to_bytes()
    }

    /// Signs an RFC 9421 signature base.
    ///
    /// # Errors
    /// [`Forgery::OtherPurpose`] for a base that does not begin with `"` and so could be a statement.
    pub fn sign_request(&self, base: &[u8]) -> Result<[u8; 64], Forgery> {
        if !base.starts_with(b"\"") {
            return Err(Forgery::OtherPurpose);
        }
        Ok(self.secret.sign(base).to_bytes())
    }

    /// The public half.
    pub const fn verifying_key(&self) -> VerifyingKey {
        self.public
    }

    /// The id of the public half.
    pub fn key_id(&self) -> KeyId {
        self.public.key_id()
    }

    /// The 32 secret bytes, for the vault alone.
    pub(crate) fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.secret.to_bytes())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({:?})", self.key_id())
    }
}
