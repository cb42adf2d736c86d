//! What a person types to open their keys: one spelling of it, and a refusal with a reason where it would not hold.

use age::secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::Weakness;

/// Least number of characters.
pub const LEAST: usize = 10;
/// Greatest number of characters.
pub const MOST: usize = 512;
/// Least number of distinct characters.
const DISTINCT: usize = 5;
/// What is guessed first, as the beginning of a passphrase; the rest of it is then often digits.
const COMMON: [&str; 22] = [
    "password",
    "passw0rd",
    "passphrase",
    "letmein",
    "welcome",
    "iloveyou",
    "pakistan",
    "lahore",
    "karachi",
    "islamabad",
    "police",
    "admin",
    "master",
    "monkey",
    "dragon",
    "football",
    "cricket",
    "sunshine",
    "princess",
    "bismillah",
    "allahuakbar",
    "amanat",
];
/// Rows of the keyboard and the alphabet: a long run along one of them is a pattern, not a secret.
const RUNS: [&str; 6] =
    ["abcdefghijklmnopqrstuvwxyz", "0123456789012345", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1q2w3e4r5t6y7u8i9o0p"];
/// Characters of a passphrase that a run may cover before it counts as one.
const RUN: usize = 6;

/// A passphrase in its one spelling: the NFKC of its text, so that ی and ي, ک and ك of different Urdu keyboards agree where
/// Unicode lets them. Wiped when dropped; cannot be printed (it has no `Debug`).
pub struct Passphrase(SecretString);

impl Passphrase {
    /// From what a prompt gave, to open an existing vault: strength is not judged again.
    ///
    /// # Errors
    /// [`Weakness::NotText`], [`Weakness::Control`], [`Weakness::Long`].
    pub fn to_open(bytes: &[u8]) -> Result<Self, Weakness> {
        let text = std::str::from_utf8(bytes).map_err(|_source: std::str::Utf8Error| Weakness::NotText)?;
        let normal = Zeroizing::new(text.nfkc().take(MOST + 1).collect::<String>());
        if normal.chars().any(char::is_control) {
            return Err(Weakness::Control);
        }
        if normal.chars().count() > MOST {
            return Err(Weakness::Long { most: MOST });
        }
        Ok(Self(SecretString::from(unify(&normal))))
    }

    /// From what a prompt gave, to make a new vault.
    ///
    /// # Errors
    /// Each [`Weakness`], with what to do about it in its words.
    pub fn to_create(bytes: &[u8]) -> Result<Self, Weakness> {
        let passphrase = Self::to_open(bytes)?;
        judge(passphrase.expose())?;
        Ok(passphrase)
    }

    /// From the content of a passphrase file: one final newline is dropped. The caller has had the mode checked by
    /// [`crate::vault_file::read_passphrase`].
    ///
    /// # Errors
    /// As [`Passphrase::to_open`].
    pub fn from_file_content(bytes: &[u8]) -> Result<Self, Weakness> {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        Self::to_open(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Judges the strength of a passphrase that came by [`Passphrase::to_open`] or from a file, before a vault is made with it.
    ///
    /// # Errors
    /// The [`Weakness`].
    pub fn must_be_strong(&self) -> Result<(), Weakness> {
        judge(self.expose())
    }

    /// As age takes it.
    pub(crate) fn secret(&self) -> SecretString {
        self.0.clone()
    }

    fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// NFKC leaves two pairs of letters apart that Arabic and Urdu keyboards give for the same key (FORMATS section 8).
fn unify(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'ي' | 'ى' => 'ی',
            'ك' => 'ک',
            'ه' => 'ہ',
            other => other,
        })
        .collect()
}

fn judge(text: &str) -> Result<(), Weakness> {
    let lower = Zeroizing::new(text.to_lowercase());
    let letters: Zeroizing<Vec<char>> = Zeroizing::new(lower.chars().collect());
    if letters.len() < LEAST {
        return Err(Weakness::Short { least: LEAST });
    }
    let mut distinct = Zeroizing::new(letters.to_vec());
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < DISTINCT || is_repetition(&letters) {
        return Err(Weakness::Repeats);
    }
    if COMMON.iter().any(|common| begins_and_ends_cheaply(&lower, common)) {
        return Err(Weakness::Common);
    }
    if longest_run(&letters) >= RUN && letters.len() < longest_run(&letters) + LEAST {
        return Err(Weakness::Sequence);
    }
    Ok(())
}

/// One piece of at most half the length, over and over.
fn is_repetition(letters: &[char]) -> bool {
    (1..=letters.len() / 2).any(|piece| letters.iter().zip(letters.iter().skip(piece)).all(|(a, b)| a == b))
}

/// A common word with nothing but digits and signs, or fewer than six letters, around it.
fn begins_and_ends_cheaply(lower: &str, common: &str) -> bool {
    lower
        .split_once(common)
        .is_some_and(|(before, after)| before.chars().chain(after.chars()).filter(|c| c.is_alphabetic()).count() < 6)
}

/// The longest stretch that follows a row of the keyboard or the alphabet, either way.
fn longest_run(letters: &[char]) -> usize {
    let along = |a: char, b: char| {
        RUNS.iter().any(|row| row.chars().zip(row.chars().skip(1)).any(|(x, y)| (x, y) == (a, b) || (y, x) == (a, b)))
    };
    let mut longest = 1;
    let mut run = 1;
    for (a, b) in letters.iter().zip(letters.iter().skip(1)) {
        run = if along(*a, *b) { run + 1 } else { 1 };
        longest = longest.max(run);
    }
    longest
}
