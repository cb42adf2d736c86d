//! age's hybrid recipients, `age1pq1…`: what is sealed to one stays shut as long as either ML-KEM-768 or X25519 does.
//!
//! The stanza is that of C2SP's age.md, and files go both ways between this and others that have it. The `age` crate has no such recipient
//! yet; when it has, this file and [`crate::hybrid_kem`] go.

use std::sync::Arc;

use age::DecryptError;
use age::secrecy::{ExposeSecret, SecretString};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use bech32::{FromBase32, ToBase32, Variant};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::{Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::error::Malformed;
use crate::hybrid_kem::{Encapsulated, MlKem768X25519, Public, Secret};
use crate::stretch::Stretch;

/// The word that begins its stanzas.
pub(crate) const TAG: &str = "mlkem768x25519";
/// age's word for what must not stand beside recipients that a quantum computer opens.
pub(crate) const LABEL: &str = "postquantum";
/// Raw bytes of a recipient: ML-KEM-768 encapsulation key and X25519 public key.
pub(crate) const RECIPIENT_LEN: usize = 1184 + 32;
/// What a recipient's text begins with.
pub(crate) const RECIPIENT_HRP: &str = "age1pq";
/// Raw bytes of what a stanza gives to its reader: ML-KEM-768 ciphertext and X25519 share.
pub(crate) const ENCAPSULATED: usize = 1088 + 32;
/// Bytes of a stanza's body: the file key and a tag.
const WRAPPED: usize = FILE_KEY_BYTES + 16;
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// The human-readable part of an identity's text.
pub(crate) const IDENTITY_HRP: &str = "age-secret-key-pq-";
/// What an identity's text begins with.
pub(crate) const IDENTITY_PREFIX: &str = "AGE-SECRET-KEY-PQ-1";
/// ML-KEM's modulus.
const Q: u16 = 3329;

/// An identity. Clones share one secret, wiped with the last of them; nothing prints it.
#[derive(Clone)]
pub(crate) struct Identity(Arc<Secret>);

impl Identity {
    /// Where its secret lies.
    pub(crate) fn stretch(&self) -> Stretch {
        Stretch::of(&*self.0)
    }

    /// From the system's randomness.
    pub(crate) fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(seed.as_mut_slice());
        Self(Arc::new(Secret::from_seed(&seed)))
    }

    /// From its text, in the one spelling that age writes. The text is never repeated.
    pub(crate) fn from_text(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("age identity");
        if !text.starts_with(IDENTITY_PREFIX) {
            return Err(malformed());
        }
        let (hrp, data, variant) = bech32::decode(text).map_err(|_source: bech32::Error| malformed())?;
        let seed = Vec::<u8>::from_base32(&data).map(Zeroizing::new).map_err(|_source: bech32::Error| malformed())?;
        let seed: &[u8; 32] = seed.as_slice().try_into().map_err(|_length| malformed())?;
        if hrp != IDENTITY_HRP || variant != Variant::Bech32 {
            return Err(malformed());
        }
        Ok(Self(Arc::new(Secret::from_seed(seed))))
    }

    /// Its text.
    pub(crate) fn to_text(&self) -> SecretString {
        // The only fault that the encoding knows is a prefix that is no prefix.
        let text = bech32::encode(IDENTITY_HRP, self.0.seed().to_base32(), Variant::Bech32);
        let mut text = Zeroizing::new(text.unwrap_or_default());
        text.make_ascii_uppercase();
        SecretString::from(text.as_str())
    }

    /// The raw bytes of its recipient.
    pub(crate) fn recipient(&self) -> Vec<u8> {
        MlKem768X25519::sk_to_pk(&self.0).to_bytes().to_vec()
    }

    /// The file key in a stanza; none where the stanza is another's.
    ///
    /// # Errors
    /// [`DecryptError::InvalidHeader`] for a stanza of this kind that is not as the specification has it.
    pub(crate) fn unwrap(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        let Some(encapsulated) = encapsulated(stanza).and_then(|raw| Encapsulated::from_bytes(&raw).ok()) else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, MlKem768X25519>(
            &OpModeR::Base,
            &self.0,
            &encapsulated,
            INFO,
            &stanza.body,
            &[],
        );
        match opened.map(Zeroizing::new) {
            Ok(key) => Some(file_key(&key).ok_or(DecryptError::InvalidHeader)),
            Err(HpkeError::DecapError) => Some(Err(DecryptError::InvalidHeader)),
            Err(_not_for_this_key) => None,
        }
    }
}

fn file_key(opened: &[u8]) -> Option<FileKey> {
    let opened: &[u8; FILE_KEY_BYTES] = opened.try_into().ok()?;
    Some(FileKey::init_with_mut(|key| *key = *opened))
}

/// What a stanza of this kind gives to its reader, if it is one as the specification has it: one argument of 1 120 bytes in their one
/// spelling, and a body of 32.
pub(crate) fn encapsulated(stanza: &Stanza) -> Option<Vec<u8>> {
    let [argument] = stanza.args.as_slice() else { return None };
    let raw = STANDARD_NO_PAD.decode(argument).ok()?;
    (raw.len() == ENCAPSULATED && stanza.body.len() == WRAPPED).then_some(raw)
}

/// The file key wrapped to a recipient's raw bytes.
///
/// # Errors
/// For bytes that are no recipient.
pub(crate) fn wrap(recipient: &[u8], file_key: &FileKey) -> Result<Stanza, HpkeError> {
    let recipient = Public::from_bytes(recipient)?;
    let (encapsulated, body) = single_shot_seal::<ChaCha20Poly1305, HkdfSha256, MlKem768X25519, _>(
        &OpModeS::Base,
        &recipient,
        INFO,
        file_key.expose_secret(),
        &[],
        &mut OsRng,
    )?;
    Ok(Stanza { tag: TAG.to_owned(), args: vec![STANDARD_NO_PAD.encode(encapsulated.to_bytes())], body })
}

/// Whether the first 1 184 bytes are an encapsulation key in its one spelling: each of its numbers below the modulus (FIPS 203 section 7.2).
pub(crate) fn is_canonical(recipient: &[u8]) -> bool {
    let Some((pq, _point)) = recipient.split_last_chunk::<32>() else { return false };
    let Some((numbers, _seed)) = pq.split_last_chunk::<32>() else { return false };
    let (threes, rest) = numbers.as_chunks::<3>();
    let below = |&[low, middle, high]: &[u8; 3]| {
        let first = u16::from(low) | u16::from(middle & 0x0f) << 8;
        let second = u16::from(middle >> 4) | u16::from(high) << 4;
        first < Q && second < Q
    };
    rest.is_empty() && threes.iter().all(below)
}
