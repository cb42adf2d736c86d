//! Bytes under a passphrase: an age scrypt file whose work factor is judged before any work is done.

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use crate::error::{Damage, KeysError, Lock, Misuse};
use crate::passphrase::Passphrase;

/// log₂N when nothing else is asked for.
const DEFAULT: u8 = 18;
/// log₂N of real homes.
const REAL: std::ops::RangeInclusive<u8> = 15..=20;
/// log₂N of practice homes, beside the real ones.
const PRACTICE: std::ops::RangeInclusive<u8> = 10..=20;
/// Largest locked file, bytes: a vault holds some hundred keys.
pub const MAX_FILE: usize = 1 << 20;

/// scrypt's log₂N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkFactor(u8);

impl WorkFactor {
    /// A work factor for a new file: 15 to 20; 10 to 14 only for practice homes.
    ///
    /// # Errors
    /// [`Misuse::PracticeOnly`], [`Misuse::WorkFactor`].
    pub fn new(factor: u8, practice: bool) -> Result<Self, Misuse> {
        if REAL.contains(&factor) || (practice && PRACTICE.contains(&factor)) {
            Ok(Self(factor))
        } else if PRACTICE.contains(&factor) {
            Err(Misuse::PracticeOnly { factor })
        } else {
            Err(Misuse::WorkFactor { factor })
        }
    }

    /// log₂N.
    pub const fn log_n(self) -> u8 {
        self.0
    }
}

impl Default for WorkFactor {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

/// Locks bytes under a passphrase.
pub(crate) fn lock(plain: &[u8], passphrase: &Passphrase, factor: WorkFactor) -> Result<Vec<u8>, KeysError> {
    // The crate measures the machine and would pick a factor by itself: a slow laptop would get a weak file.
    let mut recipient = age::scrypt::Recipient::new(passphrase.secret());
    recipient.set_work_factor(factor.log_n());
    age::encrypt(&recipient, plain).map_err(|_source: age::EncryptError| Misuse::Limit { what: "vault" }.into())
}

/// Opens bytes under a passphrase.
///
/// # Errors
/// [`Lock::WorkFactor`] before any work; [`Lock::WrongPassphrase`]; [`Damage`].
pub(crate) fn open(bytes: &[u8], passphrase: &Passphrase, practice: bool) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    if bytes.len() > MAX_FILE {
        return Err(Damage::TooLarge.into());
    }
    let factor = factor_of(bytes).ok_or(Damage::Frame)?;
    let accepted = if practice { PRACTICE } else { REAL };
    if !accepted.contains(&factor) {
        return Err(Lock::WorkFactor { factor }.into());
    }
    let mut identity = age::scrypt::Identity::new(SecretString::clone(&passphrase.secret()));
    identity.set_max_work_factor(*accepted.end());
    age::decrypt(&identity, bytes).map(Zeroizing::new).map_err(|source| fault_of(&source))
}

/// Which fault the age crate found: with scrypt a header that fails is a wrong passphrase, anything later is damage.
fn fault_of(source: &age::DecryptError) -> KeysError {
    match source {
        age::DecryptError::DecryptionFailed | age::DecryptError::NoMatchingKeys => Lock::WrongPassphrase.into(),
        age::DecryptError::ExcessiveWork { required, .. } => Lock::WorkFactor { factor: *required }.into(),
        age::DecryptError::Io(_) => Damage::Seal.into(),
        _ => Damage::Frame.into(),
    }
}

/// log₂N in the only stanza of a header: `-> scrypt SALT N` in the second line (C2SP age, section *scrypt recipient stanza*).
fn factor_of(bytes: &[u8]) -> Option<u8> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    if lines.next()? != b"age-encryption.org/v1" {
        return None;
    }
    let stanza = std::str::from_utf8(lines.next()?).ok()?;
    let mut words = stanza.split(' ');
    let (arrow, tag, _salt, factor) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if arrow != "->" || tag != "scrypt" || words.next().is_some() {
        return None;
    }
    factor.parse().ok()
}

/// The work factor of a locked file, to keep it when the passphrase changes; none when it is no such file.
pub fn work_factor_of(bytes: &[u8]) -> Option<WorkFactor> {
    factor_of(bytes).map(WorkFactor)
}
