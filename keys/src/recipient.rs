//! The public and the secret half of reading: age keys of either kind, with their raw bytes and key ids within reach.

use std::collections::HashSet;
use std::str::FromStr;
use std::{fmt, io};

use age::secrecy::{ExposeSecret, SecretString};
use age_core::format::{FileKey, Stanza};
use bech32::{FromBase32, ToBase32, Variant};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical;
use crate::error::{Forgery, KeysError, Malformed};
use crate::fingerprint::KeyId;
use crate::hybrid;
use crate::limits;
use crate::stretch::Stretch;

/// Bytes of a parcel's header besides its recipients' stanzas: the version's line, the MAC's, and more than age's grease takes.
pub(crate) const AROUND_STANZAS: usize = 1024;

/// Which age recipient an agency uses for everything that its roster names (FORMATS section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecipientKind {
    /// `age1…`, 32 raw bytes.
    X25519,
    /// age's post-quantum hybrid, `age1pq1…`, 1 216 raw bytes.
    MlKem768X25519,
}

impl RecipientKind {
    /// The number in the formats.
    pub const fn number(self) -> u8 {
        match self {
            Self::X25519 => 0,
            Self::MlKem768X25519 => 1,
        }
    }

    /// From the number in the formats.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::X25519),
            1 => Some(Self::MlKem768X25519),
            _ => None,
        }
    }

    /// The word in settings, on the command line and in age's own stanzas.
    pub const fn word(self) -> &'static str {
        match self {
            Self::X25519 => "x25519",
            Self::MlKem768X25519 => hybrid::TAG,
        }
    }

    /// What one reader costs in a slip, in bytes: a stanza.
    pub const fn slip_bytes(self) -> usize {
        match self {
            Self::X25519 => 98,
            Self::MlKem768X25519 => 1557,
        }
    }

    /// To how many readers of this kind a parcel can be sealed: as many as there may be stanzas, or as its header holds.
    pub const fn parcel_readers(self) -> usize {
        let room = (limits::PARCEL_HEADER - AROUND_STANZAS) / self.slip_bytes();
        if room < limits::STANZAS { room } else { limits::STANZAS }
    }

    /// Length of the raw public bytes.
    pub const fn raw_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::MlKem768X25519 => hybrid::RECIPIENT_LEN,
        }
    }
}

impl FromStr for RecipientKind {
    type Err = Malformed;

    fn from_str(word: &str) -> Result<Self, Malformed> {
        let named = [Self::X25519, Self::MlKem768X25519].into_iter().find(|kind| kind.word() == word);
        named.ok_or_else(|| Malformed::new("kind of recipient (x25519, mlkem768x25519)"))
    }
}

impl<C> Encode<C> for RecipientKind {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u8(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for RecipientKind {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        Self::from_number(d.u8()?).ok_or_else(|| minicbor::decode::Error::message("unknown recipient kind").at(at))
    }
}

/// A public key to which things are sealed. Only canonical, strong points exist as a value of this type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipient {
    kind: RecipientKind,
    raw: Vec<u8>,
}

impl Recipient {
    /// From the kind and the raw public bytes of the formats.
    ///
    /// # Errors
    /// *Malformed* when the length does not fit the kind, or an encapsulation key is in another spelling than its own; *forged* for an
    /// X25519 point that is not canonical or has small order (anyone could open what is sealed to it).
    pub fn from_raw(kind: RecipientKind, raw: &[u8]) -> Result<Self, KeysError> {
        if raw.len() != kind.raw_len() {
            return Err(Malformed::new("recipient").into());
        }
        let point = raw.get(raw.len().saturating_sub(32)..).unwrap_or_default();
        if !is_strong_x25519(point) {
            return Err(Forgery::WeakKey.into());
        }
        if kind == RecipientKind::MlKem768X25519 && !hybrid::is_canonical(raw) {
            return Err(Malformed::new("recipient").into());
        }
        Ok(Self { kind, raw: raw.to_vec() })
    }

