//! What can go wrong with keys, grouped by whose fault it is; sources are kept, their text is never repeated.

use thiserror::Error;

/// Everything that this room refuses, by fault.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeysError {
    /// Somebody claims what they cannot prove.
    #[error("the proof does not hold")]
    Forged(#[from] Forgery),
    /// Proven, but its time is over or its version has been passed.
    #[error("out of date")]
    Expired(#[from] Stale),
    /// Sound, but addressed to others.
    #[error("not addressed to us")]
    NotForUs(#[from] NotForUs),
    /// Sealed bytes that no longer are what was sealed.
    #[error("damaged")]
    Damaged(#[from] Damage),
    /// The passphrase, or the file that it opens, does not give the keys.
    #[error("locked")]
    Locked(#[from] Lock),
    /// The caller asks for what the rules forbid.
    #[error("not allowed")]
    Misuse(#[from] Misuse),
    /// Bytes that do not follow the format.
    #[error("malformed")]
    Malformed(#[from] Malformed),
    /// The disk refused.
    #[error("the file cannot be read or written")]
    Disk(#[from] std::io::Error),
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Forgery {
    /// An Ed25519 signature that fails `verify_strict`.
    #[error("a signature is wrong")]
    Signature,
    /// A public key that is no canonical, strong curve point.
    #[error("a key is not a canonical point, or a weak one")]
    WeakKey,
    /// Fewer distinct members signed than the threshold asks.
    #[error("{have} of {need} signatures that count")]
    TooFewSignatures {
        /// Distinct members whose signature is right.
        have: usize,
        /// The threshold.
        need: usize,
    },
    /// The previous hash names another version than the one adopted.
    #[error("it does not follow the version adopted here")]
    OtherLineage,
    /// Another agency's words.
    #[error("it speaks of another agency")]
    OtherAgency,
    /// A statement of another purpose.
    #[error("it was signed for another purpose")]
    OtherPurpose,
    /// The words or hash read aloud differ.
    #[error("the words differ from those read aloud")]
    OtherWords,
    /// A journal place for which the roster knows no key: unknown device, or beyond its span.
    #[error("no trusted key stands behind this place in the journal")]
    NoKeyForPlace,
    /// The signer holds no role that allows this.
    #[error("the signer has no right to say this")]
    NoAuthority,
    /// An unwrapped key is not the one that the roster or slip names.
    #[error("the key inside is not the key that was named")]
    OtherKey,
    /// The slot inside an envelope differs from where it stands.
    #[error("it stands in another place than it was sealed for")]
    OtherSlot,
    /// The content is not what the signed header commits to.
    #[error("the content is not what was signed")]
    OtherContent,
    /// Two valid statements of one version.
    #[error("two valid versions with one number: a fork")]
    Fork,
}

/// Why something true is no longer enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Stale {
    /// A lower or equal version than the one adopted.
    #[error("version {offered} is not above version {adopted}")]
    Rollback {
        /// Version offered.
        offered: u64,
        /// Version held.
        adopted: u64,
    },
    /// A version was left out: only exactly one step is taken at a time.
    #[error("version {offered} leaves out versions after {adopted}")]
    Gap {
        /// Version offered.
        offered: u64,
        /// Version held.
        adopted: u64,
    },
    /// The roster demands a newer program.
    #[error("the agency demands format version {least}")]
    TooOld {
        /// Least format version.
        least: u64,
    },
    /// The expiry has passed.
    #[error("it expired at {expired} (Unix seconds)")]
    Passed {
        /// Expiry in Unix seconds.
        expired: u64,
    },
}

/// Why we may not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotForUs {
    /// None of our identities opens it.
    #[error("none of our keys opens it")]
    NoKey,
}

/// How sealed bytes are broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Damage {
    /// Authentication failed: wrong key or changed bytes.
    #[error("the seal is broken")]
    Seal,
    /// The hash of the envelope is not the header's.
    #[error("the envelope is not the one that was signed")]
    Digest,
    /// Frame, padding or dictionary are not exactly as the format has them.
    #[error("the frame or its padding is wrong")]
    Frame,
    /// It ends too early.
    #[error("it ends too early")]
    Truncated,
    /// Larger than any honest one.
    #[error("larger than the limit")]
    TooLarge,
}

/// Why the vault stays shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Lock {
    /// The passphrase does not open the file.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// The scrypt work factor is outside what this home accepts; no work was done.
    #[error("work factor {factor} is outside what is accepted")]
    WorkFactor {
        /// log₂N in the file.
        factor: u8,
    },
    /// A passphrase that would not withstand guessing.
    #[error("the passphrase is refused")]
    Weak(#[from] Weakness),
}

/// Why a passphrase is refused, each with an answer for the person at the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Weakness {
    /// Fewer characters than the minimum.
    #[error("shorter than {least} characters")]
    Short {
        /// Least number of characters.
        least: usize,
    },
    /// Longer than any prompt should take.
    #[error("longer than {most} characters")]
    Long {
        /// Greatest number of characters.
        most: usize,
    },
    /// A control character: terminals and files treat these differently.
    #[error("a control character is in it")]
    Control,
    /// Not UTF-8.
    #[error("it is not text")]
    NotText,
    /// Few distinct characters, or one piece repeated.
    #[error("it repeats itself")]
    Repeats,
    /// A run along the keyboard or alphabet.
    #[error("it follows the keyboard or the alphabet")]
    Sequence,
    /// Known from every list of stolen passwords.
    #[error("it is one of the first that are guessed")]
    Common,
    /// The file that holds it can be read by others.
    #[error("its file can be read by others")]
    ExposedFile,
}

/// What a caller must not ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misuse {
    /// A practice work factor for a real home.
    #[error("work factor {factor} is for practice homes only")]
    PracticeOnly {
        /// log₂N asked for.
        factor: u8,
    },
    /// A work factor outside every range.
    #[error("work factor {factor} is out of range")]
    WorkFactor {
        /// log₂N asked for.
        factor: u8,
    },
    /// A slip or wrap for nobody.
    #[error("no reader at all")]
    NoReaders,
    /// More readers than a slip may have.
    #[error("more readers than the format allows")]
    TooManyReaders,
    /// Hybrid recipients beside others: what the weaker one lets out the stronger cannot keep.
    #[error("hybrid recipients do not stand beside others")]
    MixedKinds,
    /// No roster has been adopted yet.
    #[error("no roster has been adopted")]
    NoRoster,
    /// The roster knows no such thing.
    #[error("the roster names no such {what}")]
    Unknown {
        /// What was looked for.
        what: &'static str,
    },
    /// The thing asked for breaks a limit of the format.
    #[error("{what} breaks a limit of the format")]
    Limit {
        /// What was too large, too long or twice.
        what: &'static str,
    },
}

/// Bytes that do not follow the format; says which thing they should have been.
#[derive(Debug, Error)]
#[error("not a well-formed {what}")]
pub struct Malformed {
    what: &'static str,
    #[source]
    source: Option<minicbor::decode::Error>,
}

impl Malformed {
    /// With nothing more to say than what it should have been.
    pub const fn new(what: &'static str) -> Self {
        Self { what, source: None }
    }

    /// With the decoder's word on it.
    pub const fn because(what: &'static str, source: minicbor::decode::Error) -> Self {
        Self { what, source: Some(source) }
    }

    /// What it should have been.
    pub const fn what(&self) -> &'static str {
        self.what
    }
}
