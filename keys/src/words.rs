//! Fingerprints that people read aloud: eight words of our own list of 2 048, 88 bits (FORMATS section 5 asks for 80 or more).

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq;

use crate::error::Malformed;
use crate::fingerprint::{AgencyId, Digest};

/// The list: sorted, lower-case, no two words with the same first four letters.
const LIST: &str = include_str!("words.txt");

/// Words in a fingerprint.
pub const COUNT: usize = 8;
/// Bits that a word carries.
const BITS: usize = 11;
/// Bytes of the hash that the words show: 88 bits.
const SHOWN: usize = COUNT * BITS / 8;

/// A fingerprint as words. Compared in constant time; typed words may be shortened to four letters and written in capitals.
#[derive(Clone, Copy)]
pub struct Words([u8; SHOWN]);

impl Words {
    /// The first 88 bits of a hash.
    pub fn of(hash: &Digest) -> Self {
        let mut shown = [0; SHOWN];
        shown.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
        Self(shown)
    }

    /// What a device pins at enrolment: agency, version and hash of the current roster.
    pub fn of_roster(agency: &AgencyId, version: u64, hash: &Digest) -> Self {
        Self::of(&Digest::tagged("roster-words", &[agency.as_bytes(), &version.to_be_bytes(), hash.as_bytes()]))
    }

    /// What an admin compares before enrolling a device: the payload of its join request.
    pub fn of_join_request(payload: &[u8]) -> Self {
        Self::of(&Digest::tagged("join-words", &[payload]))
    }

    /// The eight words.
    pub fn words(&self) -> Vec<&'static str> {
        let bit = |at: usize| self.0.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
        let number = |word: usize| (0..BITS).fold(0_usize, |n, at| n << 1 | usize::from(bit(word * BITS + at)));
        (0..COUNT).filter_map(|word| LIST.lines().nth(number(word))).collect()
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Words {}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({self})")
    }
}

impl FromStr for Words {
    type Err = Malformed;

    /// From eight words with spaces, hyphens or commas between.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("fingerprint of eight words");
        let mut shown = [0_u8; SHOWN];
        let mut count = 0;
        for word in text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
            let number = number_of(word).ok_or_else(malformed)?;
            for at in 0..BITS {
                let place = count * BITS + at;
                let byte = shown.get_mut(place / 8).ok_or_else(malformed)?;
                if number >> (BITS - 1 - at) & 1 == 1 {
                    *byte |= 1 << (7 - place % 8);
                }
            }
            count += 1;
        }
        if count == COUNT { Ok(Self(shown)) } else { Err(malformed()) }
    }
}

/// The word of a number.
pub(crate) fn word(number: usize) -> Option<&'static str> {
    LIST.lines().nth(number)
}

/// The number of a word: whole, or its first four letters.
pub(crate) fn number_of(word: &str) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    LIST.lines().position(|listed| listed == word || (word.len() == 4 && listed.starts_with(&word)))
}
