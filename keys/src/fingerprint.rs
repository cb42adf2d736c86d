//! Names of things as bytes: ids that never mix, SHA-256 digests with a domain tag, key ids.

use std::fmt;
use std::io;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder};
use rand::RngCore;
use rand::rngs::OsRng;
use sha2::{Digest as _, Sha256};

use crate::canonical;
use crate::error::Malformed;

/// The prefix of every tagged hash and of every signed string (FORMATS section 1).
pub const FORMAT_PREFIX: &[u8] = b"amanat/v1/";

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// All zero bytes: the stand-in where the formats say *none*.
            pub const ZERO: Self = Self([0; $len]);

            /// From exactly the bytes that stand in the formats.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// From a slice; `None` unless the length fits.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Whether these are the zero bytes that stand for *none*.
            pub fn is_zero(&self) -> bool {
                self.0 == [0; $len]
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        // Four bytes are enough to tell things apart in a failing test, and short enough to read.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}(", stringify!($name))?;
                self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
                write!(f, "…)")
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            /// From full-length hex digits, either case.
            fn from_str(text: &str) -> Result<Self, Malformed> {
                let mut bytes = [0_u8; $len];
                from_hex(text, &mut bytes).ok_or(Malformed::new("hexadecimal id"))?;
                Ok(Self(bytes))
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                canonical::array_of::<$len>(d).map(Self)
            }
        }
    };
}

macro_rules! random_id {
    ($($name:ident),*) => {
        $(impl $name {
            /// A new id from the system's randomness.
            pub fn random() -> Self {
                let mut bytes = [0; Self::LEN];
                OsRng.fill_bytes(&mut bytes);
                Self(bytes)
            }
        })*
    };
}

id!(
    /// An agency: the hash of the payload of its first roster (FORMATS section 1).
    AgencyId,
    32
);
id!(
    /// A device: the hash of the signing key that it was enrolled with (FORMATS section 1). Hubs are named the same way.
    DeviceId,
    32
);
id!(
    /// A unit (station, circle, headquarters): random, given when the roster first lists it.
    UnitId,
    32
);
id!(
    /// A person on the roster: random.
    MemberId,
    16
);
id!(
    /// One journal of a device: random, made with the file (FORMATS section 2).
    JournalId,
    16
);
id!(
    /// A case: random.
    CaseId,
    16
);
id!(
    /// A signing key or a recipient, as the formats refer to it.
    KeyId,
    32
);
id!(
    /// A SHA-256 hash.
    Digest,
    32
);
random_id!(UnitId, MemberId, JournalId, CaseId);

impl Digest {
    /// SHA-256 of the bytes as they are.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// SHA-256 of what a source holds to its end, a block at a time: for what is too large to be held.
    ///
    /// # Errors
    /// What the source says.
    pub fn of_all(source: &mut impl io::Read) -> io::Result<Self> {
        let (mut hash, mut block) = (Sha256::new(), vec![0; 64 * 1024]);
        loop {
            match source.read(&mut block) {
                Ok(0) => return Ok(Self(hash.finalize().into())),
                Ok(read) => hash.update(block.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// SHA-256 of `"amanat/v1/" ‖ tag ‖ 0x00 ‖ parts…`. The parts are joined without lengths: every tag in the formats has
    /// parts of fixed length, but for at most the last.
    pub fn tagged(tag: &str, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update(FORMAT_PREFIX);
        hash.update(tag.as_bytes());
        hash.update([0]);
        parts.iter().for_each(|part| hash.update(part));
        Self(hash.finalize().into())
    }
}

impl DeviceId {
    /// The device (or hub) that was enrolled with this Ed25519 public key (FORMATS section 1).
    pub fn of_signing_key(public: &[u8; 32]) -> Self {
        Self(*Digest::tagged("device", &[public]).as_bytes())
    }
}

impl KeyId {
    /// The id of an Ed25519 signing key.
    pub fn of_signing_key(public: &[u8; 32]) -> Self {
        Self(*Digest::tagged("signing-key", &[public]).as_bytes())
    }

    /// The id of a recipient: its kind byte and its raw public bytes.
    pub fn of_recipient(kind: u8, public: &[u8]) -> Self {
        Self(*Digest::tagged("recipient", &[&[kind], public]).as_bytes())
    }
}

impl From<Digest> for AgencyId {
    fn from(hash: Digest) -> Self {
        Self(hash.0)
    }
}

fn from_hex(text: &str, out: &mut [u8]) -> Option<()> {
    let digits = text.as_bytes();
    if digits.len() != out.len().checked_mul(2)? {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
    }
    Some(())
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
