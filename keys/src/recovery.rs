//! The recovery identity, split m of n onto printed words: every unit's key is sealed to it, and nobody holds it whole (FORMATS section 5).
//!
//! The arithmetic is Shamir's over GF(256), by `vsss-rs`. What is ours is the sheet: 45 bytes with a checksum as 33 words of the list in
//! [`crate::words`], so that a slip of the pen is found on the sheet where it stands. A joined secret counts only if it is the identity
//! behind the roster's recovery recipient.

use bech32::{FromBase32, ToBase32, Variant};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;
use vsss_rs::Gf256;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Forgery, KeysError, Malformed, Misuse};
use crate::fingerprint::Digest;
use crate::hybrid::IDENTITY_HRP;
use crate::recipient::{ReadIdentity, Recipient, RecipientKind};
use crate::words::{number_of, word};

/// Most shares: more people than can be brought together.
pub const MOST: u8 = 16;
/// Words on a sheet.
pub const WORDS: usize = 33;

const BITS: usize = 11;
const VERSION: u8 = 1;
/// What a share restores: the recovery identity.
const RECOVERY: u8 = 1;
/// Bytes before the checksum: version, what, set (4), m, n, index, value (32).
const BODY: usize = 41;
const CHECKSUM: usize = 4;

/// One share, as it stands on one sheet. Wiped when dropped; never printed but by [`Share::words`].
#[derive(Clone)]
pub struct Share {
    set: [u8; 4],
    threshold: u8,
    shares: u8,
    index: u8,
    value: Zeroizing<[u8; 32]>,
}

impl Share {
    /// How many of the set are needed.
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// How many there are.
    pub const fn shares(&self) -> u8 {
        self.shares
    }

    /// Which of them it is, from 1.
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// Which set it belongs to, in hex: printed on every sheet.
    pub fn set(&self) -> String {
        self.set.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether it restores the identity behind this recipient.
    pub fn is_of(&self, recipient: &Recipient) -> bool {
        self.set == set_of(recipient)
    }

    /// The words of its sheet. They are the secret: print them, show them, and nothing else.
    pub fn words(&self) -> Zeroizing<String> {
        let bytes = self.bytes();
        let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
        let number = |nth: usize| (0..BITS).fold(0_usize, |n, at| n << 1 | usize::from(bit(nth * BITS + at)));
        let words: Vec<&str> = (0..WORDS).filter_map(|nth| word(number(nth))).collect();
        Zeroizing::new(words.join(" "))
    }

    /// From typed words: whole or shortened to four letters, in any spacing.
    ///
    /// # Errors
    /// [`Misuse::Unknown`] for a word that is not on the list, by its place on the sheet; *malformed* for another number of words, a
    /// checksum that does not fit, or a sheet of something else. What was typed is never repeated.
    pub fn read(typed: &str) -> Result<Self, KeysError> {
        let typed: Vec<&str> =
            typed.split(|c: char| !c.is_ascii_alphabetic()).filter(|typed| !typed.is_empty()).collect();
        if typed.len() != WORDS {
            return Err(Malformed::new("recovery share of 33 words").into());
        }
        let mut bytes = Zeroizing::new([0_u8; 46]);
        for (nth, typed) in typed.iter().enumerate() {
            let number = number_of(typed).ok_or(Misuse::Unknown { what: "word" })?;
            for at in (0..BITS).filter(|at| number >> (BITS - 1 - at) & 1 == 1) {
                let place = nth * BITS + at;
                if let Some(byte) = bytes.get_mut(place / 8) {
                    *byte |= 1 << (7 - place % 8);
                }
            }
        }
        Self::from_bytes(&bytes)
    }

    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let head = [VERSION, RECOVERY];
        let mut bytes = Zeroizing::new(Vec::with_capacity(BODY + CHECKSUM + 1));
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&self.set);
        bytes.extend_from_slice(&[self.threshold, self.shares, self.index]);
        bytes.extend_from_slice(self.value.as_slice());
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        bytes
    }

    fn from_bytes(bytes: &[u8; 46]) -> Result<Self, KeysError> {
        let malformed = || KeysError::from(Malformed::new("recovery share: a word of it is wrong"));
        let (body, rest) = bytes.split_at(BODY);
        // The last three bits of 33 words stand for nothing and are zeros.
        let [sum @ .., last] = rest else { return Err(malformed()) };
        if !bool::from(checksum(body).ct_eq(sum)) || *last != 0 {
            return Err(malformed());
        }
        let [VERSION, RECOVERY, a, b, c, d, threshold, shares, index, value @ ..] = body else {
            return Err(Malformed::new("recovery share of this version").into());
        };
        let mut held = Zeroizing::new([0; 32]);
        held.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
        let share = Self { set: [*a, *b, *c, *d], threshold: *threshold, shares: *shares, index: *index, value: held };
        let sound = (2..=share.shares).contains(&share.threshold) && (1..=share.shares).contains(&share.index);
        if sound && share.shares <= MOST { Ok(share) } else { Err(malformed()) }
    }
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Share({} of {})", self.index, self.shares)
    }
}

