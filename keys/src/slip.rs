//! The age header that gives a case key to its readers: made offline, opened by any of them, rewrapped for others.
//!
//! FORMATS section 3: exactly one stanza for each reader, in the order of the header's audience, all of the kind of recipient that the roster
//! has chosen (X25519, or age's hybrid); no grease, scrypt or plugin stanza; at most 64 stanzas and 128 KiB. The bytes are those of an age file up to its payload, so that
//! `cat slip entry | age -d -i key` opens an entry. Any reader could forge a slip (its MAC key comes from the case key):
//! what a slip says is believed because the entry that carries it is signed.

use age::{Identity as _, Recipient as _};
use age_core::format::{FileKey, Stanza, read};
use age_core::primitives::hkdf;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::case_key::{CaseKey, Place};
use crate::error::{Damage, Forgery, KeysError, Malformed, Misuse, NotForUs};
use crate::fingerprint::KeyId;
use crate::fixed_reader::{self, FixedReader};
use crate::hybrid;
use crate::limits;
use crate::mac::hmac_sha256;
use crate::recipient::{ReadIdentity, Recipient, RecipientKind};

const VERSION_LINE: &[u8] = b"age-encryption.org/v1\n";
const FOOTER: &[u8] = b"---";
const X25519: &str = fixed_reader::TAG;
/// Bytes of an X25519 stanza's body: the file key and a tag.
const WRAPPED: usize = 32;

/// What is wrong with a slip, or with the wish to make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SlipFault {
    /// More than 128 KiB.
    #[error("the slip is larger than is allowed")]
    TooLarge,
    /// Not an age header of version 1, or not in its one canonical form.
    #[error("the slip is not an age header")]
    NotAHeader,
    /// More than 64 stanzas.
    #[error("the slip has too many stanzas")]
    TooManyStanzas,
    /// Not as many stanzas as the header's audience has readers.
    #[error("the slip has {found} stanzas for {audience} readers")]
    Audience {
        /// Stanzas in the slip.
        found: usize,
        /// Readers in the header's audience.
        audience: usize,
    },
    /// A stanza of a kind that no roster has: passphrase, plugin, grease.
    #[error("the slip has a stanza of another kind")]
    ForeignStanza,
    /// Stanzas of both kinds, or readers: what the weaker one lets out the stronger cannot keep.
    #[error("the slip mixes hybrid recipients with others")]
    MixedKinds,
    /// A stanza whose X25519 share is of low order or not canonical: anyone could open it.
    #[error("the slip has a weak share")]
    WeakShare,
    /// None of the identities opens any stanza.
    #[error("the slip is not for this reader")]
    NotForUs,
    /// The header's MAC is not that of the key inside: a stanza was added, dropped or changed.
    #[error("the slip's MAC is wrong")]
    WrongMac,
    /// The key inside is not the one that the signed header commits to at this place.
    #[error("the slip's key is not the one it commits to")]
    KeyIdMismatch,
    /// An audience of more than 64.
    #[error("more readers than a slip may have")]
    TooManyReaders,
    /// A slip for nobody, or for one reader twice.
    #[error("an audience needs readers, each once")]
    BadAudience,
}

/// A slip whose shape is in order: every stanza is of one kind and canonical. Its MAC waits for the key.
#[derive(Debug)]
pub struct Slip {
    kind: RecipientKind,
    stanzas: Vec<Stanza>,
    /// The header up to and with `---`, which the MAC covers.
    covered: Vec<u8>,
    mac: [u8; 32],
}

impl Slip {
    /// Makes a slip that gives `key` to `readers`, one stanza each, in this order. Offline; about 60 µs a reader, and twice that
    /// for hybrid ones. Who makes many for the same readers takes a [`SlipMaker`].
    ///
    /// # Errors
    /// [`SlipFault::BadAudience`], [`SlipFault::TooManyReaders`], [`SlipFault::MixedKinds`].
    pub fn make(key: &CaseKey, readers: &[Recipient]) -> Result<Vec<u8>, SlipFault> {
        SlipMaker::new(readers)?.make(key)
    }

    /// Reads a slip for an audience of `audience` readers. Nothing is opened yet.
    ///
    /// # Errors
    /// [`SlipFault::TooLarge`], [`SlipFault::NotAHeader`], [`SlipFault::TooManyStanzas`], [`SlipFault::ForeignStanza`],
    /// [`SlipFault::MixedKinds`], [`SlipFault::WeakShare`], [`SlipFault::Audience`].
    pub fn parse(bytes: &[u8], audience: usize) -> Result<Self, SlipFault> {
        if bytes.len() > limits::SLIP {
            return Err(SlipFault::TooLarge);
        }
        let mut rest = bytes.strip_prefix(VERSION_LINE).ok_or(SlipFault::NotAHeader)?;
        let (mut stanzas, mut kinds) = (Vec::new(), Vec::new());
        while !rest.starts_with(FOOTER) {
            if stanzas.len() == limits::STANZAS {
                return Err(SlipFault::TooManyStanzas);
            }
            let (after, stanza) = read::age_stanza(rest).map_err(|_not_a_stanza| SlipFault::NotAHeader)?;
            let stanza = Stanza::from(stanza);
            kinds.push(check_stanza(&stanza)?);
            stanzas.push(stanza);
            rest = after;
        }
        let kind = one_kind(kinds.into_iter())?;
        let covered = bytes.len() - rest.len() + FOOTER.len();
        let (covered, last_line) = bytes.split_at_checked(covered).ok_or(SlipFault::NotAHeader)?;
        let mac = last_line.strip_prefix(b" ").and_then(|line| line.strip_suffix(b"\n")).and_then(decode_32);
        let mac = mac.ok_or(SlipFault::NotAHeader)?;
        if stanzas.len() != audience {
            return Err(SlipFault::Audience { found: stanzas.len(), audience });
        }
        Ok(Self { kind, stanzas, covered: covered.to_vec(), mac })
    }