    /// The kind.
    pub const fn kind(&self) -> RecipientKind {
        self.kind
    }

    /// The raw public bytes: 32 for X25519.
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// The id by which headers and rosters refer to it.
    pub fn key_id(&self) -> KeyId {
        KeyId::of_recipient(self.kind.number(), &self.raw)
    }

    /// From the text `age1…` or `age1pq1…`.
    ///
    /// # Errors
    /// As [`Recipient::from_raw`]; also *malformed* when it is no such text.
    pub fn from_text(text: &str) -> Result<Self, KeysError> {
        let malformed = || Malformed::new("age recipient");
        let (hrp, data, variant) = bech32::decode(text).map_err(|_source: bech32::Error| malformed())?;
        let kind = match hrp.as_str() {
            "age" => RecipientKind::X25519,
            hybrid::RECIPIENT_HRP => RecipientKind::MlKem768X25519,
            _ => return Err(malformed().into()),
        };
        if variant != Variant::Bech32 {
            return Err(malformed().into());
        }
        let raw = Vec::<u8>::from_base32(&data).map_err(|_source: bech32::Error| malformed())?;
        Self::from_raw(kind, &raw)
    }
}

impl fmt::Display for Recipient {
    /// The text that `age -r` takes; a hybrid one is 1 959 letters long and needs age 1.3.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hrp = match self.kind {
            RecipientKind::X25519 => "age",
            RecipientKind::MlKem768X25519 => hybrid::RECIPIENT_HRP,
        };
        let text =
            bech32::encode(hrp, self.raw.to_base32(), Variant::Bech32).map_err(|_source: bech32::Error| fmt::Error)?;
        f.write_str(&text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({:?})", self.key_id())
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        let refused = || age::EncryptError::Io(io::Error::from(io::ErrorKind::InvalidInput));
        match self.kind {
            RecipientKind::X25519 => {
                let age: Result<age::x25519::Recipient, _> = self.to_string().parse();
                age.map_err(|_text: &str| refused())?.wrap_file_key(file_key)
            }
            RecipientKind::MlKem768X25519 => {
                let stanza = hybrid::wrap(&self.raw, file_key).map_err(|_source: hpke::HpkeError| refused())?;
                Ok((vec![stanza], HashSet::from([hybrid::LABEL.to_owned()])))
            }
        }
    }
}

/// The secret half: opens what is sealed to its [`Recipient`]. Wiped when dropped; never printed.
#[derive(Clone)]
pub struct ReadIdentity {
    secret: Secret,
    recipient: Recipient,
}

impl ReadIdentity {
    /// Where its secret lies.
    #[must_use]
    pub fn stretch(&self) -> Stretch {
        match &self.secret {
            Secret::X25519(identity) => Stretch::of(identity),
            Secret::Hybrid(identity) => identity.stretch(),
        }
    }
}

/// The secret of either kind.
#[derive(Clone)]
enum Secret {
    X25519(age::x25519::Identity),
    Hybrid(hybrid::Identity),
}

impl ReadIdentity {
    /// A new one for an X25519 recipient, from the system's randomness.
    ///
    /// # Errors
    /// As [`ReadIdentity::of_kind`].
    pub fn generate() -> Result<Self, KeysError> {
        Self::of_kind(RecipientKind::X25519)
    }

    /// A new one of the kind that an agency has chosen, from the system's randomness.
    ///
    /// # Errors
    /// Only if its public half is weak, which honest randomness never gives.
    pub fn of_kind(kind: RecipientKind) -> Result<Self, KeysError> {
        match kind {
            RecipientKind::X25519 => Self::from_age(age::x25519::Identity::generate()),
            RecipientKind::MlKem768X25519 => Self::from_hybrid(hybrid::Identity::generate()),
        }
    }

