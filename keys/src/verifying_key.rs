//! The public half of speaking: Ed25519 keys that are canonical and strong, checked with `verify_strict` only.

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical;
use crate::error::Forgery;
use crate::fingerprint::{AgencyId, DeviceId, KeyId};
use crate::statement::{Purpose, signing_string};

/// An Ed25519 public key. Only canonical encodings of points that are not of small order exist as a value of this type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// From the 32 bytes of the formats.
    ///
    /// # Errors
    /// [`Forgery::WeakKey`] for bytes that are no point, not its canonical spelling, or of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Forgery> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes)
            .map_err(|_source: ed25519_dalek::SignatureError| Forgery::WeakKey)?;
        // The library accepts y ≥ p and a needless sign bit; two spellings of one key would be two key ids.
        if key.is_weak() || key.to_edwards().compress().as_bytes() != bytes {
            return Err(Forgery::WeakKey);
        }
        Ok(Self(key))
    }

    /// The 32 bytes of the formats.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The id by which signatures name it.
    pub fn key_id(&self) -> KeyId {
        KeyId::of_signing_key(self.as_bytes())
    }

    /// The id of a device that is enrolled with this key.
    pub fn device_id(&self) -> DeviceId {
        DeviceId::of_signing_key(self.as_bytes())
    }

    /// Checks a signature over `payload` for one purpose and agency (FORMATS section 1).
    ///
    /// # Errors
    /// [`Forgery::Signature`].
    pub fn verify(
        &self,
        purpose: Purpose,
        agency: &AgencyId,
        payload: &[u8],
        signature: &[u8; 64],
    ) -> Result<(), Forgery> {
        self.verify_exact(&signing_string(purpose, agency, payload), signature)
    }

    /// Checks a signature over an RFC 9421 signature base, which begins with `"`.
    ///
    /// # Errors
    /// [`Forgery::Signature`]; also for a base that could be mistaken for a statement.
    pub fn verify_request(&self, base: &[u8], signature: &[u8; 64]) -> Result<(), Forgery> {
        if !base.starts_with(b"\"") {
            return Err(Forgery::OtherPurpose);
        }
        self.verify_exact(base, signature)
    }

    fn verify_exact(&self, bytes: &[u8], signature: &[u8; 64]) -> Result<(), Forgery> {
        self.0
            .verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(signature))
            .map_err(|_source: ed25519_dalek::SignatureError| Forgery::Signature)
    }
}

impl PartialOrd for VerifyingKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for VerifyingKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({:?})", self.key_id())
    }
}

impl<C> Encode<C> for VerifyingKey {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for VerifyingKey {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        let bytes = canonical::array_of::<32>(d)?;
        Self::from_bytes(&bytes).map_err(|source| minicbor::decode::Error::custom(source).at(at))
    }
}