    /// The same slip, to be opened by the reader who stands at this place of its audience: their stanza is tried first, which spares a
    /// curve's work for each before it. Which identity opens it makes no difference to what is checked.
    #[must_use]
    pub fn for_reader(mut self, place: usize) -> Self {
        if place < self.stanzas.len() {
            self.stanzas.swap(0, place);
        }
        self
    }

    /// Opens the slip with whichever identity fits, checks its MAC, and compares the key's id at `place` with the one the
    /// signed header commits to (`key_id`, the commitment of a slip or of a rewrap's target).
    ///
    /// # Errors
    /// [`SlipFault::NotForUs`], [`SlipFault::WrongMac`], [`SlipFault::KeyIdMismatch`].
    pub fn open<'a>(
        &self,
        identities: impl IntoIterator<Item = &'a ReadIdentity>,
        place: &Place,
        key_id: &KeyId,
    ) -> Result<CaseKey, SlipFault> {
        let key = self.unwrap(identities)?;
        let mac = header_mac(&key, &self.covered);
        if !bool::from(mac.ct_eq(&self.mac)) {
            return Err(SlipFault::WrongMac);
        }
        if key.id(place) != *key_id {
            return Err(SlipFault::KeyIdMismatch);
        }
        Ok(key)
    }

    fn unwrap<'a>(&self, identities: impl IntoIterator<Item = &'a ReadIdentity>) -> Result<CaseKey, SlipFault> {
        for identity in identities.into_iter().filter(|identity| identity.kind() == self.kind) {
            for stanza in &self.stanzas {
                match identity.unwrap_stanza(stanza) {
                    None => {}
                    Some(Ok(file_key)) => return Ok(CaseKey::from_file_key(&file_key)),
                    // Tag, arguments and body were found canonical, so age can only be refusing the share.
                    Some(Err(_refused)) => return Err(SlipFault::WeakShare),
                }
            }
        }
        Err(SlipFault::NotForUs)
    }
}

/// Makes slips for the same readers again and again: who they are is looked at once.
pub struct SlipMaker(Vec<Wrapper>);

/// One reader, as a file key is wrapped to them.
enum Wrapper {
    X25519(age::x25519::Recipient),
    Fixed(FixedReader),
    Hybrid(Recipient),
}

impl SlipMaker {
    /// For these readers, in this order.
    ///
    /// # Errors
    /// [`SlipFault::BadAudience`], [`SlipFault::TooManyReaders`], [`SlipFault::MixedKinds`].
    pub fn new(readers: &[Recipient]) -> Result<Self, SlipFault> {
        if readers.len() > limits::STANZAS {
            return Err(SlipFault::TooManyReaders);
        }
        let repeated = readers.iter().enumerate().any(|(at, reader)| readers.iter().take(at).any(|r| r == reader));
        if readers.is_empty() || repeated {
            return Err(SlipFault::BadAudience);
        }
        one_kind(readers.iter().map(Recipient::kind))?;
        readers.iter().map(Wrapper::of).collect::<Result<_, _>>().map(Self)
    }

    /// The same for hundreds of slips: it takes longer to begin and half as long for each.
    ///
    /// # Errors
    /// As [`SlipMaker::new`].
    pub fn for_many(readers: &[Recipient]) -> Result<Self, SlipFault> {
        let mut maker = Self::new(readers)?;
        for (wrapper, reader) in maker.0.iter_mut().zip(readers) {
            if let (Wrapper::X25519(_), Some(fixed)) = (&*wrapper, FixedReader::of(reader.as_bytes())) {
                *wrapper = Wrapper::Fixed(fixed);
            }
        }
        Ok(maker)
    }

    /// A slip that gives them `key`, as [`Slip::make`] does.
    ///
    /// # Errors
    /// [`SlipFault::BadAudience`] where a reader's key takes nothing.
    pub fn make(&self, key: &CaseKey) -> Result<Vec<u8>, SlipFault> {
        let file_key = key.to_file_key();
        let mut slip = VERSION_LINE.to_vec();
        for reader in &self.0 {
            write_stanza(&mut slip, &reader.wrap(&file_key)?);
        }
        slip.extend_from_slice(FOOTER);
        let mac = header_mac(key, &slip);
        slip.push(b' ');
        slip.extend_from_slice(STANDARD_NO_PAD.encode(mac).as_bytes());
        slip.push(b'\n');
        Ok(slip)
    }
}