    /// Around an identity of the `age` crate.
    fn from_age(age: age::x25519::Identity) -> Result<Self, KeysError> {
        let recipient = Recipient::from_text(&age.to_public().to_string())?;
        Ok(Self { secret: Secret::X25519(age), recipient })
    }

    fn from_hybrid(hybrid: hybrid::Identity) -> Result<Self, KeysError> {
        let recipient = Recipient::from_raw(RecipientKind::MlKem768X25519, &hybrid.recipient())?;
        Ok(Self { secret: Secret::Hybrid(hybrid), recipient })
    }

    /// From the text `AGE-SECRET-KEY-1…` or `AGE-SECRET-KEY-PQ-1…`.
    ///
    /// # Errors
    /// *Malformed* when it is no such text. The text is never repeated.
    pub fn from_text(text: &str) -> Result<Self, KeysError> {
        if text.starts_with(hybrid::IDENTITY_PREFIX) {
            return Self::from_hybrid(hybrid::Identity::from_text(text)?);
        }
        Self::from_age(text.parse().map_err(|_text: &str| Malformed::new("age identity"))?)
    }

    /// The text that `age -i` takes.
    pub fn to_text(&self) -> SecretString {
        match &self.secret {
            Secret::X25519(age) => age.to_string(),
            Secret::Hybrid(hybrid) => hybrid.to_text(),
        }
    }

    /// Which kind of recipient it opens for.
    pub const fn kind(&self) -> RecipientKind {
        self.recipient.kind()
    }

    /// The public half.
    pub const fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The id of the public half.
    pub fn key_id(&self) -> KeyId {
        self.recipient.key_id()
    }
}

impl age::Identity for ReadIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        match &self.secret {
            Secret::X25519(age) => age.unwrap_stanza(stanza),
            Secret::Hybrid(hybrid) => hybrid.unwrap(stanza),
        }
    }
}

impl fmt::Debug for ReadIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadIdentity({:?})", self.key_id())
    }
}

impl<C> Encode<C> for ReadIdentity {
    /// As the text of [`ReadIdentity::to_text`]: only ever written into sealed bytes.
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(self.to_text().expose_secret())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for ReadIdentity {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        Self::from_text(d.str()?).map_err(|_source: KeysError| minicbor::decode::Error::message("age identity").at(at))
    }
}

/// Writes a recipient that may be missing as a byte string, empty for none.
pub(crate) fn encode_optional<W: minicbor::encode::Write>(
    e: &mut Encoder<W>,
    recipient: Option<&Recipient>,
) -> Result<(), minicbor::encode::Error<W::Error>> {
    e.bytes(recipient.map_or(&[], Recipient::as_bytes))?.ok()
}

/// Reads a recipient byte string, whose length gives its kind; empty is none.
pub(crate) fn decode_any(d: &mut Decoder<'_>) -> Result<Option<Recipient>, minicbor::decode::Error> {
    let at = d.position();
    let raw = canonical::bytes(d, hybrid::RECIPIENT_LEN)?;
    let kind = match raw.len() {
        0 => return Ok(None),
        32 => RecipientKind::X25519,
        _ => RecipientKind::MlKem768X25519,
    };
    Recipient::from_raw(kind, raw)
        .map(Some)
        .map_err(|_source: KeysError| minicbor::decode::Error::message("recipient").at(at))
}

/// The u-coordinates of small order, canonical spellings (RFC 7748 section 6.1 asks for the check; list: cr.yp.to/ecdh.html).
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
];

/// Canonical (below p = 2²⁵⁵ − 19, top bit clear) and not of small order.
fn is_strong_x25519(point: &[u8]) -> bool {
    let Ok(point) = <[u8; 32]>::try_from(point) else { return false };
    let mut big_endian = point;
    big_endian.reverse();
    let mut prime = [0xff_u8; 32];
    let [first, .., last] = &mut prime;
    (*first, *last) = (0x7f, 0xed);
    big_endian < prime && !SMALL_ORDER.contains(&point)
}