/// Splits an identity so that any `threshold` of the shares give it back, and fewer say nothing about it.
///
/// # Errors
/// [`Misuse::Limit`] unless 2 ≤ threshold ≤ shares ≤ 16.
pub fn split(identity: &ReadIdentity, threshold: u8, shares: u8) -> Result<Vec<Share>, KeysError> {
    let limit = || KeysError::from(Misuse::Limit { what: "splitting into so many shares" });
    if threshold < 2 || threshold > shares || shares > MOST {
        return Err(limit());
    }
    let raw = raw_of(identity)?;
    let rng = rand_10::rand_core::UnwrapErr(rand_10::rngs::SysRng);
    let split = Gf256::split_array(threshold.into(), shares.into(), raw.as_slice(), rng);
    let set = set_of(identity.recipient());
    let mut made = Vec::with_capacity(shares.into());
    for mut bytes in split.map_err(|_source: vsss_rs::Error| limit())? {
        let held: Option<(&u8, &[u8; 32])> =
            bytes.split_first().and_then(|(index, value)| Some((index, value.try_into().ok()?)));
        let (index, value) = held.ok_or_else(limit)?;
        made.push(Share { set, threshold, shares, index: *index, value: Zeroizing::new(*value) });
        bytes.zeroize();
    }
    Ok(made)
}

/// Joins shares into the identity behind `recipient`. A share that is given twice counts once.
///
/// # Errors
/// [`Forgery::OtherKey`] for a share of another set, or shares that give another identity; [`Misuse::Limit`] for too few.
pub fn join(shares: &[Share], recipient: &Recipient) -> Result<ReadIdentity, KeysError> {
    let mut given: Vec<&Share> = Vec::new();
    for share in shares {
        if !share.is_of(recipient) {
            return Err(Forgery::OtherKey.into());
        }
        if !given.iter().any(|held| held.index == share.index) {
            given.push(share);
        }
    }
    let needed = given.first().map_or(2, |share| usize::from(share.threshold));
    if given.len() < needed {
        return Err(Misuse::Limit { what: "joining fewer shares than are needed" }.into());
    }
    let row = |share: &&Share| [&[share.index][..], share.value.as_slice()].concat();
    let mut rows: Vec<Vec<u8>> = given.iter().take(needed).map(row).collect();
    let joined = Gf256::combine_array(&rows).map(Zeroizing::new);
    rows.iter_mut().for_each(Zeroize::zeroize);
    let raw = joined.map_err(|_source: vsss_rs::Error| Malformed::new("set of recovery shares"))?;
    let identity = identity_of(recipient.kind(), &raw)?;
    if identity.recipient() == recipient { Ok(identity) } else { Err(Forgery::OtherKey.into()) }
}

fn set_of(recipient: &Recipient) -> [u8; 4] {
    let mut set = [0; 4];
    let digest = Digest::tagged("recovery-set", &[recipient.key_id().as_bytes()]);
    set.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    set
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    let digest = Digest::tagged("recovery-share", &[body]);
    sum.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    sum
}

/// The 32 bytes behind the text of an age identity.
fn raw_of(identity: &ReadIdentity) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    let malformed = |_source: bech32::Error| KeysError::from(Malformed::new("age identity"));
    let (_, data, _) = bech32::decode(identity.to_text().expose_secret()).map_err(malformed)?;
    Ok(Zeroizing::new(Vec::<u8>::from_base32(&data).map_err(malformed)?))
}

/// The identity of these 32 bytes: their text begins as those of its kind do.
fn identity_of(kind: RecipientKind, raw: &[u8]) -> Result<ReadIdentity, KeysError> {
    let hrp = match kind {
        RecipientKind::X25519 => "age-secret-key-",
        RecipientKind::MlKem768X25519 => IDENTITY_HRP,
    };
    let text = bech32::encode(hrp, raw.to_base32(), Variant::Bech32);
    let text = Zeroizing::new(text.map_err(|_source: bech32::Error| Malformed::new("age identity"))?);
    ReadIdentity::from_text(&Zeroizing::new(text.to_uppercase()))
}