impl Wrapper {
    fn of(reader: &Recipient) -> Result<Self, SlipFault> {
        match reader.kind() {
            RecipientKind::X25519 => {
                reader.to_string().parse().map(Self::X25519).map_err(|_text: &str| SlipFault::BadAudience)
            }
            RecipientKind::MlKem768X25519 => Ok(Self::Hybrid(reader.clone())),
        }
    }

    /// The file key wrapped to the reader, as age wraps it.
    fn wrap(&self, file_key: &FileKey) -> Result<Stanza, SlipFault> {
        let wrapped = match self {
            Self::X25519(reader) => reader.wrap_file_key(file_key),
            Self::Fixed(reader) => return reader.wrap(file_key).ok_or(SlipFault::BadAudience),
            Self::Hybrid(reader) => reader.wrap_file_key(file_key),
        };
        let (stanzas, _labels) = wrapped.map_err(|_refused| SlipFault::BadAudience)?;
        stanzas.into_iter().next().ok_or(SlipFault::BadAudience)
    }
}

/// Opens a slip and makes a new one for `readers` under the same case key: the bytes of a rewrap (FORMATS section 4). It grants and
/// never revokes: whoever had the old slip has the key.
///
/// # Errors
/// Those of [`Slip::parse`], [`Slip::open`] and [`Slip::make`].
pub fn rewrap<'a>(
    slip: &[u8],
    audience: usize,
    identities: impl IntoIterator<Item = &'a ReadIdentity>,
    place: &Place,
    key_id: &KeyId,
    readers: &[Recipient],
) -> Result<Vec<u8>, SlipFault> {
    let key = Slip::parse(slip, audience)?.open(identities, place, key_id)?;
    Slip::make(&key, readers)
}

impl From<SlipFault> for KeysError {
    fn from(fault: SlipFault) -> Self {
        match fault {
            SlipFault::NotForUs => NotForUs::NoKey.into(),
            SlipFault::WeakShare => Forgery::WeakKey.into(),
            SlipFault::KeyIdMismatch => Forgery::OtherKey.into(),
            SlipFault::WrongMac => Damage::Seal.into(),
            SlipFault::TooLarge => Damage::TooLarge.into(),
            SlipFault::BadAudience => Misuse::NoReaders.into(),
            SlipFault::TooManyReaders => Misuse::TooManyReaders.into(),
            SlipFault::MixedKinds => Misuse::MixedKinds.into(),
            SlipFault::NotAHeader
            | SlipFault::TooManyStanzas
            | SlipFault::Audience { .. }
            | SlipFault::ForeignStanza => Malformed::new("slip").into(),
        }
    }
}

/// The kind that all of them are of; X25519 for none at all.
fn one_kind(mut kinds: impl Iterator<Item = RecipientKind>) -> Result<RecipientKind, SlipFault> {
    let first = kinds.next().unwrap_or(RecipientKind::X25519);
    if kinds.all(|kind| kind == first) { Ok(first) } else { Err(SlipFault::MixedKinds) }
}

fn write_stanza(out: &mut Vec<u8>, stanza: &Stanza) {
    out.extend_from_slice(b"-> ");
    out.extend_from_slice(stanza.tag.as_bytes());
    for argument in &stanza.args {
        out.push(b' ');
        out.extend_from_slice(argument.as_bytes());
    }
    out.push(b'\n');
    // A body of either kind is 43 characters, so its one line is also its last, short one (age.md, recipient stanza).
    out.extend_from_slice(STANDARD_NO_PAD.encode(&stanza.body).as_bytes());
    out.push(b'\n');
}

/// The kind of a stanza that is as its specification has it.
fn check_stanza(stanza: &Stanza) -> Result<RecipientKind, SlipFault> {
    let (kind, share) = match stanza.tag.as_str() {
        X25519 => match stanza.args.as_slice() {
            [share] if stanza.body.len() == WRAPPED => (RecipientKind::X25519, decode_32(share.as_bytes())),
            _ => (RecipientKind::X25519, None),
        },
        hybrid::TAG => {
            let share = hybrid::encapsulated(stanza).and_then(|raw| raw.last_chunk::<32>().copied());
            (RecipientKind::MlKem768X25519, share)
        }
        _ => return Err(SlipFault::ForeignStanza),
    };
    let share = share.ok_or(SlipFault::NotAHeader)?;
    Recipient::from_raw(RecipientKind::X25519, &share).map_err(|_weak| SlipFault::WeakShare)?;
    Ok(kind)
}

/// 32 bytes from their 43 characters of base64 without padding, in the one canonical form.
fn decode_32(text: &[u8]) -> Option<[u8; 32]> {
    STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// HMAC-SHA-256 over the header up to and with `---`, under HKDF(file key, no salt, "header").
fn header_mac(key: &CaseKey, covered: &[u8]) -> [u8; 32] {
    let mac_key = Zeroizing::new(hkdf(b"", b"header", key.expose()));
    hmac_sha256(&mac_key, &[covered])
}
